"""Messages that a server accepted: which servers, which manner, and what leaks otherwise."""

from __future__ import annotations

import pytest

from harness.journal import Accepted, Status
from harness.scenario.models import Choice, Mode
from harness.verdict import Grade, Profile, Verdict

from .tape import GOOD, MISMATCH, PLAIN, STRIPPED, Tape, scenario


def test_delivery_over_tls_to_the_best_host_is_auth() -> None:
    result = Tape().delivered("good").judge(GOOD)["good"]
    assert (result.verdict, result.outcome, result.grade) == (Verdict.PASS, "AUTH", None)
    assert result.delivered
    assert result.story is None


@pytest.mark.parametrize(
    ("code", "tls", "verdict"),
    [
        ("AUTH", False, Verdict.FAIL),
        ("TLS", True, Verdict.PASS),
        ("TLS", False, Verdict.FAIL),
        ("OPP", True, Verdict.PASS),
        ("OPP", False, Verdict.PASS),
        ("CLEAR", True, Verdict.PASS),
        ("CLEAR", False, Verdict.PASS),
    ],
)
def test_tls_does_for_every_code_and_cleartext_only_where_permitted(code: str, tls: bool, verdict: Verdict) -> None:  # noqa: FBT001
    assert Tape().delivered("one", tls=tls).judge(scenario("one", code))["one"].verdict is verdict


def test_cleartext_where_tls_was_required_fails_for_security_and_leaks_to_the_path() -> None:
    result = Tape().delivered("good", tls=False).judge(GOOD)["good"]
    assert (result.verdict, result.grade, result.outcome) == (Verdict.FAIL, Grade.SECURITY, "CLEAR")
    assert [str(leak) for leak in result.leaked] == ["the whole message to anyone on the path, in cleartext"]


def test_cleartext_behind_a_tampered_path_leaks_to_the_attacker_there() -> None:
    result = (
        Tape().delivered("good").delivered("stripped", tls=False, role="tampered").judge(GOOD, STRIPPED)["stripped"]
    )
    assert result.grade is Grade.SECURITY
    assert result.leaked[0].to_whom == "the attacker on the path to mx1"


def test_an_unauthenticated_genuine_server_is_whoever_answers() -> None:
    result = Tape().delivered("good").delivered("mismatch").judge(GOOD, MISMATCH)["mismatch"]
    assert (result.grade, result.outcome) == (Grade.SECURITY, "TLS")
    assert str(result.leaked[0]) == "the whole message to whoever answers as mx1, over TLS, unauthenticated"


def test_an_impostor_never_satisfies_auth() -> None:
    result = Tape().delivered("good", role="impostor").judge(GOOD)["good"]
    assert result.grade is Grade.SECURITY
    assert result.leaked[0].to_whom == "the attacker's server mx1"
    assert "the attacker's server mx1 took" in result.reason


def test_an_impostor_may_take_what_nobody_has_to_be_authenticated_for() -> None:
    forged = scenario("forged", "AUTH / TLS / OPP", hosts=[{"key": "evil", "role": "impostor"}])
    result = Tape().delivered("forged", "evil", role="impostor").judge(forged)["forged"]
    assert (result.verdict, result.leaked) == (Verdict.ALLOWED, ())
    assert result.outcome == "TLS"


def test_an_envelope_shown_to_an_impostor_fails_though_nothing_was_accepted() -> None:
    tape = Tape().delivered("good").sent("mismatch").asked("mismatch")
    tape.revealed("mismatch", role="impostor", tls=True).reported("mismatch", Status.DEFERRED)
    result = tape.judge(GOOD, MISMATCH)["mismatch"]
    assert (result.verdict, result.grade) == (Verdict.FAIL, Grade.SECURITY)
    assert str(result.leaked[0]) == "the envelope to the attacker's server mx1, over TLS, unauthenticated"


