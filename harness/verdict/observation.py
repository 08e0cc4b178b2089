"""What the events of one scenario add up to for one target. What was seen on the wire comes before what is reported."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.errors import HarnessError
from harness.journal import (
    Accepted,
    Asked,
    Connected,
    Died,
    Event,
    Handshake,
    HarnessFault,
    Left,
    Reported,
    Revealed,
    Sent,
    Spoke,
    Status,
)
from harness.scenario.mailhosts import Role
from harness.scenario.models import Scenario

from .evidence import shortened
from .result import Exposed
from .sends import Ranks, Send, sends

Numbered = tuple[int, Event]
"""An event and its line in the journal."""

_WIRE = (Connected, Spoke, Handshake, Accepted, Revealed, Left)


@dataclass(frozen=True, kw_only=True)
class Contact:
    """Something of a mail came to a server."""

    what: Exposed
    """The whole message: the server accepted it."""
    server: str
    role: Role
    rank: int
    """MX preference of the server."""
    best: int
    """The most preferred MX preference of the world."""
    tls: bool
    line: int


@dataclass(frozen=True, kw_only=True)
class Fate:
    """What became of one message for one recipient."""

    recipient: str
    zone: str
    status: Status | None
    """The target's own word; None where it gave none."""
    said: str = ""
    """The target's own reason."""
    reported: int | None = None
    """Line of the journal that holds its word."""
    taken: tuple[Contact, ...] = ()
    """The servers that accepted the message, in order."""
    shown: tuple[Contact, ...] = ()
    """What servers that did not accept it got to see."""
    notes: tuple[str, ...] = ()

    @property
    def delivered(self) -> bool:
        """Whether a server accepted the message, whatever the target says."""
        return bool(self.taken)


@dataclass(frozen=True, kw_only=True)
class Sending:
    """One message, and the signs that the target worked on it."""

    send: Send
    handed: int | None
    """Line of the journal at which it was handed over; None: it never was."""
    fates: tuple[Fate, ...]
    asked: tuple[int, ...] = ()
    """Lines with DNS questions about the scenario's names."""
    connected: tuple[int, ...] = ()
    """Lines with connections to the scenario's servers."""

    @property
    def seen_working(self) -> bool:
        """Whether the wire shows that the target took the matter up."""
        return bool(self.asked or self.connected)


@dataclass(frozen=True, kw_only=True)
class Observation:
    """What happened in one scenario to one target."""

    scenario: Scenario
    target: str
    sendings: tuple[Sending, ...]
    events: Mapping[int, Event]
    """The events it was made of, by their lines."""
    faults: tuple[int, ...] = ()
    """Lines at which danelab itself failed in this scenario."""
    duration: float = 0.0

    @property
    def delivered(self) -> bool:
        """Whether the last message sent was accepted somewhere."""
        return any(fate.delivered for fate in self.sendings[-1].fates)

    @property
    def ever_delivered(self) -> bool:
        """Whether any message was accepted."""
        return any(fate.delivered for sending in self.sendings for fate in sending.fates)

    @property
    def ever_connected(self) -> bool:
        """Whether the target came to any mail server."""
        return self.ever_delivered or any(sending.connected for sending in self.sendings)


def observe(scenario: Scenario, target: str, events: Iterable[Numbered]) -> Observation:
    """Add up the events of one scenario and target, given in order with their lines.

    A `Died` without a scenario belongs to every scenario of its target and has to be among them.
    Raises HarnessError for a server role that is none.
    """
    numbered = list(events)
    planned = sends(scenario)
    handed: dict[int, tuple[int, Sent]] = {}
    for line, event in numbered:
        if isinstance(event, Sent):
            handed.setdefault(event.step, (line, event))
    windows: dict[int, list[Numbered]] = {send.number: [] for send in planned}
    for line, event in numbered:
        windows[_step_of(line, event, planned, handed)].append((line, event))
    started = min((sent.at for _, sent in handed.values()), default=0.0)
    own = [event.at for _, event in numbered if event.scenario]
    return Observation(
        scenario=scenario,
        target=target,
        sendings=tuple(_sending(send, handed.get(send.number), windows[send.number]) for send in planned),
        events=dict(numbered),
        faults=tuple(line for line, event in numbered if isinstance(event, HarnessFault)),
        duration=round(max(0.0, max(own, default=started) - started), 6) if handed else 0.0,
    )


