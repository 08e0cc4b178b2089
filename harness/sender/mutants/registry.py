"""All mutants."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from . import (
    agility,
    anchors,
    endentity,
    fallbacks,
    gates,
    lookups,
    names,
    order,
    routes,
    sessions,
    sni,
    state,
    usability,
    waivers,
    wildcards,
)
from .model import Mutant

_THEMES = (
    lookups, routes, gates, names, sni, usability, agility, endentity, anchors, wildcards, fallbacks,
    sessions, order, state, waivers,
)  # fmt: skip


def all_mutants() -> Mapping[str, Mutant]:
    """The mutants by name, theme after theme."""
    return MappingProxyType({each.name: each for theme in _THEMES for each in theme.MUTANTS})


def names_of_all() -> tuple[str, ...]:
    """The names as given, theme after theme; one that is given twice is in it twice."""
    return tuple(each.name for theme in _THEMES for each in theme.MUTANTS)


def theme_of(mutant: Mutant) -> str:
    """The theme that a mutant belongs to."""
    found = next(theme for theme in _THEMES if mutant in theme.MUTANTS)
    return found.__name__.rpartition(".")[2]
