"""Rules about what is said on a connection: each is kept by one session and broken by another."""

from __future__ import annotations

import pytest

from harness.errors import ExitCode
from harness.journal import Status
from harness.scenario.models import Mode, WireRule
from harness.scenario.requirements import Requirement
from harness.verdict import Grade, Profile, Result, Verdict, exit_code, judge

from .tape import GOOD, Tape, scenario

MAIL = "MAIL FROM:<from@sender.example>"
REST = ("RCPT TO:<user@one.example>", "DATA", ".", "QUIT")
HELLO = ("version TLSv1.3",)


def result(tape: Tape, rule: str, code: str = "AUTH", **values: object) -> Result:
    """The verdict by one rule; the tape tells of a scenario called `one`."""
    return tape.judge(GOOD, scenario("one", code, wire=[rule], **values))["one"]


def session(*inside: str, before: tuple[str, ...] = ("EHLO c", "STARTTLS")) -> Tape:
    """A delivery in which these commands were said inside TLS."""
    tape = Tape().delivered("good").sent("one").connected("one").said("one", *before, tls=False).shook_hands("one")
    return tape.said("one", *inside).accepted("one").reported("one", Status.DELIVERED)


PROPER = ("EHLO c", MAIL, *REST)


@pytest.mark.parametrize("rule", sorted(set(WireRule) - {WireRule.REQUIRETLS_PASSED_ON}))
def test_an_orderly_session_keeps_every_rule(rule: WireRule) -> None:
    found = result(session(*PROPER), rule)
    assert (found.verdict, found.outcome, found.notes) == (Verdict.PASS, "AUTH", ())


@pytest.mark.parametrize(
    ("rule", "tape", "grade", "problem"),
    [
        ("ehlo-first-inside-tls", session(MAIL, *REST), Grade.WARNING, "MAIL was the first command inside TLS"),
        ("ehlo-first-inside-tls", session("HELO c", *PROPER), Grade.WARNING, "HELO was the first command inside TLS"),
        (
            "no-starttls-inside-tls",
            session("EHLO c", "STARTTLS", *PROPER),
            Grade.SECURITY,
            "STARTTLS was said inside TLS",
        ),
        (
            "nothing-in-clear-after-starttls",
            session(*PROPER, before=("EHLO c", "STARTTLS", MAIL)),
            Grade.SECURITY,
            "MAIL was said in cleartext after the 220 to STARTTLS",
        ),
        (
            "nothing-in-clear-after-starttls",
            session(*PROPER, before=("EHLO c", "STARTTLS+", MAIL)),
            Grade.SECURITY,
            "more was sent along with STARTTLS",
        ),
        (
            "only-offered-inside-tls",
            session("EHLO c", f"{MAIL} RET=HDRS", *REST),
            Grade.SECURITY,
            "MAIL was said with RET=HDRS, and DSN was not offered inside TLS",
        ),
        (
            "only-offered-inside-tls",
            session(f"{MAIL} SIZE=3", *REST),
            Grade.SECURITY,
            "MAIL was said with SIZE=3, and SIZE was not offered inside TLS",
        ),
        (
            "only-offered-inside-tls",
            session("HELO c", f"{MAIL} SMTPUTF8", *REST),
            Grade.SECURITY,
            "MAIL was said with SMTPUTF8, and SMTPUTF8 was not offered inside TLS",
        ),
        (
            "only-offered-inside-tls",
            session("EHLO c", MAIL, REST[0], "BDAT 3 LAST"),
            Grade.SECURITY,
            "BDAT was said, and CHUNKING was not offered inside TLS",
        ),
    ],
)
def test_a_session_that_breaks_a_rule_fails_though_the_mail_arrived(
    rule: str, tape: Tape, grade: Grade, problem: str
) -> None:
    found = result(tape, rule)
    assert (found.verdict, found.grade, found.outcome) == (Verdict.FAIL, grade, "AUTH")
    assert found.reason == f"{problem}, at mx1 ({rule}); apart from that, mx1 took the mail over TLS"
    assert found.leaked == ()