def test_an_envelope_refused_by_a_genuine_server_over_tls_is_no_leak() -> None:
    tape = Tape().delivered("good").sent("mismatch").revealed("mismatch", tls=True)
    result = tape.reported("mismatch", Status.DEFERRED).judge(GOOD, MISMATCH)["mismatch"]
    assert (result.verdict, result.leaked) == (Verdict.PASS, ())


TWO = [{"key": "mx1"}, {"key": "mx2"}]


def test_next_wants_a_less_preferred_host() -> None:
    second = scenario("second", "NEXT:AUTH / DEFER", mx=TWO)
    result = Tape().delivered("second", "mx2").judge(second)["second"]
    assert (result.verdict, result.outcome) == (Verdict.PASS, "NEXT:AUTH")
    result = Tape().delivered("second", "mx1").judge(second)["second"]
    assert (result.verdict, result.grade) == (Verdict.FAIL, Grade.SECURITY)


def test_passing_over_the_best_host_without_need_is_a_delivery_failure() -> None:
    first = scenario("first", "OPP", mx=TWO)
    result = Tape().delivered("first", "mx2").judge(first)["first"]
    assert (result.verdict, result.grade, result.leaked) == (Verdict.FAIL, Grade.DELIVERY, ())
    assert Tape().delivered("first", "mx2", tls=False).judge(first)["first"].grade is Grade.SECURITY


def test_equal_preference_leaves_the_host_open() -> None:
    equal = scenario("equal", "AUTH", mx=[{"key": "mx1", "preference": 10}, {"key": "mx2", "preference": 10}])
    for server in ("mx1", "mx2"):
        assert Tape().delivered("equal", server).judge(equal)["equal"].verdict is Verdict.PASS


def test_a_pinned_host_is_the_only_one() -> None:
    pinned = scenario("pinned", "AUTH@mx2 / DEFER", mx=[{"preference": 10}, {"preference": 10}])
    assert Tape().delivered("pinned", "mx2").judge(pinned)["pinned"].outcome == "AUTH@mx2"
    assert Tape().delivered("pinned", "mx1").judge(pinned)["pinned"].grade is Grade.SECURITY


def test_a_server_shared_by_hosts_has_the_best_of_their_ranks() -> None:
    shared = scenario("shared", "AUTH", mx=[{"ipv4": ["box"]}, {"ipv4": ["box"]}], servers={"box": {}})
    assert Tape().delivered("shared", "box").judge(shared)["shared"].verdict is Verdict.PASS


def test_a_host_that_is_no_mx_has_no_better_one_to_skip() -> None:
    relay = scenario("relay", "AUTH", mx=[], hosts=[{"key": "relay"}])
    assert Tape().delivered("relay", "relay").judge(relay)["relay"].verdict is Verdict.PASS


def test_the_wire_outweighs_what_the_target_says() -> None:
    tape = Tape().delivered("good").sent("mismatch").accepted("mismatch").reported("mismatch", Status.DEFERRED)
    result = tape.judge(GOOD, MISMATCH)["mismatch"]
    assert result.grade is Grade.SECURITY
    assert result.notes == ("the target says deferred, but mx1 accepted the message",)
    assert result.story is not None
    assert "the target says deferred, but mx1 accepted" in result.story.seen


def test_mail_that_the_target_wrongly_believes_delivered_is_lost() -> None:
    tape = Tape().delivered("good").sent("mismatch").connected("mismatch").reported("mismatch", Status.DELIVERED)
    result = tape.judge(GOOD, MISMATCH)["mismatch"]
    assert (result.verdict, result.grade, result.outcome) == (Verdict.FAIL, Grade.DELIVERY, "lost")


def test_the_worst_of_several_deliveries_counts() -> None:
    result = Tape().delivered("good").accepted("good", "mx1", tls=False).judge(GOOD)["good"]
    assert (result.grade, result.outcome) == (Grade.SECURITY, "CLEAR")


