"""`danelab run`: let a target loose in the lab and judge it."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.errors import UsageError

from .choices import choose_network, choose_resolver, enter_lists, offers_of
from .common import PATTERNS_HELP, patterns_argument, scenarios_option

if TYPE_CHECKING:
    from harness.report import RunReport
    from harness.run import Plan, Progress

LABS = click.Choice(["auto", "loopback", "namespace"])
RESOLVERS = click.Choice(["auto", "simulated", "unbound", "bind", "knot", "powerdns", "target"])
MODES = click.Choice(["opportunistic", "mandatory", "unaware"])
FORMATS = ("json",)
_FEW = 4
"""How many scenarios that were run along are named."""

EPILOG = f"""\b
Targets:
  builtin                         the built-in DANE sender; builtin:mandatory, builtin:unaware
  postfix:dane                    a mail server that danelab configures and runs (danelab targets list)
  ./my-mta.toml                   one of your own (docs/targets.md)
  posttls-finger                  a checker, judged on what it finds
  'command:CMD {{recipient}} ...'   any command, run once a message; {{sender}} and {{message}}
                                  (a file) are filled in too, and DANELAB_RESOLVER and
                                  DANELAB_SMTP_PORT in its environment say where the lab is

{PATTERNS_HELP}
\b
Examples:
  danelab run                                      all scenarios, the built-in sender
  danelab run --mode unaware                       what a sender without DANE gives away
  danelab run ee-mismatch -v                       one, with what else its verdict rests on
  danelab run -t postfix:dane -t exim:try -t opensmtpd
  danelab run -t 'command:./send.py {{recipient}} {{message}}' --out result

\b
Exit status: 0 as expected, 1 not conforming, 2 usage or scenario error, 3 danelab failed,
4 nothing ran or nothing could be concluded.
"""


@click.command("run", short_help="Test a sender: raise the lab, send, judge.", epilog=EPILOG)
@patterns_argument
@scenarios_option
@click.option("-t", "--target", "targets", multiple=True, help="What is tested; several run at once. Default: builtin.")
@click.option("--lab", type=LABS, default="auto", show_default=True, help="Where: namespace has real ports.")
@click.option("--resolver", type=RESOLVERS, default="auto", show_default=True, help="Who resolves for the target.")
@click.option("-m", "--mode", type=MODES, default="opportunistic", show_default=True, help="Where a target has none.")
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
@click.option("--inside", is_flag=True, hidden=True)
def command(
    patterns: tuple[str, ...],
    own_paths: tuple[Path, ...],
    *,
    targets: tuple[str, ...],
    lab: str,
    resolver: str,
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
    inside: bool,
) -> int:
    """Let targets loose in the lab and judge what they do."""
    with _Meter(visible=not quiet) as meter:
        from rich.console import Console

        from harness.lab.lab import Ports
        from harness.report import show
        from harness.run import Plan, run
        from harness.scenario.models import Mode, Need
        from harness.scenario.requirements import load_requirements
        from harness.scenario.suite import REQUIREMENTS, load_suite, own_scenarios
        from harness.targets import Network, named

        files = [_report(word) for word in reports]
        kinds = [named(word) for word in targets or ("builtin",)]
        network = choose_network(lab, kinds)
        requirements = load_requirements(own_scenarios() / REQUIREMENTS)
        suite = load_suite(*own_paths, requirements=requirements.keys())
        who = choose_resolver(resolver, network, fetch=not inside)
        contenders = enter_lists(
            kinds,
            suite,
            patterns,
            mode=Mode(mode),
            judge_as=Mode(judge_as) if judge_as else None,
            offers=offers_of(network, who) - ({Need.IPV6} if no_ipv6 else set()),
        )
        if out is not None:
            _folder(out)
            files.append(out / "report.json")
        if network is Network.NAMESPACE and not inside:
            for kind in kinds:
                kind.fetch()
            return _enter(sys.argv[1:])
        plan = Plan(
            contenders=contenders,
            network=network,
            resolver=who,
            seed=seed,
            ports=Ports(resolver=resolver_port, smtp=smtp_port),
            limit=limit,
            journal=out / "journal.ndjson" if out else None,
            requirements=requirements,
        )
        report = run(plan, progress=meter.advance)
    for file in files:
        _write(report, file)
    show(report, Console(highlight=False), verbose=verbose, notes=_notes(plan, files))
    return report.exit_code


def _enter(arguments: Sequence[str]) -> int:
    """The same command in namespaces of its own."""
    from harness.isolation.launch import enter

    return enter([sys.executable, "-P", "-m", "harness.cli", *arguments, "--inside"])


def _notes(plan: Plan, files: Iterable[Path]) -> Iterator[str]:
    """What else there is to know about this run."""
    several = len(plan.contenders) > 1
    for each in plan.contenders:
        if each.picked.left_out:
            needs = Counter(need for some in each.picked.left_out.values() for need in some)
            wanting = ", ".join(f"{number} for want of {need}" for need, number in sorted(needs.items()))
            whom = f" for {each.name}" if several else ""
            yield f"Left out{whom}, as neither this lab nor this target offers what they need: {wanting}."
    along = sorted({key for each in plan.contenders for key in each.picked.along})
    if along:
        some = ", ".join(along[:_FEW])
        more = f" and {len(along) - _FEW} more" if len(along) > _FEW else ""
        yield f"Run along, since verdicts on the others rest on them: {some}{more}."
    written = [str(file) for file in (*([plan.journal] if plan.journal else []), *files)]
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
                # No thread: the run forks.
                auto_refresh=False,
            )
            self._rich.start()
            task = self._rich.add_task("scenarios", total=None)
            self._bar = lambda done, total: self._rich.update(task, completed=done, total=total, refresh=True)
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
