"""Proofs of absence, held against dnspython and RFC 5155's own example."""

from __future__ import annotations

import random
import tomllib
from base64 import b32hexencode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dns.dnssec
import dns.name
import dns.rdatatype
import dns.rdtypes.util
import pytest

from harness.scenario.zones import Nsec3 as Nsec3Spec
from harness.world.answers import Rcode, Reply, answer, sign
from harness.world.denial import Nsec3, bitmap, nsec3_hash, nsec3_parameters
from harness.world.records import RRset, Type
from harness.world.zones import Zone
from tests.world.kit import DOMAIN, NOW, keys_of, seen, seen_signatures, types, world, zone

EXAMPLE = tomllib.loads(Path("fixtures/dnssec/rfc5155.toml").read_text(encoding="utf-8"))
DENIALS: dict[str, dict[str, Any]] = {
    "nsec": {"denial": "nsec"},
    "nsec3": {"denial": "nsec3", "nsec3": {"iterations": 2, "salt": "aabb"}},
}


@pytest.mark.parametrize("name", EXAMPLE["hashes"])
def test_hashed_names_are_those_of_rfc_5155_appendix_a(name: str) -> None:
    hashed = nsec3_hash(name, salt=bytes.fromhex(EXAMPLE["salt"]), iterations=EXAMPLE["iterations"])
    assert b32hexencode(hashed).decode().lower() == EXAMPLE["hashes"][name]


@pytest.mark.parametrize(("salt", "iterations"), [("", 0), ("ff", 1), ("aabbccdd", 150)])
def test_hashed_names_are_those_of_dnspython(salt: str, iterations: int) -> None:
    for name in (".", "mx1.case.example.", "*.case.example.", "MX1.Case.Example."):
        ours = nsec3_hash(name, salt=bytes.fromhex(salt), iterations=iterations)
        theirs = dns.dnssec.nsec3_hash(name, salt or None, iterations, "SHA1")
        assert b32hexencode(ours).decode() == theirs


def test_bit_maps_are_those_of_dnspython() -> None:
    chance = random.Random(4034)
    for _ in range(200):
        kinds = {chance.choice((chance.randrange(1, 128), chance.randrange(65536))) for _ in range(chance.randrange(9))}
        theirs = dns.rdtypes.util.Bitmap.from_rdtypes([dns.rdatatype.RdataType.make(kind) for kind in kinds - {0}])
        wire = b"".join(bytes((window, len(octets))) + octets for window, octets in theirs.windows)
        assert bitmap(kinds - {0}) == wire


def covers(owner: bytes, following: bytes, hashed: bytes) -> bool:
    return owner < hashed < following if owner < following else hashed > owner or hashed < following


class Hashed:
    """NSEC3 records of a reply, read by dnspython."""

    def __init__(self, reply: Reply) -> None:
        self.found = {}
        for one in reply.authority:
            if one.rrset.type == Type.NSEC3:
                rdata: Any = seen(one.rrset)[0]
                self.found[dns.name.from_text(one.rrset.owner).labels[0]] = rdata
        self.any: Any = next(iter(self.found.values()))

    def hash(self, name: str) -> bytes:
        return dns.dnssec.nsec3_hash(name, self.any.salt, self.any.iterations, "SHA1").lower().encode()

    def matches(self, name: str) -> bool:
        return self.hash(name) in self.found

    def covers(self, name: str) -> bool:
        return any(
            covers(owner, b32hexencode(rdata.next).lower(), self.hash(name)) for owner, rdata in self.found.items()
        )


def holds(rdata: Any, kind: int) -> bool:
    return any(
        window == kind >> 8 and len(octets) > (kind & 255) >> 3 and octets[(kind & 255) >> 3] & (0x80 >> (kind & 7))
        for window, octets in rdata.windows
    )


def everything_validates(made: Zone, reply: Reply) -> None:
    for one in (*reply.answer, *reply.authority):
        dns.dnssec.validate(seen(one.rrset), seen_signatures(one), keys_of(made), now=NOW)


