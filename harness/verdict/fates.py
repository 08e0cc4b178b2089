"""What became of one message for one recipient. What was seen on the wire comes before what is reported."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.journal import Accepted, Died, Event, Reported, Revealed, Status
from harness.scenario.mailhosts import Role

from .evidence import shortened
from .result import Exposed
from .sends import Ranks

Numbered = tuple[int, Event]
"""An event and its line in the journal."""


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
    before: bool = False
    """Whether the message is tried again, nothing came of that, and an earlier attempt had delivered it."""
    notes: tuple[str, ...] = ()

    @property
    def delivered(self) -> bool:
        """Whether a server accepted the message, whatever the target says."""
        return bool(self.taken) or self.before


_TELLING = (Accepted, Reported, Revealed, Died)
"""The events that decide what has become of a message; most of a journal is about something else."""


def folded(addresses: Iterable[str]) -> frozenset[str]:
    """The addresses as they are compared."""
    return frozenset(map(fold, addresses))


def fold(address: str) -> str:
    """The address as it is compared: a local part in another case is no other recipient of ours."""
    return address.strip().strip("<>").rstrip(".").lower()


def fate(recipient: str, zone: str, ranks: Ranks, window: Sequence[Numbered], *, alone: bool) -> Fate:
    """`alone` says that the message has one recipient: all that reached a server in its time is then its own."""
    taken: list[Contact] = []
    notes: list[str] = []
    sessions: set[str] = set()
    word: tuple[int, Reported] | None = None
    died: tuple[int, Died] | None = None
    telling = [item for item in window if isinstance(item[1], _TELLING)]
    for line, event in telling:
        match event:
            case Accepted() if fold(recipient) in folded(event.recipients) or (alone and event.sender):
                if event.via:
                    notes.append(f"{event.via} passed it on to {event.server}, so that nobody misses it")
                    continue
                taken.append(_contact(line, event, Exposed.MESSAGE, ranks))
                sessions.add(event.session)
                if fold(recipient) not in folded(event.recipients):
                    notes.append(shortened(f"{event.server} took it for {', '.join(event.recipients) or 'nobody'}"))
            case Reported() if fold(event.recipient) == fold(recipient) or (alone and not event.recipient):
                word = (line, event)
            case Died():
                died = (line, event)
    shown = [
        _contact(line, event, Exposed.TEXT if event.what == "text" else Exposed.ENVELOPE, ranks)
        for line, event in telling
        if isinstance(event, Revealed)
        and event.session not in sessions
        and (alone or event.what != "recipient" or fold(event.value) == fold(recipient))
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
    return Contact(
        what=what,
        server=event.server,
        role=Role(event.role),
        rank=ranks.of(event.server),
        best=ranks.best,
        tls=event.tls,
        line=line,
    )
