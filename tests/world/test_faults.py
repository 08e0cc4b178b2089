"""Each fault changes exactly what its docstring says: a reply before and after."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dns.dnssec
import dns.exception
import dns.name
import pytest

from harness.scenario.zones import What
from harness.world.answers import Rcode, Reply, SignedSet, answer
from harness.world.changes import PACKET
from harness.world.faults import Effect
from harness.world.internet import SENDER, Internet
from harness.world.records import Type
from harness.world.zones import Zone
from tests.world.kit import DOMAIN, ID, NOW, internet, keys_of, scenario, seen, seen_signatures, types
from tests.world.test_denial import Hashed, holds

DAY = 86400
TLSA = f"_25._tcp.mx1.{DOMAIN}"
ABSENT = f"nowhere.{DOMAIN}"


class Pair:
    """A reply as it was, and as the fault leaves it."""

    def __init__(self, what: str, name: str, kind: int, *, zone: dict[str, Any] | None = None, **keys: Any) -> None:
        at = f"{name} {Type(kind).name}"
        tables: dict[str, Any] = {"zones": {"domain": zone or {}}, "faults": [{"at": at, "what": what, **keys}]}
        self.internet: Internet = internet(scenario(**tables))
        self.zone: Zone = self.internet.world(ID).zones["domain"]
        self.before: Reply = answer(self.zone, name, kind)
        self.after: Reply = self.internet.answer(name, kind)
        (self.fault,) = self.internet.world(ID).faults

    @property
    def effect(self) -> Effect:
        return self.fault.effect(self.before)


def valid(zone: Zone, one: SignedSet, *, now: int = NOW) -> bool:
    try:
        dns.dnssec.validate(seen(one.rrset), seen_signatures(one), keys_of(zone), now=now)
    except dns.exception.ValidationFailure:
        return False
    return True


def rrsets(sets: tuple[SignedSet, ...]) -> list[object]:
    return [one.rrset for one in sets]


def field(one: SignedSet, name: str) -> list[Any]:
    """A field of each signature, as dnspython reads it."""
    return [getattr(rdata, name) for rdata in seen_signatures(one)]


@pytest.mark.parametrize("what", sorted(PACKET))
def test_faults_of_the_packet_leave_what_it_holds_alone(what: What) -> None:
    pair = Pair(what, TLSA, Type.TLSA)
    assert pair.after.manners == {what}
    assert (pair.after.answer, pair.after.rcode) == (pair.before.answer, pair.before.rcode)
    assert pair.after.faults == (what,)


@pytest.mark.parametrize("what", [What.NO_RRSIG, What.CORRUPT_RRSIG, What.EXPIRED_RRSIG, What.FUTURE_RRSIG])
@pytest.mark.parametrize(("name", "kind"), [(TLSA, Type.TLSA), (ABSENT, Type.A), (DOMAIN, Type.DNSKEY)])
def test_broken_signatures_break_the_answer_or_else_the_denial_and_no_data(what: What, name: str, kind: int) -> None:
    pair = Pair(what, name, kind)
    assert pair.effect is Effect.BOGUS
    assert rrsets(pair.after.answer) == rrsets(pair.before.answer)
    assert rrsets(pair.after.authority) == rrsets(pair.before.authority)
    touched = pair.after.answer or pair.after.authority
    assert all(valid(pair.zone, one) for one in pair.before.answer or pair.before.authority)
    for one in touched:
        assert len(one.signatures) == (0 if what is What.NO_RRSIG else 1)
        assert what is What.NO_RRSIG or not valid(pair.zone, one)


def test_a_corrupt_signature_differs_in_one_bit() -> None:
    pair = Pair("corrupt-rrsig", TLSA, Type.TLSA)
    ((before,), (after,)) = (field(reply.answer[0], "signature") for reply in (pair.before, pair.after))
    assert (int.from_bytes(before, "big") ^ int.from_bytes(after, "big")).bit_count() == 1


def test_expired_signatures_were_valid_once_and_the_skew_that_validators_grant_is_over() -> None:
    (one,) = Pair("expired-rrsig", TLSA, Type.TLSA).after.answer
    pair = Pair("expired-rrsig", TLSA, Type.TLSA)
    assert field(one, "expiration")[0] < NOW - 2 * DAY - 3600
    assert valid(pair.zone, one, now=NOW - 10 * DAY)


def test_future_signatures_become_valid() -> None:
    pair = Pair("future-rrsig", TLSA, Type.TLSA)
    (one,) = pair.after.answer
    assert field(one, "inception")[0] > NOW + 2 * DAY
    assert valid(pair.zone, one, now=NOW + 10 * DAY)


def test_short_signatures_last_as_long_as_asked_for() -> None:
    pair = Pair("short-rrsig", TLSA, Type.TLSA, lasts="90s")
    (one,) = pair.after.answer
    assert field(one, "expiration") == [NOW + 90]
    assert (valid(pair.zone, one), valid(pair.zone, one, now=NOW + 91), pair.effect) == (True, False, Effect.NONE)


@pytest.mark.parametrize(("name", "kind"), [(TLSA, Type.TLSA), (ABSENT, Type.A)])
def test_a_raised_ttl_is_a_day_and_the_signatures_state_the_true_one(name: str, kind: int) -> None:
    pair = Pair("raised-ttl", name, kind)
    before, after = (reply.answer or reply.authority for reply in (pair.before, pair.after))
    assert {one.rrset.ttl for one in after} == {record.ttl for one in after for record in one.signatures} == {DAY}
    assert [field(one, "original_ttl") for one in after] == [[one.rrset.ttl] for one in before]
    assert [one.rrset.rdatas for one in after] == [one.rrset.rdatas for one in before]
    assert all(valid(pair.zone, one) for one in after)
    assert pair.effect is Effect.NONE


def test_a_wrong_signer_is_another_trusted_zone_and_says_so() -> None:
    pair = Pair("wrong-signer", TLSA, Type.TLSA)
    (one,) = pair.after.answer
    other = pair.internet.world(SENDER).zones["domain"]
    assert field(one, "signer") == [dns.name.from_text(other.origin)]
    assert field(one, "key_tag") == [other.keys[0].tag]
    assert not valid(pair.zone, one)


def test_labels_high_says_one_label_more_than_there_are() -> None:
    pair = Pair("labels-high", TLSA, Type.TLSA)
    ((before,), (after,)) = (field(reply.answer[0], "labels") for reply in (pair.before, pair.after))
    assert after == before + 1


def test_a_bad_signature_behind_the_good_one_does_no_harm() -> None:
    pair = Pair("extra-bad-rrsig", TLSA, Type.TLSA)
    (one,) = pair.after.answer
    assert one.signatures[:1] == pair.before.answer[0].signatures
    assert [valid(pair.zone, SignedSet(one.rrset, (each,))) for each in one.signatures] == [True, False]
    assert (valid(pair.zone, one), pair.effect) == (True, Effect.NONE)


def test_a_signature_by_an_unknown_key_beside_the_good_one_does_no_harm() -> None:
    pair = Pair("unknown-key-rrsig", TLSA, Type.TLSA)
    (one,) = pair.after.answer
    assert field(one, "key_tag") == [pair.zone.stranger.tag, pair.zone.keys[0].tag]
    assert pair.zone.stranger.rdata not in pair.zone.dnskey.rdatas
    assert (valid(pair.zone, one), pair.effect) == (True, Effect.NONE)


def test_only_the_signatures_of_the_algorithm_meant_are_touched() -> None:
    zone = {"algorithms": ["rsa-sha256", "ecdsa-p256"]}
    pair = Pair("corrupt-rrsig", TLSA, Type.TLSA, zone=zone, algorithm="rsa-sha256")
    (one,) = pair.after.answer
    found = {each.rdata[2]: valid(pair.zone, SignedSet(one.rrset, (each,))) for each in one.signatures}
    assert (found, pair.effect) == ({8: False, 13: True}, Effect.NONE)
    gone = Pair("no-rrsig", TLSA, Type.TLSA, zone=zone, algorithm="rsa-sha256").after.answer[0]
    assert field(gone, "algorithm") == [13]


@pytest.mark.parametrize(("what", "rcode"), [("empty-noerror", Rcode.NOERROR), ("forged-nxdomain", Rcode.NXDOMAIN)])
@pytest.mark.parametrize(("name", "kind"), [(TLSA, Type.TLSA), (ABSENT, Type.A)])
def test_unproved_absence_is_empty_all_over(what: str, rcode: Rcode, name: str, kind: int) -> None:
    pair = Pair(what, name, kind)
    assert (pair.after.rcode, pair.after.answer, pair.after.authority) == (rcode, (), ())
    assert pair.effect is Effect.BOGUS


def test_a_forged_answer_holds_the_forgers_records_unsigned() -> None:
    pair = Pair("forged", f"mx1.{DOMAIN}", Type.A, records=["mx1 A 192.0.2.66", "mx1 A 192.0.2.67"])
    reply = pair.after
    assert [str(rdata) for rdata in seen(reply.answer[0].rrset)] == ["192.0.2.66", "192.0.2.67"]
    assert [one.signatures for one in reply.answer] == [()]


def test_an_altered_answer_keeps_the_genuine_signatures() -> None:
    pair = Pair("altered", TLSA, Type.TLSA, records=[f"{TLSA} TLSA 3 1 1 {'00' * 32}"])
    (before, after) = (reply.answer[0] for reply in (pair.before, pair.after))
    assert after.rrset.rdatas == (b"\x03\x01\x01" + b"\0" * 32,)
    assert after.signatures == before.signatures
    assert not valid(pair.zone, after)


def test_no_proof_leaves_the_soa_and_takes_the_nsec_records() -> None:
    for zone in ({}, {"denial": "nsec3"}):
        pair = Pair("no-proof", ABSENT, Type.A, zone=zone)
        assert types(pair.after.authority) == ["SOA"]
        assert (pair.after.rcode, pair.effect) == (Rcode.NXDOMAIN, Effect.BOGUS)
    there = Pair("no-proof", TLSA, Type.TLSA)
    assert (there.after.answer, there.effect) == (there.before.answer, Effect.NONE)


@pytest.mark.parametrize("denial", ["nsec", "nsec3", "compact"])
@pytest.mark.parametrize(("name", "kind"), [(ABSENT, Type.A), (f"mx1.{DOMAIN}", Type.AAAA)])
def test_a_proof_from_elsewhere_is_genuine_and_none_of_the_right_records(denial: str, name: str, kind: int) -> None:
    pair = Pair("nsec-elsewhere", name, kind, zone={"denial": denial})
    proofs = [one for one in pair.after.authority if one.rrset.type != Type.SOA]
    assert proofs
    assert all(valid(pair.zone, one) for one in proofs)
    assert not {one.rrset.owner for one in proofs} & {
        one.rrset.owner for one in pair.before.authority if one.rrset.type != Type.SOA
    }


@pytest.mark.parametrize("denial", ["nsec", "nsec3", "compact"])
@pytest.mark.parametrize(("what", "listed"), [("type-listed", Type.AAAA), ("cname-listed", Type.CNAME)])
def test_the_bit_map_lists_one_type_too_many_and_is_rightly_signed(denial: str, what: str, listed: Type) -> None:
    pair = Pair(what, f"mx1.{DOMAIN}", Type.AAAA, zone={"denial": denial})
    before, after = (reply.authority[1] for reply in (pair.before, pair.after))
    bits = [{kind for kind in range(300) if holds(seen(one.rrset)[0], kind)} for one in (before, after)]
    assert bits[1] - bits[0] == {listed}
    assert bits[0] <= bits[1]
    assert valid(pair.zone, after)
    assert answer(pair.zone, f"mx1.{DOMAIN}", Type.AAAA).authority[1].rrset == before.rrset


def test_the_parents_nsec_is_the_delegations_and_signed_by_the_parent() -> None:
    pair = Pair("nsec-from-parent", f"mx1.{DOMAIN}", Type.AAAA)
    soa, proof = pair.after.authority
    assert (proof.rrset.owner, field(proof, "signer")) == (DOMAIN, [dns.name.from_text("example.")])
    assert valid(pair.internet.tld, proof)
    assert holds(seen(proof.rrset)[0], Type.DS)
    assert not holds(seen(proof.rrset)[0], Type.SOA)
    assert valid(pair.zone, soa)


def test_the_denial_of_the_wildcard_is_left_out() -> None:
    pair = Pair("no-wildcard-proof", ABSENT, Type.A, zone={"denial": "nsec3"})
    before, after = Hashed(pair.before), Hashed(pair.after)
    assert before.covers(f"*.{DOMAIN}")
    assert before.covers(ABSENT)
    assert after.covers(ABSENT)
    assert len(after.found) == 1


@pytest.mark.parametrize("denial", ["nsec", "nsec3", "compact"])
def test_a_wildcard_answer_lacks_the_denial_of_the_exact_name(denial: str) -> None:
    zone = {"denial": denial, "records": ["*.wild A 192.0.2.1"]}
    pair = Pair("no-wildcard-proof", f"a.wild.{DOMAIN}", Type.A, zone=zone)
    assert pair.before.authority
    assert (pair.after.answer, pair.after.authority) == (pair.before.answer, ())
    assert pair.effect is Effect.BOGUS


def test_the_record_that_matches_the_closest_encloser_is_left_out() -> None:
    pair = Pair("no-encloser", ABSENT, Type.A, zone={"denial": "nsec3"})
    assert Hashed(pair.before).matches(DOMAIN)
    assert not Hashed(pair.after).matches(DOMAIN)
    assert all(valid(pair.zone, one) for one in pair.after.authority)


def test_an_unknown_hash_is_rightly_signed() -> None:
    pair = Pair("unknown-hash", ABSENT, Type.A, zone={"denial": "nsec3"})
    proofs = [one for one in pair.after.authority if one.rrset.type == Type.NSEC3]
    assert {one.rrset.rdatas[0][0] for one in proofs} == {200}
    assert all(valid(pair.zone, one) for one in proofs)


def test_unknown_flags_are_rightly_signed() -> None:
    pair = Pair("unknown-flags", ABSENT, Type.A, zone={"denial": "nsec3"})
    proofs = [one for one in pair.after.authority if one.rrset.type == Type.NSEC3]
    assert {one.rrset.rdatas[0][1] for one in proofs} == {2}
    assert all(valid(pair.zone, one) for one in proofs)


def test_raised_iterations_break_the_signatures() -> None:
    pair = Pair("iterations-raised", ABSENT, Type.A, zone={"denial": "nsec3"})
    proofs = [one for one in pair.after.authority if one.rrset.type == Type.NSEC3]
    assert {seen(one.rrset)[0].iterations for one in proofs} == {2500}
    assert not any(valid(pair.zone, one) for one in proofs)


@pytest.mark.parametrize("denial", ["nsec", "nsec3"])
def test_the_ns_bit_is_missing_from_the_denial_of_a_ds(denial: str) -> None:
    net = internet(
        scenario(
            zones={"domain": {"denial": denial}, "sub": {"name": "sub.{domain}", "signed": False}},
            faults=[{"at": "{sub} DS", "what": "no-ns-bit"}],
        )
    )
    zone = net.world(ID).zones["domain"]
    before, after = (reply(f"sub.{DOMAIN}", Type.DS).authority[1] for reply in (_plain(zone), net.answer))
    bits = [{kind for kind in range(300) if holds(seen(one.rrset)[0], kind)} for one in (before, after)]
    assert bits[0] - bits[1] == {Type.NS}
    assert bits[1] <= bits[0]
    assert valid(zone, after)
    referral = net.answer(f"host.sub.{DOMAIN}", Type.A, served=lambda one: one is zone)
    assert types(referral.authority) == ["NS"]


def _plain(zone: Zone) -> Callable[[str, int], Reply]:
    return lambda name, kind: answer(zone, name, kind)


def test_every_fault_has_been_looked_at() -> None:
    """Each kind either concerns the packet, or does something to an answer or a denial of some zone."""
    for what in set(What) - PACKET:
        records = [f"{TLSA} TLSA 3 1 1 00"] if what in (What.FORGED, What.ALTERED) else []
        changed = [
            pair.after != pair.before
            for zone in ({}, {"denial": "nsec3"})
            for name, kind in ((TLSA, Type.TLSA), (ABSENT, Type.A), (f"mx1.{DOMAIN}", Type.AAAA))
            for pair in [Pair(what, name, kind, zone=zone, **({"records": records} if records else {}))]
        ]
        assert any(changed), what


def test_other_questions_are_left_alone() -> None:
    pair = Pair("corrupt-rrsig", TLSA, Type.TLSA)
    for name, kind in ((TLSA, Type.A), (f"mx1.{DOMAIN}", Type.A), (DOMAIN, Type.MX)):
        assert pair.internet.answer(name, kind) == answer(pair.zone, name, kind)
