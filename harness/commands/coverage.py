"""`danelab coverage`: which requirement is exercised by which scenarios."""

from __future__ import annotations

from pathlib import Path

import click

from .outputs import write_text


@click.command("coverage", short_help="Which rule is exercised by which scenarios.")
@click.option(
    "--format", "form", type=click.Choice(["markdown", "json"]), default="markdown", show_default=True, help="How."
)
@click.option(
    "--output", "file", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False), help="Write it to this file."
)
@click.option("--uncovered", is_flag=True, help="Only what no scenario covers, with the reasons.")
@click.option("--rfc", metavar="NUMBER", type=int, help="Only the requirements of this RFC.")
@click.option("--check", is_flag=True, help="Exit with 1 if anything has neither a scenario nor a reason.")
def command(*, form: str, file: Path | None, uncovered: bool, rfc: int | None, check: bool) -> int:
    """List the requirements on senders and resolvers with danelab's own scenarios for each, or why there is none."""
    from harness.errors import ExitCode, UsageError
    from harness.report.coverage import markdown, render_json
    from harness.scenario.coverage import own_coverage
    from harness.scenario.words import one_of

    coverage = own_coverage()
    if rfc is not None and rfc not in coverage.rfcs:
        raise UsageError(f"no requirement is of RFC {rfc}; known: {one_of(map(str, coverage.rfcs), most=50)}")
    render = render_json if form == "json" else markdown
    text = render(coverage, rfc=rfc, uncovered=uncovered)
    if file is None:
        click.echo(text, nl=False)
    else:
        write_text(text, file)
        click.echo(f"Wrote {file}: {coverage.total(rfc=rfc)} requirements.")
    if check and coverage.unexplained:
        click.echo(f"Neither scenario nor reason: {', '.join(coverage.unexplained)}", err=True)
        return int(ExitCode.NOT_CONFORMING)
    return 0
