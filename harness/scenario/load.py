"""From a scenario file to checked scenarios: usually one, or one for each entry under [[matrix]].

    [[matrix]]
    suffix = "rsa-2048"                 # the id is the file's name, a hyphen, and this
    title = "A matching RSA key"
    mx = [{ cert = { key = "rsa-2048" } }]

Every other key of an entry is merged over the file's own (`merge`); the file alone is then no scenario.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from harness.errors import ScenarioError

from .checks import check
from .complaints import problems
from .merge import merge
from .models import Scenario
from .source import Problem, Source, id_of
from .stages import examine_stages, validated


@dataclass(frozen=True)
class Entry:
    """One scenario and the file it stands in."""

    scenario: Scenario
    source: Source
    variant: int | None = None
    """Index of the entry under [[matrix]] that made it; None: the file has no matrix."""

    @property
    def id(self) -> str:
        return self.scenario.id

    @property
    def file(self) -> Path:
        return self.source.file

    @property
    def group(self) -> str:
        """The name of the directory that the file lies in."""
        return self.file.absolute().parent.name

    def error(self, *path: str | int, text: str, remedy: str = "") -> ScenarioError:
        """An error about this scenario that names its file, line and key."""
        return self.source.error(Problem(path, text, remedy), variant=self.variant)


def load_scenario(file: Path | str) -> Scenario:
    """The one scenario in a file. Raises ScenarioError, also when the file holds a matrix of several."""
    found = load_file(file)
    if len(found) > 1:
        raise ScenarioError("holds several scenarios", file=file, key="matrix", remedy="load it with load_file")
    return found[0]


def load_file(file: Path | str) -> tuple[Scenario, ...]:
    """The scenarios in a file, in its order. Raises ScenarioError for the first thing that is wrong with it."""
    entries, errors = read_file(Path(file))
    if errors:
        raise errors[0]
    return tuple(entry.scenario for entry in entries)


def read_file(file: Path) -> tuple[tuple[Entry, ...], tuple[ScenarioError, ...]]:
    """The well-formed scenarios in a file, and everything that is wrong in it, each thing once."""
    try:
        source = Source.read(file)
    except ScenarioError as error:
        return (), (error,)
    entries: list[Entry] = []
    errors: dict[str, ScenarioError] = {}

    def note(problem: Problem, variant: int | None = None) -> None:
        error = source.error(problem, variant=variant)
        errors.setdefault(str(error), error)

    matrix_problems = list(_matrix_problems(source.tables))
    for problem in matrix_problems:
        note(problem)
    for variant, tables in () if matrix_problems else _variants(source):
        found, scenario = examine_tables(tables)
        for problem in found:
            note(problem, variant)
        if scenario is not None:
            entries.append(Entry(scenario, source, variant))
    return tuple(entries), tuple(sorted(errors.values(), key=_line))


def examine_tables(tables: dict[str, Any]) -> tuple[list[Problem], Scenario | None]:
    """What is wrong with the tables of one scenario, its id among them, and the scenario if they have its shape."""
    try:
        scenario = validated(tables)
    except ValidationError as error:
        return problems(error.errors(include_url=False), tables), None
    steps, wrong = examine_stages(scenario)
    return [*wrong, *check(steps)], scenario


def _variants(source: Source) -> Iterator[tuple[int | None, dict[str, Any]]]:
    stem = id_of(source.file)
    base = {key: value for key, value in source.tables.items() if key != "matrix"}
    if "matrix" not in source.tables:
        yield None, {**base, "id": stem}
    for index, change in enumerate(source.tables.get("matrix", ())):
        own = {key: value for key, value in change.items() if key != "suffix"}
        yield index, {**merge(base, own), "id": f"{stem}-{change['suffix']}"}


def _matrix_problems(tables: dict[str, Any]) -> Iterator[Problem]:
    """What has to be right before the file's scenarios can be worked out at all."""
    if "id" in tables:
        yield _written_id(("id",))
    matrix = tables.get("matrix", [{"suffix": "none"}])
    if not isinstance(matrix, list) or not matrix or not all(isinstance(change, dict) for change in matrix):
        yield Problem(("matrix",), "is no list of variants", "write [[matrix]] with two brackets for each of them")
        return
    seen: dict[str, int] = {}
    for index, change in enumerate(matrix):
        suffix = change.get("suffix")
        if not isinstance(suffix, str) or not suffix:
            yield Problem(("matrix", index, "suffix"), "is missing", 'add suffix = "...", which completes the id')
        elif suffix in seen:
            yield Problem(
                ("matrix", index, "suffix"), f"{suffix!r} is also that of matrix[{seen[suffix]}]", "give it another"
            )
        else:
            seen[suffix] = index
        if "matrix" in change:
            yield Problem(("matrix", index, "matrix"), "a variant has no variants", "remove it")
        if "id" in change:
            yield _written_id(("matrix", index, "id"))


def _written_id(path: tuple[str | int, ...]) -> Problem:
    return Problem(path, "the id is the file's name and is not written in it", "remove this line, or rename the file")


def _line(error: ScenarioError) -> int:
    line = error.file.rpartition(":")[2]
    return int(line) if line.isdigit() else 0
