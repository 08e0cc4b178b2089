"""What became of a mutant in the suite, and whether it was caught for the right reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from pydantic import Field

from harness.errors import ExitCode
from harness.targets.mutants import MutantFacts
from harness.verdict import Grade, Result, Verdict
from harness.verdict.result import Record


class Ending(StrEnum):
    """How the suite did on a mutant."""

    CAUGHT = "caught"
    """A scenario that covers a requirement which the mutant breaks fails it, with the grade that its harm calls for."""
    MISJUDGED = "misjudged"
    """It fails, but in no scenario that is about what it does wrong, or never with the right grade."""
    MISSED = "missed"
    """It passes everything, and nobody has argued why it may."""
    ARGUED = "argued"
    """It passes everything, and the argument why it may is written down."""
    OUTDATED = "outdated"
    """It has been argued that it cannot be caught, and it was."""
    BROKEN = "broken"
    """danelab itself failed, so nothing is known."""


SOUND = frozenset({Ending.CAUGHT, Ending.ARGUED})
"""The endings that speak for the suite."""


class Catch(Record):
    """A scenario that a mutant fails."""

    scenario: str
    grade: Grade
    outcome: str
    expected: str
    requirements: tuple[str, ...]
    """Those of the scenario that the mutant breaks; the verdict names them."""

    @property
    def is_right(self) -> bool:
        """Whether the scenario is about what the mutant does wrong."""
        return bool(self.requirements)


class Fate(Record):
    """One mutant in the suite."""

    mutant: MutantFacts
    mode: str
    """The mode it was tested in."""
    ending: Ending
    catches: tuple[Catch, ...] = ()
    """Those for the right reason and with the right grade first."""
    tried: int = 0
    """In how many scenarios it was let loose."""
    whole: bool = False
    """Whether these were all that there are for it."""
    seconds: float = Field(default=0.0, ge=0)
    problems: tuple[str, ...] = ()
    """What danelab failed at."""


def catches(mutant: MutantFacts, results: Iterable[Result]) -> tuple[Catch, ...]:
    """The failures among the results; those come first that show what the mutant is for."""
    found = [
        Catch(
            scenario=result.scenario,
            grade=result.grade or Grade.WARNING,
            outcome=result.outcome,
            expected=result.expected,
            requirements=tuple(each for each in mutant.breaks if each in _named(result)),
        )
        for result in results
        if result.verdict is Verdict.FAIL
    ]
    return tuple(sorted(found, key=lambda each: (not _shows(mutant, each), not each.is_right, each.scenario)))


def _named(result: Result) -> frozenset[str]:
    """The requirements that a verdict names: those of its scenario, and the rule that the story tells."""
    told = result.story.rule.rpartition("[")[2].rstrip("]") if result.story else ""
    return frozenset((*result.requirements, told))


def _shows(mutant: MutantFacts, catch: Catch) -> bool:
    return catch.is_right and catch.grade == mutant.harm


def ending(mutant: MutantFacts, found: Iterable[Catch]) -> Ending:
    """How the suite did, given all that the mutant fails."""
    listed = tuple(found)
    if mutant.argument:
        return Ending.OUTDATED if listed else Ending.ARGUED
    if any(_shows(mutant, each) for each in listed):
        return Ending.CAUGHT
    return Ending.MISJUDGED if listed else Ending.MISSED


def exit_status(fates: Iterable[Fate]) -> ExitCode:
    """0: every mutant was caught for the right reason, or argued; 1: some were not; 3: danelab failed."""
    endings = {each.ending for each in fates}
    if Ending.BROKEN in endings:
        return ExitCode.HARNESS
    return ExitCode.AS_EXPECTED if endings <= SOUND else ExitCode.NOT_CONFORMING


def counted(fates: Iterable[Fate]) -> Mapping[Ending, int]:
    """How many mutants came to each ending; endings that nobody came to are left out."""
    listed = [each.ending for each in fates]
    return {each: listed.count(each) for each in Ending if each in listed}