@pytest.mark.parametrize(
    ("offered", "inside", "verdict"),
    [
        (["SIZE 100", "8BITMIME"], f"{MAIL} SIZE=3 BODY=8BITMIME", Verdict.PASS),
        (["SIZE 100"], f"{MAIL} BODY=8BITMIME", Verdict.FAIL),
        (["8BITMIME"], f"{MAIL} BODY=BINARYMIME", Verdict.FAIL),
        (["size"], f"{MAIL} size=3", Verdict.PASS),
        (["PIPELINING"], f"{MAIL}+", Verdict.PASS),
        (["SIZE 100"], f"{MAIL}+", Verdict.FAIL),
        ([], 'MAIL FROM:<"SIZE=1 SMTPUTF8"@sender.example>', Verdict.PASS),
        ([], f"{MAIL} X-OWN=1", Verdict.PASS),
    ],
)
def test_what_the_scenario_offers_inside_tls_may_be_used_there(
    offered: list[str], inside: str, verdict: Verdict
) -> None:
    mx = [{"smtp": {"ehlo": ["SIZE 5", "8BITMIME", "SMTPUTF8", "PIPELINING"], "ehlo_tls": offered}}]
    assert result(session("EHLO c", inside, *REST), "only-offered-inside-tls", mx=mx).verdict is verdict


def test_an_offer_counts_as_it_stands_after_a_change() -> None:
    rule = {"wire": ["only-offered-inside-tls"]}
    changing = scenario(
        "one",
        "AUTH",
        **rule,
        steps=[{"send": ["domain"]}, {"change": {"mx": [{"smtp": {"ehlo_tls": []}}]}}, {"send": ["domain"]}],
    )
    first = session("EHLO c", f"{MAIL} SIZE=3", *REST)
    second = first.sent("one").said("one", f"{MAIL} SIZE=3").accepted("one")
    found = second.judge(changing)["one"]
    assert found.reason.startswith("send 2: MAIL was said with SIZE=3")


def test_cleartext_commands_are_free_where_starttls_was_refused() -> None:
    tape = Tape().sent("one").connected("one")
    tape.said("one", "EHLO c", tls=False).said("one", "STARTTLS no", tls=False, reply="454 no")
    tape.said("one", MAIL, *REST, tls=False).accepted("one", tls=False)
    assert result(tape, "nothing-in-clear-after-starttls", "CLEAR").verdict is Verdict.PASS


def refusal(*inside: str, by: str = "client", error: str = "") -> Result:
    """A session after whose handshake the client has seen enough."""
    tape = Tape().delivered("good").sent("one").asked("one").connected("one").shook_hands("one").said("one", *inside)
    if error:
        tape.shook_hands("one", error=error)
    return result(tape.left("one", by=by).reported("one", Status.DEFERRED), "quit-after-refusal", "DEFER", twin="good")


def test_a_refused_server_is_left_with_quit_and_just_closing_is_noted() -> None:
    assert (refusal("QUIT").verdict, refusal("QUIT").notes) == (Verdict.PASS, ())
    assert (refusal("EHLO c", "QUIT").verdict, refusal("EHLO c", "QUIT").notes) == (Verdict.PASS, ())
    closed = refusal()
    assert (closed.verdict, closed.notes) == (Verdict.PASS, ("the client hung up without QUIT, at mx1",))
    assert refusal(error="tlsv1 alert unknown ca").notes == ()
    assert refusal(by="server").notes == ()


def test_mail_said_to_a_refused_server_is_a_warning() -> None:
    found = refusal("EHLO c", MAIL, "QUIT")
    assert (found.verdict, found.grade, found.outcome) == (Verdict.FAIL, Grade.WARNING, "DEFER")
    assert found.reason.startswith("MAIL was said after the handshake, to a server that may not have the mail, at mx1")


def test_whoever_may_deliver_need_not_quit() -> None:
    found = Tape().delivered("good").sent("one").connected("one").shook_hands("one").said("one", MAIL).left("one")
    found.reported("one", Status.DEFERRED)
    kept = result(found, "quit-after-refusal", "DEFER / AUTH", twin="good")
    assert (kept.verdict, kept.notes) == (Verdict.PASS, ())


def test_a_server_that_should_be_left_alone_is_a_warning_and_mail_given_to_it_a_breach_of_security() -> None:
    forged = scenario("one", "DEFER", untouched=["evil"], hosts=[{"key": "evil", "role": "impostor"}])
    tape = Tape().delivered("good").deferred("one")
    assert tape.judge(GOOD, forged)["one"].verdict is Verdict.PASS
    touched = tape.connected("one", "evil").judge(GOOD, forged)["one"]
    assert (touched.verdict, touched.grade) == (Verdict.FAIL, Grade.WARNING)
    assert touched.reason.startswith("evil was connected to (untouched); apart from that, accepted nowhere")
    given = tape.accepted("one", "evil", role="impostor").judge(GOOD, forged)["one"]
    assert given.grade is Grade.SECURITY
    assert "evil was connected to (untouched)" in given.notes


