"""Checkers are judged on what they find: the right finding passes, and a domain found bad needs its good twin."""

from __future__ import annotations

import pytest

from harness.journal import Found, Opinion, Sent, decode, encode
from harness.scenario.models import Scenario
from harness.verdict import Grade, Result, Verdict
from tests.verdict.tape import Tape, address, scenario


def _scenario(key: str, checker: str | None, **values: object) -> Scenario:
    """A scenario with this expectation of checkers; `severity` and `expect_for` as in the file."""
    made = scenario(key, "AUTH" if checker == "pass" else "DEFER", **values)
    return made.model_copy(update={"expect": made.expect.model_copy(update={"checker": checker})})


GOOD = _scenario("good", "pass")
BAD = _scenario("bad", "fail", twin="good")
BARE = _scenario("bare", "none", twin="good")
ODD = _scenario("odd", "unsure", twin="good")


class Checks(Tape):
    """A journal of a checker."""

    def found(self, key: str, finding: Opinion, text: str = "", *, recipient: str = "") -> Checks:
        to = recipient or address(key)
        if not recipient:
            self.sent(key)
        self.add(Found, scenario=key, recipient=to, finding=finding, text=text)
        return self


def _judged(*pairs: tuple[Scenario, Opinion]) -> dict[str, Result]:
    tape = Checks()
    tape.start(*(each for each, _ in pairs))
    for each, finding in pairs:
        tape.found(each.id, finding, "its own words")
    return tape.end().judge(*(each for each, _ in pairs))


@pytest.mark.parametrize(
    ("expected", "finding", "verdict", "grade"),
    [
        (GOOD, Opinion.PASS, Verdict.PASS, None),
        (GOOD, Opinion.FAIL, Verdict.FAIL, Grade.DELIVERY),
        (GOOD, Opinion.NONE, Verdict.FAIL, Grade.DELIVERY),
        (GOOD, Opinion.UNSURE, Verdict.FAIL, Grade.DELIVERY),
        (BAD, Opinion.FAIL, Verdict.PASS, None),
        (BAD, Opinion.PASS, Verdict.FAIL, Grade.SECURITY),
        (BAD, Opinion.NONE, Verdict.FAIL, Grade.DELIVERY),
        (BAD, Opinion.UNSURE, Verdict.INCONCLUSIVE, None),
        (BARE, Opinion.NONE, Verdict.PASS, None),
        (BARE, Opinion.FAIL, Verdict.FAIL, Grade.DELIVERY),
        (BARE, Opinion.PASS, Verdict.FAIL, Grade.SECURITY),
        (BARE, Opinion.UNSURE, Verdict.INCONCLUSIVE, None),
        (ODD, Opinion.PASS, Verdict.PASS, None),
        (ODD, Opinion.FAIL, Verdict.PASS, None),
        (ODD, Opinion.NONE, Verdict.PASS, None),
        (ODD, Opinion.UNSURE, Verdict.PASS, None),
        (BAD, Opinion.CRASHED, Verdict.INCONCLUSIVE, None),
        (GOOD, Opinion.TIMED_OUT, Verdict.INCONCLUSIVE, None),
        (ODD, Opinion.CRASHED, Verdict.INCONCLUSIVE, None),
        (GOOD, Opinion.UNSUPPORTED, Verdict.UNSUPPORTED, None),
        (ODD, Opinion.UNSUPPORTED, Verdict.UNSUPPORTED, None),
    ],
)
def test_a_finding_is_held_against_what_should_be_found(
    expected: Scenario, finding: Opinion, verdict: Verdict, grade: Grade | None
) -> None:
    pairs = [(GOOD, Opinion.PASS), (expected, finding)] if expected is not GOOD else [(GOOD, finding)]
    result = _judged(*pairs)[expected.id]
    assert (result.verdict, result.grade) == (verdict, grade)
    assert result.outcome == finding


def test_a_failure_is_told_with_the_checkers_own_words_and_the_line_that_holds_them() -> None:
    result = _judged((GOOD, Opinion.PASS), (BAD, Opinion.PASS))["bad"]
    assert result.reason == "found pass where fail was expected: its own words"
    assert result.story is not None
    assert result.story.expected == "fail (DANE is there and does not verify)"
    assert "its twin good lacks that" in result.story.world
    assert "5: the checker finds pass: its own words" in result.story.seen
    assert [each.line for each in result.evidence] == [5]


def test_where_only_a_should_is_at_stake_a_false_alarm_is_a_warning() -> None:
    soft = _scenario("soft", "pass", severity="should")
    result = _judged((soft, Opinion.FAIL))["soft"]
    assert (result.verdict, result.grade) == (Verdict.FAIL, Grade.WARNING)


def test_calling_a_bad_domain_good_is_never_just_a_warning() -> None:
    soft = _scenario("soft", "fail", severity="should", twin="good")
    assert _judged((GOOD, Opinion.PASS), (soft, Opinion.PASS))["soft"].grade is Grade.SECURITY


@pytest.mark.parametrize("twins", [Opinion.FAIL, Opinion.CRASHED, Opinion.NONE])
def test_found_bad_proves_nothing_where_the_twin_was_not_found_good(twins: Opinion) -> None:
    result = _judged((GOOD, twins), (BAD, Opinion.FAIL))["bad"]
    assert result.verdict is Verdict.INCONCLUSIVE
    assert f"its twin good was not found good either ({twins})" in result.reason


def test_found_bad_proves_nothing_without_the_twin() -> None:
    result = _judged((BAD, Opinion.FAIL))["bad"]
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "its twin good was not run" in result.reason


