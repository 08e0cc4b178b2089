"""What the commands have in common that read runs which lie on disk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from harness.report import RunReport
    from harness.report.formats import Background
    from harness.scenario.choices import Choices
    from harness.scenario.requirements import Requirement
    from harness.scenario.suite import Suite

run_argument = click.argument("run", metavar="RUN", type=click.Path(path_type=Path))
"""A folder written by `--out`, a journal in it, or a JSON report."""

RUN_HELP = """\b
RUN is a folder written by `danelab run --out`, or a journal: journal.ndjson, also packed
as .gz or .xz. The journal of a run that was killed is read as far as it goes.
"""


@dataclass(frozen=True)
class Recorded:
    """A run that lies on disk."""

    report: RunReport
    background: Background
    notes: tuple[str, ...] = ()


def rejudged(run: Path, own_paths: Sequence[Path]) -> Recorded:
    """A run judged anew from its journal. Raises DanelabError."""
    from harness.report.formats import Background
    from harness.run.again import judge_again
    from harness.run.reading import events_of

    rules = todays(own_paths)
    events = events_of(run)
    told = judge_again(events, rules.suite, requirements=rules.requirements, choices=rules.choices)
    background = Background(events=events, scenarios=rules.suite.scenarios, requirements=rules.requirements)
    return Recorded(told.report, background, told.notes)


def reported(run: Path, own_paths: Sequence[Path], *, fully: bool = False) -> Recorded:
    """The report that lies in a run's folder; where there is none, the run judged anew. Raises DanelabError.

    `fully`: with the journal, if there is one, and the scenarios.
    """
    from harness.errors import ScenarioError
    from harness.report.formats import Background
    from harness.run.reading import events_of, stored_report

    stored = stored_report(run)
    if stored is None:
        return rejudged(run, own_paths)
    if not fully:
        return Recorded(stored, Background())
    rules = todays(own_paths)
    try:
        events = events_of(run) if run.is_dir() else []
    except ScenarioError as problem:
        return Recorded(stored, Background(), (f"told without its journal: {problem}",))
    return Recorded(stored, Background(events=events, scenarios=rules.suite.scenarios, requirements=rules.requirements))


@dataclass(frozen=True)
class Rules:
    """What a run is judged by today."""

    suite: Suite
    requirements: Mapping[str, Requirement]
    choices: Choices


def todays(own_paths: Sequence[Path]) -> Rules:
    """danelab's own scenarios and those at the paths, with requirements and choices. Raises ScenarioError."""
    from harness.scenario.choices import CHOICES, load_choices
    from harness.scenario.requirements import load_requirements
    from harness.scenario.suite import REQUIREMENTS, load_suite, own_scenarios

    requirements = load_requirements(own_scenarios() / REQUIREMENTS)
    suite = load_suite(*own_paths, requirements=requirements.keys())
    return Rules(suite, requirements, load_choices(own_scenarios() / CHOICES))
