"""How commands end that have come to verdicts: baseline, report files, the report on the terminal, exit status."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.errors import UsageError

from .common import Command, terminal
from .outputs import Output, output, write, write_text

if TYPE_CHECKING:
    from harness.report import RunReport
    from harness.report.baseline import Baseline
    from harness.report.formats import Background

_OPTIONS = (
    click.option(
        "-r",
        "--report",
        "reports",
        multiple=True,
        metavar="FORMAT=FILE",
        help="Also write a report: json, junit, markdown, sarif, ... (danelab report --help). May be repeated.",
    ),
    click.option("--baseline", type=click.Path(path_type=Path), help="TOML file of known failures."),
    click.option("--update-baseline", is_flag=True, help="Write the baseline anew from what is seen."),
    click.option("--reason", metavar="TEXT", default="", help="Why new entries of the baseline are accepted."),
)


def report_options(command: Command) -> Command:
    """`--report`, `--baseline`, `--update-baseline` and `--reason`; what they say is taken by `wishes`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What is to be done with a report."""

    outputs: tuple[Output, ...] = ()
    baseline: Path | None = None
    update: bool = False
    reason: str = ""

    def also(self, *outputs: Output) -> Wishes:
        """The same with further reports."""
        return replace(self, outputs=(*self.outputs, *outputs))

    def baseline_for(self, targets: Collection[str], scenarios: Collection[str]) -> Baseline | None:
        """The baseline, read and held against these targets and scenarios and all others that danelab knows.

        Raises ScenarioError; None: there is none.
        """
        if self.baseline is None:
            return None
        from harness.report.baseline import check, read
        from harness.targets import OPEN_ENDED, names

        baseline = read(self.baseline, may_be_new=self.update)
        if baseline.entries:
            known = dict.fromkeys((*targets, *names()))
            check(baseline, targets=tuple(known), open_ended=OPEN_ENDED, scenarios=scenarios)
        return baseline


def wishes(*, reports: Iterable[str], baseline: Path | None, update_baseline: bool, reason: str) -> Wishes:
    """What the options say. Raises UsageError."""
    if update_baseline and baseline is None:
        raise UsageError("--update-baseline: there is no file to be written; name one with --baseline FILE")
    if reason and not update_baseline:
        raise UsageError("--reason goes with --update-baseline")
    outputs = tuple(map(output, reports))
    return Wishes(outputs=outputs, baseline=baseline, update=update_baseline, reason=reason.strip())


def finish(
    report: RunReport,
    wished: Wishes,
    *,
    baseline: Baseline | None = None,
    background: Background | None = None,
    notes: Iterable[str] = (),
    verbose: bool = False,
) -> int:
    """Do what was wished for, print the report, and return the exit status."""
    if baseline is not None:
        report = _held_against(report, wished, baseline)
    for each in wished.outputs:
        write(report, each, background)
    _print(report, notes=notes, verbose=verbose)
    return report.exit_code


def _held_against(report: RunReport, wished: Wishes, baseline: Baseline) -> RunReport:
    from datetime import date

    from harness.report.baseline import applied, read
    from harness.report.baseline_update import updated

    today = date.today()  # noqa: DTZ011 (the day on the wall of whoever runs it)
    report = applied(report, baseline, today=today)
    if wished.update and wished.baseline is not None:
        write_text(updated(baseline, report, reason=wished.reason), wished.baseline)
        report = applied(report, read(wished.baseline), today=today)
    return report


def _print(report: RunReport, **words: Any) -> None:
    """On the terminal; in a job of GitHub's, with annotations."""
    from harness.report import github, show

    on_github = os.environ.get("GITHUB_ACTIONS") == "true"
    token = _token() if on_github else ""
    if on_github:
        # What a target says is printed too, and must not be taken for a command to the runner.
        click.echo(f"::stop-commands::{token}")
    show(report, terminal(), **words)
    if on_github:
        click.echo(f"::{token}::")
        click.echo(github.text(report), nl=False)


def _token() -> str:
    import secrets

    return secrets.token_hex(16)
