"""What the tests of namespaces share: they are skipped, with the reason, where the machine gives none."""

from __future__ import annotations

import pytest

from tests.isolation.inside import namespaces
from tests.support.fixtures import available


@pytest.fixture(autouse=True)
def _namespaces() -> None:
    available(namespaces)