def test_recipients_match_in_any_case_and_a_rewritten_one_is_still_the_message() -> None:
    upper = Tape().sent("good").accepted("good", recipient="USER@Good.Example").judge(GOOD)["good"]
    assert (upper.verdict, upper.notes) == (Verdict.PASS, ())
    other = Tape().sent("good").accepted("good", recipient="user@host.good.example").judge(GOOD)["good"]
    assert (other.verdict, other.notes) == (Verdict.PASS, ("mx1 took it for user@host.good.example",))


def test_a_bounce_message_to_the_sender_is_no_delivery() -> None:
    tape = Tape().delivered("good").sent("mismatch").asked("mismatch")
    tape.add(
        Accepted,
        scenario="mismatch",
        session="s",
        server="mx1",
        role="genuine",
        sender="",
        recipients=("from@x",),
        tls=False,
        size=1,
    )
    result = tape.reported("mismatch", Status.BOUNCED, "5.7.1 no match").judge(GOOD, MISMATCH)["mismatch"]
    assert (result.verdict, result.grade, result.outcome) == (Verdict.FAIL, Grade.DELIVERY, "BOUNCE")
    assert result.reason.endswith("kept for later; the target says: 5.7.1 no match")


def test_the_less_usual_outcome_is_allowed_and_its_choice_named() -> None:
    digest = scenario("digest", "AUTH / TLS", choice="sha-512")
    wrong = scenario("wrong", "DEFER / TLS", choice="sha-512", twin="digest")
    results = Tape().delivered("digest").delivered("wrong").judge(digest, wrong)
    assert {(each.verdict, each.outcome, each.choice) for each in results.values()} == {
        (Verdict.ALLOWED, "TLS", Choice.SHA_512)
    }
    results = Tape().delivered("digest").deferred("wrong").judge(digest, wrong)
    assert {(each.verdict, each.outcome) for each in results.values()} == {
        (Verdict.PASS, "AUTH"),
        (Verdict.PASS, "DEFER"),
    }


def test_a_should_makes_withheld_mail_a_warning_and_mail_given_away_never() -> None:
    soft = scenario("soft", "NEXT:AUTH@mx2", severity="should", mx=TWO)
    withheld = Tape().delivered("good").deferred("soft").judge(GOOD, soft)["soft"]
    assert (withheld.verdict, withheld.grade) == (Verdict.FAIL, Grade.WARNING)
    cleartext = Tape().delivered("soft", "mx2", tls=False).judge(soft)["soft"]
    assert (cleartext.grade, len(cleartext.leaked)) == (Grade.SECURITY, 1)
    impostor = Tape().delivered("soft", "mx2", role="impostor").judge(soft)["soft"]
    assert impostor.grade is Grade.SECURITY
    shown = Tape().sent("soft").revealed("soft", role="impostor").reported("soft", Status.DEFERRED).judge(soft)["soft"]
    assert shown.grade is Grade.SECURITY


def test_the_mode_judged_by_picks_the_expectation() -> None:
    tape = Tape().delivered("plain", tls=False)
    assert tape.judge(PLAIN)["plain"].verdict is Verdict.PASS
    assert tape.judge(PLAIN, profile=Profile.of(Mode.MANDATORY))["plain"].grade is Grade.SECURITY
    unaware = Profile(Mode.UNAWARE, Mode.UNAWARE)
    assert Tape().delivered("mismatch").judge(MISMATCH, profile=unaware)["mismatch"].verdict is Verdict.PASS
    assert Profile.of(Mode.UNAWARE).judged_as is Mode.OPPORTUNISTIC


def test_an_event_that_cannot_be_spoils_its_own_scenario_and_no_other() -> None:
    tape = Tape().delivered("good").delivered("mismatch", role="friend").delivered("stripped", "mx9", tls=False)
    results = tape.judge(GOOD, MISMATCH, STRIPPED)
    assert results["good"].verdict is Verdict.PASS
    assert results["mismatch"].verdict is results["stripped"].verdict is Verdict.ERROR
    assert results["mismatch"].reason == "danelab failed: journal line 9: 'friend' is no role of a server"
    assert "journal line 14: the scenario has no server 'mx9'" in results["stripped"].reason
    assert results["stripped"].leaked == ()


