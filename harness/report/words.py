"""Words that several reports share: how a failure is told, how results are counted, how a run is summed up."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping

from harness.errors import ExitCode
from harness.verdict import Grade, Result, Verdict

from .model import Known, RunReport, Standing, excuses
from .plain import plain

_RUN_OF = re.compile(r"\b(delivered before|\S+)(?: then \1\b(?!@))+")

CONCLUSION = {
    ExitCode.AS_EXPECTED: "As expected.",
    ExitCode.NOT_CONFORMING: "Not conforming.",
    ExitCode.HARNESS: "danelab itself failed; that is not the target's fault.",
    ExitCode.NOTHING_CONCLUDED: "That allows no conclusion.",
}
"""What an exit code says of the target."""

CUT_SHORT = "The journal ends before the run did; what it does not tell was not judged."
"""Said of a run that was broken off."""

STANDINGS: Mapping[Standing, str] = {
    Standing.KNOWN: "failed, as the baseline says",
    Standing.PASSED: "passed, though the baseline says it fails: take the entry out",
    Standing.EXPIRED: "the baseline's entry has expired and excuses nothing any more",
    Standing.UNDECIDED: "came to no conclusion, though the baseline says it fails",
}
"""How an entry of a baseline stands, as the end of a sentence that begins with the scenario."""


def counted(results: Iterable[Result], known: Mapping[tuple[str, str], Known] | None = None) -> str:
    """How many there are of each verdict, those that are missing left out; failures by grade, and known ones."""
    listed = list(results)
    failed = [result for result in listed if result.verdict is Verdict.FAIL]
    grades = Counter(result.grade for result in failed)
    excused = sum(is_known(result, known or {}) for result in failed)
    parts = []
    for verdict in Verdict:
        number = sum(result.verdict is verdict for result in listed)
        graded = ", ".join(f"{grades[grade]} {grade}" if len(grades) > 1 else grade for grade in Grade if grades[grade])
        graded += f"; {'known' if excused == len(failed) else f'{excused} known'}" if excused else ""
        if number:
            parts.append(f"{number} {verdict}" + (f" ({graded})" if verdict is Verdict.FAIL else ""))
    return ", ".join(parts) or "nothing ran"


def is_known(result: Result, known: Mapping[tuple[str, str], Known]) -> bool:
    """Whether it is a failure that was expected."""
    entry = known.get((result.target, result.scenario))
    return result.verdict is Verdict.FAIL and entry is not None and entry.standing is Standing.KNOWN


def summed_up(report: RunReport) -> str:
    """The run in one line."""
    number = report.run.scenarios
    what = f"{number} scenario{'' if number == 1 else 's'} in {report.run.duration:.1f} s"
    return f"{what}: {counted(report.results, excuses(report))}. {CONCLUSION[ExitCode(report.exit_code)]}"


def telling(result: Result) -> tuple[tuple[str, str], ...]:
    """A failure in four lines, each with its name; anything else in the one line there is. All of it is plain text."""
    story = result.story
    if story is None:
        return (("reason", plain(result.reason)),)
    lines = (("world", story.world), ("rule", story.rule), ("expected", story.expected), ("seen", story.seen))
    return tuple((name, plain(text)) for name, text in lines)


def told(result: Result) -> str:
    """The same as text."""
    return "\n".join(f"{name}: {text}" for name, text in telling(result))


def standing(entry: Known) -> str:
    """An entry of the baseline, its reason and what came of it, in one line of plain text."""
    until = f"; expires {entry.expires}" if entry.expires else ""
    if entry.standing is Standing.EXPIRED:
        until = f"; expired {entry.expires}"
    return plain(f"{STANDINGS[entry.standing]} ({entry.reason}{until})")


def brief(outcome: str, *, sign: str = "×") -> str:
    """The outcome with runs of one code counted: `DEFER then DEFER then DEFER` is `DEFER ×3`.

    `sign`: `x` where not every letter can be shown.
    """
    return _RUN_OF.sub(lambda run: f"{run[1]} {sign}{run[0].count(' then ') + 1}", outcome)


def rule_of(result: Result) -> str:
    """The id of the rule that a failure breaks."""
    return (result.story.requirement if result.story else "") or next(iter(result.requirements), "")
