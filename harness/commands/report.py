"""`danelab report`: a run that lies on disk, told in any format."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from harness.errors import UsageError

from .common import scenarios_option
from .outputs import output, write, write_text
from .runs import RUN_HELP, reported, run_argument


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
"""


@click.command("report", cls=_Formats, short_help="Tell an earlier run in another format.", epilog=EPILOG)
@run_argument
@scenarios_option
@click.option("-f", "--format", "form", metavar="FORMAT", default=None, help="[default: console]")
@click.option("--to", type=click.Path(path_type=Path), help="Write it there. [default: standard output]")
@click.option("-r", "--report", "reports", multiple=True, metavar="FORMAT=FILE", help="Several at once.")
def command(
    run: Path,
    own_paths: tuple[Path, ...],
    *,
    form: str | None,
    to: Path | None,
    reports: tuple[str, ...],
) -> None:
    """Tell what came of a run: from the report in its folder, or, where there is none, judged from its journal."""
    from harness.report.formats import FORMATS
    from harness.scenario.words import did_you_mean

    outputs = [output(word) for word in reports]
    if form is not None and form not in FORMATS:
        raise UsageError(f"--format {form}: there is no such format; {did_you_mean(form, FORMATS)}")
    wanted = [*(each.form for each in outputs), FORMATS[form or "console"]]
    found = reported(run, own_paths, fully=any(each.tells_all for each in wanted))
    for each in outputs:
        write(found.report, each, found.background)
    for note in found.notes:
        click.echo(f"danelab: {note}", err=True)
    if outputs and form is None and to is None:
        return
    text = FORMATS[form or "console"].text(found.report, found.background)
    if to is not None:
        write_text(text, to)
    else:
        sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace"))
        sys.stdout.buffer.flush()
