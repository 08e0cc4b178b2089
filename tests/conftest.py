"""What all tests share."""

from __future__ import annotations

import pytest

pytest_plugins = ["pytester", "tests.support.fixtures"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What is long comes first: left to the end, it would keep one core busy while the other had nothing to do."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)
