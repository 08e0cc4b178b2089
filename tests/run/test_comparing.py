"""What differs between two runs, and how much that matters."""

from __future__ import annotations

from typing import Any

import pytest

from harness.report import RunReport
from harness.run.comparing import Change, compare, status
from harness.verdict import Grade, Verdict
from tests.report.runs import mixed


def changed(run: RunReport, scenario: str, **values: Any) -> RunReport:
    results = tuple(each.model_copy(update=values) if each.scenario == scenario else each for each in run.results)
    return run.model_copy(update={"results": results})


def test_a_run_does_not_differ_from_itself() -> None:
    assert compare(mixed(), mixed()) == ()
    assert status(()) == 0


@pytest.mark.parametrize(
    ("scenario", "values", "change", "code"),
    [
        ("good", {"verdict": Verdict.FAIL, "grade": Grade.SECURITY}, Change.WORSE, 1),
        ("good", {"verdict": Verdict.INCONCLUSIVE}, Change.LOST, 4),
        ("good", {"verdict": Verdict.ERROR}, Change.LOST, 3),
        ("good", {"verdict": Verdict.ALLOWED}, Change.OTHERWISE, 0),
        ("good", {"outcome": "NEXT:AUTH"}, Change.OTHERWISE, 0),
        ("alias", {"grade": Grade.SECURITY}, Change.WORSE, 1),
        ("stripped", {"grade": Grade.DELIVERY}, Change.BETTER, 0),
        ("mismatch", {"verdict": Verdict.PASS, "grade": None}, Change.BETTER, 0),
        ("mismatch", {"verdict": Verdict.INCONCLUSIVE, "grade": None}, Change.LOST, 4),
        ("alias-wrong", {"verdict": Verdict.PASS}, Change.BETTER, 0),
        ("alias-wrong", {"verdict": Verdict.FAIL, "grade": Grade.DELIVERY}, Change.WORSE, 1),
        ("servfail", {"verdict": Verdict.INCONCLUSIVE}, Change.BETTER, 0),
    ],
)
def test_each_change_is_weighed(scenario: str, values: dict[str, Any], change: Change, code: int) -> None:
    (found,) = compare(mixed(), changed(mixed(), scenario, **values))
    assert (found.either.scenario, found.change) == (scenario, change)
    assert status((found,)) == code


def test_what_was_not_run_is_lost_and_what_is_new_is_said() -> None:
    short = mixed().model_copy(update={"results": mixed().results[1:]})
    (lost,) = compare(mixed(), short)
    assert (lost.change, lost.after, status((lost,))) == (Change.LOST, None, 4)
    (new,) = compare(short, mixed())
    assert (new.change, new.before, status((new,))) == (Change.NEW, None, 0)
    failing = [each for each in mixed().results if each.scenario != "mismatch"]
    (worse,) = compare(mixed().model_copy(update={"results": tuple(failing)}), mixed())
    assert (worse.change, status((worse,))) == (Change.WORSE, 1)
