"""`danelab diff`: what has changed from one run to another."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from .common import scenarios_option, terminal
from .runs import RUN_HELP, reported

if TYPE_CHECKING:
    from rich.console import Console

    from harness.run.comparing import Difference
    from harness.verdict import Result

_STYLES = {"worse": "bold red", "no longer concluded": "yellow", "better": "green"}

EPILOG = f"""{RUN_HELP}
A report that lies in the folder is taken as it is; else the journal is judged anew.

\b
Exit status: 0 nothing is worse, 1 something fails that did not, or more gravely, 2 usage error,
3 danelab failed where it had not, 4 something that was concluded no longer is, or was not run.
"""


@click.command("diff", short_help="What has changed between two runs, verdict by verdict.", epilog=EPILOG)
@click.argument("before", metavar="RUN", type=click.Path(path_type=Path))
@click.argument("after", metavar="RUN", type=click.Path(path_type=Path))
@scenarios_option
def command(before: Path, after: Path, own_paths: tuple[Path, ...]) -> int:
    """Show what the second run came to where the first came to something else."""
    from harness.run.comparing import Change, compare, status

    reports = []
    for run in (before, after):
        found = reported(run, own_paths)
        reports.append(found.report)
        for note in found.notes:
            click.echo(f"danelab: {run}: {note}", err=True)
    differences = compare(*reports)
    console = terminal()
    targets = {each.either.target for each in differences}
    several = len(targets | {target.name for report in reports for target in report.run.targets}) > 1
    for change in Change:
        some = [each for each in differences if each.change is change]
        if some:
            _print(console, f"{change}: {len(some)}", style=_STYLES.get(change, "bold"))
            for each in some:
                _print(console, f"  {_line(each, several=several)}")
    same = len({(each.target, each.scenario) for report in reports for each in report.results}) - len(differences)
    _print(console, f"{len(differences)} verdicts differ, {same} are the same.", style="bold")
    return status(differences)


def _line(each: Difference, *, several: bool) -> str:
    found = each.either
    name = f"{found.scenario} / {found.target}" if several else found.scenario
    reason = (
        f": {each.after.reason}" if each.after is not None and each.after.verdict not in ("pass", "allowed") else ""
    )
    return f"{name}: {_said(each.before)} -> {_said(each.after)}{reason}"


def _said(result: Result | None) -> str:
    if result is None:
        return "not run"
    return f"{result.verdict}{f' ({result.grade})' if result.grade else ''} {result.outcome}"


def _print(console: Console, words: str, *, style: str = "") -> None:
    from rich.text import Text

    from harness.report.plain import plain

    console.print(Text(plain(words, encoding=console.encoding), style=style), soft_wrap=True)
