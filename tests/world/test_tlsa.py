"""TLSA data, computed a second time with hashlib and the openssl command."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from harness.errors import ScenarioError
from harness.world.records import Type
from tests.world.kit import DOMAIN, world

CHAIN: dict[str, Any] = {
    "certs": {"root": {"ca": True}, "middle": {"ca": True, "issuer": "root"}, "lone": {}},
    "keys": {"spare": {"type": "p-384"}},
    "mx": [{"cert": {"issuer": "middle"}}, {}],
}


def openssl(der: bytes, *arguments: str) -> bytes:
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("no openssl command on this machine")
    return subprocess.run([program, *arguments], input=der, capture_output=True, check=True).stdout


def spki(der: bytes) -> bytes:
    pem = openssl(der, "x509", "-inform", "DER", "-noout", "-pubkey")
    return openssl(pem, "pkey", "-pubin", "-outform", "DER")


def expected(der: bytes, selector: int, matching: int) -> bytes:
    data = der if selector == 0 else spki(der)
    return {0: data, 1: hashlib.sha256(data).digest(), 2: hashlib.sha512(data).digest()}[matching]


@pytest.mark.parametrize("usage", range(4))
@pytest.mark.parametrize("selector", range(2))
@pytest.mark.parametrize("matching", range(3))
def test_data_is_what_openssl_and_hashlib_make_of_the_certificate(usage: int, selector: int, matching: int) -> None:
    made = world(**CHAIN)
    path = [one.public_bytes(Encoding.DER) for one in made.issued("mx1")[0].path]
    assert len(path) == 3
    der = path[2] if usage in (0, 2) else path[0]
    rdata = made.tlsa_rdata(f"{usage} {selector} {matching}", host="mx1")
    assert rdata == bytes((usage, selector, matching)) + expected(der, selector, matching)


@pytest.mark.parametrize(
    ("text", "place"), [("2 0 1 issuer", 1), ("2 0 1 middle", 1), ("3 0 1 root", 2), ("2 0 1 leaf", 0)]
)
def test_a_subject_names_whose_data_it_is(text: str, place: int) -> None:
    made = world(**CHAIN)
    path = made.issued("mx1")[0].path
    assert made.tlsa_rdata(text, host="mx1")[3:] == hashlib.sha256(path[place].public_bytes(Encoding.DER)).digest()


def test_other_hosts_certificates_and_keys_can_be_the_subject() -> None:
    made = world(**CHAIN)
    found = [made.tlsa_rdata(f"3 1 1{word}", host="mx1") for word in ("", " mx2", " lone", " spare", " other-key")]
    assert len(set(found)) == 5
    assert found[1] == made.tlsa_rdata("3 1 1", host="mx2")


@pytest.mark.parametrize(
    ("text", "rdata"),
    [
        ("raw 0301", b"\x03\x01"),
        ("raw", b""),
        ("3 1 1 hex 00ff", b"\x03\x01\x01\x00\xff"),
        ("255 254 253 hex 00", b"\xff\xfe\xfd\x00"),
    ],
)
def test_data_can_be_given_outright(text: str, rdata: bytes) -> None:
    assert world().tlsa_rdata(text, host="mx1") == rdata


def test_data_can_depart_from_the_right_one() -> None:
    made = world()
    right = made.tlsa_rdata("3 1 1", host="mx1")
    assert made.tlsa_rdata("3 1 1 octets 31", host="mx1") == right[:-1]
    assert made.tlsa_rdata("3 1 1 octets 33", host="mx1") == right + b"\0"
    flipped = made.tlsa_rdata("3 1 1 last-bit-flipped", host="mx1")
    assert flipped[:-1] == right[:-1]
    assert flipped[-1] ^ right[-1] == 1
    assert made.tlsa_rdata("3 1 1 as 0 2", host="mx1")[3:] == made.tlsa_rdata("3 0 2", host="mx1")[3:]
    assert made.tlsa_rdata("9 1 1", host="mx1")[3:] == right[3:]


def test_meaningless_data_has_the_length_asked_for_and_differs_by_place_and_seed() -> None:
    one, other = world(), world(seed="another")
    for octets in (0, 1, 64, 65, 1000):
        assert len(one.tlsa_rdata(f"3 0 0 garbage {octets}", host="mx1")) == 3 + octets
    found = {made.tlsa_rdata("3 0 0 garbage 64", host="mx1", place=place) for made in (one, other) for place in (0, 1)}
    assert len(found) == 4


@pytest.mark.parametrize(
    ("tlsa", "why", "key"),
    [
        (["3 1 1", "3 1 1 nobody"], "nothing is called 'nobody'", "mx[0].tlsa[1]"),
        (["3 0 1 spare"], "selector 0 means a whole certificate", "mx[0].tlsa[0]"),
        (["3 1 1 octets 0 last-bit-flipped"], "no last bit", "mx[0].tlsa[0]"),
    ],
)
def test_an_impossible_record_names_file_and_key(tlsa: list[str], why: str, key: str) -> None:
    with pytest.raises(ScenarioError, match=why) as caught:
        world(keys={"spare": {}}, mx=[{"tlsa": tlsa}]).zones.values()
    assert (caught.value.file, caught.value.key) == ("case.toml", key)


def test_records_stand_at_the_port_and_below_the_base_domain() -> None:
    made = world(port=2525, mx=[{"tlsa": ["3 1 1", "3 1 2"]}])
    rrset = made.zones["domain"].rrsets[f"_2525._tcp.mx1.{DOMAIN}"][Type.TLSA]
    assert rrset.rdatas == tuple(made.tlsa_rdata(text, host="mx1") for text in ("3 1 1", "3 1 2"))
