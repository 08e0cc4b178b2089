"""How long an answer may be kept (RFC 4035 section 5.3.3)."""

from __future__ import annotations

GRACE = 1.0
"""Seconds by which clocks and the rounding of TTLs may differ."""


def is_overlong(ttl: float | None, right: float | None) -> bool:
    """Whether an answer is kept, or is said to be good, for longer than is right; both in seconds, None: not known."""
    return ttl is not None and right is not None and ttl > right + GRACE
