"""The sender's own errors.

SenderError
├── MalformedReply    a DNS message that cannot be read
├── NoAnswer          a DNS question that got no usable reply (never leaves the resolver)
└── HostFailure       a session that ended before the message was through
"""

from __future__ import annotations

from harness.sender.policy import Stage
from harness.sender.result import AttemptOutcome


class SenderError(Exception):
    """Root of the errors the sender raises on purpose."""


class MalformedReply(SenderError):  # noqa: N818 (named for what it is)
    """A DNS message that cannot be read."""


class NoAnswer(SenderError):  # noqa: N818 (named for what it is)
    """A DNS question that got no usable reply; the text says why."""


class HostFailure(SenderError):  # noqa: N818 (named for what it is)
    """A session that ended before the message was through; another host may do better."""

    def __init__(self, reason: str, *, stage: Stage, outcome: AttemptOutcome) -> None:
        super().__init__(reason)
        self.reason = reason
        self.stage = stage
        self.outcome = outcome
