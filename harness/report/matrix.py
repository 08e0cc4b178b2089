"""Several targets side by side: how they came out by group, and every scenario that did not pass with all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from harness.verdict import Grade, Result, Verdict

from .model import RunReport

STYLES = {
    Verdict.PASS: "green",
    Verdict.ALLOWED: "cyan",
    Verdict.FAIL: "bold red",
    Verdict.INCONCLUSIVE: "yellow",
    Verdict.UNSUPPORTED: "bright_black",
    Verdict.ERROR: "magenta",
}
"""The colour of each verdict in the terminal."""

MARKS = {
    Verdict.PASS: "",
    Verdict.ALLOWED: "(allowed) ",
    Verdict.FAIL: "FAIL ",
    Verdict.INCONCLUSIVE: "? ",
    Verdict.UNSUPPORTED: "unsupported ",
    Verdict.ERROR: "ERROR ",
}
"""What stands before an outcome, so that a verdict can be read without colours."""

Cell = tuple[str, str]
"""A text and its style."""

_NOT_RUN = ("-", "dim")


class Page(Protocol):
    """What a matrix is printed on."""

    def line(self, text: str = "", style: str = "") -> None:
        """One paragraph."""

    def grid(self, head: Sequence[Cell], rows: Iterable[Sequence[Cell]]) -> None:
        """Rows of cells below a head; columns of equal width but for the first."""


def matrix(page: Page, report: RunReport, *, verbose: bool = False) -> None:
    """One column for each target. With `verbose` every scenario has a row."""
    names = [target.name for target in report.run.targets]
    by_group: dict[str, dict[str, list[Result]]] = {}
    by_scenario: dict[str, dict[str, Result]] = {}
    for result in report.results:
        by_group.setdefault(result.group or "scenarios", {}).setdefault(result.target, []).append(result)
        by_scenario.setdefault(result.scenario, {})[result.target] = result
    page.line()
    modes = [("", ""), *((f"{target.name}\n{target.mode}", "bold") for target in report.run.targets)]
    page.grid(modes, (_group(group, found, names) for group, found in by_group.items()))
    telling = {key: row for key, row in by_scenario.items() if verbose or _differs(row.values())}
    if not telling:
        return
    page.line()
    page.line("All scenarios" if verbose else "Scenarios that not every target passed", "bold")
    head = [("", ""), *((name, "bold") for name in names)]
    page.grid(head, ([(key, ""), *(_cell(row.get(name)) for name in names)] for key, row in telling.items()))


def _differs(row: Iterable[Result]) -> bool:
    return any(result.verdict is not Verdict.PASS for result in row)


def _group(group: str, found: Mapping[str, Sequence[Result]], names: Iterable[str]) -> list[Cell]:
    return [(group, ""), *(_counts(found.get(name, ())) for name in names)]


def _counts(results: Sequence[Result]) -> Cell:
    """How many passed, and how many came out otherwise; in the colour of the worst."""
    if not results:
        return _NOT_RUN
    counts = Counter(result.verdict for result in results)
    good = counts[Verdict.PASS] + counts[Verdict.ALLOWED]
    others = [f"{counts[each]} {each}" for each in _WORST_FIRST if counts[each]]
    worst = next((each for each in _WORST_FIRST if counts[each]), Verdict.PASS)
    return "\n".join((f"{good} of {len(results)}", *others)), STYLES[worst]


_WORST_FIRST = (Verdict.FAIL, Verdict.ERROR, Verdict.INCONCLUSIVE, Verdict.UNSUPPORTED)


def _cell(result: Result | None) -> Cell:
    if result is None:
        return _NOT_RUN
    said = f"{MARKS[result.verdict]}{result.outcome}"
    if result.verdict is Verdict.FAIL and result.grade is Grade.WARNING:
        said = f"warning {result.outcome}"
    return said, STYLES[result.verdict]
