"""Where a target stands on the choices that the RFCs leave to it, from all of its results."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from harness.scenario.choices import Choices, Positions

from .result import Record, Result

MIXED = "mixed"
"""Stands for a position where different scenarios show different ones."""
NOT_SEEN = "not seen"
"""Stands for a position where the run has no bearing on the choice."""


class Taken(Record):
    """One position, and where it was seen."""

    position: str
    scenarios: tuple[str, ...]


class Learned(Record):
    """What a run shows of one choice."""

    choice: str
    taken: tuple[Taken, ...] = ()
    """The positions seen; empty: the run has no bearing on it."""
    declared: str = ""
    """The position that the target declares; empty where it declares none."""

    @property
    def position(self) -> str:
        """The position in a word: its name, `mixed` or `not seen`."""
        if not self.taken:
            return NOT_SEEN
        return self.taken[0].position if len(self.taken) == 1 else MIXED

    @property
    def is_kept(self) -> bool:
        """Whether nothing but what was declared was seen."""
        return bool(self.declared and self.taken) and self.position == self.declared

    @property
    def is_broken(self) -> bool:
        """Whether something else than what was declared was seen."""
        return bool(self.declared) and any(each.position != self.declared for each in self.taken)


def learned(results: Iterable[Result], choices: Choices, *, declared: Positions | None = None) -> tuple[Learned, ...]:
    """What the results of one target show, choice by choice, in the choices' order. Those that no lab can see are left
    out."""
    seen: dict[str, dict[str, dict[str, None]]] = {}
    for result in results:
        for each in result.positions:
            seen.setdefault(each.choice, {}).setdefault(each.position, {})[result.scenario] = None
    said = declared or {}
    names = [name for name, choice in choices.items() if not choice.unseen]
    return tuple(
        Learned(choice=name, taken=_taken(seen.get(name, {})), declared=said.get(name, ""))
        for name in dict.fromkeys((*names, *seen, *said))
    )


def _taken(positions: Mapping[str, Iterable[str]]) -> tuple[Taken, ...]:
    return tuple(Taken(position=position, scenarios=tuple(found)) for position, found in positions.items())