def test_a_twin_that_is_not_meant_to_be_found_good_stands_aside_for_its_own() -> None:
    worse = _scenario("worse", "fail", twin="bad")
    judged = _judged((GOOD, Opinion.PASS), (BAD, Opinion.FAIL), (worse, Opinion.FAIL))
    assert judged["worse"].verdict is Verdict.PASS
    judged = _judged((GOOD, Opinion.FAIL), (BAD, Opinion.FAIL), (worse, Opinion.FAIL))
    assert judged["worse"].verdict is Verdict.INCONCLUSIVE


def test_a_twin_that_the_checker_cannot_do_stands_aside_for_its_own() -> None:
    other = _scenario("other", "pass", twin="good")
    bad = _scenario("bad", "fail", twin="other")
    judged = _judged((GOOD, Opinion.PASS), (other, Opinion.UNSUPPORTED), (bad, Opinion.FAIL))
    assert judged["bad"].verdict is Verdict.PASS


def test_two_that_are_each_others_twins_come_to_an_end() -> None:
    one, two = _scenario("one", "fail", twin="two"), _scenario("two", "fail", twin="one")
    assert _judged((one, Opinion.FAIL), (two, Opinion.FAIL))["one"].verdict is Verdict.INCONCLUSIVE


def test_a_checker_that_finds_everything_bad_passes_nothing() -> None:
    lone = _scenario("lone", "fail")
    judged = _judged((GOOD, Opinion.FAIL), (BAD, Opinion.FAIL), (lone, Opinion.FAIL), (BARE, Opinion.FAIL))
    assert not [key for key, result in judged.items() if result.verdict is Verdict.PASS]


def test_a_checker_that_never_finds_anything_passes_nothing_that_says_something() -> None:
    judged = _judged((GOOD, Opinion.NONE), (BAD, Opinion.NONE), (BARE, Opinion.NONE))
    assert judged["bare"].verdict is Verdict.INCONCLUSIVE
    assert "nothing else was found in the whole run" in judged["bare"].reason


def test_a_checker_that_finds_everything_good_fails_at_every_bad_domain() -> None:
    judged = _judged((GOOD, Opinion.PASS), (BAD, Opinion.PASS), (BARE, Opinion.PASS))
    assert {judged["bad"].grade, judged["bare"].grade} == {Grade.SECURITY}


def test_each_domain_of_a_send_is_held_against_its_own_expectation() -> None:
    step = {"send": ["domain", "other"], "expect_for": {"other": {**_plain("DEFER"), "checker": "fail"}}}
    two = _scenario("two", "pass", zones={"other": {}}, steps=[step])
    addresses = (address("two"), "user@two-other.example")
    for second, verdict in ((Opinion.FAIL, Verdict.PASS), (Opinion.PASS, Verdict.FAIL)):
        tape = Checks()
        tape.start(two).sent("two", *addresses)
        tape.found("two", second, recipient=addresses[1]).found("two", Opinion.PASS, recipient=addresses[0])
        result = tape.end().judge(two)["two"]
        assert (result.verdict, result.outcome) == (verdict, f"pass and {second}")
    assert result.reason == "for two-other.example: found pass where fail was expected"


def test_each_send_has_its_own_finding() -> None:
    first = {"send": ["domain"], "expect": {**_plain("DEFER"), "checker": "fail"}}
    later = _scenario("later", "pass", steps=[first, {"change": {"faults": []}}, {"send": ["domain"]}])
    tape = Checks()
    tape.start(later)
    tape.found("later", Opinion.FAIL).found("later", Opinion.PASS)
    told = tape.end().judge(later)["later"]
    assert (told.verdict, told.outcome, told.expected) == (Verdict.PASS, "fail then pass", "fail then pass")


def test_what_danelab_broke_is_not_held_against_the_checker() -> None:
    tape = Checks()
    tape.start(GOOD, BAD)
    tape.found("good", Opinion.FAIL).fault("good")
    tape.found("bad", Opinion.PASS)
    judged = tape.end().judge(GOOD, BAD)
    assert judged["good"].verdict is Verdict.ERROR
    assert judged["bad"].verdict is Verdict.FAIL


def test_a_scenario_that_expects_nothing_of_checkers_is_unsupported() -> None:
    silent = _scenario("silent", None)
    tape = Checks()
    tape.start(GOOD, silent)
    tape.found("good", Opinion.PASS)
    result = tape.end().judge(GOOD, silent)["silent"]
    assert (result.verdict, result.reason) == (Verdict.UNSUPPORTED, "nothing is expected of a checker here")


def test_a_domain_that_was_never_checked_proves_nothing() -> None:
    tape = Checks()
    tape.start(GOOD, BAD)
    tape.found("good", Opinion.PASS)
    result = tape.end().judge(GOOD, BAD)["bad"]
    assert (result.verdict, result.outcome) == (Verdict.INCONCLUSIVE, "not checked")


def test_checkers_and_senders_share_a_run() -> None:
    tape = Checks(target="looker")
    tape.start(GOOD, targets=("looker", "sender"))
    tape.found("good", Opinion.PASS)
    tape.target = "sender"
    tape.add(Sent, scenario="good", recipients=(address("good"),), step=1)
    tape.accepted("good")
    results = tape.end().judge(GOOD)
    assert results["good"].target == "sender"
    assert results["good"].outcome.startswith(("AUTH", "TLS"))


def test_a_finding_survives_the_journal() -> None:
    event = Found(at=1.5, scenario="good", target="looker", recipient=address("good"), finding=Opinion.FAIL, text="no")
    assert list(decode([encode(event) + "\n"])) == [event]


def _plain(code: str) -> dict[str, str]:
    return {"opportunistic": code, "mandatory": code, "unaware": "OPP"}
