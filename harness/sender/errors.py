"""The sender's own errors.

SenderError
├── MalformedReply    a DNS message that cannot be read
├── NoAnswer          a DNS question that got no usable reply (never leaves the resolver)
└── HostFailure       a session that ended before the message was through
"""

from __future__ import annotations

from enum import StrEnum

from harness.sender.policy import Stage
from harness.sender.result import AttemptOutcome


class SenderError(Exception):
    """Root of the errors the sender raises on purpose."""


class MalformedReply(SenderError):  # noqa: N818 (named for what it is)
    """A DNS message that cannot be read."""


class Failure(StrEnum):
    """Why a lookup failed."""

    SERVFAIL = "servfail"
    """The resolver has no answer, be it for want of a server or because the data are bogus."""
    REFUSED = "refused"
    """The resolver will not answer."""
    NOTIMP = "notimp"
    """The resolver says that it does not know such questions."""
    FORMERR = "formerr"
    """The resolver says that it cannot read the question."""
    OTHER_CODE = "other-code"
    """Any other response code that is no answer."""
    SILENCE = "silence"
    """No reply came in time, or the resolver cannot be reached."""
    TRUNCATED = "truncated"
    """The reply was cut short, and was not to be had whole."""
    UNREADABLE = "unreadable"
    """The reply cannot be read, or belongs to another question."""
    ENDLESS = "endless"
    """The aliases go round, or are too many."""


class NoAnswer(SenderError):  # noqa: N818 (named for what it is)
    """A DNS question that got no usable reply; the text says why."""

    def __init__(self, reason: str, *, failure: Failure) -> None:
        super().__init__(reason)
        self.failure = failure


class HostFailure(SenderError):  # noqa: N818 (named for what it is)
    """A session that ended before the message was through; another host may do better."""

    def __init__(self, reason: str, *, stage: Stage, outcome: AttemptOutcome) -> None:
        super().__init__(reason)
        self.reason = reason
        self.stage = stage
        self.outcome = outcome