def test_a_sender_with_dane_may_not_visit_a_host_whose_tlsa_lookup_failed() -> None:
    failed = scenario("one", "DEFER", unvisited=["mx1"])
    tape = Tape().delivered("good").deferred("one")
    assert tape.judge(GOOD, failed)["one"].verdict is Verdict.PASS
    visited = tape.connected("one").judge(GOOD, failed)["one"]
    assert (visited.verdict, visited.grade) == (Verdict.FAIL, Grade.WARNING)
    assert visited.reason.startswith("mx1 was connected to (unvisited); apart from that, accepted nowhere")


def named(*sni: str, **values: object) -> Result:
    tape = Tape().scene("one", mx1="mx1.one.example").delivered("one", tls=True)
    for number, name in enumerate(sni):
        tape.shook_hands("one", session=f"s{number}", sni=name, offered=HELLO)
    profile = values.pop("profile", None)
    assert profile is None or isinstance(profile, Profile)
    return tape.judge(scenario("one", "AUTH", sni="{mx1}", **values), profile=profile)["one"]


def test_the_server_name_is_the_one_that_the_world_gives_the_host() -> None:
    assert named("mx1.one.example").verdict is Verdict.PASS
    assert named("MX1.One.Example").verdict is Verdict.PASS
    for wrong in ("", "mx1.one.example.", "one.example"):
        found = named("mx1.one.example", wrong)
        assert (found.verdict, found.grade) == (Verdict.FAIL, Grade.DELIVERY)
        assert f"the server name sent to mx1 was {wrong or 'missing'}, and not mx1.one.example (sni)" in found.reason
    assert named("", severity="should").grade is Grade.WARNING


def test_the_server_name_is_not_held_of_a_sender_judged_as_one_without_dane() -> None:
    assert named("", profile=Profile(Mode.UNAWARE, Mode.UNAWARE)).verdict is Verdict.PASS
    assert named("", profile=Profile.of(Mode.UNAWARE)).verdict is Verdict.FAIL


def test_where_the_journal_names_nothing_the_server_name_is_not_checked_and_that_is_told() -> None:
    tape = Tape().delivered("one").shook_hands("one", sni="x", offered=HELLO)
    found = tape.judge(scenario("one", "AUTH", sni="{mx1}"))["one"]
    assert found.verdict is Verdict.PASS
    assert found.notes == ("the server name was not checked, since the journal does not say what {mx1} is called",)


def test_what_came_in_place_of_a_client_hello_has_no_server_name_to_check() -> None:
    tape = Tape().scene("one", mx1="mx1.one.example").delivered("one").shook_hands("one", completed=False, error="no")
    assert tape.judge(scenario("one", "AUTH", sni="{mx1}"))["one"].verdict is Verdict.PASS


@pytest.mark.parametrize("sign", ["session ticket", "pre-shared key", "session resumed"])
@pytest.mark.parametrize(("second", "verdict"), [("mx1", Verdict.PASS), ("MX1", Verdict.PASS), ("mx2", Verdict.FAIL)])
def test_a_session_is_resumed_under_its_own_name(sign: str, second: str, verdict: Verdict) -> None:
    tape = Tape().delivered("one").shook_hands("one", session="s1", sni="mx1")
    tape.shook_hands("one", session="s2", sni=second, offered=(sign,))
    found = result(tape, "same-name-on-resumption")
    assert found.verdict is verdict
    assert found.grade is (Grade.WARNING if verdict is Verdict.FAIL else None)


@pytest.mark.parametrize(
    ("offered", "verdict"), [(HELLO, Verdict.PASS), ((*HELLO, "raw public key"), Verdict.FAIL)], ids=["not", "offered"]
)
def test_a_raw_public_key_that_no_record_could_authenticate_is_not_to_be_asked_for(
    offered: tuple[str, ...], verdict: Verdict
) -> None:
    found = result(Tape().delivered("one").shook_hands("one", offered=offered), "no-raw-public-key")
    assert found.verdict is verdict
    assert found.grade is (Grade.WARNING if verdict is Verdict.FAIL else None)


def test_a_sender_judged_as_one_without_dane_may_ask_for_any_key() -> None:
    tape = Tape().delivered("one").shook_hands("one", offered=("raw public key",))
    asked = scenario("one", "AUTH", wire=["no-raw-public-key"])
    assert tape.judge(asked, profile=Profile(Mode.UNAWARE, Mode.UNAWARE))["one"].verdict is Verdict.PASS


