"""Zones of the world as master files, signatures and denial included, for other servers to serve."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dns.rdata
import dns.rdataclass
import dns.rdatatype

from harness.world.answers import SignedSet, sign
from harness.world.records import Record, Type
from harness.world.zones import Zone


def write(zone: Zone, folder: Path) -> Path:
    """Write the zone's file, named after its origin, into the folder."""
    path = folder / f"{zone.origin}zone"
    path.write_text("".join(line + "\n" for line in lines(zone)), encoding="ascii")
    return path


def lines(zone: Zone) -> Iterator[str]:
    """All records of a zone with an NSEC chain, the SOA first."""
    for one in _sets(zone):
        for record in (*one.rrset.records, *one.signatures):
            yield line(record)


def line(record: Record) -> str:
    """A record as written in a master file."""
    kind = dns.rdatatype.RdataType(record.type)
    data = dns.rdata.from_wire(dns.rdataclass.IN, kind, record.rdata, 0, len(record.rdata))
    # Hexadecimal and base64 in one piece: not every reader puts pieces together again.
    text = data.to_text(chunksize=0)
    return f"{record.owner} {record.ttl} IN {dns.rdatatype.to_text(kind)} {text}"


def _sets(zone: Zone) -> Iterator[SignedSet]:
    for owner in sorted(zone.names, key=lambda name: name != zone.origin):
        cut = zone.cut_above(owner) == owner
        for kind in sorted(zone.types_at(owner), key=lambda kind: kind != Type.SOA):
            holder = zone.children[owner] if cut and kind == Type.NS else zone
            found = holder.find(owner, kind)
            if found is not None:
                # What is at a delegation is the child's and not signed here, but for the DS (RFC 4035 section 2.2).
                yield SignedSet(found) if cut and kind == Type.NS else sign(zone, found)
        if cut:
            child = zone.children[owner]
            servers = child.rrsets[owner][Type.NS].rdatas
            yield from (SignedSet(glue) for server in servers for glue in child.addresses_of(server))
        yield from (sign(zone, denial) for denial in zone.prover.no_data(owner))
