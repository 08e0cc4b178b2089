"""`danelab lint`: find what is wrong in scenario files."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("lint", short_help="Find the mistakes in scenario files.")
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=click.Path(path_type=Path))
@click.option("--strict", is_flag=True, help="Warnings count as errors.")
def command(paths: tuple[Path, ...], *, strict: bool) -> int:
    """Check scenario files, by default danelab's own, and list everything that is wrong, one line each.

    The exit code is 2 when there is an error, 0 when there are only warnings.
    """
    from harness.errors import ExitCode
    from harness.scenario.lint import lint

    found = lint(*paths)
    for error in found.errors:
        click.echo(str(error))
    for warning in found.warnings:
        click.echo(f"{warning} (warning)")
    counts = (
        (found.files, "file"),
        (found.scenarios, "scenario"),
        (len(found.errors), "error"),
        (len(found.warnings), "warning"),
    )
    click.echo(", ".join(f"{count} {word}{'s' * (count != 1)}" for count, word in counts), err=True)
    return ExitCode.USAGE if found.errors or (strict and found.warnings) else ExitCode.AS_EXPECTED
