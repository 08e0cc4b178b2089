"""What every report tells of a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
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
    shard: str = ""
    """Which part of what was asked for it is, as `3/16`; empty: all of it."""
    complete: bool
    """Whether the journal reaches the end of the run."""


class Standing(StrEnum):
    """How an entry of a baseline of known failures stands after a run."""

    KNOWN = "known"
    """The scenario failed, as was expected; the run does not fail for it."""
    PASSED = "passed"
    """The scenario was expected to fail and did not; the run fails for it, so that the entry is taken out."""
    EXPIRED = "expired"
    """The entry's day has come: it excuses nothing any more."""
    UNDECIDED = "undecided"
    """The scenario came out neither good nor bad: inconclusive, unsupported, or danelab failed."""


class Known(Record):
    """An entry of the baseline that bears on this run."""

    target: str
    scenario: str
    reason: str
    expires: str = ""
    """The first day on which it excuses nothing, in ISO 8601; empty: it does not expire."""
    standing: Standing


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
    known: tuple[Known, ...] = ()
    """Failures that were expected (`--baseline`), and what came of them."""
    sources: dict[str, str] = Field(default={})
    """The file of each scenario, by its id: relative to where danelab was called, with forward slashes."""
    results: tuple[Result, ...]


def excuses(report: RunReport) -> Mapping[tuple[str, str], Known]:
    """The entries of the baseline that bear on the run, by target and scenario."""
    return {(each.target, each.scenario): each for each in report.known}


def fails(report: RunReport) -> tuple[Result, ...]:
    """The failures that were not expected."""
    known = {key for key, each in excuses(report).items() if each.standing is Standing.KNOWN}
    return tuple(
        each for each in report.results if each.verdict is Verdict.FAIL and (each.target, each.scenario) not in known
    )


def surprises(report: RunReport) -> tuple[Known, ...]:
    """What was expected to fail and did not."""
    return tuple(each for each in report.known if each.standing is Standing.PASSED)


def build(
    events: Iterable[Event],
    results: Sequence[Result],
    *,
    started: str = "",
    choices: Choices | None = None,
    sources: Mapping[str, str] | None = None,
) -> RunReport:
    """The report of a run, from its journal and its results. `started` is the time of day, `sources` the file of each
    scenario, `choices` are those that the results tell about; no journal holds these.

    Of a shard, the results of scenarios that only ran along are left out: another shard has them.
    """
    known = list(events)
    starts = {event.target: event for event in known if isinstance(event, RunStarted)}
    ended = {event.target for event in known if isinstance(event, RunEnded)}
    senders = [start for start in starts.values() if not start.resolves]
    counted = [each for each in results if not _along(each, starts.get(each.target))]
    judged = Counter(result.target for result in counted)
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
            lab=_all_of(start.lab for start in starts.values()) or "unknown",
            resolver=_all_of(start.resolver for start in senders or starts.values()) or "unknown",
            seed=_all_of(start.seed for start in starts.values()),
            shard=_all_of(start.shard for start in starts.values()),
            duration=max((event.at for event in known), default=0.0),
            scenarios=len({result.scenario for result in counted}),
            targets=targets,
            started=started or min((start.began for start in starts.values()), default=""),
            complete=bool(targets) and all(target.complete for target in targets),
        ),
        summary=dict(count(counted)),
        exit_code=exit_code(counted, faults=problems),
        inactive=inactive(results),
        faults=problems,
        sources=_named(sources or {}, counted),
        results=tuple(counted),
    )


def _learned(name: str, started: RunStarted | None, results: Iterable[Result], choices: Choices) -> tuple[Learned, ...]:
    mine = [result for result in results if result.target == name]
    return learned(mine, choices, declared=started.choices if started else None)


def _along(result: Result, start: RunStarted | None) -> bool:
    """Whether it belongs to a scenario of another shard."""
    return start is not None and bool(start.shard) and result.scenario in start.along


def _named(sources: Mapping[str, str], results: Iterable[Result]) -> dict[str, str]:
    return {key: sources[key] for key in dict.fromkeys(each.scenario for each in results) if key in sources}


def _all_of(words: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(filter(None, words)))


def grouped(results: Iterable[Result]) -> Mapping[tuple[str, str], Sequence[Result]]:
    """The results by target and group, in the order in which these first appear."""
    found: dict[tuple[str, str], list[Result]] = {}
    for result in results:
        found.setdefault((result.target, result.group), []).append(result)
    return found
