"""Which scenarios are meant: patterns on ids and on what the scenarios say of themselves.

    ee-*                        ids; `*` and `?` as in a shell
    group:tlsa                  the directory
    covers:7672-2.2*            a requirement
    importance:critical         need:ipv6         catalogue:d-ee-mismatch
    !covers:7672-2.2-1          not these

Several patterns add up; those with `!` take away, whatever their place.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from harness.errors import UsageError

from .load import Entry
from .suite import Suite
from .words import did_you_mean

FIELDS = ("group", "covers", "importance", "need", "catalogue")


@dataclass(frozen=True)
class Selection:
    """The scenarios that were asked for, and the twins that their verdicts need besides."""

    chosen: tuple[Entry, ...]
    twins: tuple[Entry, ...]

    @property
    def all(self) -> tuple[Entry, ...]:
        return tuple(sorted((*self.chosen, *self.twins), key=lambda entry: entry.id))


def select(suite: Suite, patterns: Iterable[str] = ()) -> Selection:
    """The scenarios that the patterns mean; without a pattern all. Raises UsageError for one that matches nothing."""
    wanted: set[str] = set()
    unwanted: set[str] = set()
    patterns = tuple(patterns)
    for pattern in patterns:
        found = _matches(suite, pattern.removeprefix("!"), pattern)
        (unwanted if pattern.startswith("!") else wanted).update(found)
    if all(pattern.startswith("!") for pattern in patterns):
        wanted = set(suite.ids)
    chosen = tuple(entry for entry in suite if entry.id in wanted - unwanted)
    if not chosen:
        raise UsageError(
            f"nothing is left of {' '.join(patterns)}: what is asked for is also taken away; drop a '!' pattern"
            if patterns
            else "there are no scenarios; make one with: danelab new ID"
        )
    return Selection(chosen, _twins(suite, chosen))


def _twins(suite: Suite, chosen: tuple[Entry, ...]) -> tuple[Entry, ...]:
    known = {entry.id: entry for entry in suite}
    reached = {entry.id for entry in chosen}
    waiting = list(chosen)
    twins: list[Entry] = []
    while waiting:
        twin = waiting.pop().scenario.twin
        if twin is not None and twin not in reached:
            reached.add(twin)
            waiting.append(known[twin])
            twins.append(known[twin])
    return tuple(sorted(twins, key=lambda entry: entry.id))


def _matches(suite: Suite, pattern: str, as_given: str) -> set[str]:
    field, colon, glob = pattern.partition(":")
    if colon and field not in FIELDS:
        raise UsageError(f"{as_given}: there is no field {field!r} to select by; {did_you_mean(field, FIELDS)}")
    if not colon:
        field, glob = "id", pattern
    words = {entry.id: _words(entry, field) for entry in suite}
    found = {name for name, said in words.items() if any(fnmatchcase(word, glob) for word in said)}
    if not found:
        known = sorted({word for said in words.values() for word in said})
        remedy = did_you_mean(glob.strip("*?"), known, otherwise=f"no scenario says anything of {field}")
        raise UsageError(f"{as_given}: no scenario matches; {remedy}")
    return found


def _words(entry: Entry, field: str) -> tuple[str, ...]:
    scenario = entry.scenario
    words: dict[str, tuple[str, ...]] = {
        "id": (entry.id,),
        "group": (entry.group,),
        "covers": scenario.covers,
        "importance": (scenario.importance,),
        "need": tuple(scenario.needs),
        "catalogue": (scenario.catalogue,) if scenario.catalogue else (),
    }
    return words[field]
