"""The oracle's answer in the words of a scenario."""

from __future__ import annotations

from dataclasses import replace

from harness.oracle import Point, Stance
from harness.oracle.facts import Asked, Routing
from harness.oracle.reach import Beyond
from harness.oracle.words import expectation, requirements
from harness.scenario.models import Choice, Expect, WireRule

from .kit import INSECURE, facts, host, record, server

MATCH, OTHER = record(), record(fits="")
SECOND = host(MATCH, key="mx2", servers=(server("mx2"),))


def _said(expect: Expect | Beyond) -> tuple[str, str, str]:
    assert isinstance(expect, Expect)
    return str(expect.opportunistic), str(expect.mandatory), str(expect.unaware)


def test_a_single_host_needs_no_name() -> None:
    assert _said(expectation(facts(host(MATCH)), hosts=["mx1"])) == ("AUTH", "AUTH", "OPP")


def test_of_several_hosts_the_one_is_named_and_whether_it_is_the_next() -> None:
    expect = expectation(facts(host(OTHER), SECOND), hosts=["mx1", "mx2"])
    assert _said(expect) == ("NEXT:AUTH@mx2 / DEFER", "NEXT:AUTH@mx2 / DEFER", "OPP@mx1")


def test_equals_are_not_next_to_each_other() -> None:
    expect = expectation(facts(host(OTHER), SECOND, preferences=(10, 10)), hosts=["mx1", "mx2"])
    assert _said(expect)[0] == "AUTH@mx2 / DEFER"


def test_a_fallback_relay_is_no_next_host() -> None:
    relay = facts(host(MATCH, key="relay", servers=(server("relay"),)), routing=Routing.RELAY).destinations[0]
    expect = expectation(facts(host(OTHER), fallback=relay), hosts=["mx1", "relay"])
    assert _said(expect)[0] == "AUTH@relay / DEFER"


def test_the_choice_that_decides_is_named() -> None:
    expect = expectation(facts(host(MATCH), mx=INSECURE), hosts=["mx1"])
    assert isinstance(expect, Expect)
    assert expect.choice is Choice.DANE_AT_INSECURE_MX


def test_a_server_that_is_no_host_cannot_be_named() -> None:
    assert expectation(facts(host(servers=(server("stranger"),))), hosts=["mx1"]) is Beyond.NO_WORDS


def test_the_rules_that_decide_are_told_and_the_weightiest_first() -> None:
    assert requirements(facts(host(OTHER)))[0] == "7672-3.2-2"


def test_a_demand_for_tls_is_passed_on_wherever_mail_may_go() -> None:
    keeper = server(offers_requiretls=True)
    for servers, rules in (((keeper,), (WireRule.REQUIRETLS_PASSED_ON,)), ((server(),), ())):
        expect = expectation(replace(facts(host(MATCH, servers=servers)), asked=Asked.TLS), hosts=["mx1"])
        assert isinstance(expect, Expect)
        assert (expect.wire, expect.severity) == (rules, "must")


def test_to_heed_a_waiver_is_a_should() -> None:
    expect = expectation(replace(facts(host(OTHER)), asked=Asked.ARRIVAL), hosts=["mx1"])
    assert isinstance(expect, Expect)
    assert (str(expect.opportunistic), expect.severity, expect.wire) == ("OPP", "should", ())


def test_the_words_are_those_of_a_sender_that_declares_its_choices() -> None:
    stance = Stance({Point.DANE_AT_INSECURE_MX: "applied"})
    assert _said(expectation(facts(host(OTHER), mx=INSECURE), hosts=["mx1"], stance=stance))[0] == "DEFER"
    assert requirements(facts(host(OTHER), mx=INSECURE), Stance({Point.DANE_AT_INSECURE_MX: "not-applied"}))[0] == (
        "7672-2.2.1-8"
    )
