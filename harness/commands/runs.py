"""What the commands have in common that read runs which lie on disk."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from harness.run.again import Rejudged

run_argument = click.argument("run", metavar="RUN", type=click.Path(path_type=Path))
"""A folder written by `--out`, a journal in it, or a JSON report."""

RUN_HELP = """\b
RUN is a folder written by `danelab run --out`, or a journal: journal.ndjson, also packed
as .gz or .xz. The journal of a run that was killed is read as far as it goes.
"""


def rejudged(run: Path, own_paths: Sequence[Path]) -> Rejudged:
    """A run judged anew from its journal. Raises DanelabError."""
    from harness.run.again import judge_again
    from harness.run.reading import events_of
    from harness.scenario.requirements import load_requirements
    from harness.scenario.suite import REQUIREMENTS, load_suite, own_scenarios

    events = events_of(run)
    requirements = load_requirements(own_scenarios() / REQUIREMENTS)
    return judge_again(events, load_suite(*own_paths, requirements=requirements.keys()), requirements=requirements)


def reported(run: Path, own_paths: Sequence[Path]) -> Rejudged:
    """The report that lies in a run's folder; where there is none, the run judged anew. Raises DanelabError."""
    from harness.run.again import Rejudged
    from harness.run.reading import stored_report

    stored = stored_report(run)
    return rejudged(run, own_paths) if stored is None else Rejudged(stored)
