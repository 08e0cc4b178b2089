"""Results as a matrix: scenarios by targets, of one run or of several side by side."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from markupsafe import Markup

from harness.journal import Event, HarnessFault, Scene
from harness.report.model import Known, RunReport, Standing, Tested, excuses
from harness.report.words import STANDINGS, brief, is_known
from harness.scenario.models import Scenario
from harness.scenario.requirements import Requirement
from harness.verdict import Grade, Learned, Result, Verdict

from .connection import Connection, connection
from .timeline import Line, Numbered, timeline

_GOOD = (Verdict.PASS, Verdict.ALLOWED)
_KINDS = {
    Verdict.PASS: "p",
    Verdict.ALLOWED: "a",
    Verdict.INCONCLUSIVE: "i",
    Verdict.UNSUPPORTED: "u",
    Verdict.ERROR: "e",
}
_GRADES = {Grade.SECURITY: "fs", Grade.DELIVERY: "fd", Grade.WARNING: "fw"}


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """A run as it was recorded."""

    report: RunReport
    events: Sequence[Event] = ()
    """The whole journal, in order: the evidence names its lines. Without it there are no timelines."""
    label: str = ""
    """What tells it from the other runs; default: when it began, or its number."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One target in one scenario."""

    id: str
    """Where its evidence is."""
    column: Column
    result: Result
    lines: tuple[Line, ...]

    @property
    def kind(self) -> str:
        """Verdict and grade in one or two letters."""
        return kind_of(self.result)

    @property
    def code(self) -> str:
        """The outcome, with what is said again and again said once."""
        return brief(self.result.outcome)

    @property
    def word(self) -> str:
        """The verdict in words, the grade with it."""
        return f"{self.result.verdict}, {self.result.grade}" if self.result.grade else str(self.result.verdict)

    @property
    def is_good(self) -> bool:
        return self.result.verdict in _GOOD

    @property
    def known(self) -> Known | None:
        """What the baseline of known failures has to say of it."""
        return self.column.known.get(self.result.scenario)

    @property
    def is_known(self) -> bool:
        """Whether it is a failure that was expected."""
        return is_known(self.result, {(self.result.target, key): each for key, each in self.column.known.items()})


@dataclass(frozen=True, kw_only=True)
class Column:
    """One target of one run."""

    number: int
    slug: str
    tested: Tested
    run: str
    """Label of the run; empty where there is but one."""
    results: Mapping[str, Result]
    events: Mapping[str, Sequence[Numbered]]
    inactive: bool
    known: Mapping[str, Known]
    """The entries of the baseline that bear on it, by scenario."""

    @property
    def name(self) -> str:
        return self.tested.name

    @cached_property
    def counts(self) -> Sequence[tuple[str, str, int]]:
        """Kind, word and number of each verdict there is; failures by grade."""
        found = Counter((kind_of(result), _word(result)) for result in self.results.values())
        ordered = sorted(found.items(), key=lambda item: KINDS.index(item[0][0]))
        return [(kind, word, number) for (kind, word), number in ordered]

    @cached_property
    def connection(self) -> Connection | None:
        """The connection type it achieves; None for a checker or a resolver."""
        return connection(self.results.values())

    @cached_property
    def profile(self) -> Sequence[Learned]:
        """Where it stands on the choices that the RFCs leave to it, as far as seen; broken words come first."""
        seen = (each for each in self.tested.profile if each.taken)
        return sorted(seen, key=lambda each: (not each.is_broken, len(each.taken) == 1))

    @cached_property
    def baseline(self) -> Sequence[tuple[str, Sequence[Known]]]:
        """What came of the known failures, in words, and of which; those that failed as expected last."""
        order = (Standing.PASSED, Standing.EXPIRED, Standing.UNDECIDED, Standing.KNOWN)
        entries = {standing: [each for each in self.known.values() if each.standing is standing] for standing in order}
        return [(STANDINGS[standing], some) for standing, some in entries.items() if some]

    @cached_property
    def choices(self) -> Sequence[tuple[str, Sequence[tuple[str, int]]]]:
        """How the choices that the RFCs leave were made: by choice, the outcomes and how often each was seen."""
        found: dict[str, Counter[str]] = {}
        for result in self.results.values():
            if result.choice is not None and result.verdict in _GOOD:
                found.setdefault(str(result.choice), Counter())[brief(result.outcome)] += 1
        return [(choice, found[choice].most_common()) for choice in sorted(found)]


KINDS = ("p", "a", "fs", "fd", "fw", "i", "u", "e")
"""Kinds of cells in the order in which they are counted."""


