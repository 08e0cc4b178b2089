"""What there is to be broken: the methods of `Rules`, and the requirements that their docstrings name."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any

from harness.sender.rules import Rules

_ID = re.compile(r"\b(\d{4}-[0-9A-Z][0-9A-Za-z.]*)-(\d+)((?:, -\d+)*)")


def methods() -> dict[str, Callable[..., Any]]:
    """The rules by name."""
    found = inspect.getmembers(Rules, inspect.isfunction)
    return {name: method for name, method in found if not name.startswith("_")}


def named_requirements() -> frozenset[str]:
    """The requirements that docstrings of rules name, `7672-3.2.3-3, -4` meaning two."""
    return frozenset(each for method in methods().values() for each in _ids(method.__doc__ or ""))


def _ids(text: str) -> Iterator[str]:
    for found in _ID.finditer(text):
        place, first, more = found.groups()
        for number in (first, *re.findall(r"\d+", more)):
            yield f"{place}-{number}"


def overridden(rules: type[Rules]) -> frozenset[str]:
    """The rules that a mutant breaks."""
    return frozenset(name for name, method in methods().items() if getattr(rules, name) is not method)