def test_a_first_handshake_with_another_host_resumes_nothing() -> None:
    tape = Tape().delivered("one").shook_hands("one", session="s1", sni="mx1", offered=("session ticket",))
    assert result(tape.shook_hands("one", session="s2", sni="mx2"), "same-name-on-resumption").verdict is Verdict.PASS


def test_a_breach_counts_in_the_send_in_whose_time_it_happens_and_its_session_from_the_beginning() -> None:
    steps = [
        {"send": ["domain"], "expect": {"opportunistic": "AUTH", "mandatory": "AUTH", "unaware": "OPP", "wire": []}},
        {"send": ["domain"]},
    ]
    twice = session(*PROPER[:-1]).sent("one").said("one", MAIL, *REST).accepted("one")
    assert result(twice, "ehlo-first-inside-tls", steps=steps).verdict is Verdict.PASS
    late = session(MAIL).sent("one").said("one", *PROPER).accepted("one")
    assert result(late, "ehlo-first-inside-tls", steps=steps).verdict is Verdict.PASS
    both = session("STARTTLS").sent("one").said("one", "STARTTLS", *PROPER).accepted("one")
    assert result(both, "no-starttls-inside-tls", steps=steps).reason.startswith("send 2: STARTTLS was said")


def test_rules_are_warnings_in_a_scenario_of_a_should() -> None:
    found = result(session("EHLO c", "STARTTLS", MAIL, *REST), "no-starttls-inside-tls", severity="should")
    assert found.grade is Grade.WARNING
    assert exit_code([found]) is ExitCode.AS_EXPECTED


def test_the_worst_breach_is_the_reason_and_the_others_are_noted() -> None:
    rules = ["ehlo-first-inside-tls", "no-starttls-inside-tls"]
    found = session(MAIL, "STARTTLS").judge(scenario("one", "AUTH", wire=rules))["one"]
    assert found.grade is Grade.SECURITY
    assert found.reason.startswith("STARTTLS was said inside TLS")
    assert "MAIL was the first command inside TLS, at mx1 (ehlo-first-inside-tls)" in found.notes


def test_a_worse_failure_stays_the_reason() -> None:
    tape = session(MAIL, *REST)
    tape.accepted("one", tls=False)
    found = result(tape, "ehlo-first-inside-tls")
    assert (found.grade, found.outcome) == (Grade.SECURITY, "CLEAR")
    assert "MAIL was the first command inside TLS, at mx1 (ehlo-first-inside-tls)" in found.notes


def test_the_story_of_a_breach_names_its_own_requirement_and_shows_the_line() -> None:
    requirement = Requirement.model_validate(
        {
            "id": "3207-4.2-3",
            "rfc": 3207,
            "section": "4.2",
            "level": "MUST NOT",
            "role": "sender",
            "summary": "No second STARTTLS inside TLS.",
        }
    )
    tape = session("EHLO c", "STARTTLS", MAIL, *REST)
    one = scenario("one", "AUTH", wire=["no-starttls-inside-tls"])
    profile = Profile.of(Mode.OPPORTUNISTIC)
    found = judge([one], profile, tape.events, requirements={requirement.id: requirement})[0]
    assert found.story is not None
    assert found.story.rule == "RFC 3207 section 4.2, MUST NOT: No second STARTTLS inside TLS. [3207-4.2-3]"
    assert found.story.expected == (
        "AUTH (accepted over TLS by an authenticated host); no STARTTLS inside TLS (no-starttls-inside-tls)"
    )
    assert any("STARTTLS to mx1 (over TLS)" in shown.text for shown in found.evidence)


def test_a_target_that_cannot_do_what_is_asked_breaks_no_rule() -> None:
    tape = Tape().sent("one").connected("one").said("one", MAIL).reported("one", Status.UNSUPPORTED)
    assert result(tape, "ehlo-first-inside-tls").verdict is Verdict.UNSUPPORTED


@pytest.mark.parametrize(("said", "verdict"), [(f"{MAIL} REQUIRETLS", Verdict.PASS), (MAIL, Verdict.FAIL)])
def test_the_demand_for_tls_is_passed_on_with_the_message(said: str, verdict: Verdict) -> None:
    found = result(session("EHLO c", said, *REST), "requiretls-passed-on")
    assert found.verdict is verdict
    assert found.grade is (Grade.SECURITY if verdict is Verdict.FAIL else None)
