"""TLSA records: usability, digest agility, matching."""

from __future__ import annotations

import hashlib
import random

import pytest

from harness.sender import tlsa
from harness.sender.der import MalformedDer, is_spki, spki_of
from harness.sender.rules import Rules
from harness.sender.tlsa import TlsaRecord

from .certificates import issue

LEAF = issue("leaf.example", names=["leaf.example"])
OTHER = issue("leaf.example", names=["leaf.example"])
RULES = Rules()


def record(usage: int, selector: int, matching_type: int, data: bytes) -> TlsaRecord:
    return TlsaRecord(usage=usage, selector=selector, matching_type=matching_type, data=data)


def parsed(rdata: bytes) -> TlsaRecord:
    found = tlsa.parse(rdata)
    assert found is not None
    return found


@pytest.mark.parametrize("usage", [2, 3])
@pytest.mark.parametrize("selector", [0, 1])
@pytest.mark.parametrize("matching_type", [0, 1, 2])
def test_each_form_is_usable_and_matches_its_certificate_only(usage: int, selector: int, matching_type: int) -> None:
    found = parsed(LEAF.tlsa(usage, selector, matching_type))
    assert RULES.usable((found,)) == (found,)
    assert RULES.matches(found, certificate=LEAF.der)
    assert not RULES.matches(found, certificate=OTHER.der)


@pytest.mark.parametrize(
    ("usage", "selector", "matching_type", "length"),
    [
        (0, 1, 1, 32),
        (1, 1, 1, 32),
        (4, 1, 1, 32),
        (255, 1, 1, 32),
        (3, 2, 1, 32),
        (3, 255, 1, 32),
        (3, 1, 3, 32),
        (3, 1, 255, 32),
        (3, 1, 1, 31),
        (3, 1, 1, 33),
        (3, 1, 1, 0),
        (3, 1, 1, 64),
        (3, 1, 2, 32),
        (3, 1, 2, 63),
        (3, 0, 0, 40),
        (2, 1, 0, 40),
        (2, 0, 0, 0),
    ],
)
def test_unknown_parameters_and_malformed_data_are_unusable(
    usage: int, selector: int, matching_type: int, length: int
) -> None:
    assert RULES.usable((record(usage, selector, matching_type, bytes(length)),)) == ()


@pytest.mark.parametrize("usage", [2, 3])
def test_full_data_of_the_other_selector_are_unusable(usage: int) -> None:
    assert RULES.usable((record(usage, 0, 0, LEAF.spki), record(usage, 1, 0, LEAF.der))) == ()
    assert RULES.usable((record(usage, 0, 0, LEAF.der + b"\0"), record(usage, 1, 0, LEAF.spki[:-1]))) == ()


def test_a_digest_of_the_other_selector_does_not_match() -> None:
    assert not RULES.matches(record(3, 1, 1, hashlib.sha256(LEAF.der).digest()), certificate=LEAF.der)


def test_one_wrong_bit_does_not_match() -> None:
    rdata = bytearray(LEAF.tlsa(3, 1, 1))
    rdata[-1] ^= 1
    assert not RULES.matches(parsed(bytes(rdata)), certificate=LEAF.der)


@pytest.mark.parametrize("rdata", [b"", b"\3", b"\3\1"])
def test_rdata_too_short_for_its_numbers_is_no_record(rdata: bytes) -> None:
    assert tlsa.parse(rdata) is None


S256, S512, FULL = record(3, 1, 1, bytes(32)), record(3, 1, 2, bytes(64)), record(3, 1, 0, LEAF.spki)


@pytest.mark.parametrize(
    ("given_", "kept"),
    [
        ((S256, S512), (S512,)),
        ((S512, S256, S256), (S512,)),
        ((S256,), (S256,)),
        ((S256, S512, FULL), (S512, FULL)),
        ((S512, record(3, 0, 1, bytes(32))), (S512, record(3, 0, 1, bytes(32)))),
        ((S512, record(2, 1, 1, bytes(32))), (S512, record(2, 1, 1, bytes(32)))),
    ],
    ids=["stronger", "order", "alone", "full", "selector", "usage"],
)
def test_agility_drops_the_weaker_digest_of_the_same_usage_and_selector(
    given_: tuple[TlsaRecord, ...], kept: tuple[TlsaRecord, ...]
) -> None:
    assert RULES.strongest(given_) == kept


@pytest.mark.parametrize("strong", [record(3, 1, 2, bytes(10)), record(3, 1, 7, bytes(64))])
def test_unusable_records_leave_before_agility(strong: TlsaRecord) -> None:
    assert RULES.strongest(RULES.usable((strong, S256))) == (S256,)


def test_the_public_key_is_found_octet_for_octet() -> None:
    assert spki_of(LEAF.der) == LEAF.spki
    assert is_spki(LEAF.spki)
    assert not is_spki(LEAF.der)


def test_a_certificate_cut_short_anywhere_is_malformed() -> None:
    for at in range(len(LEAF.der)):
        with pytest.raises(MalformedDer):
            spki_of(LEAF.der[:at])


def test_no_rdata_upsets_the_rules() -> None:
    chance = random.Random(1)
    for _ in range(2000):
        rdata = bytes(chance.randrange(4) for _ in range(3)) + chance.randbytes(chance.choice((0, 5, 32, 64)))
        for each in RULES.strongest(RULES.usable((parsed(rdata),))):
            assert not RULES.matches(each, certificate=LEAF.der)
