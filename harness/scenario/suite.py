"""All scenarios together: those that come with danelab, and those of whoever uses it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import ScenarioError, UsageError

from .catalogue import CATALOGUE
from .choices import CHOICES
from .load import Entry, read_file
from .models import Mode, Scenario
from .source import id_of, shown
from .uncovered import NOT_COVERED
from .words import did_you_mean

REQUIREMENTS = "requirements.toml"
SCHEMA = "schema.json"
LISTS = (REQUIREMENTS, CATALOGUE, CHOICES, NOT_COVERED)
"""Files beside the scenarios that are none."""


def own_scenarios() -> Path:
    """The directory of the scenarios that come with danelab: of the checkout, or inside the installed package."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "data" / "scenarios"
    return installed if installed.is_dir() else package.parent / "scenarios"


@dataclass(frozen=True)
class Suite:
    """Scenarios whose references to each other and to the requirements hold, sorted by id."""

    entries: tuple[Entry, ...]

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(entry.id for entry in self.entries)

    @property
    def groups(self) -> tuple[str, ...]:
        return tuple(sorted({entry.group for entry in self.entries}))

    @property
    def scenarios(self) -> tuple[Scenario, ...]:
        return tuple(entry.scenario for entry in self.entries)

    def __getitem__(self, name: str) -> Entry:
        """The scenario with this id. Raises UsageError that names the nearest id."""
        for entry in self.entries:
            if entry.id == name:
                return entry
        remedy = did_you_mean(name, self.ids, otherwise="there are no scenarios")
        raise UsageError(f"there is no scenario {name!r}; {remedy}")

    def twin(self, name: str, *, mode: Mode) -> Entry | None:
        """The scenario whose delivery in this mode gives meaning to a failure of the named one.

        It is its twin, or, where that is held back in this mode too, the twin's twin and so on: a twin with nothing
        but unusable records is delivered by an opportunistic sender and not by a mandatory one.
        """
        return _delivered_twin(self[name], mode, {entry.id: entry for entry in self})


@dataclass(frozen=True)
class Examined:
    """What was found when scenarios were read, right and wrong."""

    entries: tuple[Entry, ...]
    errors: tuple[ScenarioError, ...]


def load_suite(*paths: Path | str, own: bool = True, requirements: Collection[str] | None = None) -> Suite:
    """danelab's own scenarios (unless `own` is false) and those in the given files and directories.

    `requirements` are the ids that `covers` may name; default: those in danelab's own list.
    Raises ScenarioError for the first thing that is wrong, and says how much more there is.
    """
    examined = examine(*paths, own=own, requirements=requirements)
    if examined.errors:
        first, more = examined.errors[0], len(examined.errors) - 1
        if not more:
            raise first
        remedy = f"{first.remedy} " if first.remedy else ""
        remedy += f"({more} more: danelab lint lists {'it' if more == 1 else 'them'})"
        raise ScenarioError(first.problem, file=first.file, key=first.key, remedy=remedy)
    return Suite(examined.entries)


def examine(*paths: Path | str, own: bool = True, requirements: Collection[str] | None = None) -> Examined:
    """Read the same scenarios and report everything that is wrong with them. Raises UsageError for a path that
    leads to no scenario."""
    entries: list[Entry] = []
    errors: list[ScenarioError] = []
    unread: list[str] = []
    for file in scenario_files(*((own_scenarios(),) if own else ()), *map(Path, paths)):
        found, wrong = read_file(file)
        entries += found
        errors += wrong
        if wrong and not found:
            unread.append(id_of(file))
    if requirements is None:
        from .requirements import load_requirements

        requirements = load_requirements(own_scenarios() / REQUIREMENTS).keys()
    entries.sort(key=lambda entry: (entry.id, str(entry.file)))
    errors += _same_id(entries)
    errors += _twins(entries, unread)
    for entry in entries:
        for index, name in enumerate(entry.scenario.covers):
            if name not in requirements:
                remedy = did_you_mean(name, requirements, otherwise="the list of requirements is empty")
                errors.append(entry.error("covers", index, text=f"there is no requirement {name!r}", remedy=remedy))
    once = {str(error): error for error in errors}
    return Examined(tuple(entries), tuple(sorted(once.values(), key=place)))


