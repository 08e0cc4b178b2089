"""The events behind a cell, as lines of a timeline.

Where all is well, questions and commands that belong together share a line; where it is not, every event has its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from harness.journal import (
    Accepted,
    Asked,
    Connected,
    Died,
    Event,
    Found,
    Handshake,
    HarnessFault,
    Left,
    Reported,
    Revealed,
    Scene,
    Sent,
    Spoke,
    Status,
    Strayed,
    Where,
)
from harness.verdict.evidence import shortened

MOST = 160
"""Lines of a timeline; where there are more, those in the middle are left to the journal."""
WORDS = 300
"""Letters of what a target or a peer says."""

Numbered = tuple[int, Event]
"""An event and its line in the journal."""


class Line(NamedTuple):
    """One line of a timeline."""

    at: str
    """Time since the target first asked or connected; before that, until then."""
    lane: str
    """`d` DNS, `s` SMTP, `t` TLS, `m` mail, `r` report, `w` world or lab."""
    text: str
    answer: str = ""
    tone: str = ""
    """`g` good, `b` bad, `w` odd."""
    flag: str = ""
    """AD, and whatever else marks an answer."""
    number: int = 0
    """Line of the journal; 0 where several share this one."""
    mark: str = ""
    """`k` the verdict rests on it, `l` something leaked here."""


@dataclass(frozen=True, kw_only=True)
class _Teller:
    full: bool
    start: float
    decisive: frozenset[int]
    leaked: frozenset[int]

    def line(self, number: int, event: Event) -> Line | None:
        """One event as a line; None where it tells nothing."""
        told = self._told(event)
        if told is None:
            return None
        mark = "l" if number in self.leaked else "k" if number in self.decisive else ""
        return told._replace(at=_since(event.at - self.start), number=number, mark=mark)

    def _told(self, event: Event) -> Line | None:
        match event:
            case Asked():
                return self._asked(event)
            case Connected():
                return Line("", "s", f"connects to {event.server} at {event.address}")
            case Spoke():
                ahead = "more sent ahead" if event.ahead else ""
                tone = "b" if event.reply[:1] in ("4", "5") else ""
                words = event.command or "(banner)"
                return Line("", "s", _cut(words), _cut(event.reply), tone, _flags("TLS" if event.tls else "", ahead))
            case Handshake():
                return _handshake(event)
            case Accepted() if event.via:
                return Line("", "m", f"{event.server} has the message from {event.via}")
            case Accepted():
                return _accepted(event)
            case Revealed():
                how = "over TLS" if event.tls else "in cleartext"
                return Line("", "m", f"{event.what} shown to {event.server} ({event.role}) {how}", _cut(event.value))
            case Left():
                if not self.full and event.by == "client" and event.after == "QUIT":
                    return None
                return Line("", "s", f"{event.by} ends the connection to {event.server} after {event.after}")
        return _reported(event)

    def _asked(self, event: Asked) -> Line | None:
        name = event.name.rstrip(".") or "."
        tone = {"NOERROR": "", "NXDOMAIN": ""}.get(event.rcode, "b")
        if event.where is Where.AUTHORITY:
            if not self.full:
                return None
            return Line("", "a", f"{event.type} {name}", event.rcode, tone, _flags(*event.faults))
        flags = _flags(
            "AD" if event.authentic_data else "",
            "CD" if event.checking_disabled else "",
            "TCP" if event.transport == "tcp" else "",
            *event.faults,
        )
        return Line("", "d", f"{event.type} {name}", event.rcode, tone, flags)


def timeline(
    events: Sequence[Numbered], *, full: bool, decisive: Iterable[int] = (), leaked: Iterable[int] = ()
) -> tuple[Line, ...]:
    """The events of one target in one scenario, in their order.

    `full`: each has a line. `decisive` and `leaked` are lines of the journal.
    """
    start = next((event.at for _, event in events if isinstance(event, (Asked, Connected))), None)
    if start is None:
        start = next((event.at for _, event in events if isinstance(event, Sent)), 0.0)
    teller = _Teller(full=full, start=start, decisive=frozenset(decisive), leaked=frozenset(leaked))
    scenes = 0
    lines: list[Line] = []
    for number, event in events:
        if isinstance(event, Scene):
            scenes += 1
            if scenes == 1:
                continue
        line = teller.line(number, event)
        if line is not None:
            lines.append(line)
    return tuple(_capped(lines if full else list(_gathered(lines))))


def _handshake(event: Handshake) -> Line:
    facts = _flags(event.version, event.cipher, f"SNI {event.sni}" if event.sni else "no SNI")
    if event.completed:
        return Line("", "t", f"handshake with {event.server}", "completed", "g", facts)
    return Line("", "t", f"handshake with {event.server}", _cut(event.error or "not completed"), "b", facts)


def _accepted(event: Accepted) -> Line:
    how = "over TLS" if event.tls else "in cleartext"
    role = "" if event.role == "genuine" else f" ({event.role})"
    return Line("", "m", f"{event.server}{role} takes the message", how, "" if event.tls else "w")


def _reported(event: Event) -> Line | None:
    match event:
        case Sent():
            return Line("", "m", f"message for {', '.join(event.recipients)} handed over")
        case Reported():
            tone = {Status.CRASHED: "b", Status.TIMED_OUT: "b", Status.DELIVERED: "g"}.get(event.status, "")
            return Line("", "r", f"target reports {event.status}", _cut(event.reason), tone)
        case Found():
            return Line("", "r", f"checker finds {event.finding}", _cut(event.text))
        case Strayed():
            return Line("", "d", f"{event.type} {event.name.rstrip('.')}", "outside the lab")
        case Died():
            return Line("", "r", "the target died", _cut(event.reason), "b")
        case HarnessFault():
            return Line("", "w", "danelab failed", _cut(event.problem), "b")
        case Scene():
            return Line("", "w", "the world changes")
    return None


def _flags(*words: str) -> str:
    return ", ".join(filter(None, words))


def _cut(words: str) -> str:
    return shortened(words, most=WORDS)


def _since(seconds: float) -> str:
    """Milliseconds, or seconds where they are many."""
    if abs(seconds) < 9.9995:
        return f"{round(seconds * 1000)}".replace("-", "−")
    return f"{seconds:.1f} s".replace("-", "−")


def _gathered(lines: Iterable[Line]) -> Iterator[Line]:
    """Questions for one name with one answer in one line, and commands that were answered alike well in another."""
    held: Line | None = None
    for line in lines:
        joined = _joined(held, line) if held is not None else None
        if joined is not None:
            held = joined
            continue
        if held is not None:
            yield held
        held = _brief(line)
    if held is not None:
        yield held


def _brief(line: Line) -> Line:
    if line.lane == "s" and line.answer:
        code = line.answer.split(" ")[0].split("-")[0]
        verb = line.text.split(" ")[0] if not line.text.startswith("(") else "banner"
        if line.tone == "":
            return line._replace(text=f"{verb} {code}", answer="")
    return line


def _joined(held: Line, line: Line) -> Line | None:
    if (
        held.lane != line.lane
        or held.tone != line.tone
        or held.flag != line.flag
        or held.mark == "l"
        or line.mark == "l"
    ):
        return None
    mark = held.mark or line.mark
    if line.lane == "d" and held.answer == line.answer:
        *types, name = held.text.split(" ")
        kind, _, other = line.text.partition(" ")
        if name == other:
            types += [] if kind in types else [kind]
            return held._replace(text=f"{' '.join(types)} {name}", number=0, mark=mark)
    if line.lane == "s" and line.answer and not held.answer and not line.tone and not held.text.startswith("conn"):
        return held._replace(text=f"{held.text} · {_brief(line).text}", number=0, mark=mark)
    return None


def _capped(lines: list[Line]) -> Iterator[Line]:
    if len(lines) <= MOST:
        yield from lines
        return
    head, tail = lines[: MOST * 2 // 3], lines[-MOST // 3 :]
    left = len(lines) - len(head) - len(tail)
    kept = {line.number for line in (*head, *tail)}
    yield from head
    yield Line("", "w", f"{left} more lines, which are in the journal")
    yield from (line for line in lines if line.mark and line.number not in kept)
    yield from tail
