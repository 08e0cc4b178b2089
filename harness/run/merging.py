"""Runs put together: shards of one run, or the runs of several targets; journal by journal, so that the whole is judged
as one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from harness.errors import UsageError
from harness.journal import AnyEvent, Died, Event, RunEnded, RunStarted
from harness.report import RunReport
from harness.scenario.outcomes import Code
from harness.verdict import Result
from harness.verdict.broken_off import ended

from .reading import started


@dataclass(frozen=True)
class Part:
    """One of the runs to be put together."""

    name: str
    """How it is called in error texts: its path."""
    events: Sequence[AnyEvent]
    report: RunReport
    """What came of it, companions of a shard included."""


Owned = Mapping[tuple[str, str], int]
"""The number of the part from which a target's way through a scenario is taken."""


def merged(parts: Sequence[Part]) -> list[Event]:
    """One journal of all these runs.

    Each target's way through a scenario is taken from one run: from one that was asked for it, rather than one in which
    it only ran along. Raises UsageError where runs of one target differ in what was done (mode, resolver, lab, seed,
    declared choices), and where they contradict each other about a scenario.
    """
    starts = [started(part.events) for part in parts]
    _comparable(parts, starts)
    owned = _owned(parts, starts)
    targets = list(dict.fromkeys(target for each in starts for target in each))
    events: list[Event] = [_start(target, starts, owned) for target in targets]
    for number, part in enumerate(parts):
        shared = {target for target in starts[number] if sum(target in each for each in starts) > 1}
        events.extend(_taken(part.events, number, owned, shared))
    for target in targets:
        if all(ended(part.events, target) for part, each in zip(parts, starts, strict=True) if target in each):
            last = max((event.at for event in events if event.target in ("", target)), default=0.0)
            events.append(RunEnded(at=last, target=target))
    return events


def _comparable(parts: Sequence[Part], starts: Sequence[Mapping[str, RunStarted]]) -> None:
    first: dict[str, tuple[str, RunStarted]] = {}
    for part, each in zip(parts, starts, strict=True):
        for target, start in each.items():
            name, other = first.setdefault(target, (part.name, start))
            for key in ("mode", "judged_as", "resolver", "resolves", "lab", "seed", "choices"):
                mine, theirs = getattr(start, key), getattr(other, key)
                if mine != theirs:
                    raise UsageError(
                        f"{part.name}: {target} was run with {key.replace('_', '-')} {_said(mine)}, and in {name} with "
                        f"{_said(theirs)}; merge runs of a target that were made alike, or look at "
                        "them side by side: danelab report RUN RUN --format html"
                    )


def _said(value: object) -> str:
    return str(value) if isinstance(value, str) else repr(value)


def _owned(parts: Sequence[Part], starts: Sequence[Mapping[str, RunStarted]]) -> Owned:
    """Raises UsageError where two runs contradict each other."""
    owned: dict[tuple[str, str], int] = {}
    results = [{(each.target, each.scenario): each for each in part.report.results} for part in parts]
    for number, each in enumerate(starts):
        for key in ((target, scenario) for target, start in each.items() for scenario in start.scenarios):
            earlier = owned.setdefault(key, number)
            if earlier == number:
                continue
            here, there = _along(key, each), _along(key, starts[earlier])
            mine, theirs = results[number].get(key), results[earlier].get(key)
            if mine is not None and theirs is not None and not _agree(mine, theirs, loosely=here or there):
                raise UsageError(
                    f"{parts[earlier].name} and {parts[number].name} contradict each other: in {key[1]}, {key[0]} came "
                    f"to {theirs.outcome} in the one and to {mine.outcome} in the other; leave one out, or run it again"
                )
            if there and not here:
                owned[key] = number
    return owned


def _along(key: tuple[str, str], starts: Mapping[str, RunStarted]) -> bool:
    return key[1] in starts[key[0]].along


def _agree(one: Result, other: Result, *, loosely: bool) -> bool:
    """Of what only ran along it matters whether it was delivered. Whether a delivery counts as authenticated rests on
    the other scenarios of a run, and which of several equal hosts is taken may be chance."""
    return one.delivered == other.delivered if loosely else _raw(one.outcome) == _raw(other.outcome)


def _raw(outcome: str) -> str:
    return re.sub(r"@\S+", "", outcome).replace(Code.AUTH, Code.TLS)


def _start(target: str, starts: Sequence[Mapping[str, RunStarted]], owned: Owned) -> RunStarted:
    """One start for all runs of a target."""
    mine = {number: each[target] for number, each in enumerate(starts) if target in each}
    listed = sorted(scenario for name, scenario in owned if name == target)
    along = [key for key in listed if key in mine[owned[target, key]].along]
    departures = dict.fromkeys(each for start in mine.values() for each in start.departures)
    worlds = {key: mine[owned[target, key]].worlds.get(key, "") for key in listed}
    return replace(
        next(iter(mine.values())),
        at=0.0,
        scenarios=tuple(listed),
        along=tuple(along),
        departures=tuple(departures),
        worlds={key: world for key, world in worlds.items() if world},
        shard=_shards([start.shard for start in mine.values()]),
        began=min((start.began for start in mine.values() if start.began), default=""),
    )


def _shards(words: Iterable[str]) -> str:
    """What part of the whole these are together; empty: all of it, or nobody cut it."""
    known = list(dict.fromkeys(word for word in words if word))
    wholes = {word.partition("/")[2] for word in known}
    if len(wholes) == 1 and len(known) == int(next(iter(wholes))):
        return ""
    return ", ".join(sorted(known, key=lambda word: int(word.partition("/")[0])))


def _taken(events: Iterable[AnyEvent], number: int, owned: Owned, shared: set[str]) -> Iterator[Event]:
    """The events of one run that belong into the whole, but for starts and ends."""
    mine = [key for key, part in owned.items() if part == number]
    for event in events:
        if isinstance(event, RunStarted | RunEnded):
            continue
        if event.scenario:
            if not event.target or owned.get((event.target, event.scenario), number) == number:
                yield event
        elif isinstance(event, Died) and event.target in shared:
            # It was the end of all messages that this run had in work, and of none of another run's.
            yield from (replace(event, scenario=scenario) for target, scenario in mine if target == event.target)
        else:
            yield event
