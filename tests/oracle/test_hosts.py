"""Sections 2.2.2 and 2.2.3: aliases and the TLSA base domain."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from harness.oracle.facts import Host, Lookup, TlsaRecord, TlsaSet
from harness.scenario.models import Mode

from .kit import ABSENT, FAILED, INSECURE, SECURE, facts, host, record, said, server

MATCH, OTHER = record(), record(fits="")
TARGET = "target.test.example"


def _alias(at_alias: tuple[TlsaRecord, ...], at_target: tuple[TlsaRecord, ...], **values: Any) -> Host:
    def tlsa(base: str, records: tuple[TlsaRecord, ...]) -> TlsaSet:
        return TlsaSet(base=base, lookup=SECURE if records else ABSENT, records=records)

    made = replace(
        host(),
        alias=SECURE,
        aliases=1,
        original=tlsa("mx1.test.example", at_alias),
        expanded=tlsa(TARGET, at_target),
    )
    return replace(made, **values)


def _mandatory(world: Host) -> str:
    return said(facts(world), Mode.MANDATORY)


def test_an_alias_may_be_passed_over_as_an_mx_host() -> None:
    assert said(facts(_alias((), (MATCH,)))) == "AUTH@mx1 / DEFER"


def test_the_expanded_name_comes_first() -> None:
    assert _mandatory(_alias((OTHER,), (MATCH,))) == "AUTH@mx1 / DEFER"
    assert _mandatory(_alias((MATCH,), (OTHER,))) == "DEFER"


def test_the_original_name_is_tried_where_the_expanded_one_has_nothing() -> None:
    assert _mandatory(_alias((MATCH,), ())) == "AUTH@mx1 / DEFER"
    assert said(facts(_alias((OTHER,), ()))) == "DEFER"


def test_an_error_at_the_expanded_name_ends_the_search() -> None:
    failing = TlsaSet(base=TARGET, lookup=FAILED)
    assert _mandatory(_alias((MATCH,), (), expanded=failing)) == "DEFER"


def test_insecure_addresses_leave_the_original_name_of_a_secure_alias() -> None:
    assert _mandatory(_alias((MATCH,), (OTHER,), ipv4=INSECURE)) == "AUTH@mx1 / DEFER"


def test_dane_does_not_apply_to_an_insecure_alias() -> None:
    assert said(facts(_alias((OTHER,), (OTHER,), ipv4=INSECURE, alias=INSECURE))) == "OPP@mx1 / DEFER"


def test_a_failed_question_for_the_alias_makes_the_host_unreachable() -> None:
    assert said(facts(_alias((), (), ipv4=INSECURE, alias=FAILED))) == "DEFER"


def test_an_insecure_address_means_that_tlsa_records_do_not_count() -> None:
    assert said(facts(host(OTHER, ipv4=INSECURE))) == "OPP@mx1"


def test_a_tlsa_name_that_is_too_long_is_absence_or_an_error() -> None:
    nowhere = TlsaSet(base="mx1.test.example", lookup=Lookup(standing=SECURE.standing, found=False), askable=False)
    assert said(facts(host(original=nowhere))) == "OPP@mx1 / DEFER"


def test_of_several_addresses_any_may_serve() -> None:
    stranger = server("stranger", chain=(replace(server().chain("")[0], fingerprint="stranger"),))
    both = (stranger, server())
    assert said(facts(host(MATCH, servers=both))) == "AUTH@mx1 / DEFER"
