"""`danelab doctor`: what this machine can do, what is missing, and the one command that mends it."""

from __future__ import annotations

import click


@click.command("doctor", short_help="What this machine can do, and what is missing.")
@click.option("-v", "--verbose", is_flag=True, help="Also say what is wanted where nothing is missing.")
def command(*, verbose: bool) -> int:
    """Look at this machine. Nothing is changed.

    Exit status 0 if every kind of target can be run, 2 if something is missing, which is then named with its remedy.
    """
    from harness.diagnosis import Grade, examine

    marks = {Grade.GOOD: "ok", Grade.LIMITED: "limited", Grade.MISSING: "MISSING"}
    findings = examine()
    width = max(len(each.what) for each in findings)
    for each in findings:
        click.echo(f"{marks[each.grade]:8} {each.what:{width}}  {each.found}")
        if each.remedy and (each.grade is not Grade.GOOD or verbose):
            click.echo(f"{'':8} {'':{width}}  mend it: {each.remedy}")
    return 2 if any(each.grade is Grade.MISSING for each in findings) else 0
