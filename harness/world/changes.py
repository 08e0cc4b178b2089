"""What each fault does to an answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from struct import pack, unpack_from

from harness.scenario.base import seconds
from harness.scenario.zones import What

from .answers import Rcode, Reply, SignedSet, negative, sign
from .denial import UNKNOWN_FLAG, UNKNOWN_HASH, Nsec3, Prover, prover
from .faults import PlacedFault
from .names import label_count
from .records import Record, RRset, Type
from .signing import NUMBERS, ZoneKey, rrsig
from .zones import Zone

_DAY = 86400

PACKET = {
    What.SERVFAIL, What.REFUSED, What.NOTIMP, What.FORMERR, What.DROP, What.GARBAGE, What.TRUNCATE,
    What.TRUNCATE_NO_TCP, What.DROP_LARGE_UDP, What.NO_EDNS, What.SET_AD, What.MIXED_CASE,
}  # fmt: skip
"""Faults of the packet rather than of its content."""


def apply(reply: Reply, fault: PlacedFault, *, name: str, kind: int, parent: Zone | None, other: Zone) -> Reply:
    """The reply as it is once the fault has touched it.

    `parent` is the zone above the reply's, `other` an unrelated signed zone.
    """
    what = fault.what
    if what in PACKET:
        reply = replace(reply, manners=reply.manners | {what})
    else:
        reply = _CHANGES[what](_Case(reply, fault, name, kind, parent, other))
    return replace(reply, faults=(*reply.faults, what))


@dataclass(frozen=True)
class _Case:
    reply: Reply
    fault: PlacedFault
    name: str
    kind: int
    parent: Zone | None
    other: Zone

    @property
    def zone(self) -> Zone:
        assert self.reply.zone is not None
        return self.reply.zone

    def touches(self, signature: Record) -> bool:
        """Whether the fault means signatures of this algorithm."""
        wanted = self.fault.spec.algorithm
        return wanted is None or signature.rdata[2] == NUMBERS[wanted]

    def with_signatures(self, change: Callable[[SignedSet], tuple[Record, ...]]) -> Reply:
        """The reply with the signatures changed of what decides it: the answer, or the denial."""

        def changed(sets: Iterable[SignedSet]) -> tuple[SignedSet, ...]:
            return tuple(replace(one, signatures=change(one)) if one.signatures else one for one in sets)

        if self.reply.answer:
            return replace(self.reply, answer=changed(self.reply.answer))
        return replace(self.reply, authority=changed(self.reply.authority))

    def each_signature(self, change: Callable[[Record], Record]) -> Reply:
        return self.with_signatures(
            lambda one: tuple(change(record) if self.touches(record) else record for record in one.signatures)
        )

    def signed_again(
        self, *, inception: int | None = None, expiration: int | None = None, labels: int | None = None
    ) -> Reply:
        """The same RRsets signed anew by the zone's keys, with other times or another count of labels."""

        def again(one: SignedSet) -> tuple[Record, ...]:
            keys = self.zone.entry_keys if one.rrset.type == Type.DNSKEY else self.zone.keys
            return tuple(
                rrsig(
                    one.rrset,
                    key,
                    inception=self.zone.inception if inception is None else inception,
                    expiration=self.zone.expiration if expiration is None else expiration,
                    labels=labels,
                )
                for key in keys
            )

        return self.with_signatures(again)

    def signed_by(self, key: ZoneKey, rrset: RRset) -> Record:
        """A signature by any key, with the zone's usual times."""
        return rrsig(rrset, key, inception=self.zone.inception, expiration=self.zone.expiration)

    def denied(self, rcode: Rcode, prove: Callable[[Prover], list[RRset]], *, proofs: Prover | None = None) -> Reply:
        return negative(self.zone, rcode, prove, proofs=proofs)

    def own_proof(self, proofs: Prover) -> list[RRset]:
        if self.zone.exists(self.name):
            return proofs.no_data(self.name)
        return proofs.no_name(self.name)

    @property
    def rcode(self) -> Rcode:
        return Rcode.NOERROR if self.zone.exists(self.name) else Rcode.NXDOMAIN


def _empty(case: _Case) -> Reply:
    return Reply(zone=case.zone)


def _nxdomain(case: _Case) -> Reply:
    return Reply(rcode=Rcode.NXDOMAIN, zone=case.zone)


def _forged(case: _Case) -> Reply:
    return Reply(zone=case.zone, answer=tuple(SignedSet(rrset) for rrset in _sets(case.fault.records)))


def _altered(case: _Case) -> Reply:
    new = {(rrset.owner, rrset.type): rrset for rrset in _sets(case.fault.records)}
    answer = tuple(
        replace(one, rrset=new.get((one.rrset.owner, one.rrset.type), one.rrset)) for one in case.reply.answer
    )
    return replace(case.reply, answer=answer)


def _unsigned(case: _Case) -> Reply:
    return case.with_signatures(lambda one: tuple(record for record in one.signatures if not case.touches(record)))


def _corrupt(case: _Case) -> Reply:
    return case.each_signature(_last_bit_flipped)


def _expired(case: _Case) -> Reply:
    return case.signed_again(inception=case.zone.now - 30 * _DAY, expiration=case.zone.now - 3 * _DAY)


def _future(case: _Case) -> Reply:
    return case.signed_again(inception=case.zone.now + 3 * _DAY, expiration=case.zone.now + 30 * _DAY)


def _short(case: _Case) -> Reply:
    return case.signed_again(expiration=case.zone.now + int(seconds(case.fault.spec.lasts)))


