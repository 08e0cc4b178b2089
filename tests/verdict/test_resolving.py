"""Resolvers are judged on each answer: what is bogus may not pass, what is secure needs its AD, and errors a twin."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.journal import Asked, Died, HarnessFault, Resolved, Scene, Where, decode, encode
from harness.scenario.models import Choice, Scenario
from harness.scenario.requirements import Level, Requirement, Role
from harness.verdict import Grade, Result, Verdict, exit_code, judge
from tests.verdict.tape import Tape, scenario

GOOD = scenario("good", "AUTH")
BAD = scenario("bad", "DEFER", twin="good")
WORSE = scenario("worse", "DEFER", twin="bad")
TLSA = ("3 1 1 aa",)
OTHER = ("3 1 1 bb",)

AD: dict[str, Any] = {"rcode": "NOERROR", "authentic_data": True, "answer": TLSA}
PLAIN: dict[str, Any] = {"rcode": "NOERROR", "answer": TLSA}
NOTHING_AD: dict[str, Any] = {"rcode": "NOERROR", "authentic_data": True}
NOTHING: dict[str, Any] = {"rcode": "NOERROR"}
NO_NAME_AD: dict[str, Any] = {"rcode": "NXDOMAIN", "authentic_data": True}
FORGED_AD: dict[str, Any] = {"rcode": "NOERROR", "authentic_data": True, "answer": OTHER}
FORGED: dict[str, Any] = {"rcode": "NOERROR", "answer": OTHER}
SERVFAIL: dict[str, Any] = {"rcode": "SERVFAIL"}
REFUSED: dict[str, Any] = {"rcode": "REFUSED"}
SILENCE: dict[str, Any] = {"rcode": "none"}

SECURE: dict[str, Any] = {"standing": "secure", "right_rcode": "NOERROR", "right_answer": TLSA}
DENIED: dict[str, Any] = {"standing": "secure", "right_rcode": "NOERROR"}
INSECURE: dict[str, Any] = {"standing": "insecure", "right_rcode": "NOERROR", "right_answer": TLSA}
BOGUS: dict[str, Any] = {"standing": "bogus", "right_rcode": "NOERROR", "right_answer": TLSA, "why": "no-rrsig"}
FAILED: dict[str, Any] = {"standing": "failed", "right_rcode": "NOERROR", "right_answer": TLSA}


class Answers(Tape):
    """A journal of a resolver."""

    def resolved(self, key: str, seen: dict[str, Any], right: dict[str, Any], **more: Any) -> Answers:
        kind = more.pop("type", "TLSA")
        name = f"_25._tcp.mx1.{key}.example."
        self.add(Resolved, scenario=key, name=name, type=kind, names=(name,), **{"step": 1, **seen, **right, **more})
        return self

    def faulty(self, key: str, **more: Any) -> Answers:
        name = f"_25._tcp.mx1.{key}.example."
        values = {"where": Where.AUTHORITY, "transport": "udp", "rcode": "NOERROR", "faults": ("no-rrsig",), **more}
        self.add(Asked, scenario=key, name=name, type="TLSA", **values)
        return self


def _judged(
    seen: dict[str, Any], right: dict[str, Any], *, twin: dict[str, Any] = AD, **more: Any
) -> dict[str, Result]:
    tape = Answers()
    tape.start(GOOD, BAD)
    tape.sent("good")
    tape.resolved("good", twin, SECURE)
    tape.sent("bad")
    tape.resolved("bad", seen, right, **more)
    return tape.end().judge(GOOD, BAD)


@pytest.mark.parametrize(
    ("seen", "right", "verdict", "grade"),
    [
        (AD, SECURE, Verdict.PASS, None),
        (PLAIN, SECURE, Verdict.FAIL, Grade.SECURITY),
        (SERVFAIL, SECURE, Verdict.FAIL, Grade.DELIVERY),
        (REFUSED, SECURE, Verdict.FAIL, Grade.DELIVERY),
        (SILENCE, SECURE, Verdict.FAIL, Grade.DELIVERY),
        (NOTHING_AD, SECURE, Verdict.FAIL, Grade.SECURITY),
        (NOTHING, SECURE, Verdict.FAIL, Grade.SECURITY),
        (FORGED_AD, SECURE, Verdict.FAIL, Grade.SECURITY),
        (FORGED, SECURE, Verdict.FAIL, Grade.SECURITY),
        (NOTHING_AD, DENIED, Verdict.PASS, None),
        (NOTHING, DENIED, Verdict.FAIL, Grade.WARNING),
        (NO_NAME_AD, DENIED, Verdict.FAIL, Grade.DELIVERY),
        (AD, DENIED, Verdict.FAIL, Grade.SECURITY),
        (PLAIN, INSECURE, Verdict.PASS, None),
        (AD, INSECURE, Verdict.FAIL, Grade.SECURITY),
        (SERVFAIL, INSECURE, Verdict.FAIL, Grade.DELIVERY),
        (NOTHING, INSECURE, Verdict.FAIL, Grade.DELIVERY),
        (NOTHING_AD, INSECURE, Verdict.FAIL, Grade.SECURITY),
        (SERVFAIL, BOGUS, Verdict.PASS, None),
        (REFUSED, BOGUS, Verdict.PASS, None),
        (SILENCE, BOGUS, Verdict.PASS, None),
        (AD, BOGUS, Verdict.FAIL, Grade.SECURITY),
        (PLAIN, BOGUS, Verdict.FAIL, Grade.SECURITY),
        (NOTHING_AD, BOGUS, Verdict.FAIL, Grade.SECURITY),
        (NOTHING, BOGUS, Verdict.FAIL, Grade.SECURITY),
        (SERVFAIL, FAILED, Verdict.PASS, None),
        (SILENCE, FAILED, Verdict.PASS, None),
        (NOTHING, FAILED, Verdict.FAIL, Grade.SECURITY),
        (NO_NAME_AD, FAILED, Verdict.FAIL, Grade.SECURITY),
    ],
)
def test_an_answer_is_held_against_the_right_one(
    seen: dict[str, Any], right: dict[str, Any], verdict: Verdict, grade: Grade | None
) -> None:
    result = _judged(seen, right)["bad"]
    assert (result.verdict, result.grade) == (verdict, grade)
    assert (result.story is not None) == (verdict is Verdict.FAIL)


def test_a_lost_ad_costs_security_for_denials_but_that_of_tlsa_records() -> None:
    """An insecure denial of MX or AAAA records has the sender do without DANE; one of TLSA records changes nothing."""
    assert _judged(NOTHING, DENIED, type="AAAA")["bad"].grade is Grade.SECURITY
    assert _judged(NOTHING, DENIED, type="MX")["bad"].grade is Grade.SECURITY


@pytest.mark.parametrize(
    ("seen", "right", "permit"),
    [
        (PLAIN, SECURE, "insecure nsec3-iterations"),
        (SERVFAIL, SECURE, "servfail nsec3-iterations"),
        (SILENCE, SECURE, "servfail malformed-tlsa"),
        (SERVFAIL, INSECURE, "servfail nsec3-iterations"),
        (AD, INSECURE, "secure nsec3-iterations"),
        (AD, BOGUS, "inferred aggressive-nsec"),
        (NOTHING_AD, BOGUS, "inferred aggressive-nsec"),
        (NOTHING_AD, BOGUS, "denied aggressive-nsec"),
        (AD, FAILED, "secure resolver-retry"),
        (PLAIN, FAILED, "insecure resolver-retry"),
    ],
)
def test_a_permitted_answer_passes_and_names_its_choice(
    seen: dict[str, Any], right: dict[str, Any], permit: str
) -> None:
    result = _judged(seen, right, permits=(permit,))["bad"]
    assert (result.verdict, result.choice) == (Verdict.ALLOWED, Choice(permit.split()[1]))


@pytest.mark.parametrize(
    ("seen", "right", "permit"),
    [
        (FORGED, SECURE, "insecure nsec3-iterations"),
        (NOTHING, SECURE, "servfail nsec3-iterations"),
        (FORGED_AD, INSECURE, "secure nsec3-iterations"),
        (FORGED_AD, BOGUS, "inferred aggressive-nsec"),
        (PLAIN, BOGUS, "inferred aggressive-nsec"),
        (AD, BOGUS, "denied aggressive-nsec"),
        (FORGED_AD, FAILED, "secure resolver-retry"),
        (NOTHING_AD, FAILED, "secure resolver-retry"),
        (AD, FAILED, "insecure resolver-retry"),
    ],
)
def test_a_permission_covers_nothing_else(seen: dict[str, Any], right: dict[str, Any], permit: str) -> None:
    assert _judged(seen, right, permits=(permit,))["bad"].verdict is Verdict.FAIL


def _inferred(**faulty: Any) -> Result:
    tape = Answers()
    tape.start(GOOD, BAD)
    tape.resolved("good", AD, SECURE)
    tape.faulty("bad", **faulty)
    tape.resolved("bad", NOTHING_AD, BOGUS, permits=("inferred aggressive-nsec",))
    return tape.judge(GOOD, BAD)["bad"]


def test_nothing_is_inferred_by_who_met_the_bogus_answer() -> None:
    assert _inferred().grade is Grade.SECURITY
    assert _inferred(where=Where.RESOLVER, checking_disabled=True).grade is Grade.SECURITY
    assert _inferred(where=Where.RESOLVER).verdict is Verdict.ALLOWED
    assert _inferred(faults=()).verdict is Verdict.ALLOWED


def test_a_bogus_answer_met_before_the_world_changed_is_forgotten() -> None:
    tape = Answers()
    tape.start(GOOD, BAD)
    tape.resolved("good", AD, SECURE)
    tape.faulty("bad")
    tape.add(Scene, scenario="bad", names={})
    tape.resolved("bad", NOTHING_AD, BOGUS, permits=("inferred aggressive-nsec",))
    assert tape.judge(GOOD, BAD)["bad"].verdict is Verdict.ALLOWED


@pytest.mark.parametrize("right", [BOGUS, FAILED])
def test_an_error_proves_nothing_where_the_twin_had_no_secure_answer(right: dict[str, Any]) -> None:
    tape = Answers()
    tape.start(GOOD, BAD)
    tape.resolved("good", AD, SECURE, type="MX")
    tape.resolved("good", SERVFAIL, SECURE)
    tape.resolved("bad", SERVFAIL, right)
    result = tape.judge(GOOD, BAD)["bad"]
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "its twin good had no TLSA answer with AD either" in result.reason


def test_a_twin_that_has_nothing_secure_of_that_type_stands_aside_for_its_own() -> None:
    def judged(good: dict[str, Any]) -> Result:
        tape = Answers()
        tape.start(GOOD, BAD, WORSE)
        tape.resolved("good", AD, SECURE, type="MX")
        tape.resolved("good", good, SECURE)
        tape.resolved("bad", PLAIN, INSECURE)
        tape.resolved("worse", SERVFAIL, BOGUS)
        return tape.judge(GOOD, BAD, WORSE)["worse"]

    assert judged(AD).verdict is Verdict.PASS
    assert judged(SERVFAIL).verdict is Verdict.INCONCLUSIVE


def test_a_resolver_that_answers_everything_with_an_error_passes_and_fails_nothing() -> None:
    results = _judged(SERVFAIL, BOGUS, twin=SERVFAIL)
    assert {each.verdict for each in results.values()} == {Verdict.INCONCLUSIVE}
    assert "nothing was answered with AD in the whole run" in results["good"].reason
    assert exit_code(tuple(results.values())) == 4


def test_a_resolver_that_never_sets_ad_fails_although_nothing_else_is_known_of_it() -> None:
    assert _judged(PLAIN, SECURE, twin=PLAIN)["bad"].grade is Grade.SECURITY


def test_a_failure_without_a_reason_is_held_against_a_resolver_that_is_itself_the_target() -> None:
    tape = Answers()
    tape.start(GOOD, BAD)
    tape.resolved("good", AD, SECURE)
    tape.faulty("bad", where=Where.RESOLVER, rcode="SERVFAIL", faults=(), unreasonable="SERVFAIL")
    tape.resolved("bad", SERVFAIL, SECURE)
    result = tape.judge(GOOD, BAD)["bad"]
    assert (result.verdict, result.grade) == (Verdict.FAIL, Grade.DELIVERY)


def test_silence_of_a_resolver_that_died_is_not_held_against_it() -> None:
    tape = Answers()
    tape.start(GOOD, BAD)
    tape.resolved("good", AD, SECURE)
    tape.resolved("bad", SILENCE, SECURE)
    tape.add(Died, reason="asked for the root's keys once more, it gave no answer")
    results = tape.judge(GOOD, BAD)
    assert results["good"].verdict is Verdict.PASS
    assert results["bad"].verdict is Verdict.INCONCLUSIVE
    assert "the resolver died" in results["bad"].reason


def test_a_resolver_that_was_never_asked_is_no_silent_mail_server() -> None:
    tape = Answers()
    tape.start(GOOD, BAD)
    tape.events = [each.__class__(**{**vars(each), "resolves": True}) for each in tape.events]
    result = tape.judge(GOOD, BAD)["bad"]
    assert (result.verdict, result.reason) == (Verdict.INCONCLUSIVE, "the resolver was never asked")
    tape.sent("bad")
    assert tape.judge(GOOD, BAD)["bad"].verdict is Verdict.UNSUPPORTED


def test_a_failure_of_danelab_is_not_the_resolvers() -> None:
    tape = Answers()
    tape.start(GOOD, BAD)
    tape.resolved("bad", PLAIN, SECURE)
    tape.add(HarnessFault, scenario="bad", problem="no world")
    result = tape.judge(GOOD, BAD)["bad"]
    assert (result.verdict, result.grade, result.story) == (Verdict.ERROR, None, None)


def test_the_worst_answer_counts_and_the_others_are_noted() -> None:
    tape = Answers()
    tape.start(GOOD, BAD)
    tape.resolved("bad", SERVFAIL, SECURE, type="A")
    tape.resolved("bad", PLAIN, SECURE)
    tape.resolved("good", AD, SECURE)
    result = tape.judge(GOOD, BAD)["bad"]
    assert (result.grade, result.outcome, result.expected) == (Grade.SECURITY, "TLSA plain", "TLSA AD")
    assert any("A gave SERVFAIL" in note for note in result.notes)


def test_an_answer_made_good_when_asked_again_counts_and_is_noted() -> None:
    tape = Answers()
    tape.start(GOOD, BAD)
    tape.resolved("bad", PLAIN, SECURE)
    tape.resolved("bad", AD, SECURE)
    result = tape.judge(GOOD, BAD)["bad"]
    assert result.verdict is Verdict.PASS
    assert result.notes[0].startswith("asked again, for _25._tcp.mx1.bad.example. TLSA gave NOERROR without AD")


def _after_a_change(seen: dict[str, Any], *, keeps: bool) -> Result:
    tape = Answers()
    tape.start(GOOD, BAD)
    tape.resolved("good", AD, SECURE)
    tape.resolved("bad", AD, SECURE)
    tape.resolved("bad", seen, {**SECURE, "right_answer": OTHER}, step=2, keeps=keeps)
    return tape.judge(GOOD, BAD)["bad"]


def test_what_was_right_before_the_world_changed_may_be_remembered_by_who_was_not_told() -> None:
    result = _after_a_change(AD, keeps=True)
    assert (result.verdict, result.choice) == (Verdict.ALLOWED, Choice.REMEMBERED_ANSWER)
    assert _after_a_change(FORGED_AD, keeps=True).verdict is Verdict.PASS
    assert _after_a_change(AD, keeps=False).grade is Grade.SECURITY
    assert _after_a_change(NOTHING_AD, keeps=True).grade is Grade.SECURITY


@pytest.mark.parametrize(("age", "verdict"), [(2.9, Verdict.ALLOWED), (3.1, Verdict.FAIL)])
def test_what_was_right_is_not_remembered_for_longer_than_it_may_be_kept(age: float, verdict: Verdict) -> None:
    tape = Answers()
    tape.start(GOOD, BAD)
    tape.resolved("good", AD, SECURE)
    tape.resolved("bad", AD, SECURE, kept_for=2.0)
    before = tape.events[-1].at
    tape.resolved("bad", AD, {**SECURE, "right_answer": OTHER}, step=2, keeps=True)
    tape.events[-1] = replace(tape.events[-1], at=before + age)
    result = tape.judge(GOOD, BAD)["bad"]
    assert result.verdict is verdict
    late = "that was right 3.1 s ago, and might be kept for 2 s"
    assert (late in result.reason) == (verdict is Verdict.FAIL)


def test_a_failure_is_remembered_for_no_more_than_five_minutes() -> None:
    for age, verdict in ((300.5, Verdict.ALLOWED), (302.0, Verdict.FAIL)):
        tape = Answers()
        tape.start(GOOD, BAD)
        tape.resolved("good", AD, SECURE)
        tape.resolved("bad", SERVFAIL, FAILED, kept_for=300.0)
        before = tape.events[-1].at
        tape.resolved("bad", SERVFAIL, SECURE, step=2, keeps=True)
        tape.events[-1] = replace(tape.events[-1], at=before + age)
        assert tape.judge(GOOD, BAD)["bad"].verdict is verdict


@pytest.mark.parametrize(("ttl", "verdict"), [(None, Verdict.PASS), (9, Verdict.PASS), (10, Verdict.FAIL)])
def test_a_ttl_that_outlives_what_the_signature_states_is_a_failure(ttl: int | None, verdict: Verdict) -> None:
    result = _judged(AD, SECURE, ttl=ttl, right_ttl=8.2)["bad"]
    assert result.verdict is verdict
    if verdict is Verdict.FAIL:
        assert result.grade is Grade.SECURITY
        assert "its TTL is 10 s, and 8 s are right" in result.reason
        assert result.requirements[0] == "4035-5.3.3-1"


def test_a_failure_is_told_with_question_rule_expectation_and_journal_lines() -> None:
    result = _told(BAD)
    story = result.story
    assert story is not None
    assert "its twin good lacks that" in story.world
    assert story.rule == "RFC 4035 section 5.5, MUST: What is bogus is withheld. [4035-5.5-1]"
    assert story.expected == "_25._tcp.mx1.bad.example. TLSA: SERVFAIL (the answer is bogus: no-rrsig)"
    assert "TLSA gave NOERROR with AD (3 1 1 aa): bogus data was vouched for" in story.seen
    assert "3: _25._tcp.mx1.bad.example. TLSA asked of the authority: NOERROR" in story.seen
    assert "4: the resolver says to _25._tcp.mx1.bad.example. TLSA: NOERROR, AD: 3 1 1 aa" in story.seen
    assert result.requirements[0] == "4035-5.5-1"


def test_a_scenarios_own_rule_for_resolvers_comes_first() -> None:
    own = BAD.model_copy(update={"covers": ("7672-2.2-1", "5155-8.1-1")})
    assert _told(own).requirements == ("5155-8.1-1", "7672-2.2-1")


def _told(bad: Scenario) -> Result:
    tape = Answers()
    tape.start(GOOD, bad)
    tape.resolved("good", AD, SECURE)
    tape.faulty("bad")
    tape.resolved("bad", AD, BOGUS)
    words = {"4035-5.5-1": ("5.5", 4035), "5155-8.1-1": ("8.1", 5155)}
    requirements = {
        key: Requirement(
            id=key, rfc=rfc, section=section, level=Level.MUST, role=Role.RESOLVER, summary="What is bogus is withheld."
        )
        for key, (section, rfc) in words.items()
    }
    results = judge([GOOD, bad], None, tape.events, requirements=requirements)
    return next(each for each in results if each.scenario == "bad")


def test_an_answer_comes_back_from_the_journal_as_it_was() -> None:
    tape = Answers()
    tape.resolved("bad", AD, BOGUS, permits=("inferred aggressive-nsec",), keeps=True)
    assert list(decode([encode(tape.events[0]) + "\n"])) == tape.events