def _step_of(line: int, event: Event, planned: Sequence[Send], handed: Mapping[int, tuple[int, Sent]]) -> int:
    """The send that an event belongs to: the latest before it, which has its recipient if it names one."""
    earlier = [send.number for send in planned if send.number in handed and handed[send.number][0] <= line]
    latest = earlier[-1] if earlier else planned[0].number
    named = _named(event)
    if not named:
        return latest
    fitting = [step for step, (_, sent) in handed.items() if named & _folded(sent.recipients)]
    return max((step for step in fitting if step in earlier), default=min(fitting, default=latest))


def _named(event: Event) -> frozenset[str]:
    match event:
        case Accepted():
            return _folded(event.recipients)
        case Reported():
            return _folded((event.recipient,))
    return frozenset()


def _folded(addresses: Iterable[str]) -> frozenset[str]:
    return frozenset(map(_fold, addresses))


def _fold(address: str) -> str:
    return address.strip().strip("<>").rstrip(".").lower()


def _sending(send: Send, handed: tuple[int, Sent] | None, window: Sequence[Numbered]) -> Sending:
    recipients = handed[1].recipients if handed else ("",) * len(send.zones)
    zones = send.zones if len(send.zones) == len(recipients) else (send.zones[0],) * len(recipients)
    alone = len(recipients) == 1
    return Sending(
        send=send,
        handed=handed[0] if handed else None,
        fates=tuple(
            _fate(recipient, zone, send.ranks, _since(handed, window), alone=alone)
            for recipient, zone in zip(recipients, zones, strict=True)
        ),
        asked=tuple(line for line, event in window if isinstance(event, Asked)),
        connected=tuple(line for line, event in window if isinstance(event, _WIRE)),
    )


def _since(handed: tuple[int, Sent] | None, window: Sequence[Numbered]) -> list[Numbered]:
    """The events without a death that came before the message was handed over: it was another process that died."""
    first = handed[0] if handed else 0
    return [(line, event) for line, event in window if line > first or not isinstance(event, Died)]


def _fate(recipient: str, zone: str, ranks: Ranks, window: Sequence[Numbered], *, alone: bool) -> Fate:
    """`alone` says that the message has one recipient: all that reached a server in its time is then its own."""
    taken: list[Contact] = []
    notes: list[str] = []
    sessions: set[str] = set()
    word: tuple[int, Reported] | None = None
    died: tuple[int, Died] | None = None
    for line, event in window:
        match event:
            case Accepted() if _fold(recipient) in _folded(event.recipients) or (alone and event.sender):
                taken.append(_contact(line, event, Exposed.MESSAGE, ranks))
                sessions.add(event.session)
                if _fold(recipient) not in _folded(event.recipients):
                    notes.append(shortened(f"{event.server} took it for {', '.join(event.recipients) or 'nobody'}"))
            case Reported() if _fold(event.recipient) == _fold(recipient) or (alone and not event.recipient):
                word = (line, event)
            case Died():
                died = (line, event)
    shown = [
        _contact(line, event, Exposed.TEXT if event.what == "text" else Exposed.ENVELOPE, ranks)
        for line, event in window
        if isinstance(event, Revealed)
        and event.session not in sessions
        and (alone or event.what != "recipient" or _fold(event.value) == _fold(recipient))
    ]
    status = word[1].status if word else None
    said = word[1].reason if word else ""
    if died is not None and status in (None, Status.UNKNOWN) and (word is None or word[0] > died[0]):
        status, said = Status.CRASHED, died[1].reason
    if taken and status not in (None, Status.UNKNOWN, Status.DELIVERED):
        notes.append(f"the target says {status}, but {taken[-1].server} accepted the message")
    elif not taken and status is Status.DELIVERED:
        notes.append("the target says delivered, but no server accepted the message")
    return Fate(
        recipient=recipient,
        zone=zone,
        status=status,
        said=said,
        reported=word[0] if word else None,
        taken=tuple(taken),
        shown=tuple(shown),
        notes=tuple(notes),
    )


def _contact(line: int, event: Accepted | Revealed, what: Exposed, ranks: Ranks) -> Contact:
    try:
        role = Role(event.role)
    except ValueError:
        raise HarnessError(f"journal line {line}: {event.role!r} is no role of a server") from None
    return Contact(
        what=what,
        server=event.server,
        role=role,
        rank=ranks.of(event.server),
        best=ranks.best,
        tls=event.tls,
        line=line,
    )
