"""What no scenario covers, and why: `scenarios/not-covered.toml`.

[[requirement]]
id = "7672-2.2.1-10"
observable = false
reason = "..."

[[line]]
slug = "c-name-banner"
part = "the name that the reverse zone gives the address"
reason = "..."

[[later]]
group = "R"
rfc = 8461
reason = "..."
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from .base import Table
from .catalogue import Catalogue
from .reading import read_list
from .requirements import Requirement, Role
from .source import Problem
from .words import did_you_mean

NOT_COVERED = "not-covered.toml"

Reason = Annotated[str, Field(min_length=30)]


class UncoveredRequirement(Table):
    """A requirement that no scenario exercises."""

    id: str
    """As in requirements.toml."""
    observable: bool
    """Whether a lab that watches the wire and the outcome could tell who meets it; if so, a scenario is owed."""
    reason: Reason


class UncoveredLine(Table):
    """A line of the catalogue, or a part of one, of which there is no scenario."""

    slug: str
    """As in catalogue.toml."""
    part: str = ""
    """What the line's scenarios leave out; without it the whole line, or one of its runs, is missing."""
    reason: Reason


class Later(Table):
    """A group of the catalogue and the RFC it is about, both to be taken up later."""

    group: str
    rfc: int
    reason: Reason


class _Lists(Table):
    requirement: tuple[UncoveredRequirement, ...] = ()
    line: tuple[UncoveredLine, ...] = ()
    later: tuple[Later, ...] = ()


@dataclass(frozen=True)
class Uncovered:
    """What is known to be missing."""

    requirements: Mapping[str, UncoveredRequirement]
    """By id."""
    lines: Mapping[str, UncoveredLine]
    """By slug."""
    later: tuple[Later, ...]


def load_uncovered(
    file: Path,
    *,
    requirements: Mapping[str, Requirement],
    catalogue: Catalogue,
    covers: Mapping[str, object],
    scenarios: Mapping[str, int],
) -> Uncovered:
    """What is not covered, held against what is: `covers` has the requirements that scenarios exercise, `scenarios`
    the number of scenarios of each line.

    Raises ScenarioError, naming file, key and remedy, for an entry that is malformed, unknown, given twice, without
    a reason, or about something that is covered after all.
    """
    source, lists = read_list(file, _Lists)
    told = _requirement_problem(lists, requirements, covers) or _line_problem(lists, catalogue, scenarios)
    told = told or _later_problem(lists, catalogue, requirements)
    if told is not None:
        raise source.error(told)
    return Uncovered(
        {each.id: each for each in lists.requirement}, {each.slug: each for each in lists.line}, lists.later
    )


def _requirement_problem(
    lists: _Lists, requirements: Mapping[str, Requirement], covers: Mapping[str, object]
) -> Problem | None:
    seen: set[str] = set()
    for number, each in enumerate(lists.requirement):
        path = ("requirement", number, "id")
        if each.id not in requirements:
            return Problem(path, f"there is no requirement {each.id!r}", did_you_mean(each.id, requirements))
        if each.id in seen:
            return Problem(path, f"{each.id!r} is given twice", "keep one of the two")
        if requirements[each.id].role is Role.RECEIVER:
            return Problem(path, f"{each.id!r} binds receivers, who are not tested", "remove this entry")
        if each.id in covers:
            return Problem(path, f"{each.id!r} is covered after all", "remove this entry")
        seen.add(each.id)
    return None


def _line_problem(lists: _Lists, catalogue: Catalogue, scenarios: Mapping[str, int]) -> Problem | None:
    seen: set[str] = set()
    for number, each in enumerate(lists.line):
        path = ("line", number, "slug")
        if each.slug not in catalogue.lines:
            return Problem(path, f"there is no line {each.slug!r}", did_you_mean(each.slug, catalogue.lines))
        if each.slug in seen:
            return Problem(path, f"{each.slug!r} is given twice", "keep one of the two")
        have, wanted = scenarios.get(each.slug, 0), catalogue.lines[each.slug].runs
        if not each.part and have >= wanted:
            return Problem(path, f"{each.slug!r} is covered after all", "remove this entry, or name the part left out")
        if each.part and not have:
            return Problem(path, f"{each.slug!r} has no scenario at all", "remove part: the whole line is missing")
        seen.add(each.slug)
    return None


def _later_problem(lists: _Lists, catalogue: Catalogue, requirements: Mapping[str, Requirement]) -> Problem | None:
    rfcs = sorted({each.rfc for each in requirements.values()})
    for number, each in enumerate(lists.later):
        if each.group not in catalogue.groups:
            remedy = did_you_mean(each.group, catalogue.groups)
            return Problem(("later", number, "group"), f"there is no group {each.group!r}", remedy)
        if each.rfc not in rfcs:
            remedy = did_you_mean(str(each.rfc), map(str, rfcs))
            return Problem(("later", number, "rfc"), f"no requirement is of RFC {each.rfc}", remedy)
    return None
