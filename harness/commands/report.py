"""`danelab report`: a run that lies on disk, told in any format."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.errors import UsageError

from .common import scenarios_option
from .outputs import output, write_text
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
  danelab report runs/before runs/today --format html --to both.html    side by side
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

    Several runs are put side by side, by the format html.
    """
    from harness.report.formats import FORMATS
    from harness.scenario.words import did_you_mean

    outputs = [output(word) for word in reports]
    if form is not None and form not in FORMATS:
        raise UsageError(f"--format {form}: there is no such format; {did_you_mean(form, FORMATS)}")
    to_screen = [] if outputs and form is None and to is None else [FORMATS[form or "console"]]
    wanted = [*(each.form for each in outputs), *to_screen]
    if len(runs) > 1 and (alone := next((each.name for each in wanted if not each.compares), "")):
        raise UsageError(
            f"{len(runs)} runs: the format {alone} tells of one; take --format html, or put them together with "
            "danelab merge, or compare two with danelab diff"
        )
    text = _teller(runs, own_paths, fully=any(each.tells_all for each in wanted))
    for each in outputs:
        write_text(text(each.form), each.file)
    for last in to_screen:
        if to is not None:
            write_text(text(last), to)
        else:
            sys.stdout.buffer.write(text(last).encode("utf-8", "backslashreplace"))
            sys.stdout.buffer.flush()


def _teller(runs: tuple[Path, ...], own_paths: tuple[Path, ...], *, fully: bool) -> Callable[[Format], str]:
    """What tells these runs in a format; notes about them are told at once."""
    found = [reported(run, own_paths, fully=fully) for run in runs]
    for run, each in zip(runs, found, strict=True):
        for note in each.notes:
            click.echo(f"danelab: {f'{run}: ' if len(runs) > 1 else ''}{note}", err=True)
    if len(found) == 1:
        return lambda form: form.text(found[0].report, found[0].background)
    labelled = [(str(run), each.report, each.background) for run, each in zip(runs, found, strict=True)]
    return lambda form: form.texts(labelled)
