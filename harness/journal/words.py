"""The few words that fields of events may hold."""

from __future__ import annotations

from enum import StrEnum


class Where(StrEnum):
    """Which of the lab's DNS servers was asked."""

    AUTHORITY = "authority"
    """An authoritative server of the fake Internet."""
    RESOLVER = "resolver"
    """The lab's own resolver, asked by the target."""


class Status(StrEnum):
    """What a target says of a message it was given."""

    DELIVERED = "delivered"
    """Some host took the message."""
    DEFERRED = "deferred"
    """Kept for a later attempt."""
    BOUNCED = "bounced"
    """Given up for good."""
    UNKNOWN = "unknown"
    """The target said nothing that could be read."""
    CRASHED = "crashed"
    """The target broke while it worked on this message."""
    TIMED_OUT = "timed-out"
    """The target made up its mind in no time that the lab was willing to wait."""
    UNSUPPORTED = "unsupported"
    """The target says that it cannot do what was asked (exit status 127)."""


class Opinion(StrEnum):
    """What a checker says of DANE at a domain."""

    PASS = "pass"
    """DANE is there and verifies."""
    FAIL = "fail"
    """DANE is there and does not verify, or cannot be used: a lookup that failed, STARTTLS that is missing."""
    NONE = "none"
    """There is no DANE."""
    UNSURE = "unsure"
    """Nothing that could be read as one of these."""
    UNSUPPORTED = "unsupported"
    """The checker is declared not to do what is asked, and was not started."""
    CRASHED = "crashed"
    """The checker broke."""
    TIMED_OUT = "timed-out"
    """The checker did not end within its limit."""
