"""Where a target stands on the choices that the RFCs leave to it, and what becomes of its word."""

from __future__ import annotations

from typing import Any

import pytest

from harness.journal import RunEnded
from harness.scenario.choices import Choices, PermittedChoice
from harness.scenario.models import Mode
from harness.verdict import Grade, Profile, Result, Verdict, judge, learned

from .tape import GOOD, MISMATCH, SERVFAIL, Tape, scenario

TWO: list[dict[str, Any]] = [{}, {}]
DIGEST = scenario("digest", "AUTH / TLS", mandatory="AUTH / DEFER", choice="sha-512", twin="good")
WRONG = scenario("wrong", "DEFER / TLS", mandatory="DEFER", choice="sha-512", twin="digest")
AGILE = scenario("agile", "DEFER / AUTH", choice="digest-agility", twin="good")
NEXT = scenario("next", "NEXT:AUTH@mx2 / DEFER", choice="next-mx", twin="good", mx=TWO)
BROKEN = scenario("broken", "CLEAR / DEFER", mandatory="DEFER", unaware="CLEAR / DEFER", twin="good")
SUITE = (GOOD, MISMATCH, SERVFAIL, DIGEST, WRONG, AGILE, NEXT, BROKEN)


def choice(*tells: dict[str, Any]) -> PermittedChoice:
    positions = {position for telling in tells for position in telling["is"].values()}
    return PermittedChoice.model_validate(
        {"about": "made for a test", "positions": dict.fromkeys(sorted(positions), "some words"), "tells": tells}
    )


CHOICES: Choices = {
    "sha-512": choice(
        {"in": ["wrong"], "is": {"DEFER": "supported", "TLS": "unusable"}},
        {"in": ["digest"], "is": {"AUTH": "supported", "TLS": "unusable", "DEFER": "unusable"}},
    ),
    "agility": choice({"in": ["agile"], "is": {"DEFER": "strongest", "AUTH": "any-match"}}),
    "next-mx": choice({"in": ["next"], "is": {"NEXT": "at-once", "DEFER": "later"}}),
    "clear": choice({"in": ["broken"], "is": {"CLEAR": "in-clear", "DEFER": "waits"}, "any_sender": True}),
    "vain": choice(
        {"in": ["servfail"], "when": "connected", "is": {"DEFER": "in-vain"}},
        {"in": ["servfail"], "when": "not-connected", "is": {"DEFER": "none"}},
    ),
}


def judged(tape: Tape, *, mode: Mode = Mode.OPPORTUNISTIC, **declares: str) -> dict[str, Result]:
    told = {name.replace("_", "-"): position for name, position in declares.items()}
    events = [*tape.events, RunEnded(at=99, target="")]
    results = judge(SUITE, Profile.of(mode, choices=told), events, choices=CHOICES)
    return {result.scenario: result for result in results}


def seen(results: dict[str, Result]) -> dict[str, str]:
    return {each.choice: each.position for each in learned(results.values(), CHOICES)}


def sound() -> Tape:
    """A target that shows that DANE is active."""
    return Tape().start(*SUITE).delivered("good").deferred("mismatch")


def test_a_delivery_that_may_be_either_tells_nothing_until_its_twin_does() -> None:
    assert judged(sound().delivered("digest"))["digest"].positions == ()
    results = judged(sound().delivered("digest").deferred("wrong"))
    assert seen(results)["sha-512"] == "supported"
    assert results["wrong"].positions != ()


def test_a_delivery_that_the_twin_unmasks_tells_the_other_position() -> None:
    results = judged(sound().delivered("digest").delivered("wrong"))
    told = {each.choice: each for each in learned(results.values(), CHOICES)}["sha-512"]
    assert [(each.position, each.scenarios) for each in told.taken] == [("unusable", ("digest", "wrong"))]


def test_where_the_mode_leaves_no_choice_nothing_is_claimed() -> None:
    results = judged(sound().delivered("digest").deferred("wrong"), mode=Mode.MANDATORY)
    assert results["wrong"].positions == ()
    assert [each.position for each in results["digest"].positions] == ["supported"]


def test_different_positions_are_mixed_and_each_names_its_scenarios() -> None:
    results = judged(sound().deferred("digest").deferred("wrong"), mode=Mode.MANDATORY)
    extra = judged(sound().delivered("digest").deferred("wrong"))
    told = learned([*results.values(), *extra.values()], CHOICES)
    mixed = next(each for each in told if each.choice == "sha-512")
    assert mixed.position == "mixed"
    assert {each.position: each.scenarios for each in mixed.taken} == {
        "unusable": ("digest",),
        "supported": ("wrong",),
    }


def test_a_choice_that_the_run_has_no_bearing_on_was_not_seen() -> None:
    assert set(seen(judged(sound())).values()) == {"not seen"}


@pytest.mark.parametrize("tape", [Tape().start(*SUITE, mode=Mode.UNAWARE), Tape().start(*SUITE)])
def test_of_a_sender_without_dane_only_what_holds_of_all_is_read(tape: Tape) -> None:
    for key in ("good", "mismatch", "servfail", "wrong", "agile"):
        tape.delivered(key)
    tape.delivered("broken", tls=False)
    mode = Mode(tape.events[0].mode)  # type: ignore[attr-defined]
    told = seen(judged(tape, mode=mode))
    assert {name for name, position in told.items() if position != "not seen"} == {"clear"}


def test_what_fails_tells_nothing() -> None:
    assert judged(sound().delivered("agile", tls=False))["agile"].positions == ()


