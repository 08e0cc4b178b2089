"""What is asked of a resolver in small worlds, and what it may answer."""

from __future__ import annotations

from typing import Any

import pytest

from harness.scenario.stages import validated
from harness.survey import Question, RightAnswer, questions, right_answer, told
from harness.world.addresses import BENCHMARKING
from harness.world.internet import Internet
from harness.world.records import Type
from harness.world.resolution import Security

EXPECT = {"opportunistic": "AUTH", "mandatory": "AUTH", "unaware": "OPP"}
TLSA = Question("_25._tcp.mx1.one.example.", Type.TLSA)
HOST = Question("mx1.one.example.", Type.A)


def _internet(**tables: Any) -> Internet:
    said = {"id": "one", "title": "a scenario", "explain": "It is made for this test.", "covers": ["7672-2.2-1"]}
    internet = Internet(seed="survey", now=1_767_225_600, plan=BENCHMARKING)
    internet.add(validated({**said, "expect": EXPECT, **tables}))
    return internet


def _asked(recipient: str = "user@one.example", **tables: Any) -> list[str]:
    internet = _internet(**tables)
    found = questions(internet, internet.world("one").scenario, recipient=recipient)
    return [f"{each.name} {each.kind.name}" for each in found]


def _right(question: Question, **tables: Any) -> RightAnswer:
    return right_answer(_internet(**tables), question)


def test_what_a_sender_asks_is_asked_in_its_order() -> None:
    assert _asked() == [
        "one.example. MX", "mx1.one.example. A", "mx1.one.example. AAAA", "_25._tcp.mx1.one.example. TLSA",
    ]  # fmt: skip


def test_a_lookup_that_fails_keeps_nothing_from_being_asked() -> None:
    assert _asked(faults=[{"at": "MX", "what": "servfail"}]) == _asked()
    assert _asked(faults=[{"at": "MX", "what": "forged-nxdomain"}]) == _asked()


def test_at_an_alias_both_base_domains_are_asked_for_the_target_first() -> None:
    zone = {"records": ["mx1 CNAME host.one.example.", "host A 198.18.0.1"], "remove": ["mx1 A"]}
    asked = _asked(zones={"domain": zone})
    assert asked[-2:] == ["_25._tcp.host.one.example. TLSA", "_25._tcp.mx1.one.example. TLSA"]
    assert "mx1.one.example. CNAME" in asked


def test_nothing_is_asked_for_an_address_and_only_the_relay_where_there_is_one() -> None:
    assert _asked("user@[198.18.0.1]") == []
    assert _asked(route={"relay": "[mx1.one.example]:2525"})[-1] == "_2525._tcp.mx1.one.example. TLSA"
    assert "one.example. MX" not in _asked(route={"relay": "[mx1.one.example]:2525"})


@pytest.mark.parametrize(
    ("tables", "security"),
    [
        ({}, Security.SECURE),
        ({"zones": {"domain": {"signed": False}}}, Security.INSECURE),
        ({"faults": [{"at": "TLSA", "what": "corrupt-rrsig"}]}, Security.BOGUS),
        ({"faults": [{"at": "TLSA", "what": "servfail"}]}, Security.FAILED),
    ],
)
def test_the_standing_is_the_worlds_and_the_data_what_the_zone_holds(tables: Any, security: Security) -> None:
    right = _right(TLSA, **tables)
    assert (right.security, right.rcode) == (security, "NOERROR")
    assert len(right.answer) == 1
    assert right.answer[0].startswith("3 1 1 ")


def test_what_a_forger_put_in_place_is_right_where_nothing_is_signed_and_nowhere_else() -> None:
    forged = [{"at": "A", "what": "forged", "records": ["mx1 A 198.18.0.99"]}]
    insecure = _right(HOST, faults=forged, zones={"domain": {"signed": False}})
    assert insecure.answer == ("198.18.0.99",)
    bogus = _right(HOST, faults=forged)
    assert bogus.security is Security.BOGUS
    assert bogus.answer != ("198.18.0.99",)


NO_TLSA: list[dict[str, Any]] = [{"tlsa": []}]


def _nsec3(**values: Any) -> dict[str, Any]:
    return {"zones": {"domain": {"denial": "nsec3", "nsec3": values}}, "mx": NO_TLSA}


@pytest.mark.parametrize(
    ("tables", "permits"),
    [
        ({}, ()),
        (_nsec3(), ()),
        (_nsec3(iterations=10), ("servfail nsec3-iterations", "insecure nsec3-iterations")),
        (_nsec3(iterations=200), ("servfail nsec3-iterations", "secure nsec3-iterations")),
        (_nsec3(iterations=200, opt_out=True), ("servfail nsec3-iterations",)),
        ({"zones": {"domain": {"algorithms": ["ed25519"]}}}, ("insecure dnssec-algorithms",)),
        ({"zones": {"domain": {"algorithms": ["ed25519", "ecdsa-p256"]}}}, ()),
        ({"faults": [{"at": "TLSA", "what": "drop-large-udp"}]}, ("servfail resolver-retry",)),
        ({"mx": [{"tlsa": ["raw 030101"]}]}, ("servfail malformed-tlsa",)),
        ({"faults": [{"at": "TLSA", "what": "corrupt-rrsig"}]}, ("inferred aggressive-nsec",)),
        ({"zones": {"domain": {"ds": "other-key"}}}, ()),
        ({"faults": [{"at": "TLSA", "what": "servfail"}]}, ("secure resolver-retry",)),
        (
            {"faults": [{"at": "TLSA", "what": "servfail"}], "zones": {"domain": {"signed": False}}},
            ("insecure resolver-retry",),
        ),
    ],
)
def test_where_the_rfcs_leave_a_choice_it_is_named(tables: Any, permits: tuple[str, ...]) -> None:
    assert _right(TLSA, **tables).permits == permits


def test_data_is_told_as_in_a_master_file() -> None:
    assert told(Type.MX, b"\0\x0a\x03MX1\x03one\0") == "10 mx1.one."
    assert told(Type.A, b"\xc6\x12\0\1") == "198.18.0.1"
    assert told(Type.TLSA, b"\3\1\1\xab") == "3 1 1 ab"
    assert told(Type.TLSA, b"\3") == "03"
