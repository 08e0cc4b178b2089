"""What all results of a run add up to: counts, exit code, and whether DANE was at work at all."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from harness.errors import ExitCode
from harness.scenario.models import Importance

from .result import Grade, Result, Verdict


def count(results: Iterable[Result]) -> Mapping[Verdict, int]:
    """How many results there are of each verdict; all verdicts are named."""
    counts = dict.fromkeys(Verdict, 0)
    for result in results:
        counts[result.verdict] += 1
    return counts


def exit_code(
    results: Sequence[Result], *, faults: Sequence[str] = (), known: Collection[tuple[str, str]] = ()
) -> ExitCode:
    """The exit code of a run. `faults` are failures of danelab that belong to no scenario; `known` names, by target and
    scenario, what was not expected to pass.

    A failure of the target comes first, then danelab's own, then what could not be concluded. Warnings do not fail a
    run, nor does what a target does not support, unless there is nothing else.
    """
    failed = [result for result in results if result.verdict is Verdict.FAIL and result.grade is not Grade.WARNING]
    if any((result.target, result.scenario) not in known for result in failed):
        return ExitCode.NOT_CONFORMING
    if faults or any(result.verdict is Verdict.ERROR for result in results):
        return ExitCode.HARNESS
    undecided = [result for result in results if result.verdict is Verdict.INCONCLUSIVE]
    if any((result.target, result.scenario) not in known for result in undecided):
        return ExitCode.NOTHING_CONCLUDED
    if all(result.verdict is Verdict.UNSUPPORTED for result in results):
        return ExitCode.NOTHING_CONCLUDED
    return ExitCode.AS_EXPECTED


def inactive(results: Iterable[Result]) -> tuple[str, ...]:
    """Targets for which DANE is not active: they delivered all that only a sender with DANE withholds.

    One such message may be one mistake; it takes several, a critical one among them.
    """
    telling: dict[str, list[Result]] = {}
    for result in results:
        if result.tells:
            telling.setdefault(result.target, []).append(result)
    return tuple(
        target
        for target, told in telling.items()
        if len(told) > 1
        and any(result.importance is Importance.CRITICAL for result in told)
        and all(result.verdict is Verdict.FAIL and result.leaked for result in told)
    )
