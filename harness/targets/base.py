"""What every target has in common: it is given messages, and says what became of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self, runtime_checkable

from harness.isolation.links import Wire
from harness.journal import Event, Status
from harness.lab.resolvers.software import ResolverSoftware
from harness.scenario.choices import Positions
from harness.scenario.models import Mode, Need
from harness.world.records import Type

from .arrangements import Arrangement

if TYPE_CHECKING:
    from .checker import Discovery
    from .checker_subject import Subject
    from .stub import Said


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
    scratch: Path
    """A folder of its own, for files that nobody needs after the run."""
    host_name: str
    sender_domain: str
    trust_anchor: str
    """The root's DS record in master-file form, for a target that validates by itself."""
    root_hints: str
    """Name and address of the root's server in master-file form."""
    wire: Wire | None = None
    """The wire between the lab and the target's network; None where they share one, as on loopback."""
    refused: tuple[str, ...] = ()
    """Addresses of mail hosts at which nothing listens."""
    at_once: int = 100
    """How many messages may be in its hands at a time, so that machine and lab keep up with it."""
    arrangements: tuple[Arrangement, ...] = ()
    """What the administrator has settled for single destinations."""
    listen: Callable[[Callable[[Event], None]], None] = lambda _: None
    """To be called with whatever wants to hear every event of the lab."""
    quiet: float = 5.0
    """How long nothing may happen about a message before it counts as kept for later, in seconds."""
    tell: Callable[[str], None] = lambda _: None
    """To be called with a line that the person at the keyboard should see now."""


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
    audit_only: bool = False
    """DANE is tried for this destination, and does not hold mail back."""
    requiretls: bool = False
    """Submitted with REQUIRETLS (RFC 8689)."""


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
    repeats: bool
    """Whether it is given several messages in a row to one recipient, to see what it leaves to chance."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, *_: object) -> None: ...

    async def send(self, mail: Mail) -> list[Word]:
        """Hand the message over and wait until the target has made up its mind: a word for each recipient.

        The limit counts from when the target really has the message; waiting for its turn is not held against it.
        """
        ...


STANDS_BACK = 10
"""How nice targets are to the lab (nice(2)): many processes of theirs must not keep it from answering in time."""


class Network(StrEnum):
    """Where a target meets the lab."""

    LOOPBACK = "loopback"
    """On 127.0.0.0/8 and high ports: any user, any system."""
    NAMESPACE = "namespace"
    """In a network namespace of its own, at ports 25 and 53."""
    OUTSIDE = "network"
    """On another machine, virtual or real, that reaches the lab at addresses of a network device."""


@runtime_checkable
class Checks(Protocol):
    """A target that finds out and delivers nothing. An async context manager, as others are."""

    name: str
    keeps_answers: bool
    repeats: bool

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, *_: object) -> None: ...

    async def check(self, subject: Subject) -> Discovery:
        """Look at a domain."""
        ...


@runtime_checkable
class Resolves(Protocol):
    """A target that answers questions and sends nothing. An async context manager, as others are."""

    name: str
    keeps_answers: bool
    repeats: bool

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, *_: object) -> None: ...

    async def ask(self, name: str, kind: Type) -> Said:
        """What it answers to a question."""
        ...


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What a word on the command line means, before there is a lab."""

    name: str
    offers: frozenset[Need]
    """Needs of scenarios that such a target meets by itself."""
    make: Callable[[Surroundings], Target | Checks | Resolves]
    has_cell: bool = True
    """Whether it has a network of its own in a namespace lab, and a wire to the lab's."""
    networks: frozenset[Network] = frozenset({Network.LOOPBACK, Network.NAMESPACE})
    mode: Mode | None = None
    """What it is meant to do about DANE; None: what the run says."""
    offers_with_dane: frozenset[Need] = frozenset()
    """Needs that it meets besides, unless it is to do without DANE."""
    lacks: frozenset[Need] = frozenset()
    """Needs that the lab would meet, and such a target stands in the way of."""
    choices: Positions = field(default_factory=dict)
    """Positions that it declares where the RFCs leave it a choice."""
    checks: bool = False
    """Whether it finds out and delivers nothing: its scenarios are those that say what a checker should find."""
    resolves: ResolverSoftware | None = None
    """The resolver that is tested, which resolves in its lab; None: it is no resolver."""
    fetch: Callable[[], object] = lambda: None
    """Get from the network what it is made of, where that is not in the cache. Raises UsageError."""

    def offered(self, mode: Mode) -> frozenset[Need]:
        """The needs that it meets in this mode."""
        return self.offers if mode is Mode.UNAWARE else self.offers | self.offers_with_dane

    def met(self, by_lab: frozenset[Need], mode: Mode) -> frozenset[Need]:
        """The needs that are met where the lab meets these, and such a target stands in it in this mode."""
        return (by_lab | self.offered(mode)) - self.lacks

    def declaring(self, choices: Positions) -> Kind:
        """The same with these choices declared."""
        return replace(self, choices=choices)
