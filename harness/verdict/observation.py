"""What the events of one scenario add up to for one target."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

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
    Scene,
    Sent,
    Spoke,
)
from harness.scenario.mailhosts import Role
from harness.scenario.models import Scenario

from .fates import Fate, Numbered, fate, fold, folded
from .sends import Send, made, servers

WireEvent = Connected | Spoke | Handshake | Accepted | Revealed | Left
"""What happens at a mail server."""


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
    """Lines with what happened at the scenario's servers."""
    wire: tuple[tuple[int, WireEvent], ...] = ()
    """What has happened at the servers so far, in this send and in those before: connections may be kept open."""
    names: Mapping[str, str] | None = None
    """The names of the world; None where the journal does not tell them."""

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
    senseless: tuple[str, ...] = ()
    """What the journal says and cannot be, each with its line."""
    duration: float = 0.0

    @property
    def spoilt(self) -> bool:
        """Whether nothing can be held against the target, because danelab failed."""
        return bool(self.faults or self.senseless)

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
    """
    everything = list(events)
    steps = {event.step for _, event in everything if isinstance(event, Sent)}
    planned = made(scenario, steps)
    known = {key for each in (scenario, *(send.scenario for send in planned)) for key in servers(each)}
    senseless = {line: wrong for line, event in everything if (wrong := _senseless(line, event, known))}
    numbered = [(line, event) for line, event in everything if line not in senseless]
    handed: dict[int, tuple[int, Sent]] = {}
    for line, event in numbered:
        if isinstance(event, Sent):
            handed.setdefault(event.step, (line, event))
    begins = _begins(planned, handed, [line for line, event in numbered if isinstance(event, Scene)])
    windows: dict[int, list[Numbered]] = {send.number: [] for send in planned}
    for line, event in numbered:
        windows[_step_of(line, event, planned, handed, begins)].append((line, event))
    started = min((sent.at for _, sent in handed.values()), default=0.0)
    own = [event.at for _, event in numbered if event.scenario]
    sendings: list[Sending] = []
    for send in planned:
        one = _sending(send, handed.get(send.number), windows[send.number], sendings)
        sendings.append(_with_wire(one, numbered, begins.get(send.number + 1)))
    return Observation(
        scenario=scenario,
        target=target,
        sendings=tuple(sendings),
        events=dict(everything),
        faults=tuple(line for line, event in numbered if isinstance(event, HarnessFault)),
        senseless=tuple(senseless.values()),
        duration=round(max(0.0, max(own, default=started) - started), 6) if handed else 0.0,
    )


def _senseless(line: int, event: Event, known: Collection[str]) -> str:
    """Why the event cannot be; empty if it can."""
    if not isinstance(event, WireEvent):
        return ""
    if event.server not in known:
        return f"journal line {line}: the scenario has no server {event.server!r}"
    if isinstance(event, Accepted | Revealed) and event.role not in tuple(Role):
        return f"journal line {line}: {event.role!r} is no role of a server"
    return ""


def _begins(
    planned: Sequence[Send], handed: Mapping[int, tuple[int, Sent]], scenes: Sequence[int]
) -> Mapping[int, int]:
    """The line from which on events belong to a send: where it was handed over.

    What is to be tried again is in the target's queue already, and it may do so by itself as soon as the world has
    changed: then it is that change.
    """
    found: dict[int, int] = {}
    for send in planned:
        if send.number in handed:
            line = handed[send.number][0]
            earlier = max(found.values(), default=line)
            changes = [scene for scene in scenes if earlier < scene < line]
            found[send.number] = changes[-1] if send.retry and changes else line
    return found


def _step_of(
    line: int,
    event: Event,
    planned: Sequence[Send],
    handed: Mapping[int, tuple[int, Sent]],
    begins: Mapping[int, int],
) -> int:
    """The send that an event belongs to: the latest before it, which has its recipient if it names one."""
    if len(planned) == 1:
        return planned[0].number
    earlier = [send.number for send in planned if send.number in begins and begins[send.number] <= line]
    latest = earlier[-1] if earlier else planned[0].number
    named = _named(event)
    if not named:
        return latest
    fitting = [step for step, (_, sent) in handed.items() if step in begins and named & folded(sent.recipients)]
    return max((step for step in fitting if step in earlier), default=min(fitting, default=latest))


def _named(event: Event) -> frozenset[str]:
    match event:
        case Accepted():
            return folded(event.recipients)
        case Reported():
            return folded((event.recipient,))
    return frozenset()


def _sending(
    send: Send, handed: tuple[int, Sent] | None, window: Sequence[Numbered], earlier: Sequence[Sending]
) -> Sending:
    recipients = handed[1].recipients if handed else ("",) * len(send.zones)
    if send.retry and earlier and not handed:
        recipients = tuple(each.recipient for each in earlier[-1].fates)
    zones = send.zones if len(send.zones) == len(recipients) else (send.zones[0],) * len(recipients)
    alone = len(recipients) == 1
    fates = tuple(
        fate(recipient, zone, send.ranks, _since(handed, window), alone=alone)
        for recipient, zone in zip(recipients, zones, strict=True)
    )
    if send.retry and earlier:
        done = {fold(each.recipient) for each in earlier[-1].fates if each.delivered}
        fates = tuple(
            replace(each, before=True, notes=()) if not each.taken and fold(each.recipient) in done else each
            for each in fates
        )
    return Sending(
        send=send,
        handed=handed[0] if handed else None,
        fates=fates,
        asked=tuple(line for line, event in window if isinstance(event, Asked)),
        connected=tuple(line for line, event in window if isinstance(event, WireEvent)),
    )


def _since(handed: tuple[int, Sent] | None, window: Sequence[Numbered]) -> list[Numbered]:
    """The events without a death that came before the message was handed over: it was another process that died."""
    first = handed[0] if handed else 0
    return [(line, event) for line, event in window if line > first or not isinstance(event, Died)]


def _with_wire(sending: Sending, numbered: Sequence[Numbered], end: int | None) -> Sending:
    """`end`: the line at which the next send begins."""
    so_far = [(line, event) for line, event in numbered if end is None or line < end]
    told = [event.names for _, event in so_far if isinstance(event, Scene)]
    wire = tuple((line, event) for line, event in so_far if isinstance(event, WireEvent))
    return replace(sending, wire=wire, names=told[-1] if told else None)
