"""A run cut into parts that can be run apart, on several machines, and be merged."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.errors import UsageError
from harness.scenario.load import Entry

_WORD = re.compile(r"([0-9]{1,6})/([0-9]{1,6})")


@dataclass(frozen=True)
class Shard:
    """The `number`-th of `of` parts, counted from 1."""

    number: int
    of: int

    @classmethod
    def told(cls, word: str) -> Shard:
        """What `3/16` means. Raises UsageError."""
        found = _WORD.fullmatch(word.strip())
        if found is None:
            raise UsageError(f"--shard {word}: is no part of a run; write K/N, as in 3/16")
        number, of = map(int, found.groups())
        if not 1 <= number <= of:
            most = of or 1
            raise UsageError(f"--shard {word}: there is no such part; there are 1/{most} to {most}/{most}")
        return cls(number, of)

    def part_of(self, entries: Sequence[Entry]) -> tuple[Entry, ...]:
        """This part of the scenarios; each is in exactly one part, and no part has more than one more than another.

        Scenarios of one twin stand together, so that few have to run along in several parts. Raises UsageError where
        there are fewer scenarios than parts.
        """
        if len(entries) < self.of:
            few = len(entries)
            raise UsageError(f"--shard {self}: there are only {few} scenarios; take K/{few} or fewer parts")
        by_id = {entry.id: entry for entry in entries}
        ordered = sorted(entries, key=lambda entry: _lineage(entry, by_id))
        first = (self.number - 1) * len(ordered) // self.of
        return tuple(ordered[first : self.number * len(ordered) // self.of])

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"


def _lineage(entry: Entry, by_id: Mapping[str, Entry]) -> tuple[str, ...]:
    """The scenario's twin's twin, its twin, itself."""
    line = [entry.id]
    twin = entry.scenario.twin
    while twin and twin not in line:
        line.append(twin)
        twin = by_id[twin].scenario.twin if twin in by_id else None
    return tuple(reversed(line))
