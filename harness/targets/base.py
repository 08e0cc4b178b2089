"""What every target has in common: it is given messages, and says what became of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, Self

from harness.journal import Status
from harness.scenario.models import Mode


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What a target is told about the lab: what any product would be configured with, and nothing else."""

    resolver: str
    """Address and port of the resolver, as `127.0.0.1:5353`."""
    smtp_port: int
    """Port that mail hosts are reached at."""
    mode: Mode
    webpki: str
    """Certificate of the CA that is trusted publicly, in PEM."""
    died: Callable[[str], None]
    """To be called with a reason when the target ends without being asked to."""


@dataclass(frozen=True, kw_only=True)
class Mail:
    """One message for the target."""

    id: str
    """Unique in the run."""
    sender: str
    recipients: tuple[str, ...]
    text: str
    """The message with its header (RFC 5322), lines ended by CRLF."""
    relay: str | None = None
    """Next hop that stands in the target's configuration, `[host]` or `[host]:port`."""
    fallback_relay: str | None = None
    modes: Mapping[str, Mode] = field(default_factory=dict)
    """Modes of single recipient domains, where they differ from the run's."""


@dataclass(frozen=True, kw_only=True)
class Word:
    """What the target says of one recipient."""

    recipient: str
    status: Status
    reason: str = ""


class Target(Protocol):
    """Something that is tested. An async context manager: started on entry, ended on exit."""

    name: str
    has_routes: bool
    """Whether a next hop can be configured for a message."""
    keeps_answers: bool
    """Whether it may remember DNS answers, or a failed destination, from one message to the next."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, *_: object) -> None: ...

    async def send(self, mail: Mail) -> list[Word]:
        """Hand the message over and wait until the target has made up its mind: a word for each recipient."""
        ...
