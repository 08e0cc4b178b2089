"""What the benchmark prints: rows of ours, theirs and their ratio, as a table and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from statistics import median
from typing import Any


class Of(StrEnum):
    """What an aim speaks of."""

    RATIO = "ratio"
    """Ours divided by theirs."""
    OURS = "ours"
    """Our own number."""


@dataclass(frozen=True, kw_only=True)
class Aim:
    """How good it ought to be. Exactly one of the limits is given."""

    at_least: float | None = None
    at_most: float | None = None
    of: Of = Of.RATIO
    unit: str = ""

    def met(self, value: float) -> bool:
        """Whether the value is as good as that."""
        return value >= self.at_least if self.at_least is not None else value <= (self.at_most or 0.0)

    def __str__(self) -> str:
        sign, limit = (">=", self.at_least) if self.at_least is not None else ("<=", self.at_most)
        return f"{sign} {limit:g}{' ' if self.unit else ''}{self.unit}"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One comparison, or the reason why there is none."""

    section: str
    what: str
    unit: str = ""
    ours: float | None = None
    theirs: float | None = None
    ratio: float | None = None
    lowest: float | None = None
    """The smallest ratio of any round."""
    highest: float | None = None
    aim: str = ""
    met: bool | None = None
    """None: nothing is aimed at."""
    note: str = ""
    reason: str = ""
    """Why nothing was measured; empty if it was."""

    @property
    def spread(self) -> float:
        """How far the rounds lie apart, as a part of the median ratio."""
        if not self.ratio or self.lowest is None or self.highest is None:
            return 0.0
        return (self.highest - self.lowest) / self.ratio


def compared(
    section: str,
    what: str,
    *,
    ours: Sequence[float],
    theirs: Sequence[float],
    unit: str,
    aim: Aim | None = None,
    note: str = "",
) -> Row:
    """The row of a comparison; the two hold a number for each round, in the same order."""
    ratios = [own / other for own, other in zip(ours, theirs, strict=True) if other]
    if not ratios:
        return missing(section, what, reason="the other side took no measurable time")
    ratio, own = median(ratios), median(ours)
    return Row(
        section=section,
        what=what,
        unit=unit,
        ours=own,
        theirs=median(theirs),
        ratio=ratio,
        lowest=min(ratios),
        highest=max(ratios),
        aim=str(aim or ""),
        met=aim.met(ratio if aim.of is Of.RATIO else own) if aim else None,
        note=note,
    )


def missing(section: str, what: str, *, reason: str) -> Row:
    """The row of a comparison that could not be made."""
    return Row(section=section, what=what, reason=" ".join(reason.split()))


_HEAD = ("", "ours", "theirs", "unit", "ratio", "spread", "aim", "")


def table(rows: Iterable[Row]) -> str:
    """The rows as text, with a line for each section and the notes below their rows."""
    lines: list[tuple[str, ...] | str] = [_HEAD]
    section = ""
    for row in rows:
        if row.section != section:
            section = row.section
            lines.append(section)
        if row.reason:
            lines.append(f"  {row.what}: not measured: {row.reason}")
            continue
        verdict = "" if row.met is None else "met" if row.met else "missed"
        ratio = number(row.ratio)
        numbers = (number(row.ours), number(row.theirs), row.unit, ratio, f"{row.spread:.0%}", row.aim, verdict)
        lines.append((f"  {row.what}", *numbers))
        if row.note:
            lines.append(f"      {row.note}")
    cells = [line for line in lines if isinstance(line, tuple)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(_HEAD))]
    return "\n".join(line if isinstance(line, str) else _laid_out(line, widths) for line in lines)


def _laid_out(cells: tuple[str, ...], widths: Sequence[int]) -> str:
    left = (0, 3, 6, 7)
    return "  ".join(
        cell.ljust(width) if place in left else cell.rjust(width)
        for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ).rstrip()


def number(value: float | None) -> str:
    """Three digits that count, with separators for thousands."""
    if value is None:
        return ""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def as_json(rows: Iterable[Row], **facts: Any) -> str:
    """The rows, and what else is known of the run."""
    return json.dumps({**facts, "rows": [{**asdict(row), "spread": row.spread} for row in rows]}, indent=1) + "\n"
