"""How one part of a scenario file changes another: variants of a matrix, and the changes between steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def merge(base: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with `change` laid over it: tables are merged key by key, everything else, lists too, is replaced.

    Neither argument is altered. A key cannot be taken away, only given another value.
    """
    merged = dict(base)
    for key, value in change.items():
        old = merged.get(key)
        both_tables = isinstance(old, Mapping) and isinstance(value, Mapping)
        merged[key] = merge(old, value) if both_tables else value  # type: ignore[arg-type]
    return merged
