"""A zone as a master file (RFC 1035 section 5): its data, keys, signatures and denial of existence, all of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from harness.scenario.docs import member_docs
from harness.scenario.zones import DelegationSigner, Denial, What

from .answers import SignedSet, sign
from .faults import PlacedFault
from .presentation import line, owner
from .records import Type, type_name
from .zones import Zone


def master_file(zone: Zone, *, faults: Iterable[PlacedFault] = ()) -> Iterator[str]:
    """The lines of the zone's file, the SOA first among the records. Comments say what no file can hold.

    `faults` are those of this zone's answers: the file has what stands there before they are done.
    """
    yield from (f"; {text}".rstrip() for text in _remarks(zone, tuple(faults)))
    for one in _sets(zone):
        for record in (*one.rrset.records, *one.signatures):
            yield line(record)


def _remarks(zone: Zone, faults: tuple[PlacedFault, ...]) -> Iterator[str]:
    spec = zone.spec
    signing = f"signed with {', '.join(spec.algorithms)}; {spec.denial}" if spec.signed else "not signed"
    yield f"zone {owner(zone.origin)} ({signing})"
    if spec.signed and spec.denial is Denial.COMPACT:
        yield "Its servers deny while answering (RFC 9824), which no file can hold: here stands a plain NSEC chain."
    if spec.signed and spec.ds is not DelegationSigner.MATCH:
        yield f"ds = {spec.ds}: {member_docs(DelegationSigner)[spec.ds]} That is the zone above's affair."
    docs = member_docs(What)
    for fault in faults:
        asked = f"{owner(fault.name)} {type_name(fault.type) if fault.type is not None else 'of any type'}"
        yield f"Not in this file, but on the answer to {asked}: {fault.what}. {docs[fault.what]}"
        yield from (f"  {record}" for record in map(line, fault.records))


def _sets(zone: Zone) -> Iterator[SignedSet]:
    for name in sorted(zone.names, key=lambda name: name != zone.origin):
        cut = zone.cut_above(name) == name
        for kind in sorted(zone.types_at(name), key=lambda kind: kind != Type.SOA):
            holder = zone.children[name] if cut and kind == Type.NS else zone
            found = holder.find(name, kind)
            if found is not None:
                # The NS records at a delegation are the child's, and not signed here (RFC 4035 section 2.2).
                yield SignedSet(found) if cut and kind == Type.NS else sign(zone, found)
        if cut:
            yield from _glue(zone, name)
    if zone.spec.signed:
        yield from (sign(zone, denial) for denial in zone.prover.chain())


def _glue(zone: Zone, cut: str) -> Iterator[SignedSet]:
    child = zone.children[cut]
    for server in child.rrsets[cut][Type.NS].rdatas:
        yield from map(SignedSet, child.addresses_of(server))
