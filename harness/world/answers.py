"""What an authoritative server answers (RFC 1034 section 4.3.2, RFC 4035 section 3.1), before anything goes wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import IntEnum

from harness.scenario.zones import What

from .denial import Nsec3, Prover
from .names import ROOT, ancestors, is_below, parent, to_wire
from .records import Record, RRset, Type
from .signing import ZoneKey, rrsig
from .zones import Zone

ANY = 255
"""QTYPE for everything; one RRset is answered (RFC 8482)."""


class Rcode(IntEnum):
    """Response codes (RFC 1035 section 4.1.1)."""

    NOERROR = 0
    FORMERR = 1
    SERVFAIL = 2
    NXDOMAIN = 3
    NOTIMP = 4
    REFUSED = 5
    BADVERS = 16
    """An EDNS version that is not spoken here (RFC 6891 section 6.1.3)."""


@dataclass(frozen=True)
class SignedSet:
    """An RRset with its signatures; none in an unsigned zone."""

    rrset: RRset
    signatures: tuple[Record, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Reply:
    """An answer, section by section; what becomes of it on the wire is said by `manners`."""

    rcode: Rcode = Rcode.NOERROR
    authoritative: bool = True
    answer: tuple[SignedSet, ...] = ()
    authority: tuple[SignedSet, ...] = ()
    additional: tuple[SignedSet, ...] = ()
    zone: Zone | None = None
    """The zone it comes from; None for a refusal."""
    manners: frozenset[What] = frozenset()
    """Faults that concern the packet and not what it holds: dropped, truncated, garbage and the like."""
    faults: tuple[What, ...] = ()
    """All faults that shaped it."""

    @property
    def is_negative(self) -> bool:
        """Whether it denies what was asked for (a referral does not)."""
        return not self.answer and self.authoritative


Validity = tuple[int, int]
Signer = Callable[[RRset], tuple[Record, ...]]


def sign(zone: Zone, rrset: RRset, *, wildcard: str | None = None, validity: Validity | None = None) -> SignedSet:
    """The RRset with the zone's signatures; `wildcard` is the name it was expanded from."""
    if not zone.spec.signed:
        return SignedSet(rrset)
    inception, expiration = validity or (zone.inception, zone.expiration)
    keys: tuple[ZoneKey, ...] = zone.entry_keys if rrset.type == Type.DNSKEY else zone.keys
    place = (rrset, wildcard, inception, expiration)
    by, signatures = zone.signatures.get(place, ((), ()))
    if by is not keys:
        source = replace(rrset, owner=wildcard) if wildcard else rrset
        made = (rrsig(source, key, inception=inception, expiration=expiration) for key in keys)
        signatures = tuple(replace(record, owner=rrset.owner) for record in made)
        zone.signatures[place] = (keys, signatures)
    return SignedSet(rrset, signatures)


def answer(zone: Zone, name: str, kind: int) -> Reply:
    """What this zone's servers say to a question for a name at or below its apex."""
    cut = zone.cut_above(name)
    if cut is not None and not (kind == Type.DS and cut == name):
        return _referral(zone, cut)
    if kind == ANY:
        kind = min(zone.types_at(name), default=Type.SOA)
    found = zone.find(name, kind)
    if found is not None:
        glue = _addresses(zone, found) if kind == Type.NS else ()
        return Reply(zone=zone, answer=(sign(zone, found),), additional=glue)
    alias = zone.find(name, Type.CNAME)
    if alias is not None and kind not in (Type.DS, Type.DNSKEY):
        return Reply(zone=zone, answer=(sign(zone, alias),))
    for ancestor in ancestors(name)[1:]:
        if not is_below(ancestor, zone.origin):
            break
        dname = zone.find(ancestor, Type.DNAME)
        if dname is not None:
            return _dname(zone, name, dname)
    if zone.exists(name):
        return negative(zone, Rcode.NOERROR, lambda proofs: proofs.no_data(name))
    wildcard = "*." + ("" if zone.closest_encloser(name) == "." else zone.closest_encloser(name))
    if wildcard in zone.rrsets:
        return _from_wildcard(zone, name, kind, wildcard)
    compact = zone.spec.signed and zone.spec.denial == "compact"
    return negative(zone, Rcode.NOERROR if compact else Rcode.NXDOMAIN, lambda proofs: proofs.no_name(name))


def negative(
    zone: Zone, rcode: Rcode, prove: Callable[[Prover], list[RRset]], *, proofs: Prover | None = None
) -> Reply:
    """A denial: SOA and proof (RFC 2308, RFC 4035 section 3.1.3)."""
    soa = zone.find(zone.origin, Type.SOA)
    assert soa is not None
    sets = [sign(zone, soa)]
    if zone.spec.signed:
        sets += [sign(zone, rrset) for rrset in prove(proofs or zone.prover)]
    return Reply(rcode=rcode, zone=zone, authority=tuple(sets))


def _referral(zone: Zone, cut: str) -> Reply:
    child = zone.children[cut]
    servers = child.rrsets[cut][Type.NS]
    sets = [SignedSet(servers)]
    if zone.spec.signed:
        ds = zone.find(cut, Type.DS)
        proof = [ds] if ds else zone.prover.no_data(cut)
        sets += [sign(zone, rrset) for rrset in proof]
    return Reply(authoritative=False, zone=zone, authority=tuple(sets), additional=_addresses(child, servers))


def _addresses(zone: Zone, servers: RRset) -> tuple[SignedSet, ...]:
    """Addresses of name servers, from the zone itself or, for the root's, from the zone below that holds them."""
    holders = [zone, *(zone.children.values() if zone.origin == ROOT else ())]
    return tuple(
        SignedSet(rrset) for server in servers.rdatas for holder in holders for rrset in holder.addresses_of(server)
    )


def _dname(zone: Zone, name: str, dname: RRset) -> Reply:
    """The DNAME and the CNAME made of it, which is never signed (RFC 6672 section 5.3.1)."""
    prefix = to_wire(name)[: -len(to_wire(dname.owner))]
    target = prefix + dname.rdatas[0]
    if len(target) > 255:
        return Reply(rcode=Rcode.SERVFAIL, zone=zone)
    alias = RRset(name, Type.CNAME, dname.ttl, (target,))
    return Reply(zone=zone, answer=(sign(zone, dname), SignedSet(alias)))


def _from_wildcard(zone: Zone, name: str, kind: int, wildcard: str) -> Reply:
    types = zone.rrsets[wildcard]
    found = types.get(kind) or types.get(Type.CNAME)
    if found is None:
        return negative(zone, Rcode.NOERROR, lambda proofs: _wildcard_no_data(proofs, name, wildcard))
    expanded = sign(zone, replace(found, owner=name), wildcard=wildcard)
    if not zone.spec.signed:
        return Reply(zone=zone, answer=(expanded,))
    proof = tuple(sign(zone, rrset) for rrset in zone.prover.no_exact_name(name))
    return Reply(zone=zone, answer=(expanded,), authority=proof)


def _wildcard_no_data(proofs: Prover, name: str, wildcard: str) -> list[RRset]:
    """No exact name, and a wildcard without the type (RFC 4035 section 3.1.3.4, RFC 5155 section 7.2.5)."""
    sets = [*proofs.no_exact_name(name), *proofs.no_data(wildcard)]
    if isinstance(proofs, Nsec3):
        sets += proofs.no_data(parent(wildcard))
    return list({rrset.owner: rrset for rrset in sets}.values())
