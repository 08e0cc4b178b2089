"""What every report tells of a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from pydantic import Field

from harness.journal import Event, RunEnded, RunStarted
from harness.scenario.choices import Choices
from harness.scenario.models import Mode
from harness.verdict import Learned, Result, Verdict, count, exit_code, faults, inactive, learned
from harness.verdict.result import Record

VERSION: Literal[1] = 1
"""Version of the JSON report's format; it changes when a field changes its meaning or goes away."""


class Tested(Record):
    """One target of the run."""

    name: str
    mode: Mode
    """What it was configured to do about DANE."""
    judged_as: Mode
    """What it was judged by: a target without DANE is judged as an opportunistic DANE sender."""
    scenarios: int
    """How many scenarios it was judged in."""
    complete: bool
    """Whether the journal tells of it to the end."""
    profile: tuple[Learned, ...] = ()
    """Where it stands on the choices that the RFCs leave to it: those that were seen, or that it declares."""
    not_seen: tuple[str, ...] = ()
    """Choices on which the run has no bearing."""


class RunFacts(Record):
    """What was run."""

    lab: str
    """Where the targets met the lab: `loopback`, `namespace` or `network`."""
    resolver: str
    """Who resolved for them."""
    seed: str
    """The same seed gives the same names, keys and addresses."""
    duration: float
    """Seconds."""
    scenarios: int
    """How many scenarios were judged, for one target or another."""
    targets: tuple[Tested, ...]
    started: str = ""
    """When the run began, in ISO 8601; empty where that is not told."""
    complete: bool
    """Whether the journal reaches the end of the run."""


class RunReport(Record):
    """The report of one run."""

    version: Literal[1] = VERSION
    """Version of this format."""
    run: RunFacts
    summary: dict[Verdict, int]
    """How many results there are of each verdict."""
    exit_code: int
    """0 as expected, 1 not conforming, 3 danelab failed, 4 nothing ran or nothing could be concluded."""
    inactive: tuple[str, ...] = ()
    """Targets for which DANE was not active: they delivered all that only a sender with DANE withholds."""
    faults: tuple[str, ...] = Field(default=())
    """Failures of danelab that belong to no single scenario."""
    results: tuple[Result, ...]


def build(
    events: Iterable[Event], results: Sequence[Result], *, started: str = "", choices: Choices | None = None
) -> RunReport:
    """The report of a run, from its journal and its results. `started` is the time of day, which no journal holds;
    `choices` are those that the results tell about."""
    known = list(events)
    starts = {event.target: event for event in known if isinstance(event, RunStarted)}
    ended = {event.target for event in known if isinstance(event, RunEnded)}
    first = next(iter(sorted(starts.values(), key=lambda each: each.resolves)), None)
    judged = Counter(result.target for result in results)
    names = tuple(dict.fromkeys((*starts, *judged)))
    stands = {name: _learned(name, starts.get(name), results, choices or {}) for name in names}
    targets = tuple(
        Tested(
            name=name,
            mode=Mode(starts[name].mode) if name in starts else Mode.OPPORTUNISTIC,
            judged_as=Mode(starts[name].judged_as) if name in starts else Mode.OPPORTUNISTIC,
            scenarios=judged[name],
            complete=bool(ended & {name, ""}),
            profile=tuple(each for each in stands[name] if each.taken or each.declared),
            not_seen=tuple(each.choice for each in stands[name] if not each.taken),
        )
        for name in names
    )
    problems = faults(known)
    return RunReport(
        run=RunFacts(
            lab=first.lab if first else "unknown",
            resolver=first.resolver if first else "unknown",
            seed=first.seed if first else "",
            duration=max((event.at for event in known), default=0.0),
            scenarios=len({result.scenario for result in results}),
            targets=targets,
            started=started,
            complete=bool(targets) and all(target.complete for target in targets),
        ),
        summary=dict(count(results)),
        exit_code=exit_code(results, faults=problems),
        inactive=inactive(results),
        faults=problems,
        results=tuple(results),
    )


def _learned(name: str, started: RunStarted | None, results: Iterable[Result], choices: Choices) -> tuple[Learned, ...]:
    mine = [result for result in results if result.target == name]
    return learned(mine, choices, declared=started.choices if started else None)


def grouped(results: Iterable[Result]) -> Mapping[tuple[str, str], Sequence[Result]]:
    """The results by target and group, in the order in which these first appear."""
    found: dict[tuple[str, str], list[Result]] = {}
    for result in results:
        found.setdefault((result.target, result.group), []).append(result)
    return found
