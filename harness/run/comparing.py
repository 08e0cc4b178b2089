"""What differs between two runs, verdict by verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from harness.errors import ExitCode
from harness.report import RunReport
from harness.verdict import Grade, Result, Verdict


class Change(StrEnum):
    """What became of a verdict."""

    WORSE = "worse"
    """It fails now, or fails with a graver grade."""
    LOST = "no longer concluded"
    """It was concluded, and is no more: inconclusive, unsupported, danelab's own failure, or not run."""
    BETTER = "better"
    """It failed or allowed no conclusion, and does not any more; or the failure is less grave."""
    OTHERWISE = "otherwise"
    """As good as before, by another outcome."""
    NEW = "new"
    """It was not run before, and does not fail."""


@dataclass(frozen=True)
class Difference:
    """One target in one scenario, before and after. At least one of the two is given."""

    before: Result | None
    after: Result | None
    change: Change

    @property
    def either(self) -> Result:
        """The later of what there is."""
        found = self.after or self.before
        assert found is not None
        return found


_OPEN = {Verdict.INCONCLUSIVE: 1, Verdict.UNSUPPORTED: 1, Verdict.ERROR: 2}
_FAILED = {Grade.WARNING: 3, Grade.DELIVERY: 4, Grade.SECURITY: 5}


def compare(before: RunReport, after: RunReport) -> tuple[Difference, ...]:
    """All results of either run whose verdict, grade or outcome differs, what matters most first."""
    old = {(each.target, each.scenario): each for each in before.results}
    new = {(each.target, each.scenario): each for each in after.results}
    found = [
        Difference(old.get(key), new.get(key), change)
        for key in dict.fromkeys((*new, *old))
        if (change := _change(old.get(key), new.get(key))) is not None
    ]
    order = list(Change)
    return tuple(sorted(found, key=lambda each: order.index(each.change)))


def status(differences: Sequence[Difference]) -> ExitCode:
    """1 where something fails that did not, or more gravely; 3 where danelab fails now; 4 where something is no longer
    concluded; else 0."""
    changes = {each.change for each in differences}
    lost = [each.after for each in differences if each.change is Change.LOST]
    if Change.WORSE in changes:
        return ExitCode.NOT_CONFORMING
    if any(each is not None and each.verdict is Verdict.ERROR for each in lost):
        return ExitCode.HARNESS
    return ExitCode.NOTHING_CONCLUDED if lost else ExitCode.AS_EXPECTED


def _change(before: Result | None, after: Result | None) -> Change | None:
    if after is None:
        return Change.LOST
    if before is None:
        return Change.WORSE if after.verdict is Verdict.FAIL else Change.NEW
    if (before.verdict, before.grade, before.outcome) == (after.verdict, after.grade, after.outcome):
        return None
    was, now = _badness(before), _badness(after)
    if now == was:
        return Change.OTHERWISE
    if after.verdict in _OPEN and before.verdict not in _OPEN:
        return Change.LOST
    if after.verdict in _OPEN:
        return Change.LOST if now > was else Change.BETTER
    return Change.WORSE if now > was else Change.BETTER


def _badness(result: Result) -> int:
    if result.verdict is Verdict.FAIL:
        return _FAILED[result.grade or Grade.SECURITY]
    return _OPEN.get(result.verdict, 0)