def test_nsec_chain_is_one_circle_through_all_names_in_canonical_order() -> None:
    made = zone(records=["*.wild A 192.0.2.1", "deep.empty.mx1 A 192.0.2.2", "\\001.mx1 A 192.0.2.3"])
    spans = []
    for name in made.names:
        reply = answer(made, name, 65280)
        (rrset,) = (one.rrset for one in reply.authority if one.rrset.type == Type.NSEC)
        rdata: Any = seen(rrset)[0]
        spans.append((dns.name.from_text(rrset.owner), rdata.next))
        assert {kind for kind in range(300) if holds(rdata, kind)} == made.types_at(name) | {Type.RRSIG, Type.NSEC}
    owners = [owner for owner, _ in spans]
    assert owners == sorted(owners)
    assert [following for _, following in spans] == [*owners[1:], owners[0]]
    assert not any(dns.name.from_text(f"empty.mx1.{DOMAIN}") == owner for owner in owners)


def test_nsec_covers_the_name_and_the_wildcard_that_do_not_exist() -> None:
    made = zone()
    reply = answer(made, f"nowhere.{DOMAIN}", Type.A)
    assert reply.rcode is Rcode.NXDOMAIN
    spans = [(one.rrset.owner, one.rrset) for one in reply.authority if one.rrset.type == Type.NSEC]
    for denied in (f"nowhere.{DOMAIN}", f"*.{DOMAIN}"):
        asked = dns.name.from_text(denied)
        assert any(_covered(owner, seen(rrset)[0], asked) for owner, rrset in spans), denied
    everything_validates(made, reply)


def _covered(owner: str, rdata: Any, name: dns.name.Name) -> bool:
    first = dns.name.from_text(owner)
    return bool(first < name < rdata.next if first < rdata.next else name > first)


def test_nsec3_proves_encloser_next_closer_and_wildcard() -> None:
    made = zone(**DENIALS["nsec3"])
    reply = answer(made, f"a.b.nowhere.{DOMAIN}", Type.A)
    assert reply.rcode is Rcode.NXDOMAIN
    proof = Hashed(reply)
    assert proof.matches(DOMAIN)
    assert proof.covers(f"nowhere.{DOMAIN}")
    assert proof.covers(f"*.{DOMAIN}")
    everything_validates(made, reply)


def test_nsec3_no_data_matches_the_name_and_lists_what_is_there() -> None:
    made = zone(**DENIALS["nsec3"])
    proof = Hashed(answer(made, f"mx1.{DOMAIN}", Type.AAAA))
    assert list(proof.found) == [proof.hash(f"mx1.{DOMAIN}")]
    assert {kind for kind in range(300) if holds(proof.any, kind)} == {Type.A, Type.RRSIG}


def test_nsec3_of_an_empty_non_terminal_has_an_empty_bit_map() -> None:
    made = zone(**DENIALS["nsec3"], records=["x.empty A 192.0.2.1"])
    reply = answer(made, f"empty.{DOMAIN}", Type.A)
    assert reply.rcode is Rcode.NOERROR
    assert Hashed(reply).any.windows == ()


def test_nsec3_parameters_are_published_with_flags_zero() -> None:
    made = zone(denial="nsec3", nsec3={"iterations": 3, "salt": "c0ffee", "opt_out": True})
    published: Any = seen(made.rrsets[DOMAIN][Type.NSEC3PARAM])[0]
    assert (published.algorithm, published.flags, published.iterations, published.salt) == (1, 0, 3, b"\xc0\xff\xee")
    assert nsec3_parameters(Nsec3Spec()) == b"\1\0\0\0\0"


def chain(made: Zone) -> list[bytes]:
    assert isinstance(made.prover, Nsec3)
    place, found = None, []
    owners = {}
    for name in (*made.names, *made.empty_non_terminals):
        for rrset in made.prover.no_data(name):
            rdata: Any = seen(rrset)[0]
            owners[dns.name.from_text(rrset.owner).labels[0]] = b32hexencode(rdata.next).lower()
    place = min(owners)
    while place not in found:
        found.append(place)
        place = owners[place]
    return found


def opted(*, opt_out: bool) -> Zone:
    made = world(
        zones={
            "domain": {"denial": "nsec3", "nsec3": {"opt_out": opt_out}},
            "insecure": {"name": "deep.insecure.{domain}", "signed": False},
            "secure": {"name": "secure.{domain}"},
        }
    )
    return made.zones["domain"]


def test_opt_out_leaves_insecure_delegations_and_what_leads_to_them_only_out_of_the_chain() -> None:
    full, less = opted(opt_out=False), opted(opt_out=True)
    without = {f"deep.insecure.{DOMAIN}", f"insecure.{DOMAIN}"}
    names = {*full.names, *full.empty_non_terminals}
    assert without < names
    for made, expected in ((full, names), (less, names - without)):
        hashes = sorted(dns.dnssec.nsec3_hash(name, None, 0, "SHA1").lower().encode() for name in expected)
        assert chain(made) == hashes


