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
    from harness.run import wrong_worlds
    from harness.scenario.lint import lint
    from harness.scenario.suite import examine

    found = lint(*paths)
    # A world is worked out only where the file itself is right, so that nothing is told twice.
    wrong = tuple(error.file for error in found.errors)
    readable = examine(*paths, own=not paths).entries
    sound = [entry for entry in readable if not any(_is_in(entry.file, place) for place in wrong)]
    errors = (*found.errors, *wrong_worlds(sound))
    for error in errors:
        click.echo(str(error))
    for warning in found.warnings:
        click.echo(f"{warning} (warning)")
    counts = (
        (found.files, "file"),
        (found.scenarios, "scenario"),
        (len(errors), "error"),
        (len(found.warnings), "warning"),
    )
    click.echo(", ".join(f"{count} {word}{'s' * (count != 1)}" for count, word in counts), err=True)
    return ExitCode.USAGE if errors or (strict and found.warnings) else ExitCode.AS_EXPECTED


def _is_in(file: Path, place: str) -> bool:
    """Whether the place of an error, a file's name and perhaps a line, lies in the file."""
    from harness.scenario.source import shown

    name = shown(file)
    return place == name or (place.startswith(f"{name}:") and place[len(name) + 1 :].isdigit())
