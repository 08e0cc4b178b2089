"""What every target has in common: it is given messages, and says what became of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, Self

from harness.journal import Status
from harness.scenario.models import Mode, Need


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
    limit: float
    """How long it may take to make up its mind about one message, in seconds."""
    died: Callable[[str, Mail | None], None]
    """To be called with a reason when the target ends without being asked to, and with the message it had in work
    where it had one only."""
    seed: str = ""
    """What decides where a target leaves something to chance, if it can be told to."""


@dataclass(frozen=True, kw_only=True)
class Mail:
    """One message for the target."""

    id: str
    """Unique in the run."""
    scenario: str
    """Id of the scenario it belongs to; not for the target's eyes."""
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


def timed_out(recipients: Iterable[str], limit: float) -> list[Word]:
    """What is said of a target that has not made up its mind within the limit."""
    reason = f"no decision within {limit:g} s"
    return [Word(recipient=recipient, status=Status.TIMED_OUT, reason=reason) for recipient in recipients]


class Target(Protocol):
    """Something that is tested. An async context manager: started on entry, ended on exit."""

    name: str
    keeps_answers: bool
    """Whether it may remember DNS answers, or a failed destination, from one message to the next."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, *_: object) -> None: ...

    async def send(self, mail: Mail) -> list[Word]:
        """Hand the message over and wait until the target has made up its mind: a word for each recipient.

        The limit counts from when the target really has the message; waiting for its turn is not held against it.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What a word on the command line means, before there is a lab."""

    offers: frozenset[Need]
    """Needs of scenarios that such a target meets by itself."""
    make: Callable[[Surroundings], Target]
