"""Where a target stands on the choices that the RFCs leave to it, for the console."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from harness.verdict import Learned

from .model import Tested

MOST = 12
"""Rows, unless all are wanted."""
Row = tuple[tuple[str, str], ...]


class Page(Protocol):
    """What the console writes on."""

    def line(self, text: str = "", style: str = "") -> None: ...

    def table(self, rows: Iterable[Sequence[tuple[str, str]]]) -> None: ...


def positions(page: Page, tested: Tested, *, of: str, verbose: bool) -> None:
    """The choices that the run has a bearing on: the position, whether it is the declared one, and where it was seen.

    What contradicts the declaration comes first, then what is mixed. `verbose` leaves nothing out.
    """
    seen = sorted((each for each in tested.profile if each.taken), key=_weight)
    shown = seen if verbose else seen[:MOST]
    rows = [row for each in shown for row in _rows(each, verbose=verbose)]
    if not rows:
        return
    page.line()
    page.line(f"Choices taken{of}", "bold")
    page.table(rows)
    rest = []
    if len(seen) > len(shown):
        as_declared = sum(each.is_kept for each in seen[len(shown) :])
        kept = f" ({as_declared} as declared)" if as_declared else ""
        rest.append(f"{len(seen) - len(shown)} more{kept}: -v")
    if tested.not_seen:
        rest.append(f"not seen: {', '.join(tested.not_seen) if verbose else len(tested.not_seen)}")
    if rest:
        page.line("   " + "; ".join(rest), "dim")


def _weight(each: Learned) -> int:
    return 0 if each.is_broken else 1 if len(each.taken) > 1 else 2


def _rows(each: Learned, *, verbose: bool) -> Iterable[Row]:
    """One row; where the position is mixed, the scenarios stand before what they show."""
    if each.is_broken:
        word, style = f"{each.position}, declares {each.declared}", "red"
    else:
        word, style = each.position + (", as declared" if each.is_kept else ""), "green" if each.is_kept else ""
    where = "" if len(each.taken) > 1 else _few(each.taken[0].scenarios, verbose=verbose)
    if len(each.taken) > 1:
        where = "; ".join(f"{_few(one.scenarios, verbose=verbose)}: {one.position}" for one in each.taken)
    yield (each.choice, "cyan"), (word, style), (where, "")


def _few(names: Sequence[str], *, verbose: bool) -> str:
    """The first scenario and how many more there are, unless all are wanted."""
    return ", ".join(names) if verbose or len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