def scenario_files(*paths: Path) -> tuple[Path, ...]:
    """Every scenario file at the paths, each once. danelab's own directory may be empty, others may not."""
    found: dict[Path, Path] = {}
    for path in paths:
        if not path.is_dir():
            found.setdefault(path.resolve(), path)
            continue
        inside = [
            file
            for file in sorted(path.rglob("*.toml"))
            if file.name not in LISTS and not any(part.startswith(".") for part in file.relative_to(path).parts)
        ]
        if not inside and path.resolve() != own_scenarios():
            raise UsageError(
                f"{shown(path)}: no scenario in this directory; make one with: danelab new ID --dir {path}"
            )
        for file in inside:
            found.setdefault(file.resolve(), file)
    return tuple(found.values())


def _same_id(entries: Sequence[Entry]) -> Iterator[ScenarioError]:
    first: dict[str, Entry] = {}
    for entry in entries:
        other = first.setdefault(entry.id, entry)
        if other is not entry:
            yield entry.error(
                text=f"the id {entry.id!r} is also that of {shown(other.file)}", remedy="rename one of the files"
            )


def _twins(entries: Sequence[Entry], unread: Sequence[str]) -> Iterator[ScenarioError]:
    known = {entry.id: entry for entry in reversed(entries)}
    for entry in entries:
        scenario = entry.scenario
        held_back = [mode for mode in Mode if not delivered(scenario, mode)]
        if scenario.twin is None:
            if Mode.OPPORTUNISTIC in held_back:
                yield entry.error(
                    "twin",
                    text="is missing: that mail is held back proves nothing alone",
                    remedy="name the scenario that differs in this defect only and is delivered",
                )
            continue
        twin = known.get(scenario.twin)
        if twin is None and any(scenario.twin == stem or scenario.twin.startswith(f"{stem}-") for stem in unread):
            continue
        if twin is None:
            remedy = did_you_mean(scenario.twin, known, otherwise="there are no other scenarios")
            yield entry.error("twin", text=f"there is no scenario {scenario.twin!r}", remedy=remedy)
            continue
        for mode in held_back:
            if scenario.twin == entry.id or delivered(twin.scenario, mode):
                continue
            if mode is Mode.OPPORTUNISTIC or _delivered_twin(entry, mode, known) is None:
                remedy = "name a scenario that is"
                if mode is not Mode.OPPORTUNISTIC:
                    remedy += f", or give {twin.id!r} a twin that is"
                text = f"{twin.id!r} is not delivered either in mode {mode}"
                yield entry.error("twin", text=text, remedy=remedy)
    yield from _circles(entries, known)


def _delivered_twin(entry: Entry, mode: Mode, known: Mapping[str, Entry]) -> Entry | None:
    passed = {entry.id}
    while (name := entry.scenario.twin) in known and name is not None and name not in passed:
        entry = known[name]
        passed.add(name)
        if delivered(entry.scenario, mode):
            return entry
    return None


def _circles(entries: Iterable[Entry], known: Mapping[str, Entry]) -> Iterator[ScenarioError]:
    """Each circle of twins once, at its first scenario."""
    told: set[str] = set()
    for entry in entries:
        walk = [entry.id]
        while (twin := known[walk[-1]].scenario.twin) in known and twin is not None and twin not in walk:
            walk.append(twin)
        if twin == entry.id and entry.id not in told:
            told.update(walk)
            circle = " -> ".join((*walk, entry.id))
            yield entry.error(
                "twin", text=f"the twins form a circle: {circle}", remedy="a delivered scenario needs no twin"
            )


def place(error: ScenarioError) -> tuple[str, int]:
    """File and line, to sort by."""
    file, _, line = error.file.rpartition(":")
    return (file, int(line)) if line.isdigit() else (error.file, 0)


def delivered(scenario: Scenario, mode: Mode) -> bool:
    """Whether the usual outcome in this mode is a delivery."""
    permitted = {
        Mode.OPPORTUNISTIC: scenario.expect.opportunistic,
        Mode.MANDATORY: scenario.expect.mandatory,
        Mode.UNAWARE: scenario.expect.unaware,
    }
    return permitted[mode].usual.is_delivery
