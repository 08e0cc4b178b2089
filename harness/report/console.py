"""The report for people: verdicts by group, then failures told in four lines, choices taken, and one line to sum up."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.errors import ExitCode
from harness.scenario.models import Mode
from harness.verdict import Result, Verdict

from .failures import MANY, failures
from .matrix import STYLES, matrix
from .model import Known, RunReport, Standing, excuses, grouped
from .plain import plain
from .positions import positions
from .words import CUT_SHORT, brief, counted, is_known, standing, summed_up

_CODES = (
    "AUTH over TLS, authenticated by DANE; TLS over TLS, not authenticated; CLEAR in cleartext; "
    "DEFER withheld and kept for later; BOUNCE returned; NEXT: by a less preferred host"
)


def show(report: RunReport, console: Console, *, verbose: bool = False, notes: Iterable[str] = ()) -> None:
    """Print the report. `verbose` gives every scenario a line of its own, with reason, notes and evidence.

    `notes` are further lines, which whoever made the run has to say about it.
    """
    page = _Page(console)
    run = report.run
    several = len(run.targets) > 1
    who = (
        f"{len(run.targets)} targets" if several else "".join(f"{each.name}; mode {each.mode}" for each in run.targets)
    )
    shard = f"; shard {run.shard}" if run.shard else ""
    page.line(f"danelab: {who}; lab {run.lab}; resolver {run.resolver}; seed {run.seed}{shard}", "bold")
    for target in run.targets:
        if target.judged_as is not target.mode:
            name = f"{target.name} is judged" if several else "Judged"
            page.line(f"{name} as a sender in mode {target.judged_as}: what does one in mode {target.mode} give away?")
    if several:
        matrix(page, report, verbose=verbose)
    known = excuses(report)
    for (_, group), results in grouped(report.results).items() if not several else ():
        page.line()
        page.line(f"{group or 'scenarios'}: {counted(results, known)}", "bold")
        page.table(_rows(results, known, verbose=verbose))
    if report.results:
        page.line()
        page.line(_CODES, "dim")
    failures(page, report)
    _baseline(page, report)
    for target in run.targets:
        if verbose or not several:
            positions(page, target, of=f" by {target.name}" if several else "", verbose=verbose)
    _remarks(page, report)
    for note in notes:
        page.line()
        page.line(note, "dim")
    page.line()
    for target in run.targets if several else ():
        page.line(f"{target.name}: {counted((r for r in report.results if r.target == target.name), known)}.")
    page.line(summed_up(report), "bold green" if report.exit_code == ExitCode.AS_EXPECTED else "bold red")


def text(report: RunReport, *, width: int = 120) -> str:
    """The report as plain text without colours, for a file."""
    stream = io.StringIO()
    show(report, Console(file=stream, width=width, no_color=True, force_terminal=False, highlight=False))
    return "".join(line.rstrip() + "\n" for line in stream.getvalue().splitlines())


class _Page:
    """A terminal on which everything is plain text: no markup, no control characters, nothing wider than it."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def text(self, text: str, style: str = "") -> Text:
        return Text(plain(text, encoding=self._console.encoding), style=style)

    def line(self, text: str = "", style: str = "") -> None:
        self._console.print(self.text(text, style), soft_wrap=False)

    def table(self, rows: Iterable[Sequence[tuple[str, str]]]) -> None:
        """Rows of cells, each a text and its style; the last column takes the space that is left."""
        table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0), expand=True)
        cells = [[self.text(*cell) for cell in row] for row in rows]
        if not cells:
            return
        table.add_column(width=1)
        for index in range(len(cells[0]) - 1):
            longest = max(row[index].cell_len for row in cells)
            table.add_column(width=min(longest, self._console.width // 4), overflow="fold")
        table.add_column(ratio=1, overflow="fold")
        for row in cells:
            table.add_row("", *row)
        self._console.print(table)

    def grid(self, head: Sequence[tuple[str, str]], rows: Iterable[Sequence[tuple[str, str]]]) -> None:
        """Rows of cells below a head; columns of equal width but for the first, which has what it needs."""
        cells = [[self._lines(*cell) for cell in row] for row in rows]
        table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), expand=True)
        widest = max((row[0].cell_len for row in cells), default=0)
        table.add_column(self._lines(*head[0]), width=min(widest, self._console.width // 3), overflow="fold")
        for each in head[1:]:
            table.add_column(self._lines(*each), ratio=1, overflow="fold")
        for row in cells:
            table.add_row(*row)
        self._console.print(table)

    def _lines(self, text: str, style: str) -> Text:
        return Text("\n").join(self.text(line, style) for line in text.split("\n"))


def _rows(
    results: Sequence[Result], known: Mapping[tuple[str, str], Known], *, verbose: bool
) -> Iterable[Sequence[tuple[str, str]]]:
    """Passes share a row where they came out alike, and so do failures where there are many: they are told further
    down. Everything else, and with `verbose` every scenario, has a row of its own."""
    many = sum(result.verdict is Verdict.FAIL for result in results) > MANY
    shared = {Verdict.PASS, Verdict.FAIL} if many else {Verdict.PASS}
    alike: dict[tuple[Verdict, str, str], list[Result]] = {}
    for result in results:
        if result.verdict in shared and not verbose:
            notes = "; ".join(result.notes) if result.verdict is Verdict.PASS else ""
            alike.setdefault((result.verdict, result.outcome, notes), []).append(result)
    for (verdict, outcome, notes), listed in sorted(alike.items(), key=lambda item: -len(item[1])):
        names = ", ".join(result.scenario for result in listed) + (f" ({notes})" if notes else "")
        yield (verdict, STYLES[verdict]), (brief(outcome, sign="x"), ""), (names, "")
    for result in results:
        if result.verdict not in shared or verbose:
            words = f"{result.scenario}: {result.reason}"
            if result.choice and result.verdict is Verdict.ALLOWED:
                words += f" ({result.choice})"
            if is_known(result, known):
                words += " (known to the baseline)"
            if verbose:
                words += "".join(f"; {note}" for note in result.notes)
                words += "".join(f"\n{each}" for each in result.evidence)
            yield (result.verdict, STYLES[result.verdict]), (brief(result.outcome, sign="x"), ""), (words, "")


def _baseline(page: _Page, report: RunReport) -> None:
    """What the baseline of known failures says, what has surprised it first."""
    several = len(report.run.targets) > 1
    for which, style in _STANDINGS.items():
        entries = [entry for entry in report.known if entry.standing is which]
        if entries:
            page.line()
            page.line(_HEADINGS[which], style)
            page.table(
                (((f"{each.scenario} / {each.target}" if several else each.scenario), ""), (standing(each), ""))
                for each in entries
            )


_STANDINGS = {
    Standing.PASSED: "bold red",
    Standing.EXPIRED: "bold red",
    Standing.UNDECIDED: "yellow",
    Standing.KNOWN: "bold",
}
_HEADINGS = {
    Standing.PASSED: "Passed unexpectedly",
    Standing.EXPIRED: "Expired in the baseline",
    Standing.UNDECIDED: "Known failures that came to no conclusion",
    Standing.KNOWN: "Known failures",
}


def _remarks(page: _Page, report: RunReport) -> None:
    """What is said once instead of a hundred times."""
    modes = {target.name: target.mode for target in report.run.targets}
    for target in report.inactive:
        page.line()
        page.line(f"DANE is not active in this configuration ({target}).", "bold red")
        why = ", as is to be expected in mode unaware."
        if modes[target] is not Mode.UNAWARE:
            why = (
                ". Perhaps DANE is switched off, or the resolver does not validate, or its AD bit is not trusted "
                "('options trust-ad' in resolv.conf)."
            )
        page.line(f"All that a sender with DANE withholds was delivered{why}")
    for problem in dict.fromkeys(report.faults):
        page.line()
        page.line(f"danelab failed: {problem}", "magenta")
    if not report.run.complete:
        page.line()
        page.line(CUT_SHORT, "yellow")
