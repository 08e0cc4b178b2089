"""What came of one message, and what the attacker got of it: read from the journal, and from nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from email import message_from_string
from email.policy import default

from harness.errors import HarnessError
from harness.journal import Accepted, Asked, Connected, Event, Handshake, HarnessFault, Reported, Revealed, Spoke, Where
from harness.scenario.mailhosts import Role
from harness.scenario.models import Scenario
from harness.scenario.names import keyed_hosts


@dataclass(frozen=True, kw_only=True)
class Letter:
    """A message that somebody who should not has got."""

    sender: str
    recipients: tuple[str, ...]
    subject: str
    body: tuple[str, ...]
    """Its lines."""
    tls: bool
    """Whether it came encrypted."""


@dataclass(frozen=True, kw_only=True)
class Lookup:
    """What the target's resolver answered to a question about the receiver."""

    name: str
    type: str
    rcode: str
    secure: bool
    """Whether the resolver had checked the signatures (AD)."""


@dataclass(frozen=True, kw_only=True)
class Gain:
    """One sender in one scene."""

    attacker: Role | None
    """Whether he is a server of his own or sits on the path to the genuine one; None: there is no attacker."""
    letters: tuple[Letter, ...] = ()
    """Messages that the attacker took, whole."""
    pieces: tuple[str, ...] = ()
    """What else of a message he saw: addresses, or parts of the text."""
    connections: int = 0
    """How often the sender connected to where the attacker is."""
    commands: tuple[str, ...] = ()
    """What the sender said there, message and addresses apart."""
    shaken: bool = False
    """Whether a TLS handshake with him was completed."""
    arrived: bool = False
    """Whether the genuine receiver took the message, with nobody in between."""
    lookups: tuple[Lookup, ...] = ()
    status: str = ""
    """The sender's own word for what became of the message."""
    said: str = ""
    """The sender's own reason."""

    @property
    def nothing_read(self) -> bool:
        """Whether the attacker saw neither message nor addresses."""
        return not self.letters and not self.pieces


def gain(scenario: Scenario, events: Iterable[Event]) -> Gain:
    """What came of the one message of this scenario. Raises HarnessError where danelab itself failed there."""
    mine = [event for event in events if event.scenario in (scenario.id, "")]
    for event in mine:
        if isinstance(event, HarnessFault):
            raise HarnessError(f"scenario {scenario.id}: {event.problem}")
    hostile = _hostile(scenario)
    there = [event for event in mine if getattr(event, "server", "") in hostile]
    taken = [event for event in there if isinstance(event, Accepted)]
    report = next((event for event in reversed(mine) if isinstance(event, Reported)), None)
    return Gain(
        attacker=next(iter(hostile.values()), None),
        letters=tuple(_letter(event) for event in taken),
        pieces=tuple(dict.fromkeys(event.value for event in there if isinstance(event, Revealed))),
        connections=sum(isinstance(event, Connected) for event in there),
        commands=tuple(_verb(event) for event in there if isinstance(event, Spoke) and event.command),
        shaken=any(isinstance(event, Handshake) and event.completed for event in there),
        arrived=any(isinstance(event, Accepted) and event.server not in hostile for event in mine),
        lookups=_lookups(mine),
        status=report.status if report else "",
        said=report.reason if report else "",
    )


def _hostile(scenario: Scenario) -> dict[str, Role]:
    servers = [*((key, host) for _, key, host in keyed_hosts(scenario)), *scenario.servers.items()]
    return {key: server.role for key, server in servers if server.role is not Role.GENUINE}


def _letter(event: Accepted) -> Letter:
    read = message_from_string(event.text, policy=default)
    body = read.get_body(("plain",)) if not read.is_multipart() else None
    text = str(body.get_payload()) if body is not None else event.text
    return Letter(
        sender=event.sender,
        recipients=event.recipients,
        subject=str(read.get("Subject", "")),
        body=tuple(line for line in text.splitlines() if line.strip()),
        tls=event.tls,
    )


def _verb(event: Spoke) -> str:
    return event.command.split(" ")[0].upper()


def _lookups(events: Sequence[Event]) -> tuple[Lookup, ...]:
    """The last answer to each question that decides: MX and TLSA."""
    found = {
        (event.name, event.type): Lookup(
            name=event.name.rstrip("."), type=event.type, rcode=event.rcode, secure=event.authentic_data
        )
        for event in events
        if isinstance(event, Asked) and event.where is Where.RESOLVER and event.type in ("MX", "TLSA")
    }
    return tuple(found.values())