def test_what_was_withheld_proves_nothing_alone() -> None:
    results = judged(Tape().start(*SUITE).deferred("good").deferred("agile"))
    assert (results["agile"].verdict, results["agile"].positions) == (Verdict.INCONCLUSIVE, ())


@pytest.mark.parametrize(("connects", "position"), [(True, "in-vain"), (False, "none")])
def test_the_wire_tells_what_the_outcome_does_not(*, connects: bool, position: str) -> None:
    tape = sound().sent("servfail").asked("servfail", rcode="SERVFAIL")
    if connects:
        tape.connected("servfail")
    assert seen(judged(tape))["vain"] == position


def test_a_declared_position_that_is_taken_makes_a_less_usual_outcome_pass() -> None:
    tape = sound().delivered("agile")
    assert judged(tape)["agile"].verdict is Verdict.ALLOWED
    assert judged(tape, agility="any-match")["agile"].verdict is Verdict.PASS


def test_less_than_was_declared_is_a_failure_of_security() -> None:
    result = judged(sound().delivered("digest").delivered("wrong"), sha_512="supported")["wrong"]
    assert (result.verdict, result.grade) == (Verdict.FAIL, Grade.SECURITY)
    assert result.reason.startswith("declares sha-512=supported, did unusable: ")
    assert (result.expected, len(result.leaked)) == ("DEFER", 1)
    assert result.story is not None
    assert "declares sha-512=supported, did unusable" in result.story.seen


def test_mail_withheld_against_the_declaration_is_a_failure_of_delivery() -> None:
    result = judged(sound().deferred("next"), next_mx="at-once")["next"]
    assert (result.verdict, result.grade) == (Verdict.FAIL, Grade.DELIVERY)
    assert result.reason.startswith("declares next-mx=at-once, did later: ")


def test_an_authenticated_delivery_against_the_declaration_is_a_warning() -> None:
    for result in (
        judged(sound().delivered("agile"), agility="strongest")["agile"],
        judged(sound().delivered("next", "mx2"), next_mx="later")["next"],
    ):
        assert (result.verdict, result.grade, result.leaked) == (Verdict.FAIL, Grade.WARNING, ())
        assert "declares " in result.reason


def test_cleartext_against_the_declaration_is_a_failure_of_security() -> None:
    result = judged(sound().delivered("broken", tls=False), clear="waits")["broken"]
    assert (result.grade, result.expected) == (Grade.SECURITY, "DEFER")


def test_a_declaration_that_the_scenario_has_no_bearing_on_changes_nothing() -> None:
    tape = sound().delivered("agile")
    assert judged(tape, sha_512="unusable") == judged(tape)


def test_the_word_is_held_against_what_was_seen() -> None:
    results = judged(sound().delivered("agile").delivered("next", "mx2"), agility="any-match", next_mx="later")
    told = {
        each.choice: each
        for each in learned(results.values(), CHOICES, declared={"agility": "any-match", "next-mx": "later"})
    }
    assert (told["agility"].is_kept, told["agility"].is_broken) == (True, False)
    assert (told["next-mx"].is_kept, told["next-mx"].is_broken) == (False, True)
    assert (told["sha-512"].is_kept, told["sha-512"].is_broken) == (False, False)


def test_without_the_choices_nothing_is_read() -> None:
    results = judge(SUITE, Profile.of(Mode.OPPORTUNISTIC), sound().delivered("agile").events)
    assert all(result.positions == () for result in results)


def test_a_rerun_is_judged_by_what_its_journal_declares() -> None:
    from dataclasses import replace

    events = sound().delivered("agile").events
    started: Any = events[0]
    telling = [replace(started, choices={"agility": "strongest"}), *events[1:]]
    results = {each.scenario: each for each in judge(SUITE, None, telling, choices=CHOICES)}
    assert results["agile"].reason.startswith("declares agility=strongest, did any-match")


def test_one_position_alone_is_told_only_where_something_else_is_permitted() -> None:
    only = {"one": choice({"in": ["agile"], "is": {"DEFER": "strongest"}}, {"in": ["x"], "is": {"AUTH": "any-match"}})}
    events = sound().deferred("agile").deferred("servfail").events
    told = judge(SUITE, Profile.of(Mode.OPPORTUNISTIC), events, choices=only)
    assert [each.scenario for each in told if each.positions] == ["agile"]
    strict = {"one": choice({"in": ["serv*"], "is": {"DEFER": "a"}}, {"in": ["x"], "is": {"AUTH": "b"}})}
    told = judge(SUITE, Profile.of(Mode.OPPORTUNISTIC), events, choices=strict)
    assert [each.scenario for each in told if each.positions] == []


@pytest.mark.parametrize(("delivered", "position"), [(9, "later"), (8, "later"), (7, "not seen")])
def test_who_withholds_much_of_what_has_to_go_tells_nothing_by_withholding(*, delivered: int, position: str) -> None:
    healthy = [scenario(f"due-{index}", "AUTH") for index in range(9)]
    tape = Tape().delivered("good").deferred("mismatch").deferred("next")
    for index, each in enumerate(healthy):
        if index < delivered:
            tape.delivered(each.id)
        else:
            tape.deferred(each.id)
    results = judge((GOOD, MISMATCH, NEXT, *healthy), Profile.of(Mode.OPPORTUNISTIC), tape.events, choices=CHOICES)
    assert {each.choice: each.position for each in learned(results, CHOICES)}["next-mx"] == position
