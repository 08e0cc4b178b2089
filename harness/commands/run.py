"""`danelab run`: let a target loose in the lab and judge it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .common import PATTERNS_HELP, patterns_argument, scenarios_option

if TYPE_CHECKING:
    from harness.report import RunReport
    from harness.run import Progress

MODES = click.Choice(["opportunistic", "mandatory", "unaware"])

EPILOG = f"""\b
Targets:
  builtin                           the built-in DANE sender
  command:'CMD {{recipient}} ...'     any command, run once a message; also {{sender}}, {{message}} (a file);
                                    DANELAB_RESOLVER and DANELAB_SMTP_PORT are in its environment

{PATTERNS_HELP}
\b
Exit status: 0 as expected, 1 not conforming, 2 usage or scenario error, 3 danelab failed,
4 nothing ran or nothing could be concluded.
"""


@click.command("run", short_help="Test a sender: raise the lab, send, judge.", epilog=EPILOG)
@patterns_argument
@scenarios_option
@click.option("-t", "--target", default="builtin", show_default=True, help="What is tested.")
@click.option("-m", "--mode", type=MODES, default="opportunistic", show_default=True, help="What it does about DANE.")
@click.option("--judge-as", type=MODES, default=None, help="What it is judged by. Default: the mode, or opportunistic.")
@click.option("-r", "--report", "reports", multiple=True, metavar="FORMAT=FILE", help="Also write json=FILE.")
@click.option("-o", "--out", type=click.Path(path_type=Path, file_okay=False), help="Folder for journal and report.")
@click.option("--seed", default="danelab", show_default=True, help="The same seed gives the same keys and names.")
@click.option("--limit", type=click.FloatRange(min=0.1), default=60.0, show_default=True, help="Seconds for a message.")
@click.option("--resolver-port", type=click.IntRange(0, 65535), default=0, help="Default: any free one.")
@click.option("--smtp-port", type=click.IntRange(0, 65535), default=0, help="Default: any free one.")
@click.option("--no-ipv6", is_flag=True, help="Leave scenarios with IPv6 hosts out.")
@click.option("-v", "--verbose", is_flag=True, help="A line for each scenario, with its evidence.")
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
def command(
    patterns: tuple[str, ...],
    own_paths: tuple[Path, ...],
    target: str,
    mode: str,
    judge_as: str | None,
    reports: tuple[str, ...],
    out: Path | None,
    seed: str,
    limit: float,
    resolver_port: int,
    smtp_port: int,
    no_ipv6: bool,  # noqa: FBT001 (click hands it over by name)
    verbose: bool,  # noqa: FBT001 (click hands it over by name)
    quiet: bool,  # noqa: FBT001 (click hands it over by name)
) -> int:
    """Let a target loose in the lab and judge what it does."""
    from rich.console import Console

    from harness.lab.lab import Ports
    from harness.report import show
    from harness.run import Plan, check_ipv6, missing, run, wants_ipv6
    from harness.scenario.models import Mode
    from harness.scenario.requirements import load_requirements
    from harness.scenario.selection import select
    from harness.scenario.suite import REQUIREMENTS, load_suite, own_scenarios

    wanted = [_report(word) for word in reports]
    suite = load_suite(*own_paths)
    entries = select(suite, patterns).all
    if no_ipv6:
        entries = tuple(entry for entry in entries if not wants_ipv6(entry.scenario))
    left_out = {entry.id: lacks for entry in entries if (lacks := missing(entry.scenario, routes=target == "builtin"))}
    entries = tuple(entry for entry in entries if entry.id not in left_out)
    check_ipv6(entries)
    if out is not None:
        _folder(out)
        wanted.append(("json", out / "report.json"))
    plan = Plan(
        entries=entries,
        mode=Mode(mode),
        judged_as=Mode(judge_as) if judge_as else None,
        target=target,
        seed=seed,
        ports=Ports(resolver=resolver_port, smtp=smtp_port),
        limit=limit,
        journal=out / "journal.ndjson" if out else None,
        requirements=load_requirements(own_scenarios() / REQUIREMENTS),
    )
    with _Meter(visible=not quiet) as meter:
        report = run(plan, progress=meter.advance)
    for form, file in wanted:
        _write(report, form, file)
    console = Console(highlight=False)
    show(report, console, verbose=verbose)
    if left_out:
        needs = sorted({need for some in left_out.values() for need in some})
        console.print(
            f"{len(left_out)} scenarios were left out: they need {', '.join(needs)}, "
            "which a lab on the loopback interface or this target does not offer.",
            style="dim",
        )
    return report.exit_code


def _report(word: str) -> tuple[str, Path]:
    from harness.errors import UsageError

    form, equals, file = word.partition("=")
    if form != "json" or not equals or not file:
        raise UsageError(f"--report {word}: write a format and a file, as in json=report.json")
    path = Path(file)
    if not path.absolute().parent.is_dir():
        raise UsageError(f"--report {word}: there is no folder {path.absolute().parent}; make it first")
    return form, path


def _folder(out: Path) -> None:
    from harness.errors import UsageError

    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"--out {out}: {error.strerror}; name a folder that can be written") from None


def _write(report: RunReport, form: str, file: Path) -> None:
    from harness.errors import UsageError
    from harness.report import json

    assert form == "json"
    try:
        file.write_text(json.render(report), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write {file}: {error.strerror}") from None


class _Meter:
    """How far the run has come, on stderr: a bar on a terminal, a line now and then elsewhere."""

    def __init__(self, *, visible: bool) -> None:
        self._visible = visible
        self._told = 0
        self._bar: Callable[[int, int], None] | None = None

    def __enter__(self) -> _Meter:
        if self._visible and sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

            self._rich = Progress(
                TextColumn("scenarios"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            self._rich.start()
            task = self._rich.add_task("scenarios", total=None)
            self._bar = lambda done, total: self._rich.update(task, completed=done, total=total)
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._rich.stop()

    def advance(self, progress: Progress) -> None:
        """A scenario has been decided."""
        if self._bar is not None:
            self._bar(progress.done, progress.total)
        elif self._visible and (progress.done == progress.total or progress.done * 4 // progress.total > self._told):
            self._told = progress.done * 4 // progress.total
            click.echo(f"danelab: {progress.done} of {progress.total} scenarios", err=True)
