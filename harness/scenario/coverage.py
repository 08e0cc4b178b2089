"""Which requirement is exercised by which scenarios, and what is missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from .catalogue import CATALOGUE, Catalogue, Line, load_catalogue
from .requirements import Level, Requirement, Role, load_requirements
from .suite import REQUIREMENTS, Suite, load_suite, own_scenarios
from .uncovered import NOT_COVERED, Uncovered, load_uncovered

BINDING = (Level.MUST, Level.MUST_NOT, Level.SHOULD)
"""The levels that are counted; what MAY be done, or SHOULD NOT, is listed and not counted."""


@dataclass(frozen=True)
class Row:
    """One requirement on senders or resolvers, and how it is exercised."""

    requirement: Requirement
    scenarios: tuple[str, ...]
    """Ids, sorted."""
    reason: str = ""
    """Why there is none."""
    observable: bool = True
    """Whether a lab that watches the wire and the outcome could tell who meets it."""
    later: bool = False
    """Its RFC is taken up as a whole later."""

    @property
    def counted(self) -> bool:
        """Whether it belongs to those that have to be covered."""
        return self.observable and not self.later and self.requirement.level in BINDING

    @property
    def open(self) -> bool:
        """Whether it has neither a scenario nor a reason."""
        return not self.scenarios and not self.reason


@dataclass(frozen=True)
class LineRow:
    """A line of the catalogue that has fewer scenarios than it asks for, or leaves something out."""

    line: Line
    scenarios: int
    part: str = ""
    """What its scenarios leave out."""
    reason: str = ""

    @property
    def open(self) -> bool:
        return not self.reason


@dataclass(frozen=True)
class Total:
    """How many of the requirements that have to be covered are."""

    covered: int
    wanted: int

    def __str__(self) -> str:
        return f"{self.covered} of {self.wanted}"


@dataclass(frozen=True)
class Coverage:
    """Every requirement on senders and resolvers, in the order of the list, and the lines that are short."""

    rows: tuple[Row, ...]
    lines: tuple[LineRow, ...]
    receivers: int
    """How many requirements bind the receiving side, which the lab plays itself; they are not among the rows."""
    asked: int
    """How many lines the catalogue has that are not left for later."""
    scenarios: int

    @property
    def rfcs(self) -> tuple[int, ...]:
        """In the order of the list."""
        return tuple(dict.fromkeys(row.requirement.rfc for row in self.rows))

    def of(self, rfc: int) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.requirement.rfc == rfc)

    def total(self, *levels: Level, rfc: int | None = None) -> Total:
        """Of the requirements of these levels (default: all that are counted), of one RFC or of all."""
        rows = [
            row
            for row in self.rows
            if row.counted and row.requirement.level in (levels or BINDING) and rfc in (None, row.requirement.rfc)
        ]
        return Total(sum(bool(row.scenarios) for row in rows), len(rows))

    @property
    def unexplained(self) -> tuple[str, ...]:
        """Ids and slugs of what has neither enough scenarios nor a reason."""
        return (
            *(row.requirement.id for row in self.rows if row.open),
            *(row.line.slug for row in self.lines if row.open),
        )


def own_coverage() -> Coverage:
    """How danelab's own scenarios cover its own lists. Raises ScenarioError for whatever is wrong with any of them."""
    place = own_scenarios()
    requirements = load_requirements(place / REQUIREMENTS)
    suite = load_suite(requirements=requirements.keys())
    catalogue = load_catalogue(place / CATALOGUE)
    return cover(suite, requirements=requirements, catalogue=catalogue, uncovered=place / NOT_COVERED)


def cover(suite: Suite, *, requirements: Mapping[str, Requirement], catalogue: Catalogue, uncovered: Path) -> Coverage:
    """Hold the scenarios against requirements and catalogue. Raises ScenarioError as load_uncovered does."""
    covers: dict[str, list[str]] = {}
    for entry in suite:
        for name in entry.scenario.covers:
            covers.setdefault(name, []).append(entry.id)
    lines = Counter(entry.scenario.catalogue for entry in suite if entry.scenario.catalogue)
    known = load_uncovered(uncovered, requirements=requirements, catalogue=catalogue, covers=covers, scenarios=lines)
    later = {each.group for each in known.later}
    return Coverage(
        rows=tuple(_rows(requirements.values(), covers, known)),
        lines=tuple(
            row for line in catalogue.lines.values() if line.group not in later and (row := _line(line, lines, known))
        ),
        receivers=sum(each.role is Role.RECEIVER for each in requirements.values()),
        asked=sum(line.group not in later for line in catalogue.lines.values()),
        scenarios=len(suite),
    )


def _rows(requirements: Iterable[Requirement], covers: Mapping[str, list[str]], known: Uncovered) -> Iterable[Row]:
    later = {each.rfc: each.reason for each in known.later}
    for each in requirements:
        if each.role is Role.RECEIVER:
            continue
        scenarios = tuple(sorted(set(covers.get(each.id, ()))))
        entry = known.requirements.get(each.id)
        if entry is not None:
            yield Row(each, scenarios, entry.reason, entry.observable)
        elif each.rfc in later:
            yield Row(each, scenarios, "" if scenarios else later[each.rfc], later=True)
        else:
            yield Row(each, scenarios)


def _line(line: Line, lines: Mapping[str, int], known: Uncovered) -> LineRow | None:
    entry = known.lines.get(line.slug)
    have = lines.get(line.slug, 0)
    if entry is None and have >= line.runs:
        return None
    return LineRow(line, have, entry.part if entry else "", entry.reason if entry else "")
