"""Whether a mutant is caught, and whether for the right reason."""

from __future__ import annotations

import pytest

from harness.errors import ExitCode
from harness.mutation.fates import Ending, Fate, catches, ending, exit_status
from harness.scenario.models import Importance, Mode
from harness.targets.mutants import MutantFacts
from harness.verdict import Result, Verdict
from harness.verdict.result import Grade


def _mutant(*, harm: str = "security", argument: str = "") -> MutantFacts:
    return MutantFacts(
        name="one",
        theme="tests",
        tells="It does wrong.",
        breaks=("7672-2.2-1", "7672-3.2-2"),
        harm=harm,
        mode=Mode.OPPORTUNISTIC,
        argument=argument,
    )


def _result(*covers: str, grade: Grade | None = Grade.SECURITY, verdict: Verdict = Verdict.FAIL) -> Result:
    return Result(
        target="mutant:one",
        scenario="some",
        title="A scenario",
        importance=Importance.MAJOR,
        verdict=verdict,
        grade=grade,
        outcome="CLEAR",
        expected="DEFER",
        requirements=covers,
        reason="",
    )


def test_a_failure_that_names_the_broken_requirement_is_the_right_one() -> None:
    (found,) = catches(_mutant(), [_result("7672-2.2-3", "7672-3.2-2")])
    assert found.requirements == ("7672-3.2-2",)
    assert ending(_mutant(), [found]) is Ending.CAUGHT


def test_a_failure_about_something_else_is_not() -> None:
    found = catches(_mutant(), [_result("7672-8.1-1")])
    assert ending(_mutant(), found) is Ending.MISJUDGED


def test_a_failure_of_another_grade_is_not() -> None:
    found = catches(_mutant(harm="delivery"), [_result("7672-2.2-1")])
    assert ending(_mutant(harm="delivery"), found) is Ending.MISJUDGED


@pytest.mark.parametrize("verdict", [Verdict.PASS, Verdict.ALLOWED, Verdict.INCONCLUSIVE])
def test_what_is_no_failure_catches_nothing(verdict: Verdict) -> None:
    assert catches(_mutant(), [_result("7672-2.2-1", grade=None, verdict=verdict)]) == ()
    assert ending(_mutant(), ()) is Ending.MISSED


def test_an_argument_holds_as_long_as_nothing_fails() -> None:
    argued = _mutant(argument="Nobody can see it.")
    assert ending(argued, ()) is Ending.ARGUED
    assert ending(argued, catches(argued, [_result("7672-8.1-1")])) is Ending.OUTDATED


@pytest.mark.parametrize(
    ("endings", "status"),
    [
        ((Ending.CAUGHT, Ending.ARGUED), ExitCode.AS_EXPECTED),
        ((Ending.CAUGHT, Ending.MISSED), ExitCode.NOT_CONFORMING),
        ((Ending.MISJUDGED,), ExitCode.NOT_CONFORMING),
        ((Ending.ARGUED, Ending.OUTDATED), ExitCode.NOT_CONFORMING),
        ((Ending.MISSED, Ending.BROKEN), ExitCode.HARNESS),
    ],
)
def test_only_caught_and_argued_mutants_speak_for_the_suite(endings: tuple[Ending, ...], status: ExitCode) -> None:
    assert exit_status(Fate(mutant=_mutant(), mode="opportunistic", ending=each) for each in endings) is status
