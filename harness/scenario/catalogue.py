"""The catalogue of scenarios: what there is to be tested, one line each, as `scenarios/catalogue.toml` lists it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field, RootModel

from .base import Table
from .reading import read_list
from .source import Problem
from .words import did_you_mean

CATALOGUE = "catalogue.toml"

Letter = Annotated[str, Field(pattern="^[A-Z]$")]
Slug = Annotated[str, Field(pattern="^[a-z]-[a-z0-9-]+$")]


class Group(Table):
    """Lines that belong together, such as all about aliases."""

    title: Annotated[str, Field(min_length=3)]
    lines: Annotated[dict[Slug, Annotated[str, Field(min_length=3)]], Field(min_length=1)]
    """What is set up, by the line's slug."""
    runs: dict[Slug, Annotated[int, Field(ge=2)]] = {}
    """How many scenarios a line asks for, where it is more than one."""


class _Groups(RootModel[dict[Letter, Group]]):
    pass


@dataclass(frozen=True)
class Line:
    """One line of the catalogue."""

    slug: str
    group: str
    """The group's letter."""
    text: str
    runs: int
    """How many scenarios it asks for."""


@dataclass(frozen=True)
class Catalogue:
    """The lines by their slugs, in the order of the file, and the groups' titles by their letters."""

    lines: Mapping[str, Line]
    groups: Mapping[str, str]


def load_catalogue(file: Path) -> Catalogue:
    """The catalogue in a file.

    Raises ScenarioError, naming file, key and remedy, for a file that cannot be read, and for a slug that is given
    twice, stands in the group of another letter, or has runs and no line.
    """
    source, groups = read_list(file, _Groups)
    lines: dict[str, Line] = {}
    for letter, group in groups.root.items():
        for problem in _problems(letter, group):
            raise source.error(problem)
        for slug, text in group.lines.items():
            lines[slug] = Line(slug, letter, text, group.runs.get(slug, 1))
    return Catalogue(lines, {letter: group.title for letter, group in groups.root.items()})


def _problems(letter: str, group: Group) -> Iterator[Problem]:
    for slug in group.lines:
        if not slug.startswith(f"{letter.lower()}-"):
            yield Problem((letter, "lines", slug), f"stands in group {letter}", f"begin it with {letter.lower()}-")
    for slug in group.runs:
        if slug not in group.lines:
            yield Problem((letter, "runs", slug), "has no line", did_you_mean(slug, group.lines))
