"""Several messages in a row, to see what a sender leaves to chance."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from harness.journal import Found, Opinion, Status
from harness.scenario.models import Step
from harness.verdict import Grade, Verdict

from .tape import GOOD, MISMATCH, Tape, address, scenario

LOTS = scenario(
    "lots",
    "AUTH@mx2 / DEFER",
    twin="good",
    mx=[{"preference": 10}, {"preference": 10}],
    steps=[{"send": ["domain"], "times": 3}],
)


def test_one_wrong_delivery_among_many_is_a_failure() -> None:
    tape = Tape().delivered("good").delivered("lots", "mx2").delivered("lots", "mx1").delivered("lots", "mx2")
    result = tape.judge(GOOD, LOTS)["lots"]
    assert (result.verdict, result.grade) == (Verdict.FAIL, Grade.SECURITY)
    assert result.outcome == "AUTH@mx2 then TLS then AUTH@mx2"
    assert result.reason.startswith("send 2: ")


def test_a_target_that_is_given_one_only_is_judged_by_that_one() -> None:
    result = Tape().delivered("good").delivered("lots", "mx2").judge(GOOD, LOTS)["lots"]
    assert (result.verdict, result.outcome) == (Verdict.PASS, "AUTH@mx2")


def test_where_none_was_handed_over_nothing_follows() -> None:
    result = Tape().delivered("good").judge(GOOD, LOTS)["lots"]
    assert (result.verdict, result.outcome) == (Verdict.INCONCLUSIVE, "not sent")


def test_only_what_is_sent_anew_can_be_sent_several_times() -> None:
    with pytest.raises(ValidationError, match="times goes with send"):
        Step(wait="1s", times=2)


def test_what_was_delivered_need_not_be_tried_again() -> None:
    again = scenario("again", "OPP", steps=[{"send": ["domain"]}, {"retry": True}, {"retry": True}])
    result = Tape().delivered("again").judge(again)["again"]
    assert (result.verdict, result.outcome) == (Verdict.PASS, "TLS then delivered before then delivered before")


def test_what_was_kept_has_to_be_tried_again() -> None:
    again = scenario("again", "OPP", steps=[{"send": ["domain"]}, {"retry": True}])
    result = Tape().deferred("again").reported("again", Status.DEFERRED).judge(again)["again"]
    assert result.verdict is not Verdict.PASS


def test_a_checker_looks_once() -> None:
    looked = scenario("looked", "AUTH", checker="pass", steps=[{"send": ["domain"], "times": 3}])
    tape = Tape().sent("looked").asked("looked")
    tape.add(Found, scenario="looked", recipient=address("looked"), finding=Opinion.PASS, text="verified")
    result = tape.judge(looked)["looked"]
    assert (result.verdict, result.outcome) == (Verdict.PASS, "pass")


def test_what_was_delivered_before_does_not_speak_for_dane() -> None:
    kept = [scenario(key, "DEFER", twin="good", steps=[{"send": ["domain"]}, {"retry": True}]) for key in ("a", "b")]
    tape = Tape().delivered("good").delivered("a").delivered("b").delivered("mismatch")
    results = tape.judge(GOOD, MISMATCH, *kept)
    assert results["a"].outcome == "TLS then delivered before"
    assert (results["good"].outcome, results["good"].verdict) == ("TLS", Verdict.PASS)
    assert "all that a sender with DANE withholds was delivered" in results["good"].notes[0]
