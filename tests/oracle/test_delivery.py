"""Sections 2.1.2, 2.2 and 2.2.1: the destination, the hosts in their order, and what each level of security asks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.oracle.facts import Inside, Lookup, Offer, Routing, Standing, Suites, TlsaRecord
from harness.scenario.mailhosts import Tcp
from harness.scenario.models import Mode

from .kit import ABSENT, BOGUS, FAILED, INSECURE, facts, host, record, said, said_in_all_modes, server

MATCH, OTHER = record(), record(fits="")
UNUSABLE = record(matching_type=3, fits="")


def test_a_match_is_authenticated_and_without_dane_mail_goes_as_ever() -> None:
    assert said_in_all_modes(facts(host(MATCH))) == ("AUTH@mx1", "AUTH@mx1", "OPP@mx1")


def test_a_mismatch_defers() -> None:
    assert said_in_all_modes(facts(host(OTHER))) == ("DEFER", "DEFER", "OPP@mx1")


@pytest.mark.parametrize("lookup", [BOGUS, FAILED])
def test_a_failed_tlsa_lookup_is_never_absence(lookup: Lookup) -> None:
    assert said_in_all_modes(facts(host(MATCH, lookup=lookup))) == ("DEFER", "DEFER", "OPP@mx1")


@pytest.mark.parametrize("lookup", [ABSENT, INSECURE])
def test_without_secure_records_only_mandatory_dane_waits(lookup: Lookup) -> None:
    assert said_in_all_modes(facts(host(OTHER, lookup=lookup))) == ("OPP@mx1", "DEFER", "OPP@mx1")


def test_unusable_records_ask_for_tls_and_not_for_authentication() -> None:
    assert said_in_all_modes(facts(host(UNUSABLE))) == ("TLS@mx1", "DEFER", "OPP@mx1")


def test_one_usable_record_asks_for_authentication() -> None:
    assert said(facts(host(UNUSABLE, OTHER))) == "DEFER"
    assert said(facts(host(UNUSABLE, OTHER, MATCH))) == "AUTH@mx1"


@pytest.mark.parametrize("tlsa", [MATCH, OTHER, UNUSABLE])
def test_no_starttls_means_no_mail_where_there_are_secure_records(tlsa: TlsaRecord) -> None:
    assert said(facts(host(tlsa, servers=(server(offer=Offer.NONE),)))) == "DEFER"


def test_no_starttls_means_cleartext_where_there_are_none() -> None:
    assert said_in_all_modes(facts(host(servers=(server(offer=Offer.NONE),)))) == ("CLEAR@mx1", "DEFER", "CLEAR@mx1")


@pytest.mark.parametrize("manner", [{"grants": False}, {"shakes_hands": False}, {"inside": Inside.CUT_IN_DATA}])
def test_broken_tls_leaves_a_choice_only_without_secure_records(manner: dict[str, Any]) -> None:
    broken = (server(**manner),)
    assert said(facts(host(MATCH, servers=broken))) == "DEFER"
    assert said(facts(host(UNUSABLE, servers=broken))) == "DEFER"
    assert said(facts(host(servers=broken))) == "CLEAR@mx1 / DEFER"


def test_anonymous_suites_never_authenticate() -> None:
    anonymous = (server(suites=Suites.ANONYMOUS),)
    assert said(facts(host(MATCH, servers=anonymous))) == "DEFER"
    assert said(facts(host(UNUSABLE, servers=anonymous))) == "TLS@mx1 / DEFER"


def test_protocol_versions_beyond_the_floor_are_local_policy() -> None:
    assert said(facts(host(MATCH, servers=(server(versions=frozenset({"1.2"})),)))) == "AUTH@mx1"
    assert said(facts(host(MATCH, servers=(server(versions=frozenset({"1.3"})),)))) == "AUTH@mx1 / DEFER"
    assert said(facts(host(MATCH, servers=(server(versions=frozenset({"1.0"})),)))) == "DEFER / AUTH@mx1"


@pytest.mark.parametrize("mx", [BOGUS, FAILED])
def test_a_failed_mx_lookup_defers_and_never_guesses(mx: Lookup) -> None:
    assert said_in_all_modes(facts(host(MATCH), mx=mx)) == ("DEFER", "DEFER", "DEFER")


def test_an_insecure_mx_leaves_dane_to_the_sender_unless_it_is_mandatory() -> None:
    assert said_in_all_modes(facts(host(MATCH), mx=INSECURE)) == ("AUTH@mx1 / OPP@mx1", "DEFER", "OPP@mx1")
    assert said(facts(host(OTHER), mx=INSECURE)) == "DEFER / OPP@mx1"


def test_a_domain_that_does_not_exist_is_an_error() -> None:
    gone = Lookup(standing=Standing.SECURE, found=False, exists=False)
    assert said_in_all_modes(facts(mx=gone)) == ("BOUNCE", "BOUNCE", "BOUNCE")


def test_a_null_mx_alone_refuses_mail() -> None:
    assert said(facts(null_mx=True)) == "BOUNCE"


def test_a_literal_knows_no_dane() -> None:
    world = facts(host(OTHER), routing=Routing.LITERAL)
    assert said_in_all_modes(world) == ("OPP@mx1 / DEFER / BOUNCE", "DEFER / BOUNCE", "OPP@mx1 / DEFER / BOUNCE")


def test_after_a_mismatch_the_next_host_or_none() -> None:
    assert said(facts(host(OTHER), host(MATCH, key="mx2", servers=(server("mx2"),)))) == "AUTH@mx2 / DEFER"


def test_a_host_that_is_down_does_not_end_the_attempt() -> None:
    down = server(tcp=Tcp.REFUSED)
    second = host(key="mx2", servers=(server("mx2"),))
    assert said(facts(host(MATCH, servers=(down,)), second)) == "OPP@mx2"
    assert said(facts(host(MATCH, servers=(down,)))) == "DEFER"


def test_after_two_hosts_that_are_down_a_sender_may_stop() -> None:
    down = [host(key=f"mx{number}", servers=(server(f"mx{number}", tcp=Tcp.REFUSED),)) for number in (1, 2)]
    assert said(facts(*down, host(key="mx3", servers=(server("mx3"),)))) == "OPP@mx3 / DEFER"


def test_preference_outranks_security() -> None:
    plain, good = host(), host(MATCH, key="mx2", servers=(server("mx2"),))
    assert said(facts(plain, good)) == "OPP@mx1"
    assert said(facts(plain, good), Mode.MANDATORY) == "AUTH@mx2 / DEFER"
    assert said(facts(plain, good, preferences=(10, 10))) == "OPP@mx1 / AUTH@mx2"


def test_where_no_host_has_an_address_the_mail_may_be_returned() -> None:
    assert said(facts(host(ipv4=ABSENT))) == "BOUNCE / DEFER"
    mixed = facts(host(ipv4=ABSENT), host(OTHER, key="mx2", servers=(server("mx2"),)))
    assert said(mixed) == "DEFER"


def test_a_fallback_relay_is_judged_by_its_own_records() -> None:
    relay = facts(host(MATCH, key="relay", servers=(server("relay"),)), routing=Routing.RELAY).destinations[0]
    assert said(facts(host(OTHER), fallback=relay)) == "AUTH@relay / DEFER"
    assert said(facts(host(MATCH), fallback=relay)) == "AUTH@mx1"


def test_an_address_family_that_fails_stops_the_host_unless_the_sender_does_without() -> None:
    assert said_in_all_modes(facts(host(MATCH, ipv6=FAILED))) == (
        "DEFER / AUTH@mx1",
        "DEFER / AUTH@mx1",
        "OPP@mx1 / DEFER",
    )
    assert said(facts(host(OTHER, ipv6=FAILED))) == "DEFER"
    assert said(facts(host(MATCH, ipv4=FAILED))) == "DEFER"


def test_a_lookup_that_may_fail_adds_waiting() -> None:
    unsure = replace(ABSENT, may_fail=True)
    assert said(facts(host(lookup=unsure))) == "OPP@mx1 / DEFER"
    assert said(facts(host(MATCH), mx=replace(INSECURE, may_fail=True)), Mode.UNAWARE) == "OPP@mx1 / DEFER"
