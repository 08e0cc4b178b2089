"""`danelab list`: which scenarios there are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from .common import PATTERNS_HELP, columns, hanging, patterns_argument, scenarios_option

if TYPE_CHECKING:
    from harness.scenario.models import Scenario


@click.command("list", short_help="List the scenarios.", epilog=PATTERNS_HELP)
@patterns_argument
@scenarios_option
@click.option("--count", "form", flag_value="count", help="Only how many there are.")
@click.option("--ids", "form", flag_value="ids", help="Only the ids, one a line.")
@click.option("--json", "form", flag_value="json", help="Everything about each, for programs.")
def command(patterns: tuple[str, ...], own_paths: tuple[Path, ...], form: str | None) -> None:
    """List the scenarios."""
    from harness.scenario.selection import select
    from harness.scenario.suite import load_suite

    chosen = select(load_suite(*own_paths), patterns).chosen
    if form == "count":
        click.echo(len(chosen))
        return
    if form == "ids":
        click.echo("\n".join(entry.id for entry in chosen))
        return
    if form == "json":
        import json

        click.echo(
            json.dumps(
                [
                    {
                        "id": entry.id,
                        "group": entry.group,
                        "file": str(entry.file),
                        "title": entry.scenario.title,
                        "importance": entry.scenario.importance,
                        "covers": entry.scenario.covers,
                        "catalogue": entry.scenario.catalogue,
                        "twin": entry.scenario.twin,
                        "needs": entry.scenario.needs,
                        "waits": entry.scenario.waits,
                        "expect": entry.scenario.expect.model_dump(mode="json"),
                    }
                    for entry in chosen
                ],
                indent=1,
                ensure_ascii=False,
            )
        )
        return
    head = ("ID", "GROUP", "IMPORTANCE", "EXPECTED", "TITLE")
    rows = [
        (
            entry.id,
            entry.group,
            str(entry.scenario.importance),
            str(entry.scenario.expect.opportunistic),
            entry.scenario.title + _patience(entry.scenario),
        )
        for entry in chosen
    ]
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(4)]
    longest = sum(widths) + 2 * len(widths) + max(len(row[4]) for row in rows)
    if (columns() or longest) < longest:
        for name, group, importance, expected, title in rows:
            click.echo(f"{name}  {expected}")
            click.echo(hanging(f"    {title} ({group}, {importance})", indent=4))
    else:
        for row in (head, *rows):
            cells = [f"{cell:{width}}" for cell, width in zip(row, widths, strict=False)]
            click.echo("  ".join((*cells, row[4])).rstrip())
    groups = len({entry.group for entry in chosen})
    told = f"{len(chosen)} scenario{'s' * (len(chosen) != 1)} in {groups} group{'s' * (groups != 1)}"
    expected = "what is expected is so of an opportunistic DANE sender"
    click.echo("\n" + hanging(f"{told}; {expected}. The story of one: danelab show ID", indent=0))


def _patience(scenario: Scenario) -> str:
    """What has to be known of a scenario that takes minutes."""
    from harness.run import wanting
    from harness.scenario.models import Need

    needed = Need.PATIENCE in scenario.needs
    return f" [{scenario.waits / 60:.0f} minutes: needs {wanting(Need.PATIENCE)}]" if needed else ""
