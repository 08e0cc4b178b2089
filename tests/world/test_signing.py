"""Signatures, key tags and DS records, held against dnspython and the RFCs' worked examples."""

from __future__ import annotations

import tomllib
from base64 import b64decode
from pathlib import Path
from typing import Any

import dns.dnssec
import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from harness.scenario.zones import Algorithm
from harness.world.answers import SignedSet, sign
from harness.world.keys import Keyring
from harness.world.model import PrivateKey
from harness.world.records import RRset, Type, read_record
from harness.world.signing import SECURE_ENTRY_POINT, ZONE_KEY, ZoneKey, make_key, rrsig
from tests.world.kit import DOMAIN, NOW, Keys, keys_of, seen, seen_signatures, zone

EXAMPLES = tomllib.loads(Path("fixtures/dnssec/signatures.toml").read_text(encoding="utf-8"))["examples"]
REAL = [algorithm for algorithm in Algorithm if algorithm is not Algorithm.UNKNOWN]


def read(kind: str, text: str) -> dns.rdata.Rdata:
    return dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.from_text(kind), text, dns.name.root, relativize=False)


def key_of(example: dict[str, Any]) -> ZoneKey:
    secret = b64decode(example["private"])
    private: PrivateKey
    if example["algorithm"] == "ed25519":
        private = ed25519.Ed25519PrivateKey.from_private_bytes(secret)
    else:
        private = ec.derive_private_key(int.from_bytes(secret, "big"), ec.SECP256R1())
    return ZoneKey(example["zone"], Algorithm(example["algorithm"]), ZONE_KEY | SECURE_ENTRY_POINT, private)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["source"])
def test_dnskey_key_tag_and_ds_are_those_of_the_rfc(example: dict[str, Any]) -> None:
    key = key_of(example)
    assert key.rdata == read("DNSKEY", example["dnskey"]).to_wire()
    assert key.tag == example["tag"]
    assert key.ds() == read("DS", example["ds"]).to_wire()


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["source"])
def test_rrsig_is_that_of_the_rfc(example: dict[str, Any]) -> None:
    record = read_record(example["record"], origin=".", ttl=0)
    rrset = RRset(record.owner, record.type, record.ttl, (record.rdata,))
    theirs: Any = read("RRSIG", example["rrsig"])
    ours = rrsig(rrset, key_of(example), inception=theirs.inception, expiration=theirs.expiration)
    assert ours.rdata[: -len(theirs.signature)] == theirs.to_wire()[: -len(theirs.signature)]
    if example["repeats"]:
        assert ours.rdata == theirs.to_wire()
    keys: Keys = {
        dns.name.from_text(example["zone"]): dns.rrset.from_text(example["zone"], 0, "IN", "DNSKEY", example["dnskey"])
    }
    for rdata in (ours.rdata, theirs.to_wire()):
        signature = seen(RRset(record.owner, Type.RRSIG, record.ttl, (rdata,)))
        dns.dnssec.validate(seen(rrset), signature, keys, now=theirs.inception + 1)


@pytest.mark.parametrize("algorithm", REAL)
@pytest.mark.parametrize("split", [False, True])
def test_dnspython_validates_every_rrset_of_a_zone(algorithm: Algorithm, *, split: bool) -> None:
    made = zone(algorithms=[algorithm], split_keys=split, records=["mx1 TXT b a c"])
    sets = [made.dnskey, *(rrset for types in made.rrsets.values() for rrset in types.values())]
    assert len(sets) > 6
    for rrset in sets:
        one = sign(made, rrset)
        dns.dnssec.validate(seen(rrset), seen_signatures(one), keys_of(made), now=NOW)


def test_each_algorithm_signs_once() -> None:
    made = zone(algorithms=["rsa-sha256", "ecdsa-p256", "ed25519"])
    one = sign(made, made.rrsets[DOMAIN][Type.SOA])
    assert [record.rdata[2] for record in one.signatures] == [8, 13, 15]
    for record in one.signatures:
        dns.dnssec.validate(seen(one.rrset), seen_signatures(SignedSet(one.rrset, (record,))), keys_of(made), now=NOW)


def test_a_signature_holds_for_its_data_name_and_time_only() -> None:
    made = zone()
    soa = made.rrsets[DOMAIN][Type.SOA]
    one = sign(made, soa)
    changed = RRset(soa.owner, soa.type, soa.ttl, (soa.rdatas[0][:-1] + b"\x07",))
    with pytest.raises(dns.exception.ValidationFailure):
        dns.dnssec.validate(seen(changed), seen_signatures(one), keys_of(made), now=NOW)
    with pytest.raises(dns.exception.ValidationFailure):
        dns.dnssec.validate(seen(soa), seen_signatures(one), keys_of(made), now=NOW + 15 * 86400)
    with pytest.raises(dns.exception.ValidationFailure):
        dns.dnssec.validate(seen(soa), seen_signatures(one), keys_of(made), now=NOW - 15 * 86400)


def test_the_signature_of_an_expanded_wildcard_validates_under_the_name_asked_for() -> None:
    made = zone(records=["*.wild A 192.0.2.1"])
    rrset = RRset(f"a.b.wild.{DOMAIN}", Type.A, 5, made.rrsets[f"*.wild.{DOMAIN}"][Type.A].rdatas)
    one = sign(made, rrset, wildcard=f"*.wild.{DOMAIN}")
    assert one.signatures[0].rdata[3] == 3
    dns.dnssec.validate(seen(rrset), seen_signatures(one), keys_of(made), now=NOW)


def test_the_order_of_records_in_the_set_does_not_matter() -> None:
    made = zone()
    forth = RRset(DOMAIN, Type.TXT, 5, (b"\1b", b"\1a", b"\1a"))
    back = RRset(DOMAIN, Type.TXT, 5, (b"\1a", b"\1b"))
    assert sign(made, forth).signatures == sign(made, back).signatures


@pytest.mark.parametrize("algorithm", REAL)
def test_key_tag_and_ds_are_those_of_dnspython(algorithm: Algorithm) -> None:
    key = make_key(DOMAIN, algorithm, flags=ZONE_KEY, ring=Keyring("seed"), purpose=("test",))
    theirs: Any = seen(RRset(DOMAIN, Type.DNSKEY, 5, (key.rdata,)))[0]
    assert key.tag == dns.dnssec.key_id(theirs)
    assert key.ds() == dns.dnssec.make_ds(dns.name.from_text(DOMAIN), theirs, "SHA256").to_wire()


def test_the_zone_key_flag_can_be_missing_and_entry_keys_carry_theirs() -> None:
    assert [key.flags for key in zone().keys] == [257]
    split = zone(split_keys=True)
    assert ([key.flags for key in split.keys], [key.flags for key in split.entry_keys]) == ([256], [257])
    assert [key.flags for key in zone(zone_key_flag=False).keys] == [1]


def test_what_the_parent_publishes_is_as_the_scenario_says() -> None:
    assert zone().ds_rdatas == tuple(key.ds() for key in zone().entry_keys)
    assert zone(ds="none").ds_rdatas == ()
    assert zone(signed=False).ds_rdatas == ()
    assert zone(ds="other-key").ds_rdatas == (zone().stranger.ds(),)
    assert zone(ds="unknown-digest").ds_rdatas[0][3] == 200
    assert zone(algorithms=["unknown"]).ds_rdatas[0][2] == 200


def test_another_generation_has_other_keys() -> None:
    assert zone(key_generation=1).keys[0].rdata != zone().keys[0].rdata
