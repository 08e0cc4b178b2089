"""`danelab judge`: an old run judged again, by the judge and the scenarios of today."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .common import scenarios_option
from .finish import finish, report_options, wishes
from .runs import RUN_HELP, rejudged, run_argument

EPILOG = f"""{RUN_HELP}
Scenarios that are not known today, or whose worlds have changed since the run, are not judged; a line says which.

\b
Exit status: as for danelab run.
"""


@click.command("judge", short_help="Judge an earlier run again, from its journal.", epilog=EPILOG)
@run_argument
@scenarios_option
@report_options
@click.option("-v", "--verbose", is_flag=True, help="A line for each scenario, with its evidence.")
def command(run: Path, own_paths: tuple[Path, ...], *, verbose: bool, **wanted: Any) -> int:
    """Judge a run again. Nothing is run, and nothing in RUN is changed."""
    from harness.run.reading import journal_in

    wished = wishes(**wanted)
    found = rejudged(journal_in(run), own_paths)
    known = found.background
    targets = [each.name for each in found.report.run.targets]
    baseline = wished.baseline_for(targets, [each.id for each in known.scenarios])
    return finish(found.report, wished, baseline=baseline, background=known, notes=found.notes, verbose=verbose)
