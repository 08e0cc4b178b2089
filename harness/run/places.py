"""Where scenarios stand, as reports name their files."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from harness.scenario.load import Entry
from harness.scenario.suite import own_scenarios


def sources(entries: Iterable[Entry]) -> dict[str, str]:
    """The file of each scenario, by its id, with forward slashes: relative to the working directory where it lies
    below it, and for those that come with danelab to the folder they are in: `scenarios/GROUP/FILE.toml`."""
    return {entry.id: _place(entry.file) for entry in entries}


def _place(file: Path) -> str:
    path = file.absolute()
    here, own = Path.cwd(), own_scenarios()
    if path.is_relative_to(here):
        return path.relative_to(here).as_posix()
    if path.is_relative_to(own):
        return f"scenarios/{path.relative_to(own).as_posix()}"
    return path.as_posix()
