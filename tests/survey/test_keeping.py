"""How long an answer may be kept: TTL, what signatures say of it, and what a scenario changes."""

from __future__ import annotations

from typing import Any

import pytest

from harness.scenario.stages import validated
from harness.survey import Question, kept_for, right_ttl
from harness.survey.keeping import FAILURE_KEPT
from harness.world.addresses import BENCHMARKING
from harness.world.internet import Internet
from harness.world.records import Type

TLSA = Question("_25._tcp.mx1.one.example.", Type.TLSA)
EXPECT = {"opportunistic": "AUTH", "mandatory": "AUTH", "unaware": "OPP"}
DAY: dict[str, Any] = {"zones": {"domain": {"ttl": 86400}}}
NO_TLSA: dict[str, Any] = {"mx": [{"tlsa": []}]}


def _internet(**tables: Any) -> Internet:
    said = {"id": "one", "title": "a scenario", "explain": "It is made for this test.", "covers": ["7672-2.2-1"]}
    internet = Internet(seed="survey", now=1_767_225_600, plan=BENCHMARKING)
    internet.add(validated({**said, "expect": EXPECT, **tables}))
    return internet


def _kept(at: float = 0, **tables: Any) -> float:
    internet = _internet(**tables)
    return kept_for(internet, internet.world("one").scenario, TLSA, at=at)


def _fault(what: str, **more: Any) -> dict[str, Any]:
    return {"faults": [{"at": "TLSA", "what": what, **more}]}


def test_an_answer_is_kept_for_its_ttl() -> None:
    assert _kept() == 5
    assert _kept(**DAY) == right_ttl(_internet(**DAY), TLSA, at=0) == 86400


def test_an_answer_is_kept_no_longer_than_its_signature_holds() -> None:
    assert _kept(3, **DAY, **_fault("short-rrsig", lasts="8s")) == 5
    assert _kept(9, **DAY, **_fault("short-rrsig", lasts="8s")) == 0


def test_the_ttl_that_the_signature_states_counts_and_not_the_one_that_arrives() -> None:
    assert _kept(**_fault("raised-ttl")) == 5
    assert right_ttl(_internet(**_fault("raised-ttl")), TLSA, at=0) == 5


def test_a_denial_is_kept_for_the_negative_ttl_and_has_no_records_whose_ttl_could_be_wrong() -> None:
    assert _kept(**NO_TLSA) == 5
    assert right_ttl(_internet(**NO_TLSA), TLSA, at=0) is None


@pytest.mark.parametrize("what", ["servfail", "no-rrsig"])
def test_a_failure_is_kept_for_five_minutes_at_most(what: str) -> None:
    assert _kept(**_fault(what)) == FAILURE_KEPT == 300
    assert right_ttl(_internet(**_fault(what)), TLSA, at=0) is None


def test_where_a_zones_standing_changes_its_ds_record_is_waited_for() -> None:
    zones = {"domain": {"ttl": 7}, "hosts": {"name": "hosts.{domain}", "ttl": 2, "ds": "none"}}
    tables = {"zones": zones, "mx": [{"host": "mx1.{hosts}"}]}
    steps = [{"send": ["domain"]}, {"change": {"zones": {"hosts": {"ds": "match"}}}}, {"send": ["domain"]}]
    question = Question("_25._tcp.mx1.hosts.one.example.", Type.TLSA)
    for more, seconds in (({}, 2), ({"steps": steps}, 7)):
        internet = _internet(**tables, **more)
        assert kept_for(internet, internet.world("one").scenario, question, at=0) == seconds
