"""`danelab new`: begin a scenario."""

from __future__ import annotations

from pathlib import Path

import click

from .common import scenarios_option


@click.command("new", short_help="Begin a scenario of your own.")
@click.argument("name", metavar="ID")
@click.option("--group", help="Directory inside the scenarios' directory. [default: own, or that of --like]")
@click.option("--like", metavar="ID", help="Begin with a copy of this scenario.")
@click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path),
    default=Path("scenarios"),
    show_default=True,
    help="Where the groups' directories are.",
)
@scenarios_option
def command(name: str, group: str | None, like: str | None, folder: Path, own_paths: tuple[Path, ...]) -> None:
    """Write a new scenario file that is already valid. Nothing is ever overwritten."""
    import re

    from harness.errors import UsageError
    from harness.scenario.scaffold import scaffold
    from harness.scenario.source import shown
    from harness.scenario.suite import load_suite

    if group is not None and not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", group):
        raise UsageError(f"--group {group!r}: a group is a plain directory name: use a-z, 0-9, hyphens")
    beside = (folder,) if folder.is_dir() and next(folder.rglob("*.toml"), None) else ()
    suite = load_suite(*own_paths, *beside)
    model = suite[like] if like else None
    place = folder / (group or (model.group if model else "own"))
    file = scaffold(suite, name=name, folder=place, like=model)
    click.echo(f"Wrote {shown(file)}. Now edit it, then: danelab lint {shown(file)}")
