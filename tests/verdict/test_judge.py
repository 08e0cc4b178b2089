"""Steps, recipients, targets, and what a result says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.errors import ExitCode
from harness.journal import Status, decode, encode
from harness.scenario.models import Mode
from harness.scenario.requirements import Requirement
from harness.verdict import Grade, Profile, Verdict, companions, count, exit_code, judge, judge_scenario, observe

from .tape import GOOD, MISMATCH, PLAIN, SERVFAIL, Tape, scenario

REQUIREMENT = Requirement.model_validate(
    {
        "id": "7672-2.2-1",
        "rfc": 7672,
        "section": "2.2",
        "level": "MUST",
        "role": "sender",
        "summary": "Authenticate when a usable record exists.",
    }
)
ROLLOVER = scenario(
    "rollover",
    "AUTH",
    steps=[
        {"send": ["domain"]},
        {"change": {"mx": [{"tlsa": ["3 1 1 other-key"]}]}},
        {"send": ["domain"], "expect": {"opportunistic": "DEFER", "mandatory": "DEFER", "unaware": "OPP"}},
    ],
)


def test_every_send_is_judged_and_the_worst_counts() -> None:
    good = Tape().delivered("rollover").deferred("rollover").judge(ROLLOVER)["rollover"]
    assert (good.verdict, good.outcome, good.expected) == (Verdict.PASS, "AUTH then DEFER", "AUTH then DEFER")
    bad = Tape().delivered("rollover").delivered("rollover").judge(ROLLOVER)["rollover"]
    assert (bad.grade, bad.outcome) == (Grade.SECURITY, "AUTH then TLS")
    assert bad.reason.startswith("send 2: mx1 took")
    assert bad.story is not None
    assert bad.story.expected.startswith("send 2: DEFER")


def test_a_changed_mx_list_changes_who_is_preferred() -> None:
    swapped = scenario(
        "swapped",
        "AUTH",
        mx=[{"key": "a"}, {"key": "b"}],
        steps=[
            {"send": ["domain"]},
            {"change": {"mx": [{"key": "a", "preference": 20}, {"key": "b", "preference": 10}]}},
            {"send": ["domain"]},
        ],
    )
    assert Tape().delivered("swapped", "a").delivered("swapped", "b").judge(swapped)["swapped"].verdict is Verdict.PASS
    assert Tape().delivered("swapped", "a").delivered("swapped", "a").judge(swapped)["swapped"].grade is Grade.DELIVERY


def test_a_retry_is_a_send_of_its_own() -> None:
    greylisted = scenario(
        "grey",
        "AUTH",
        steps=[
            {"send": ["domain"], "expect": {"opportunistic": "DEFER", "mandatory": "DEFER", "unaware": "DEFER"}},
            {"retry": True},
        ],
    )
    assert Tape().deferred("grey").delivered("grey").judge(greylisted)["grey"].outcome == "DEFER then AUTH"


AGAIN = scenario(
    "again",
    "AUTH",
    steps=[
        {"send": ["domain"], "expect": {"opportunistic": "DEFER / AUTH", "mandatory": "DEFER", "unaware": "OPP"}},
        {"retry": True},
    ],
)


@pytest.mark.parametrize("word", [None, Status.UNKNOWN, Status.DELIVERED, Status.DEFERRED, Status.CRASHED])
def test_a_message_that_was_delivered_is_not_missed_when_it_is_tried_again(word: Status | None) -> None:
    tape = Tape().delivered("again").sent("again")
    if word:
        tape.reported("again", word)
    result = tape.judge(AGAIN)["again"]
    assert (result.verdict, result.outcome) == (Verdict.ALLOWED, "AUTH then delivered before")
    assert result.delivered


def test_a_retry_that_was_not_handed_over_is_not_missed_either_where_nothing_was_left() -> None:
    assert Tape().delivered("again").judge(AGAIN)["again"].verdict is Verdict.ALLOWED
    assert Tape().deferred("again").judge(AGAIN, GOOD)["again"].outcome == "DEFER then not sent"


def test_a_second_delivery_at_a_retry_is_judged_like_any_other() -> None:
    tape = Tape().delivered("again").delivered("again", tls=False)
    assert tape.judge(AGAIN)["again"].grade is Grade.SECURITY


def test_a_new_message_has_to_go_though_one_before_it_did() -> None:
    twice = scenario("twice", "AUTH", steps=[{"send": ["domain"]}, {"send": ["domain"]}])
    assert Tape().delivered("twice").deferred("twice").judge(twice)["twice"].grade is Grade.DELIVERY


def test_a_queue_that_is_tried_as_soon_as_the_world_has_changed_is_judged_by_the_new_world() -> None:
    transient = scenario(
        "transient",
        "AUTH",
        steps=[
            {"send": ["domain"], "expect": {"opportunistic": "DEFER", "mandatory": "DEFER", "unaware": "OPP"}},
            {"change": {"faults": []}},
            {"retry": True},
        ],
    )
    tape = Tape().scene("transient").deferred("transient").scene("transient").accepted("transient").sent("transient")
    result = tape.judge(transient)["transient"]
    assert (result.verdict, result.outcome) == (Verdict.PASS, "DEFER then AUTH")
    early = Tape().scene("transient").deferred("transient").accepted("transient").scene("transient").sent("transient")
    assert early.judge(transient)["transient"].grade is Grade.SECURITY
    unaware = Profile(Mode.UNAWARE, Mode.UNAWARE)
    tape = Tape().delivered("transient", tls=False).scene("transient").sent("transient")
    assert tape.judge(transient, profile=unaware)["transient"].verdict is Verdict.PASS


def test_recipients_of_one_message_are_judged_each_by_their_own_zone() -> None:
    defer = {"opportunistic": "DEFER", "mandatory": "DEFER", "unaware": "OPP"}
    both = scenario(
        "both",
        "AUTH",
        zones={"other": {}},
        steps=[{"send": ["domain", "user@{other}"], "expect_for": {"other": defer}}],
    )
    one, two = "user@both.example", "user@both-other.example"
    tape = Tape().sent("both", one, two).asked("both").accepted("both", recipient=one)
    tape.reported("both", Status.DELIVERED, recipient=one).reported("both", Status.DEFERRED, recipient=two)
    result = tape.judge(both)["both"]
    assert (result.verdict, result.outcome) == (Verdict.PASS, "AUTH and DEFER")
    result = tape.accepted("both", recipient=two).judge(both)["both"]
    assert result.grade is Grade.SECURITY
    assert result.reason.startswith("for user@both-other.example: mx1 took")


def test_targets_are_judged_apart() -> None:
    tape = Tape(target="a").start(GOOD, MISMATCH, targets=("a", "b"))
    tape.delivered("good").deferred("mismatch")
    tape.target, tape._sends = "b", {}  # noqa: SLF001
    tape.delivered("good").delivered("mismatch").end()
    results = judge([GOOD, MISMATCH], Profile.of(Mode.OPPORTUNISTIC), tape.events)
    assert [(each.target, each.scenario, each.verdict) for each in results] == [
        ("a", "good", Verdict.PASS),
        ("a", "mismatch", Verdict.PASS),
        ("b", "good", Verdict.PASS),
        ("b", "mismatch", Verdict.FAIL),
    ]


def test_a_scene_belongs_to_every_target() -> None:
    named = scenario("named", "AUTH", sni="{mx1}")
    tape = Tape(target="a").start(named, targets=("a", "b")).scene("named", mx1="mx1.named.example")
    tape.sent("named").accepted("named").shook_hands("named", sni="x", offered=("version TLSv1.3",))
    tape.target, tape._sends = "b", {}  # noqa: SLF001
    tape.delivered("named").end()
    results = judge([named], Profile.of(Mode.OPPORTUNISTIC), tape.events)
    assert [(each.verdict, each.notes) for each in results] == [(Verdict.FAIL, ()), (Verdict.PASS, ())]


def test_a_journal_that_was_written_down_is_judged_the_same() -> None:
    named = scenario("named", "AUTH", sni="{mx1}", wire=["only-offered-inside-tls"])
    tape = Tape().start(named).scene("named", mx1="mx1.named.example").delivered("named").said("named", "EHLO c+")
    read = list(decode(encode(event) + "\n" for event in tape.shook_hands("named", sni="x", offered=("a",)).events))
    assert read == tape.events
    assert judge([named], Profile.of(Mode.OPPORTUNISTIC), read)[0].grade is Grade.SECURITY


def test_only_what_took_part_in_the_run_is_judged() -> None:
    assert list(Tape().start(GOOD).delivered("good").end().judge(GOOD, MISMATCH)) == ["good"]


def test_events_without_a_target_belong_to_the_only_one() -> None:
    tape = Tape(target="").delivered("good", tls=False)
    tape.target = "sender"
    assert tape.reported("good", Status.DELIVERED).judge(GOOD)["good"].grade is Grade.SECURITY


def test_a_failure_is_told_in_four_lines_with_the_journal_lines_that_show_it() -> None:
    tape = Tape().delivered("good").delivered("mismatch", tls=False)
    results = judge(
        [GOOD, MISMATCH],
        Profile.of(Mode.OPPORTUNISTIC),
        tape.events,
        requirements={REQUIREMENT.id: REQUIREMENT},
        groups={"mismatch": "records"},
    )
    failed = results[1]
    assert failed.group == "records"
    assert [each.line for each in failed.evidence] == [7, 8, 9, 10]
    assert failed.story is not None
    assert failed.story.world == "The scenario called mismatch; its twin good lacks that: The scenario called good"
    assert failed.story.rule == "RFC 7672 section 2.2, MUST: Authenticate when a usable record exists. [7672-2.2-1]"
    assert failed.story.expected == "DEFER (accepted nowhere, kept for a later attempt)"
    assert failed.story.seen.startswith(
        "mx1 took the mail in cleartext; DEFER was expected; "
        "leaked: the whole message to anyone on the path, in cleartext [journal 7: _25._tcp.mx1.mismatch.example TLSA"
    )
    assert "9: mx1 (genuine) accepted the message in cleartext" in failed.story.seen
    assert failed.duration == 0.04


def test_one_scenario_can_be_judged_among_observations() -> None:
    tape = Tape().delivered("good").deferred("mismatch")
    numbered = list(enumerate(tape.events, 1))
    seen = {
        each.id: observe(each, "sender", [pair for pair in numbered if pair[1].scenario == each.id])
        for each in (GOOD, MISMATCH)
    }
    assert judge_scenario(MISMATCH, Profile.of(Mode.OPPORTUNISTIC), seen).verdict is Verdict.PASS


def test_text_that_is_no_unicode_does_not_stop_the_judge() -> None:
    result = Tape().delivered("good").deferred("plain", "caf\udce9\n\x1b[31m" + "x" * 500).judge(GOOD, PLAIN)["plain"]
    assert "caf\\udce9 " in result.reason
    assert len(result.reason) < 250


def test_exit_code_follows_the_worst_and_never_counts() -> None:
    tape = Tape().delivered("good").deferred("mismatch")
    fine = list(tape.judge(GOOD, MISMATCH).values())
    unknown = list(Tape().delivered("plain").deferred("mismatch").judge(PLAIN, MISMATCH).values())
    slow = scenario("slow", "AUTH", severity="should")
    soft = list(Tape().delivered("good").deferred("slow").judge(GOOD, slow).values())
    bad = list(Tape().delivered("good", tls=False).judge(GOOD).values())
    error = list(Tape().delivered("good").fault("good").judge(GOOD).values())
    unsupported = list(Tape().sent("good").reported("good", Status.UNSUPPORTED).judge(GOOD).values())
    assert exit_code([]) is ExitCode.NOTHING_CONCLUDED
    assert exit_code(fine) is ExitCode.AS_EXPECTED
    assert exit_code([*fine, *soft, *unsupported]) is ExitCode.AS_EXPECTED
    assert exit_code([*fine, *unknown]) is ExitCode.NOTHING_CONCLUDED
    assert exit_code([*fine, *unknown, *error]) is ExitCode.HARNESS
    assert exit_code(fine, faults=["x"]) is ExitCode.HARNESS
    assert exit_code([*fine, *unknown, *error, *bad]) is ExitCode.NOT_CONFORMING
    assert count(fine) == {verdict: 2 if verdict is Verdict.PASS else 0 for verdict in Verdict}


def test_companions_are_the_twins_and_a_control_where_nothing_has_to_go() -> None:
    suite = {each.id: each for each in (PLAIN, GOOD, MISMATCH, SERVFAIL, scenario("deep", "DEFER", twin="mismatch"))}
    opportunistic, mandatory = Profile.of(Mode.OPPORTUNISTIC), Profile.of(Mode.MANDATORY)
    assert companions(["deep"], suite, opportunistic) == ("mismatch", "good")
    assert companions(["good"], suite, opportunistic) == ()
    assert companions(["plain"], suite, mandatory) == ("good",)
    assert companions(["nothing"], {}, mandatory) == ()


def test_a_failure_where_the_resolver_is_known_to_err_says_so() -> None:
    tape = Tape().start(GOOD, MISMATCH)
    tape.events[0] = replace(tape.events[0], resolver="bind", departures=("mismatch it is blind",))  # type: ignore[call-arg]
    tape.delivered("good")
    tape.delivered("mismatch")
    result = tape.end().judge(GOOD, MISMATCH)["mismatch"]
    note = "this may be the resolver's doing: of bind is known that it is blind"
    assert result.verdict is Verdict.FAIL
    assert note in result.notes
    assert result.story is not None
    assert result.story.seen.endswith(note)
    assert not any("resolver's doing" in each for each in tape.judge(GOOD, MISMATCH)["good"].notes)


def test_what_the_labs_resolver_refuses_without_a_reason_is_not_held_against_a_target() -> None:
    for unreasonable, verdict in (("SERVFAIL", Verdict.INCONCLUSIVE), ("", Verdict.FAIL)):
        tape = Tape().start(GOOD, MISMATCH)
        tape.delivered("mismatch")
        tape.sent("good").asked("good", rcode="SERVFAIL")
        tape.events[-1] = replace(tape.events[-1], unreasonable=unreasonable)  # type: ignore[call-arg]
        tape.reported("good", Status.DEFERRED)
        results = tape.end().judge(GOOD, MISMATCH)
        assert results["good"].verdict is verdict
        assert ("SERVFAIL for _25._tcp.mx1.good.example TLSA" in results["good"].reason) == bool(unreasonable)


def test_what_is_given_away_stays_given_away_whatever_the_labs_resolver_did() -> None:
    tape = Tape().start(GOOD, MISMATCH).delivered("good").asked("mismatch", rcode="SERVFAIL")
    tape.events[-1] = replace(tape.events[-1], unreasonable="SERVFAIL")  # type: ignore[call-arg]
    assert tape.delivered("mismatch").end().judge(GOOD, MISMATCH)["mismatch"].grade is Grade.SECURITY


def test_what_the_labs_resolver_vouched_for_too_long_is_not_held_against_a_target() -> None:
    for overlong, verdict in (("a TTL of 9 s where 2 s are right", Verdict.INCONCLUSIVE), ("", Verdict.FAIL)):
        tape = Tape().start(GOOD, MISMATCH).delivered("good").asked("mismatch")
        tape.events[-1] = replace(tape.events[-1], overlong=overlong)  # type: ignore[call-arg]
        result = tape.delivered("mismatch").end().judge(GOOD, MISMATCH)["mismatch"]
        assert result.verdict is verdict
        assert (overlong in result.reason) or not overlong
        assert bool(overlong) == any(note.startswith("without that: fail") for note in result.notes)
