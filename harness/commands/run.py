"""`danelab run`: let a target loose in the lab and judge it."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.errors import UsageError

from .common import PATTERNS_HELP, patterns_argument, scenarios_option

if TYPE_CHECKING:
    from harness.report import RunReport
    from harness.run import Picked, Progress

MODES = click.Choice(["opportunistic", "mandatory", "unaware"])
FORMATS = ("json",)
_FEW = 4
"""How many scenarios that were run along are named."""

EPILOG = f"""\b
Targets:
  builtin                         the built-in DANE sender
  'command:CMD {{recipient}} ...'   any command, run once a message; {{sender}} and {{message}}
                                  (a file) are filled in too, and DANELAB_RESOLVER and
                                  DANELAB_SMTP_PORT in its environment say where the lab is

{PATTERNS_HELP}
\b
Examples:
  danelab run                                      all scenarios, the built-in sender
  danelab run --mode unaware                       what a sender without DANE gives away
  danelab run ee-mismatch -v                       one, with what else its verdict rests on
  danelab run -t 'command:./send.py {{recipient}} {{message}}' --out result

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
@click.option("-o", "--out", type=click.Path(path_type=Path), help="Folder for journal.ndjson and report.json.")
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
    *,
    target: str,
    mode: str,
    judge_as: str | None,
    reports: tuple[str, ...],
    out: Path | None,
    seed: str,
    limit: float,
    resolver_port: int,
    smtp_port: int,
    no_ipv6: bool,
    verbose: bool,
    quiet: bool,
) -> int:
    """Let a target loose in the lab and judge what it does."""
    with _Meter(visible=not quiet) as meter:
        from rich.console import Console

        from harness.lab.lab import Ports
        from harness.report import show
        from harness.run import LOOPBACK_OFFERS, Plan, pick, run
        from harness.scenario.models import Mode, Need
        from harness.scenario.requirements import load_requirements
        from harness.scenario.suite import REQUIREMENTS, load_suite, own_scenarios
        from harness.targets import named
        from harness.verdict import Profile

        files = [_report(word) for word in reports]
        kind = named(target)
        requirements = load_requirements(own_scenarios() / REQUIREMENTS)
        suite = load_suite(*own_paths, requirements=requirements.keys())
        profile = Profile.of(Mode(mode))
        if judge_as:
            profile = replace(profile, judged_as=Mode(judge_as))
        offers = (LOOPBACK_OFFERS | kind.offers) - ({Need.IPV6} if no_ipv6 else set())
        picked = pick(suite, patterns, profile=profile, offers=offers)
        if out is not None:
            _folder(out)
            files.append(out / "report.json")
        plan = Plan(
            picked=picked,
            profile=profile,
            target=kind,
            seed=seed,
            ports=Ports(resolver=resolver_port, smtp=smtp_port),
            limit=limit,
            journal=out / "journal.ndjson" if out else None,
            requirements=requirements,
        )
        report = run(plan, progress=meter.advance)
    for file in files:
        _write(report, file)
    show(report, Console(highlight=False), verbose=verbose, notes=_notes(picked, files, journal=plan.journal))
    return report.exit_code


def _notes(picked: Picked, files: Iterable[Path], *, journal: Path | None) -> Iterator[str]:
    """What else there is to know about this run."""
    if picked.left_out:
        needs = Counter(need for some in picked.left_out.values() for need in some)
        several = ", ".join(f"{number} for want of {need}" for need, number in sorted(needs.items()))
        yield f"Left out, as neither this lab nor this target offers what they need: {several}."
    if picked.along:
        some = ", ".join(picked.along[:_FEW])
        more = f" and {len(picked.along) - _FEW} more" if len(picked.along) > _FEW else ""
        yield f"Run along, since verdicts on the others rest on them: {some}{more}."
    written = [str(file) for file in (*([journal] if journal else []), *files)]
    if written:
        yield f"Written: {', '.join(written)}"


def _report(word: str) -> Path:
    """The file of a `--report`; its format is the only one there is."""
    form, equals, file = word.partition("=")
    if form not in FORMATS:
        raise UsageError(f"--report {word}: there is no format {form!r}; write json=FILE")
    if not equals or not file:
        raise UsageError(f"--report {word}: names no file; write {form}=FILE")
    path = Path(file)
    if not path.absolute().parent.is_dir():
        raise UsageError(f"--report {word}: there is no folder {path.absolute().parent}; make it first")
    if path.is_dir():
        raise UsageError(f"--report {word}: {path} is a folder; name a file")
    return path


def _folder(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / "journal.ndjson").touch()
    except OSError as error:
        raise UsageError(f"--out {out}: {error.strerror}; name a folder that can be written") from None


def _write(report: RunReport, file: Path) -> None:
    from harness.report import json

    try:
        file.write_text(json.render(report), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write {file}: {error.strerror}; name a place that can be written") from None


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
