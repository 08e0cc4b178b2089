"""`danelab report`: a run that lies on disk, told in any format."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.errors import UsageError

from .common import scenarios_option
from .outputs import output, write, write_text
from .runs import RUN_HELP, reported

if TYPE_CHECKING:
    from harness.report.formats import Format


class _Formats(click.Command):
    """Lists the formats at the end of the help."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        from harness.report.formats import FORMATS

        with formatter.section("Formats"):
            formatter.write_dl([(each.name, each.meaning) for each in FORMATS.values()])
        super().format_epilog(ctx, formatter)


EPILOG = f"""{RUN_HELP}
\b
Examples:
  danelab report runs/today --format markdown
  danelab report runs/today --report junit=junit.xml --report sarif=danelab.sarif
  danelab report runs/today --format badge --to dane.svg
  danelab report runs/monday runs/friday --format html --to both.html
"""


@click.command("report", cls=_Formats, short_help="Tell an earlier run in another format.", epilog=EPILOG)
@click.argument("runs", metavar="RUN...", nargs=-1, required=True, type=click.Path(path_type=Path))
@scenarios_option
@click.option("-f", "--format", "form", metavar="FORMAT", default=None, help="[default: console]")
@click.option("--to", type=click.Path(path_type=Path), help="Write it there. [default: standard output]")
@click.option("-r", "--report", "reports", multiple=True, metavar="FORMAT=FILE", help="Several at once.")
def command(
    runs: tuple[Path, ...],
    own_paths: tuple[Path, ...],
    *,
    form: str | None,
    to: Path | None,
    reports: tuple[str, ...],
) -> None:
    """Tell what came of a run: from the report in its folder, or, where there is none, judged from its journal.

    Several runs stand side by side on one page, which only HTML can do.
    """
    from harness.report.formats import FORMATS
    from harness.scenario.words import did_you_mean

    outputs = [output(word) for word in reports]
    if form is not None and form not in FORMATS:
        raise UsageError(f"--format {form}: there is no such format; {did_you_mean(form, FORMATS)}")
    printed = None if outputs and form is None and to is None else FORMATS[form or "console"]
    wanted = [*(each.form for each in outputs), *([printed] if printed else [])]
    if len(runs) > 1:
        page = _side_by_side(runs, own_paths, wanted)
        for each in outputs:
            write_text(page, each.file)
        if printed:
            _put(page, to)
        return
    found = reported(runs[0], own_paths, fully=any(each.tells_all for each in wanted))
    for each in outputs:
        write(found.report, each, found.background)
    for note in found.notes:
        click.echo(f"danelab: {note}", err=True)
    if printed:
        _put(printed.text(found.report, found.background), to)


def _side_by_side(runs: Sequence[Path], own_paths: Sequence[Path], wanted: Sequence[Format]) -> str:
    """The page of several runs. Raises UsageError where another format is wanted."""
    from harness.report.html import Recorded, side_by_side

    if other := next((each.name for each in wanted if each.name != "html"), None):
        raise UsageError(
            f"several runs in format {other}: only html has them side by side; danelab merge makes one run of them"
        )
    found = [reported(run, own_paths, fully=True) for run in runs]
    for run, each in zip(runs, found, strict=True):
        for note in each.notes:
            click.echo(f"danelab: {run}: {note}", err=True)
    names = [run.resolve().name for run in runs]
    labels = names if len(set(names)) == len(names) else [str(run) for run in runs]
    return side_by_side(
        *(
            Recorded(report=each.report, events=each.background.events, label=label)
            for each, label in zip(found, labels, strict=True)
        ),
        scenarios={one.id: one for each in found for one in each.background.scenarios}.values(),
        requirements={key: rule for each in found for key, rule in each.background.requirements.items()},
    )


def _put(text: str, to: Path | None) -> None:
    if to is not None:
        write_text(text, to)
    else:
        sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace"))
        sys.stdout.buffer.flush()
