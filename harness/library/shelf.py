"""Scenarios by id or file, read one at a time: a test needs a few, and not to wait for hundreds."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from pathlib import Path

from harness.errors import UsageError
from harness.scenario.load import Entry, read_file
from harness.scenario.requirements import Requirement, load_requirements
from harness.scenario.source import id_of
from harness.scenario.suite import REQUIREMENTS, load_suite, own_scenarios, scenario_files
from harness.verdict import Profile, companions

CONTROL = "ee-311"
"""The healthy world, which has to be delivered whatever the mode."""

SUFFIX = ".danelab.toml"
"""How the names of users' own scenario files end."""


def by_id(name: str, *, beside: Path | None = None) -> Entry:
    """The scenario with this id: one of danelab's own, or one in a `*.danelab.toml` in the directory `beside`.

    Raises UsageError that names the nearest id, ScenarioError where the file is wrong.
    """
    found = _own(name) or _in(_files_beside(beside), name)
    if found is not None:
        return found
    return load_suite()[name]


def by_file(file: Path) -> Entry:
    """The one scenario in a file. Raises ScenarioError, and UsageError where there are several."""
    entries, errors = read_file(file)
    if errors:
        raise errors[0]
    if len(entries) > 1:
        ids = ", ".join(entry.id for entry in entries)
        raise UsageError(f"{file} holds several scenarios ({ids}); name one of them by its id")
    return entries[0]


def along(entry: Entry, profile: Profile, *, beside: Path | None = None) -> tuple[Entry, ...]:
    """What has to be sent too so that something can be concluded: the twin, its twin and so on, or a control.

    Raises ScenarioError for a twin that does not exist.
    """
    known = {entry.id: entry, CONTROL: by_id(CONTROL)}
    following = entry
    while (twin := following.scenario.twin) and twin not in known:
        try:
            following = known[twin] = by_id(twin, beside=beside)
        except UsageError as error:
            problem, _, remedy = str(error).partition("; ")
            raise following.error("twin", text=problem, remedy=remedy) from None
    scenarios = {key: each.scenario for key, each in known.items()}
    return tuple(known[key] for key in companions((entry.id,), scenarios, profile))


@functools.cache
def rules() -> Mapping[str, Requirement]:
    """The rules whose words failures are told in."""
    return load_requirements(own_scenarios() / REQUIREMENTS)


@functools.cache
def _own_files() -> tuple[Path, ...]:
    return scenario_files(own_scenarios())


@functools.cache
def _own(name: str) -> Entry | None:
    return _in(_own_files(), name)


def _files_beside(folder: Path | None) -> tuple[Path, ...]:
    return tuple(sorted(folder.glob(f"*{SUFFIX}"))) if folder is not None else ()


def _in(files: tuple[Path, ...], name: str) -> Entry | None:
    """The scenario with this id, alone in its file or made by one with a matrix."""
    return next((entry for file in files for entry in _made_by(file, name) if entry.id == name), None)


def _made_by(file: Path, name: str) -> Iterator[Entry]:
    stem = id_of(file)
    if name != stem and not name.startswith(f"{stem}-"):
        return
    entries, errors = read_file(file)
    if errors and name == stem:
        raise errors[0]
    yield from entries