def test_a_twin_whose_events_cannot_be_proves_nothing() -> None:
    results = Tape().delivered("plain").delivered("good", "mx9").deferred("mismatch").judge(PLAIN, GOOD, MISMATCH)
    assert "danelab failed in its twin good" in results["mismatch"].reason


def test_mail_that_an_attacker_passes_on_is_told_and_not_held_of_the_target() -> None:
    proxy = scenario("proxy", "DEFER", unaware="CLEAR", servers={"real": {}}, mx=[{"role": "impostor"}])
    tape = Tape().delivered("good").sent("proxy").accepted("proxy", tls=False, role="impostor")
    result = tape.accepted("proxy", "real", via="mx1").judge(GOOD, proxy)["proxy"]
    assert result.grade is Grade.SECURITY
    assert [leak.to_whom for leak in result.leaked] == ["the attacker's server mx1"]
    assert result.notes == ("mx1 passed it on to real, so that nobody misses it",)
    only = Tape().delivered("good").deferred("proxy").accepted("proxy", "real", via="mx1").judge(GOOD, proxy)["proxy"]
    assert only.verdict is Verdict.PASS


def test_hosts_that_no_mx_record_names_do_not_count_in_the_order() -> None:
    hosts = [{"published": False}, {"key": "mx2"}, {"key": "mx3"}]
    hidden = scenario("hidden", "AUTH / NEXT:AUTH", mx=hosts)
    for server, outcome in (("mx1", "AUTH"), ("mx2", "AUTH"), ("mx3", "NEXT:AUTH")):
        assert Tape().delivered("hidden", server).judge(hidden)["hidden"].outcome == outcome
    all_hidden = scenario("hidden", "AUTH", mx=[{"published": False}])
    assert Tape().delivered("hidden").judge(all_hidden)["hidden"].verdict is Verdict.PASS


def test_a_destination_with_a_mode_of_its_own_is_judged_by_it() -> None:
    strict = scenario("strict", "OPP", mandatory="DEFER", route={"modes": {"domain": "mandatory"}})
    for mode in Mode:
        result = Tape().delivered("strict").judge(strict, profile=Profile.of(mode))["strict"]
        assert (result.expected, result.grade) == ("DEFER", Grade.SECURITY)
    off = scenario("off", "DEFER", unaware="CLEAR", twin="good", route={"modes": {"domain": "unaware"}})
    result = Tape().delivered("good").delivered("off", tls=False).judge(GOOD, off)["off"]
    assert (result.verdict, result.tells) == (Verdict.PASS, False)


def test_a_mode_goes_with_its_zone_and_not_with_the_message() -> None:
    both = scenario(
        "both",
        "OPP",
        mandatory="DEFER",
        zones={"other": {}},
        route={"modes": {"other": "mandatory"}},
        steps=[{"send": ["domain", "other"]}],
    )
    one, two = "user@both.example", "user@both-other.example"
    tape = Tape().delivered("good").sent("both", one, two).asked("both").accepted("both", recipient=one)
    tape.reported("both", Status.DELIVERED, recipient=one).reported("both", Status.DEFERRED, recipient=two)
    result = tape.judge(GOOD, both)["both"]
    assert (result.verdict, result.expected, result.outcome) == (Verdict.PASS, "OPP and DEFER", "TLS and DEFER")


@pytest.mark.parametrize(
    ("server", "choice", "verdict"),
    [
        ("mx1", "equal-preference", Verdict.PASS),
        ("mx2", "equal-preference", Verdict.PASS),
        ("mx2", "next-mx", Verdict.ALLOWED),
    ],
)
def test_where_a_sender_has_to_draw_lots_no_permitted_outcome_is_less_usual(
    server: str, choice: str, verdict: Verdict
) -> None:
    lots = scenario("lots", "AUTH@mx1 / OPP@mx2", mx=[{}, {}], choice=choice)
    assert Tape().delivered("lots", server).judge(lots)["lots"].verdict is verdict
