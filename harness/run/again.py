"""Judging an old run again, by the judge and the scenarios of today."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from harness.errors import UsageError
from harness.journal import Event, RunStarted
from harness.report import RunReport, build
from harness.scenario.choices import Choices
from harness.scenario.fingerprint import fingerprint
from harness.scenario.requirements import Requirement
from harness.scenario.suite import Suite
from harness.verdict import judge

from .places import sources

_FEW = 8
"""How many scenarios are named in a note."""


@dataclass(frozen=True)
class Rejudged:
    """The report of an old run, and what has to be said about it."""

    report: RunReport
    notes: tuple[str, ...] = ()


def judge_again(
    events: Sequence[Event],
    suite: Suite,
    *,
    requirements: Mapping[str, Requirement],
    choices: Choices | None = None,
    whole: bool = False,
) -> Rejudged:
    """The report of the run that these events tell of; of a shard with `whole` also what only ran along in it.

    Left out, and told in a note, are scenarios that `suite` does not hold and those whose world it now describes
    otherwise than it was served then; what was expected is taken from today's files. Raises UsageError where that
    leaves nothing.
    """
    now = {entry.id: fingerprint(entry.scenario) for entry in suite}
    starts = [event for event in events if isinstance(event, RunStarted)]
    unknown = {key for start in starts for key in start.scenarios if key not in now}
    changed = {(start.target, key) for start in starts for key, world in start.worlds.items() if now.get(key) != world}
    kept: list[Event] = [
        _restricted(event, now, changed) if isinstance(event, RunStarted) else event for event in events
    ]
    if not any(event.scenarios for event in kept if isinstance(event, RunStarted)):
        raise UsageError(
            f"none of the run's scenarios is known as it was served then ({_few(unknown or {k for _, k in changed})}); "
            "name their files with --scenarios, or run it again"
        )
    results = judge(
        [entry.scenario for entry in suite],
        None,
        kept,
        requirements=requirements,
        groups={entry.id: entry.group for entry in suite},
        choices=choices,
    )
    if whole:
        kept = [replace(event, shard="") if isinstance(event, RunStarted) else event for event in kept]
    report = build(kept, results, choices=choices, sources=sources(suite))
    return Rejudged(report, tuple(_notes(starts, unknown, {key for _, key in changed} - unknown)))


def _restricted(start: RunStarted, now: Mapping[str, str], changed: set[tuple[str, str]]) -> RunStarted:
    usable = tuple(key for key in start.scenarios if key in now and (start.target, key) not in changed)
    return replace(start, scenarios=usable)


def _notes(starts: Iterable[RunStarted], unknown: set[str], changed: set[str]) -> Iterable[str]:
    if unknown:
        yield (
            f"Not judged, as they are not known today: {_few(unknown)}. Files of your own are named with --scenarios."
        )
    if changed:
        yield f"Not judged, as their worlds have changed since the run: {_few(changed)}."
    if any(not start.worlds for start in starts):
        yield "This journal does not tell which worlds were served; it is judged as if they were those of today."


def _few(keys: set[str]) -> str:
    some = ", ".join(sorted(keys)[:_FEW])
    return some + (f" and {len(keys) - _FEW} more" if len(keys) > _FEW else "")
