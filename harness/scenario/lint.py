"""Everything that is wrong with scenarios, and what could be said better."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.errors import ScenarioError

from .load import Entry
from .models import Mode
from .suite import delivered, examine, own_scenarios, place, scenario_files

LONGEST_FILE = 60
SHORTEST_EXPLANATION = 60


@dataclass(frozen=True)
class Findings:
    """What lint found in the files it was asked about."""

    files: int
    scenarios: int
    errors: tuple[ScenarioError, ...]
    warnings: tuple[ScenarioError, ...]


def lint(*paths: Path | str, requirements: Collection[str] | None = None) -> Findings:
    """Examine the files (default: danelab's own scenarios), beside danelab's own, which they may refer to."""
    asked = scenario_files(*map(Path, paths or (own_scenarios(),)))
    inside = {file.resolve() for file in asked}
    examined = examine(*paths, requirements=requirements)
    mine = [entry for entry in examined.entries if entry.file.resolve() in inside]
    errors = [error for error in examined.errors if not paths or _file(error).resolve() in inside]
    warnings = {str(warning): warning for entry in mine for warning in _style(entry)}
    return Findings(len(asked), len(mine), tuple(errors), tuple(sorted(warnings.values(), key=place)))


def _file(error: ScenarioError) -> Path:
    name, colon, line = error.file.rpartition(":")
    return Path(name if colon and line.isdigit() else error.file)


def _style(entry: Entry) -> Iterator[ScenarioError]:
    scenario = entry.scenario
    lines = len(entry.source.text.rstrip().split("\n"))
    if lines > LONGEST_FILE:
        yield entry.error(
            text=f"has {lines} lines",
            remedy=f"at most {LONGEST_FILE} can be read aloud: split it, or leave out what is usual",
        )
    if len(scenario.explain) < SHORTEST_EXPLANATION:
        yield entry.error(
            "explain",
            text=f"has {len(scenario.explain)} characters",
            remedy=f"a student needs at least {SHORTEST_EXPLANATION}",
        )
    if scenario.catalogue is None and entry.file.resolve().is_relative_to(own_scenarios()):
        yield entry.error("catalogue", text="is missing", remedy='add catalogue = "...", by which coverage is counted')
    if scenario.twin is None and delivered(scenario, Mode.OPPORTUNISTIC) and not delivered(scenario, Mode.MANDATORY):
        yield entry.error(
            "twin",
            text=f"is missing, and mail is held back in mode {Mode.MANDATORY}, which proves nothing alone",
            remedy="name a scenario that is delivered in that mode",
        )
