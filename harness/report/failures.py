"""Failures told in four lines each; where one rule is broken again and again, the later ones in one line each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from harness.verdict import Result

from .model import RunReport, fails
from .words import brief

MANY = 12
"""More failures than this of one rule are not all told in full."""
IN_FULL = 3
"""How many of them are."""


class Page(Protocol):
    """What a failure is printed on."""

    def line(self, text: str = "", style: str = "") -> None:
        """One paragraph."""

    def table(self, rows: Iterable[Sequence[tuple[str, str]]]) -> None:
        """Rows of cells, each a text and its style."""


def failures(page: Page, report: RunReport) -> None:
    """Every failure that was not expected, by the rule it breaks. Each gets at least a line: what leaked to whom."""
    rules: dict[str, list[Result]] = {}
    for result in fails(report):
        rules.setdefault(result.requirements[0], []).append(result)
    several = len(report.run.targets) > 1
    if rules:
        page.line()
        page.line("Failures", "bold red")
    for broken in rules.values():
        told = broken[:IN_FULL] if len(broken) > MANY else broken
        for result in told:
            _in_full(page, result, several=several)
        rest = broken[len(told) :]
        if rest:
            page.line()
            page.line(f"The same rule ({rest[0].requirements[0]}) was broken in {len(rest)} more:", "bold")
            page.table(((_name(result, several=several), ""), (_briefly(result), "")) for result in rest)


def _in_full(page: Page, result: Result, *, several: bool) -> None:
    page.line()
    page.line(f"{_name(result, several=several)} ({result.grade})", "bold")
    story = result.story
    if story is not None:
        page.table(
            (
                (("world", "dim"), (story.world, "")),
                (("rule", "dim"), (story.rule, "")),
                (("expected", "dim"), (story.expected, "")),
                (("seen", "dim"), (story.seen, "")),
            )
        )


def _name(result: Result, *, several: bool) -> str:
    return f"{result.scenario} / {result.target}" if several else result.scenario


def _briefly(result: Result) -> str:
    what = f"{brief(result.outcome, sign='x')}, not {result.expected}; "
    if not result.leaked:
        return what + f"{result.grade}: {result.reason}"
    return what + "leaked " + ", and ".join(f"{leak.amount} to {leak.to_whom}" for leak in result.leaked)
