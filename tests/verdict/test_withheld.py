"""Messages that no server accepted: the rule of the twin, signs of a decision, crashes, and our own failures."""

from __future__ import annotations

import pytest

from harness.errors import ExitCode
from harness.journal import Status
from harness.scenario.models import Mode
from harness.verdict import Grade, Profile, Verdict, exit_code, inactive

from .tape import GOOD, MISMATCH, PLAIN, SERVFAIL, STRIPPED, Tape, scenario

SUITE = (GOOD, MISMATCH, STRIPPED, SERVFAIL)


def test_a_negative_passes_when_its_twin_was_delivered_and_a_decision_shows() -> None:
    result = Tape().delivered("good").deferred("mismatch").judge(GOOD, MISMATCH)["mismatch"]
    assert (result.verdict, result.outcome) == (Verdict.PASS, "DEFER")


def test_a_negative_whose_twin_was_not_delivered_is_inconclusive() -> None:
    results = Tape().delivered("plain").deferred("good").deferred("mismatch").judge(PLAIN, GOOD, MISMATCH)
    assert (results["good"].verdict, results["good"].grade) == (Verdict.FAIL, Grade.DELIVERY)
    assert results["mismatch"].verdict is Verdict.INCONCLUSIVE
    assert "its twin good was not delivered either (withheld" in results["mismatch"].reason


def test_a_negative_whose_twin_was_not_run_is_inconclusive() -> None:
    result = Tape().delivered("plain").deferred("mismatch").judge(PLAIN, MISMATCH)["mismatch"]
    assert result.verdict is Verdict.INCONCLUSIVE
    assert result.reason.endswith("its twin good was not run")


def test_a_negative_without_any_sign_of_a_decision_is_inconclusive() -> None:
    tape = Tape().delivered("good").sent("mismatch").reported("mismatch", Status.UNKNOWN)
    result = tape.judge(GOOD, MISMATCH)["mismatch"]
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "asked nothing, connected nowhere" in result.reason


@pytest.mark.parametrize("sign", ["asked", "connected", "reported"])
def test_one_sign_of_a_decision_is_enough(sign: str) -> None:
    tape = Tape().delivered("good").sent("mismatch")
    if sign == "asked":
        tape.asked("mismatch", rcode="SERVFAIL")
    if sign == "connected":
        tape.connected("mismatch").shook_hands("mismatch")
    if sign == "reported":
        tape.reported("mismatch", Status.DEFERRED)
    assert tape.judge(GOOD, MISMATCH)["mismatch"].verdict is Verdict.PASS


def test_a_negative_without_a_twin_needs_a_delivery_somewhere_in_the_run() -> None:
    bogus = scenario("bogus", "DEFER")
    assert Tape().delivered("good").deferred("bogus").judge(GOOD, bogus)["bogus"].verdict is Verdict.PASS
    alone = Tape().deferred("bogus").connected("bogus").judge(bogus)["bogus"]
    assert alone.verdict is Verdict.INCONCLUSIVE
    assert alone.reason.endswith("the target delivered nothing in the whole run")


def test_a_twin_that_this_mode_withholds_passes_the_question_on_to_its_own() -> None:
    unproved = scenario("unproved", "DEFER", twin="plain")
    mandatory = Profile.of(Mode.MANDATORY)
    tape = Tape().deferred("plain").deferred("unproved")
    assert tape.judge(PLAIN, unproved, profile=mandatory)["unproved"].verdict is Verdict.INCONCLUSIVE
    results = tape.delivered("good").judge(GOOD, PLAIN, unproved, profile=mandatory)
    assert {each.verdict for each in results.values()} == {Verdict.PASS}


def test_in_a_mode_that_withholds_the_twin_the_twin_s_twin_is_the_one_that_is_not_proved() -> None:
    """As `Suite.twin` has it."""
    plain = scenario("plain", "TLS", mandatory="DEFER", twin="good")
    wrong = scenario("wrong", "DEFER", twin="plain")
    mandatory = Profile.of(Mode.MANDATORY)
    results = Tape().delivered("good").deferred("plain").delivered("wrong").judge(GOOD, plain, wrong, profile=mandatory)
    assert results["good"].notes == ("AUTH is not proved: wrong delivered as well",)
    results = Tape().delivered("good").delivered("plain").delivered("wrong").judge(GOOD, plain, wrong)
    assert (results["good"].outcome, results["good"].notes) == ("AUTH", ())


