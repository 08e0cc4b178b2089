"""Which TLSA records count (RFC 7672 section 3.1.3, RFC 7671 section 9)."""

from __future__ import annotations

import pytest

from harness.oracle.chains import Treatment
from harness.oracle.facts import TlsaRecord, WellFormed
from harness.oracle.records import readings
from harness.scenario.models import Choice

from .kit import record


def _read(*records: TlsaRecord) -> list[tuple[list[TlsaRecord], Choice | None]]:
    return [([kept for kept, _ in reading.records], reading.choice) for reading in readings(records)]


@pytest.mark.parametrize("unknown", [record(4), record(3, 2), record(3, 1, 3), record(well_formed=WellFormed.NO)])
def test_unknown_parameters_and_wrong_lengths_are_unusable(unknown: TlsaRecord) -> None:
    assert _read(unknown) == [([], None)]


def test_sha_512_is_a_should() -> None:
    strong = record(3, 1, 2)
    assert _read(strong) == [([strong], None), ([], Choice.SHA_512)]


def test_the_strongest_digest_of_a_usage_and_selector_counts_alone() -> None:
    weak, strong, full = record(3, 1, 1), record(3, 1, 2), record(3, 1, 0)
    first, *others = _read(weak, strong, full)
    assert first == ([strong, full], None)
    assert ([weak, strong, full], Choice.DIGEST_AGILITY) in others
    assert ([weak, full], Choice.SHA_512) in others


def test_other_usages_and_selectors_are_not_touched_by_agility() -> None:
    strong, selector, usage = record(3, 1, 2), record(3, 0, 1), record(2, 1, 1)
    assert _read(strong, selector, usage)[0] == ([strong, selector, usage], None)


def test_malformed_records_leave_before_agility() -> None:
    weak, cut = record(3, 1, 1), record(3, 1, 2, well_formed=WellFormed.NO)
    assert _read(weak, cut) == [([weak], None)]


def test_public_usages_are_unusable_taken_as_dane_or_as_written() -> None:
    treatments = [tuple(treatment for _, treatment in reading.records) for reading in readings((record(1), record(0)))]
    assert treatments == [(), (Treatment.DANE_EE, Treatment.DANE_TA), (Treatment.PKIX_EE, Treatment.PKIX_TA)]


def test_garbage_is_found_out_only_by_those_who_parse() -> None:
    garbage = record(3, 0, 0, well_formed=WellFormed.GARBAGE)
    assert _read(garbage) == [([], None), ([garbage], Choice.MALFORMED_TLSA)]
