"""The report for people: verdicts by group, then failures told in four lines, choices taken, and one line to sum up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.errors import ExitCode
from harness.scenario.models import Mode
from harness.verdict import Grade, Result, Verdict

from .failures import MANY, failures
from .matrix import STYLES, matrix
from .model import RunReport, grouped
from .plain import plain
from .positions import positions

_CONCLUSION = {
    ExitCode.AS_EXPECTED: "As expected.",
    ExitCode.NOT_CONFORMING: "Not conforming.",
    ExitCode.HARNESS: "danelab itself failed; that is not the target's fault.",
    ExitCode.NOTHING_CONCLUDED: "That allows no conclusion.",
}
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
    page.line(f"danelab: {who}; lab {run.lab}; resolver {run.resolver}; seed {run.seed}", "bold")
    for target in run.targets:
        if target.judged_as is not target.mode:
            name = f"{target.name} is judged" if several else "Judged"
            page.line(f"{name} as a sender in mode {target.judged_as}: what does one in mode {target.mode} give away?")
    if several:
        matrix(page, report, verbose=verbose)
    for (_, group), results in grouped(report.results).items() if not several else ():
        _group(page, results, name=group)
        page.table(_rows(results, verbose=verbose))
    if report.results:
        page.line()
        page.line(_CODES, "dim")
    failures(page, report)
    for target in run.targets:
        if verbose or not several:
            positions(page, target, of=f" by {target.name}" if several else "", verbose=verbose)
    _remarks(page, report)
    for note in notes:
        page.line()
        page.line(note, "dim")
    page.line()
    for target in run.targets if several else ():
        page.line(f"{target.name}: {_counted(each for each in report.results if each.target == target.name)}.")
    page.line(_sum(report), "bold green" if report.exit_code == ExitCode.AS_EXPECTED else "bold red")


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


def _group(page: _Page, results: Sequence[Result], *, name: str) -> None:
    page.line()
    page.line(f"{name or 'scenarios'}: {_counted(results)}", "bold")


def _counted(results: Iterable[Result]) -> str:
    """How many there are of each verdict, those that are missing left out; failures by grade."""
    listed = list(results)
    grades = Counter(result.grade for result in listed if result.verdict is Verdict.FAIL)
    parts = []
    for verdict in Verdict:
        number = sum(result.verdict is verdict for result in listed)
        graded = ", ".join(f"{grades[grade]} {grade}" if len(grades) > 1 else grade for grade in Grade if grades[grade])
        if number:
            parts.append(f"{number} {verdict}" + (f" ({graded})" if verdict is Verdict.FAIL else ""))
    return ", ".join(parts) or "nothing ran"


def _rows(results: Sequence[Result], *, verbose: bool) -> Iterable[Sequence[tuple[str, str]]]:
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
        yield (verdict, STYLES[verdict]), (outcome, ""), (names, "")
    for result in results:
        if result.verdict not in shared or verbose:
            words = f"{result.scenario}: {result.reason}"
            if result.choice and result.verdict is Verdict.ALLOWED:
                words += f" ({result.choice})"
            if verbose:
                words += "".join(f"; {note}" for note in result.notes)
                words += "".join(f"\n{each}" for each in result.evidence)
            yield (result.verdict, STYLES[result.verdict]), (result.outcome, ""), (words, "")


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
        page.line("The journal ends before the run did; what it does not tell was not judged.", "yellow")


def _sum(report: RunReport) -> str:
    number = report.run.scenarios
    what = f"{number} scenario{'' if number == 1 else 's'} in {report.run.duration:.1f} s: {_counted(report.results)}."
    return f"{what} {_CONCLUSION[ExitCode(report.exit_code)]}"
