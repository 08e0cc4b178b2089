"""What is to be mended: the rules that were broken, the gravest first, each with the scenarios that show it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.report.words import rule_of
from harness.verdict import Verdict

from .columns import KINDS, Cell, Column, Group


@dataclass(frozen=True, kw_only=True)
class Broken:
    """A rule that was broken."""

    rule: str
    """RFC, section, level, and what it says."""
    cells: tuple[Cell, ...]
    """The failures, the gravest first."""

    @property
    def kind(self) -> str:
        """That of the gravest failure."""
        return self.cells[0].kind

    @property
    def by_column(self) -> Sequence[tuple[Column, Sequence[Cell]]]:
        """The failures of each target that has any; targets in which DANE was not active come last."""
        found: dict[int, list[Cell]] = {}
        for cell in self.cells:
            found.setdefault(cell.column.number, []).append(cell)
        several = [(cells[0].column, cells) for _, cells in sorted(found.items())]
        return sorted(several, key=lambda each: each[0].inactive)


def broken(groups: Iterable[Group]) -> tuple[Broken, ...]:
    """The rules broken by failures that no baseline excuses; those of one grade by how often they were."""
    found: dict[str, list[Cell]] = {}
    for cell in (cell for group in groups for row in group.rows for cell in row.cells if cell):
        if cell.result.verdict is Verdict.FAIL and not cell.is_known:
            found.setdefault(rule_of(cell.result), []).append(cell)
    made = [
        Broken(rule=_told(cells[0]), cells=tuple(sorted(cells, key=lambda each: KINDS.index(each.kind))))
        for cells in found.values()
    ]
    return tuple(sorted(made, key=lambda each: (KINDS.index(each.kind), -len(each.cells))))


def _told(cell: Cell) -> str:
    return cell.result.story.rule if cell.result.story else rule_of(cell.result)
