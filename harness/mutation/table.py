"""Mutant by scenarios that catch it, for a terminal and for a page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.targets.mutants import MutantFacts

from .fates import Ending, Fate, counted

_FEW = 3
"""Scenarios named of those that catch a mutant."""
_STYLES = {
    Ending.CAUGHT: "green",
    Ending.ARGUED: "cyan",
    Ending.MISJUDGED: "bold yellow",
    Ending.MISSED: "bold red",
    Ending.OUTDATED: "bold yellow",
    Ending.BROKEN: "magenta",
}


def show(fates: Sequence[Fate], console: Console, *, seconds: float) -> None:
    """A row for each mutant, then whatever is wrong in full, then the sum."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("mutant", "breaks", "", "for the right reason by"):
        table.add_column(name, overflow="fold", no_wrap=bool(name) and " " not in name)
    for fate in fates:
        mutant, breaks, by = _row(fate)
        table.add_row(Text(mutant), Text(breaks), Text(fate.ending, style=_STYLES[fate.ending]), Text(by))
    console.print(table)
    for fate in fates:
        if fate.ending not in (Ending.CAUGHT, Ending.ARGUED):
            console.print()
            console.print(Text("\n".join(_trouble(fate))))
    console.print()
    console.print(Text(summary(fates, seconds=seconds)))


def summary(fates: Sequence[Fate], *, seconds: float) -> str:
    """One line."""
    sums = ", ".join(f"{number} {each}" for each, number in counted(fates).items())
    return f"{len(fates)} mutants in {seconds:.0f} s: {sums}."


def _row(fate: Fate) -> tuple[str, str, str]:
    by = _names([each.scenario for each in fate.catches if each.is_right])
    if not by and fate.catches:
        by = f"none; but {_names([each.scenario for each in fate.catches])}"
    return fate.mutant.name, fate.mutant.breaks[0], by or "-"


def _names(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_FEW])
    return f"{shown} and {len(names) - _FEW} more" if len(names) > _FEW else shown


def _trouble(fate: Fate) -> Iterable[str]:
    mutant = fate.mutant
    yield f"{mutant.name}: {fate.ending}. {mutant.tells}"
    yield f"  breaks {', '.join(mutant.breaks)} ({mutant.harm}), {fate.mode}"
    match fate.ending:
        case Ending.MISSED:
            yield f"  it passes in all {fate.tried} scenarios: one is missing, or an argument why it may pass"
        case Ending.OUTDATED:
            yield f"  it has been argued that it cannot be caught: {mutant.argument}"
        case Ending.MISJUDGED:
            yield "  it fails, but no scenario about what it breaks fails it with that grade"
        case _:
            yield from (f"  {problem}" for problem in fate.problems)
    for each in fate.catches[:_FEW]:
        rightly = f" [{', '.join(each.requirements)}]" if each.requirements else ""
        yield f"  {each.scenario} ({each.grade}): expected {each.expected}, seen {each.outcome}{rightly}"


def markdown(mutants: Iterable[MutantFacts]) -> str:
    """The list of mutants as a page."""
    lines = [
        "# Mutants",
        "",
        "The built-in sender with one rule broken at a time. The suite has to catch each of them in a scenario that is",
        "about the broken rule; what no scenario can show, or none should, is argued for. Written by",
        "`danelab mutants --markdown docs/mutants.md`; `danelab mutants` tries them all.",
    ]
    theme = ""
    for each in mutants:
        if each.theme != theme:
            theme = each.theme
            lines += [
                "",
                f"## {theme.capitalize()}",
                "",
                "| mutant | what it does wrong | breaks | harm |",
                "|---|---|---|---|",
            ]
        harm = each.harm + (f" ({each.mode})" if each.mode != "opportunistic" else "")
        tells = each.tells + (f" *Passes:* {each.argument}" if each.argument else "")
        lines.append(f"| `{each.name}` | {tells} | {', '.join(each.breaks)} | {harm} |")
    return "\n".join(lines) + "\n"
