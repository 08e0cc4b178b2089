"""What a checker is given, and what is asked of it, come from the world."""

from __future__ import annotations

import functools

import pytest

from harness.scenario.suite import Suite, load_suite
from harness.targets.checker_definition import Ability
from harness.targets.checker_subject import Subject, subject
from harness.world.addresses import BENCHMARKING
from harness.world.internet import Internet


@functools.cache
def _suite() -> Suite:
    return load_suite()


def _of(key: str) -> Subject:
    entry = _suite()[key]
    internet = Internet(seed="test", now=1_800_000_000, plan=BENCHMARKING)
    internet.add(entry.scenario)
    return subject(internet, internet.world(key).recipient)


def test_a_healthy_domain_asks_for_nothing_special() -> None:
    found = _of("ee-311")
    assert (found.domain, found.host) == ("ee-311.example", "mx1.ee-311.example")
    assert set(found.asks) == {Ability.STARTTLS, Ability.MATCH}


@pytest.mark.parametrize(
    ("key", "ability"),
    [
        ("mx-bogus", Ability.MX),
        ("null-mx", Ability.MX),
        ("insecure-mx-match", Ability.MX),
        ("resolver-mx-refused", Ability.MX),
        ("resolver-tlsa-refused", Ability.FAILED_LOOKUP),
        ("tlsa-servfail", Ability.FAILED_LOOKUP),
        ("tlsa-bogus", Ability.FAILED_LOOKUP),
        ("no-mx-no-address", Ability.MX),
        ("implicit-match", Ability.IMPLICIT_MX),
        ("all-dane-good", Ability.EVERY_HOST),
        ("island", Ability.DNSSEC),
        ("no-validation", Ability.DNSSEC),
        ("ta-211-root", Ability.ANY_RECORD),
        ("none-clear", Ability.WITHOUT_TLS),
        ("name-nexthop", Ability.DOMAIN_NAME),
        ("mx-cname-target", Ability.ALIASES),
    ],
)
def test_what_the_point_lies_in_is_asked(key: str, ability: Ability) -> None:
    assert ability in _of(key).asks


def test_where_there_are_no_records_no_failed_lookup_has_to_be_told() -> None:
    assert Ability.FAILED_LOOKUP not in _of("none-signed").asks


def test_a_host_whose_records_can_have_no_name_has_none() -> None:
    assert Ability.MATCH not in _of("long-host").asks