def test_opt_out_flag_is_set_and_a_referral_to_an_insecure_zone_proves_encloser_and_span() -> None:
    made = opted(opt_out=True)
    reply = answer(made, f"deep.insecure.{DOMAIN}", Type.A)
    proof = Hashed(reply)
    assert {rdata.flags for rdata in proof.found.values()} == {1}
    assert proof.matches(DOMAIN)
    assert proof.covers(f"insecure.{DOMAIN}")


def test_an_insecure_delegation_lists_ns_alone() -> None:
    made = opted(opt_out=False)
    proof = Hashed(answer(made, f"deep.insecure.{DOMAIN}", Type.DS))
    assert {kind for kind in range(300) if holds(proof.any, kind)} == {Type.NS}


def test_compact_denial_has_one_minimal_record_and_noerror() -> None:
    made = zone(denial="compact")
    for name, listed in ((f"nowhere.{DOMAIN}", {128}), (f"mx1.{DOMAIN}", {Type.A})):
        reply = answer(made, name, Type.AAAA)
        assert (reply.rcode, types(reply.authority)) == (Rcode.NOERROR, ["SOA", "NSEC"])
        rrset = reply.authority[1].rrset
        rdata: Any = seen(rrset)[0]
        assert (rrset.owner, rdata.next) == (name, dns.name.from_text("\\000." + name))
        assert {kind for kind in range(300) if holds(rdata, kind)} == {*listed, Type.RRSIG, Type.NSEC}
        everything_validates(made, reply)


def test_compact_wildcard_answers_deny_the_exact_name_and_nothing_below_it() -> None:
    made = zone(denial="compact", records=["*.wild A 192.0.2.1"])
    name = f"host.wild.{DOMAIN}"
    reply = answer(made, name, Type.A)
    (denial,) = reply.authority
    assert _covered(denial.rrset.owner, seen(denial.rrset)[0], dns.name.from_text(name))


@pytest.mark.parametrize("denial", DENIALS)
def test_wildcard_answers_come_with_the_denial_of_the_exact_name(denial: str) -> None:
    made = zone(**DENIALS[denial], records=["*.wild A 192.0.2.1"])
    name = f"a.b.wild.{DOMAIN}"
    reply = answer(made, name, Type.A)
    assert [one.rrset.owner for one in reply.answer] == [name]
    everything_validates(made, reply)
    if denial == "nsec3":
        assert Hashed(reply).covers(f"b.wild.{DOMAIN}")
    else:
        (one,) = reply.authority
        assert _covered(one.rrset.owner, seen(one.rrset)[0], dns.name.from_text(name))


@pytest.mark.parametrize("denial", DENIALS)
def test_wildcard_without_the_type_is_no_data(denial: str) -> None:
    made = zone(**DENIALS[denial], records=["*.wild A 192.0.2.1"])
    reply = answer(made, f"host.wild.{DOMAIN}", Type.AAAA)
    assert (reply.rcode, reply.answer) == (Rcode.NOERROR, ())
    if denial == "nsec3":
        proof = Hashed(reply)
        assert proof.matches(f"*.wild.{DOMAIN}")
        assert proof.matches(f"wild.{DOMAIN}")
        assert proof.covers(f"host.wild.{DOMAIN}")
    else:
        assert f"*.wild.{DOMAIN}" in [one.rrset.owner for one in reply.authority]


@pytest.mark.parametrize("denial", [*DENIALS, "compact"])
def test_records_from_elsewhere_are_genuine_and_prove_nothing_about_the_name(denial: str) -> None:
    made = zone(**DENIALS.get(denial, {"denial": denial}), records=["b A 192.0.2.1", "y A 192.0.2.1"])
    for name in (f"mx1.{DOMAIN}", f"nowhere.{DOMAIN}"):
        found = made.prover.elsewhere(name)
        assert found
        proves: list[Callable[[str], list[RRset]]] = (
            [made.prover.no_data] if made.exists(name) else [made.prover.no_name]
        )
        used = {rrset.owner for prove in proves for rrset in prove(name)}
        for rrset in found:
            assert rrset.owner not in used
            one = sign(made, rrset)
            dns.dnssec.validate(seen(rrset), seen_signatures(one), keys_of(made), now=NOW)