def test_a_choice_anywhere_among_the_twins_makes_a_negative_its_consequence() -> None:
    alias = scenario("alias", "AUTH / DEFER", choice="mx-alias", twin="good")
    plain = scenario("plain", "TLS", mandatory="DEFER", twin="alias")
    wrong = scenario("wrong", "DEFER", twin="plain")
    tape = Tape().delivered("good").deferred("alias").deferred("plain").deferred("wrong")
    results = tape.judge(GOOD, alias, plain, wrong, profile=Profile.of(Mode.MANDATORY))
    assert (results["wrong"].verdict, results["wrong"].choice) == (Verdict.ALLOWED, "mx-alias")


def test_a_negative_whose_twin_was_withheld_by_choice_is_allowed_as_its_consequence() -> None:
    alias = scenario("alias", "AUTH / DEFER", choice="mx-alias")
    wrong = scenario("wrong", "DEFER", twin="alias")
    result = Tape().delivered("good").deferred("alias").deferred("wrong").judge(GOOD, alias, wrong)["wrong"]
    assert (result.verdict, result.choice) == (Verdict.ALLOWED, "mx-alias")
    assert result.notes == ("its twin alias was withheld as well, which is permitted",)


def test_twins_in_a_circle_prove_nothing() -> None:
    one, two = scenario("one", "DEFER", twin="two"), scenario("two", "DEFER", twin="one")
    results = Tape().delivered("good").deferred("one").deferred("two").judge(GOOD, one, two)
    assert results["one"].verdict is results["two"].verdict is Verdict.INCONCLUSIVE


def test_a_positive_is_not_called_authenticated_when_its_negative_went_too() -> None:
    results = Tape().delivered("good").delivered("mismatch").deferred("servfail").judge(GOOD, MISMATCH, SERVFAIL)
    assert (results["good"].verdict, results["good"].outcome) == (Verdict.PASS, "TLS")
    assert "AUTH is not proved: mismatch delivered as well" in results["good"].notes
    assert results["servfail"].verdict is Verdict.PASS


@pytest.mark.parametrize(
    "word", [None, Status.UNKNOWN, Status.DEFERRED, Status.DELIVERED, Status.BOUNCED, Status.CRASHED]
)
def test_a_dead_target_gets_no_pass(word: Status | None) -> None:
    tape = Tape().start(*SUITE)
    for each in SUITE:
        tape.sent(each.id)
        if word:
            tape.reported(each.id, word)
    results = list(tape.end().judge(*SUITE).values())
    assert {result.verdict for result in results} == {Verdict.INCONCLUSIVE}
    assert exit_code(results) is ExitCode.NOTHING_CONCLUDED


def test_a_target_that_asks_and_never_connects_gets_no_pass() -> None:
    bogus = scenario("bogus", "DEFER")
    tape = Tape()
    for each in (*SUITE, bogus):
        tape.deferred(each.id)
    assert {each.verdict for each in tape.judge(*SUITE, bogus).values()} == {Verdict.INCONCLUSIVE}


def test_a_target_that_delivers_everything_fails_every_security_scenario() -> None:
    tape = Tape()
    for each in SUITE:
        tape.delivered(each.id)
    results = tape.judge(*SUITE)
    assert results["good"].outcome == "TLS"
    for key in ("mismatch", "stripped", "servfail"):
        assert (results[key].verdict, results[key].grade) == (Verdict.FAIL, Grade.SECURITY)
        assert results[key].leaked
    assert exit_code(list(results.values())) is ExitCode.NOT_CONFORMING
    assert inactive(results.values()) == ("sender",)


def test_one_mistake_does_not_mean_that_dane_is_off() -> None:
    results = Tape().delivered("good").delivered("mismatch").deferred("stripped").judge(GOOD, MISMATCH, STRIPPED)
    assert inactive(results.values()) == ()
    assert inactive(Tape().delivered("good").delivered("mismatch").judge(GOOD, MISMATCH).values()) == ()


def test_what_a_sender_without_dane_may_withhold_does_not_hide_that_dane_is_off() -> None:
    hangs = scenario("hangs", "DEFER", twin="good", unaware="CLEAR / DEFER")
    tape = Tape().delivered("good").delivered("mismatch").delivered("servfail").deferred("hangs")
    results = tape.judge(GOOD, MISMATCH, SERVFAIL, hangs)
    assert inactive(results.values()) == ("sender",)
    assert not results["hangs"].tells


