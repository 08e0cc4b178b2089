"""Sections 3.1 and 3.2: certificates against one record."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.oracle.certificate import Certificate
from harness.oracle.chains import Answers, Shown, Treatment, satisfies
from harness.oracle.facts import TlsaRecord
from harness.oracle.names import References
from harness.scenario.models import Choice

from .kit import CHAIN, INTERMEDIATE, LEAF, ROOT, record

YES, NO = ((True, None),), ((False, None),)


def _asked(tlsa: TlsaRecord, *chain: Certificate, treatment: Treatment = Treatment.DANE_TA) -> Answers:
    references = References(base="mx1.test.example", others=("test.example",))
    return satisfies(tlsa, treatment, Shown(chain=chain or CHAIN, references=references, public={}))


def _anchor(fits: str = "root", **values: Any) -> TlsaRecord:
    return record(2, 1, 1, fits=fits, **values)


@pytest.mark.parametrize(
    "flaw",
    [
        {"dns_names": ("elsewhere.example",)},
        {"in_date": False},
        {"is_for_servers": False},
        {"issued_by": frozenset()},
        {"is_ca": True},
    ],
)
def test_usage_3_looks_at_nothing_but_the_match(flaw: dict[str, Any]) -> None:
    assert _asked(record(), replace(LEAF, **flaw), treatment=Treatment.DANE_EE) == YES


def test_usage_3_is_about_the_first_certificate_only() -> None:
    assert _asked(record(fits="root"), treatment=Treatment.DANE_EE) == NO


@pytest.mark.parametrize("anchor", ["root", "intermediate"])
def test_usage_2_takes_any_authority_of_the_path(anchor: str) -> None:
    assert _asked(_anchor(anchor)) == YES


@pytest.mark.parametrize(
    "flaw", [{"dns_names": ("elsewhere.example",)}, {"in_date": False}, {"has_strange_extension": True}]
)
def test_usage_2_looks_at_the_servers_certificate(flaw: dict[str, Any]) -> None:
    assert _asked(_anchor(), replace(LEAF, **flaw), INTERMEDIATE, ROOT) == NO


@pytest.mark.parametrize("flaw", [{"in_date": False}, {"is_ca": False}, {"excluded": ("test.example",)}])
def test_usage_2_looks_at_what_lies_between(flaw: dict[str, Any]) -> None:
    assert _asked(_anchor(), LEAF, replace(INTERMEDIATE, **flaw), ROOT) == NO


@pytest.mark.parametrize(
    "flaw", [{"in_date": False}, {"is_ca": False}, {"path_length": 0}, {"permitted": ("elsewhere.example",)}]
)
def test_what_the_anchor_says_of_itself_is_a_should(flaw: dict[str, Any]) -> None:
    assert _asked(_anchor(), LEAF, INTERMEDIATE, replace(ROOT, **flaw)) == (
        (False, None),
        (True, Choice.TA_CONSTRAINTS),
    )


def test_a_path_length_below_the_anchor_is_a_must() -> None:
    upper = replace(INTERMEDIATE, fingerprint="upper", path_length=0)
    lower = replace(INTERMEDIATE, issued_by=frozenset({"upper"}))
    assert _asked(_anchor(), LEAF, lower, upper, ROOT) == NO
    assert _asked(_anchor(), LEAF, lower, replace(upper, path_length=1), ROOT) == YES


def test_an_anchor_beside_the_path_proves_nothing() -> None:
    stranger = replace(LEAF, issued_by=frozenset({"leaf"}))
    assert _asked(_anchor(), stranger, ROOT)[0] == (False, None)
    assert all(not good for good, _ in _asked(_anchor(), stranger, ROOT))


def test_a_path_with_a_gap_is_none() -> None:
    assert all(not good for good, _ in _asked(_anchor(), LEAF, ROOT))


def test_certificates_out_of_order_are_a_matter_of_taste() -> None:
    assert _asked(_anchor(), LEAF, ROOT, INTERMEDIATE) == ((True, None), (False, Choice.X509_POLICY))


def test_a_whole_anchor_in_dns_need_not_be_sent() -> None:
    held = replace(record(2, 0, 0, fits=""), holds=ROOT)
    assert _asked(held, LEAF, INTERMEDIATE) == YES
    assert _asked(replace(held, holds=replace(ROOT, fingerprint="other")), LEAF, INTERMEDIATE) == NO


def test_a_bare_key_in_dns_is_recommended_only() -> None:
    key = replace(record(2, 1, 0, fits=""), signed=frozenset({"intermediate"}))
    assert _asked(key, LEAF, INTERMEDIATE) == ((True, None), (False, Choice.FULL_TA_IN_DNS))


def test_the_servers_own_certificate_as_anchor_is_a_choice() -> None:
    assert _asked(_anchor("leaf")) == ((False, None), (True, Choice.EE_AS_TA))


def test_two_choices_that_both_have_to_be_taken_still_may_fail() -> None:
    weak = replace(LEAF, is_weak=True, dns_names=("*.example",))
    answers = dict(_asked(_anchor(), weak, INTERMEDIATE, ROOT))
    assert answers.keys() == {True, False}