def kind_of(result: Result) -> str:
    """Verdict and grade in one or two letters: `p`, `a`, `fs`, `fd`, `fw`, `i`, `u`, `e`."""
    if result.verdict is Verdict.FAIL:
        return _GRADES.get(result.grade, "fs") if result.grade else "fs"
    return _KINDS[result.verdict]


def _word(result: Result) -> str:
    return f"fail, {result.grade}" if result.grade else str(result.verdict)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One scenario for all targets."""

    id: str
    title: str
    group: str
    covers: tuple[str, ...]
    scenario: Scenario | None
    drawing: Markup
    rules: tuple[Requirement, ...]
    cells: tuple[Cell | None, ...]

    @property
    def kinds(self) -> list[str]:
        """The kinds of its cells, for filters."""
        return sorted({cell.kind for cell in self.cells if cell})

    @property
    def differs(self) -> bool:
        """Whether the targets came out differently."""
        return len({(cell.result.verdict, cell.result.outcome) for cell in self.cells if cell}) > 1


@dataclass(frozen=True, kw_only=True)
class Group:
    """Scenarios of one group."""

    name: str
    rows: tuple[Row, ...]
    tallies: tuple[tuple[int, int], ...]
    """For each target, how many came out well, of how many."""


def columns_of(runs: Sequence[Recorded]) -> tuple[Column, ...]:
    """The targets of all runs, in order."""
    made: list[Column] = []
    for number, run in enumerate(runs, 1):
        events = _by_target(run.events, [tested.name for tested in run.report.run.targets])
        label = run.label or run.report.run.started or f"run {number}"
        known = excuses(run.report)
        for tested in run.report.run.targets:
            made.append(
                Column(
                    number=len(made),
                    slug=_slug(tested.name, {column.slug for column in made}),
                    tested=tested,
                    run=label if len(runs) > 1 else "",
                    results={result.scenario: result for result in run.report.results if result.target == tested.name},
                    events=events.get(tested.name, {}),
                    inactive=tested.name in run.report.inactive,
                    known={key: each for (name, key), each in known.items() if name == tested.name},
                )
            )
    return tuple(made)


def groups_of(
    columns: Sequence[Column],
    scenarios: Mapping[str, Scenario],
    requirements: Mapping[str, Requirement],
    drawings: Mapping[str, str],
) -> tuple[Group, ...]:
    """The rows of the matrix by group, in the order in which groups and scenarios first appear."""
    first = {result.scenario: result for column in reversed(columns) for result in column.results.values()}
    ids = dict.fromkeys(key for column in columns for key in column.results)
    by_group: dict[str, list[Row]] = {}
    for key in ids:
        result, cells = first[key], tuple(_cell(column, key) for column in columns)
        row = Row(
            id=key,
            title=result.title,
            group=result.group or "scenarios",
            covers=result.requirements,
            scenario=scenarios.get(key),
            drawing=Markup(drawings.get(key, "")),
            rules=tuple(requirements[each] for each in result.requirements if each in requirements),
            cells=cells,
        )
        by_group.setdefault(row.group, []).append(row)
    return tuple(
        Group(name=name, rows=tuple(rows), tallies=tuple(_tally(rows, number) for number in range(len(columns))))
        for name, rows in by_group.items()
    )


def _tally(rows: Collection[Row], number: int) -> tuple[int, int]:
    cells = [cell for row in rows if (cell := row.cells[number])]
    return sum(cell.is_good for cell in cells), len(cells)


def _cell(column: Column, scenario: str) -> Cell | None:
    result = column.results.get(scenario)
    if result is None:
        return None
    lines = timeline(
        column.events.get(scenario, ()),
        full=result.verdict not in _GOOD,
        decisive=[each.line for each in result.evidence],
        leaked=[leak.line for leak in result.leaked],
    )
    return Cell(id=f"{scenario}/{column.slug}", column=column, result=result, lines=lines)


def _by_target(events: Iterable[Event], targets: Collection[str]) -> Mapping[str, Mapping[str, Sequence[Numbered]]]:
    """The events by target and scenario. What names no target belongs to the only one there is, as for the judge; what
    the lab tells of a world belongs to all."""
    found: dict[str, dict[str, list[Numbered]]] = {}
    for number, event in enumerate(events, 1):
        if not event.scenario:
            continue
        shared = len(targets) == 1 or isinstance(event, Scene | HarnessFault)
        for target in (event.target,) if event.target else targets if shared else ():
            found.setdefault(target, {}).setdefault(event.scenario, []).append((number, event))
    return found


def _slug(name: str, taken: Collection[str]) -> str:
    """The name as it may stand in an address, unlike those already given away."""
    plain = re.sub(r"[^A-Za-z0-9._:-]+", "-", name).strip("-") or "target"
    slug, number = plain, 1
    while slug in taken:
        number += 1
        slug = f"{plain}-{number}"
    return slug