def test_a_crash_spoils_only_its_own_scenario() -> None:
    tape = Tape().delivered("good").sent("mismatch").asked("mismatch")
    tape.reported("mismatch", Status.CRASHED, "Traceback").deferred("servfail")
    results = tape.judge(GOOD, MISMATCH, SERVFAIL)
    assert results["mismatch"].verdict is Verdict.INCONCLUSIVE
    assert "crashed" in results["mismatch"].reason
    assert results["good"].verdict is results["servfail"].verdict is Verdict.PASS


@pytest.mark.parametrize("status", [Status.CRASHED, Status.TIMED_OUT])
def test_a_crash_or_timeout_where_mail_had_to_go_is_a_delivery_failure(status: Status) -> None:
    tape = Tape().delivered("plain").sent("good").asked("good").reported("good", status)
    result = tape.judge(PLAIN, GOOD)["good"]
    assert (result.verdict, result.grade) == (Verdict.FAIL, Grade.DELIVERY)


def test_a_death_crashes_what_was_under_way_and_nothing_else() -> None:
    tape = Tape().delivered("good").sent("mismatch").asked("mismatch").died().deferred("servfail")
    results = tape.judge(GOOD, MISMATCH, SERVFAIL)
    assert results["mismatch"].verdict is Verdict.INCONCLUSIVE
    assert "the target crashed" in results["mismatch"].reason
    assert "signal 11" in results["mismatch"].reason
    assert results["good"].verdict is results["servfail"].verdict is Verdict.PASS


def test_what_was_never_handed_over_is_inconclusive() -> None:
    result = Tape().delivered("good").judge(GOOD, MISMATCH)["mismatch"]
    assert (result.verdict, result.outcome) == (Verdict.INCONCLUSIVE, "not sent")


def test_unsupported_is_said_by_the_target_and_believed() -> None:
    tape = Tape().sent("good").reported("good", Status.UNSUPPORTED, "no DANE")
    results = list(tape.judge(GOOD).values())
    assert results[0].verdict is Verdict.UNSUPPORTED
    assert exit_code(results) is ExitCode.NOTHING_CONCLUDED


def test_a_fault_of_ours_is_an_error_and_never_a_failure() -> None:
    results = Tape().delivered("good").delivered("mismatch", tls=False).fault("mismatch").judge(GOOD, MISMATCH)
    assert (results["mismatch"].verdict, results["mismatch"].grade) == (Verdict.ERROR, None)
    assert results["mismatch"].leaked == ()
    assert results["good"].verdict is Verdict.PASS
    assert exit_code(list(results.values())) is ExitCode.HARNESS


def test_a_fault_in_the_twin_leaves_the_negative_inconclusive() -> None:
    tape = Tape().delivered("plain").sent("good").fault("good").deferred("mismatch")
    result = tape.judge(PLAIN, GOOD, MISMATCH)["mismatch"]
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "danelab failed in its twin good" in result.reason


def test_a_fault_without_a_scenario_excuses_failures_and_leaves_passes() -> None:
    results = Tape().delivered("good").delivered("mismatch").fault(problem="resolver broke").judge(GOOD, MISMATCH)
    assert results["good"].verdict is Verdict.PASS
    assert results["mismatch"].verdict is Verdict.ERROR
    assert results["mismatch"].leaked == ()
    assert "resolver broke" in results["mismatch"].reason


def test_bounce_where_only_bounce_is_right_and_silence_is_not_a_bounce() -> None:
    null = scenario("null", "BOUNCE")
    tape = Tape().delivered("good").sent("null").asked("null", rdtype="MX")
    assert tape.judge(GOOD, null)["null"].verdict is Verdict.INCONCLUSIVE
    assert tape.reported("null", Status.BOUNCED).judge(GOOD, null)["null"].outcome == "BOUNCE"
    assert Tape().delivered("good").deferred("null").judge(GOOD, null)["null"].grade is Grade.DELIVERY


def test_withheld_mail_that_had_to_go_is_a_delivery_failure() -> None:
    result = Tape().delivered("good").deferred("plain", "no TLSA").judge(GOOD, PLAIN)["plain"]
    assert (result.verdict, result.grade, result.outcome) == (Verdict.FAIL, Grade.DELIVERY, "DEFER")
    assert result.reason == "withheld, though it had to be delivered; the target says: no TLSA"