def _raised_ttl(case: _Case) -> Reply:
    def raised(one: SignedSet) -> SignedSet:
        signatures = tuple(replace(record, ttl=_DAY) for record in one.signatures)
        return SignedSet(replace(one.rrset, ttl=_DAY), signatures)

    answer, authority = (tuple(map(raised, sets)) for sets in (case.reply.answer, case.reply.authority))
    return replace(case.reply, answer=answer, authority=authority)


def _labels_high(case: _Case) -> Reply:
    return case.signed_again(labels=label_count(case.name) + 1)


def _wrong_signer(case: _Case) -> Reply:
    return case.with_signatures(lambda one: (case.signed_by(case.other.keys[0], one.rrset),))


def _extra_bad(case: _Case) -> Reply:
    return case.with_signatures(lambda one: (*one.signatures, *map(_last_bit_flipped, one.signatures)))


def _unknown_key(case: _Case) -> Reply:
    return case.with_signatures(lambda one: (case.signed_by(case.zone.stranger, one.rrset), *one.signatures))


def _no_proof(case: _Case) -> Reply:
    kept = tuple(one for one in case.reply.authority if one.rrset.type not in (Type.NSEC, Type.NSEC3))
    return replace(case.reply, authority=kept)


def _elsewhere(case: _Case) -> Reply:
    return case.denied(case.rcode, lambda proofs: proofs.elsewhere(case.name))


def _listed(kind: Callable[[_Case], int]) -> Callable[[_Case], Reply]:
    def change(case: _Case) -> Reply:
        proofs = prover(case.zone)
        proofs.added[case.name] = {kind(case)}
        return case.denied(Rcode.NOERROR, lambda proofs: proofs.no_data(case.name), proofs=proofs)

    return change


def _no_ns_bit(case: _Case) -> Reply:
    proofs = prover(case.zone)
    proofs.taken[case.name] = {Type.NS}
    return case.denied(Rcode.NOERROR, lambda proofs: proofs.no_data(case.name), proofs=proofs)


def _from_parent(case: _Case) -> Reply:
    if case.parent is None:
        return _no_proof(case)
    proof = tuple(sign(case.parent, rrset) for rrset in case.parent.prover.no_data(case.zone.origin))
    soa = case.zone.find(case.zone.origin, Type.SOA)
    assert soa is not None
    return Reply(rcode=Rcode.NXDOMAIN, zone=case.zone, authority=(sign(case.zone, soa), *proof))


def _no_wildcard_proof(case: _Case) -> Reply:
    if case.reply.answer:
        return replace(case.reply, authority=())
    return case.denied(case.rcode, lambda proofs: proofs.no_exact_name(case.name))


def _no_encloser(case: _Case) -> Reply:
    proofs = case.zone.prover
    if not isinstance(proofs, Nsec3) or case.zone.exists(case.name):
        return _no_proof(case)
    return case.denied(case.rcode, lambda _: proofs.without_encloser(case.name))


def _unknown_hash(case: _Case) -> Reply:
    return case.denied(case.rcode, case.own_proof, proofs=Nsec3(case.zone, hash_algorithm=UNKNOWN_HASH))


def _unknown_flags(case: _Case) -> Reply:
    return case.denied(case.rcode, case.own_proof, proofs=Nsec3(case.zone, further_flags=UNKNOWN_FLAG))


def _iterations_raised(case: _Case) -> Reply:
    def raised(one: SignedSet) -> SignedSet:
        if one.rrset.type != Type.NSEC3:
            return one
        data = one.rrset.rdatas[0]
        (iterations,) = unpack_from("!H", data, 2)
        return replace(one, rrset=replace(one.rrset, rdatas=(data[:2] + pack("!H", iterations + 2500) + data[4:],)))

    return replace(case.reply, authority=tuple(map(raised, case.reply.authority)))


def _last_bit_flipped(record: Record) -> Record:
    return replace(record, rdata=record.rdata[:-1] + bytes((record.rdata[-1] ^ 1,)))


def _sets(records: Iterable[Record]) -> list[RRset]:
    found: dict[tuple[str, int], list[Record]] = {}
    for record in records:
        found.setdefault((record.owner, record.type), []).append(record)
    return [RRset(owner, kind, some[0].ttl, tuple(r.rdata for r in some)) for (owner, kind), some in found.items()]


_CHANGES: dict[What, Callable[[_Case], Reply]] = {
    What.EMPTY_NOERROR: _empty,
    What.FORGED_NXDOMAIN: _nxdomain,
    What.FORGED: _forged,
    What.ALTERED: _altered,
    What.NO_RRSIG: _unsigned,
    What.CORRUPT_RRSIG: _corrupt,
    What.EXPIRED_RRSIG: _expired,
    What.FUTURE_RRSIG: _future,
    What.SHORT_RRSIG: _short,
    What.RAISED_TTL: _raised_ttl,
    What.WRONG_SIGNER: _wrong_signer,
    What.LABELS_HIGH: _labels_high,
    What.EXTRA_BAD_RRSIG: _extra_bad,
    What.UNKNOWN_KEY_RRSIG: _unknown_key,
    What.NO_PROOF: _no_proof,
    What.NSEC_ELSEWHERE: _elsewhere,
    What.TYPE_LISTED: _listed(lambda case: case.kind),
    What.CNAME_LISTED: _listed(lambda case: Type.CNAME),  # noqa: ARG005 (it takes what the other takes)
    What.NSEC_FROM_PARENT: _from_parent,
    What.NO_WILDCARD_PROOF: _no_wildcard_proof,
    What.NO_ENCLOSER: _no_encloser,
    What.UNKNOWN_HASH: _unknown_hash,
    What.UNKNOWN_FLAGS: _unknown_flags,
    What.ITERATIONS_RAISED: _iterations_raised,
    What.NO_NS_BIT: _no_ns_bit,
}
