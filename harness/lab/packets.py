"""DNS messages on the wire: what a query says, and how a reply is packed. dnslib does the octets."""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Iterable
from dataclasses import dataclass, replace
from struct import pack

from dnslib import DNSHeader, DNSQuestion, DNSRecord
from dnslib.buffer import BufferError as ShortMessage
from dnslib.dns import EDNS0, RD, RR, DNSError, EDNSOption
from dnslib.label import DNSBuffer, DNSLabel

from harness.scenario.zones import ResolverFailure
from harness.world.answers import Rcode, SignedSet
from harness.world.names import from_labels, labels
from harness.world.records import Record, Type

CLASSIC_LIMIT = 512
"""Largest UDP message without EDNS, in octets (RFC 1035 section 4.2.1)."""
OUR_LIMIT = 1232
"""Largest UDP message offered and sent by danelab, in octets."""
LARGEST = 65535
"""Largest message that TCP carries, in octets (RFC 1035 section 4.2.2)."""
UNFRAGMENTED = 1472
"""Largest UDP message that an Ethernet carries in one piece over IPv4, in octets."""

_FIXED = struct.Struct("!HHIH")
"""Type, class, TTL and length of a record."""


@dataclass(frozen=True)
class Query:
    """A question as it came."""

    id: int
    name: str
    """Lower case, absolute."""
    asked: str
    """As written by the client."""
    type: int
    edns: bool
    version: int
    """EDNS version asked for; we speak 0."""
    dnssec_ok: bool
    checking_disabled: bool
    wants_ad: bool
    recursion_desired: bool
    limit: int
    """Largest UDP reply to send, in octets."""
    advertised: int
    """Largest UDP reply the client says it takes, in octets (RFC 6891 section 6.2.3)."""


def read_query(message: bytes) -> Query | None:
    """The question in a message; None for what is no query of one question in class IN."""
    try:
        parsed = DNSRecord.parse(message)
    except (DNSError, ShortMessage, struct.error, ValueError, IndexError):
        return None
    header = parsed.header
    if header.qr or header.opcode or len(parsed.questions) != 1 or parsed.q.qclass != 1:
        return None
    options = next((record for record in parsed.ar if record.rtype == 41), None)
    # dnslib's own text of a name does not tell a dot in a label from one between two.
    asked = from_labels(parsed.q.qname.label)
    advertised = max(options.rclass, CLASSIC_LIMIT) if options is not None else CLASSIC_LIMIT
    return Query(
        id=header.id,
        name=asked.lower(),
        asked=asked,
        type=parsed.q.qtype,
        edns=options is not None,
        version=options.ttl >> 16 & 0xFF if options is not None else 0,
        dnssec_ok=options is not None and bool(options.ttl & 0x8000),
        checking_disabled=bool(header.cd),
        wants_ad=bool(header.ad),
        recursion_desired=bool(header.rd),
        limit=min(advertised, OUR_LIMIT),
        advertised=advertised,
    )


def complaint(message: bytes) -> bytes | None:
    """The reply to what is no query: only a header. None where none may be given, lest two servers talk for ever."""
    if len(message) < 12 or message[2] & 0x80:
        return None
    identity, flags, questions = struct.unpack_from("!3H", message)
    opcode = flags & 0x7800
    if opcode:
        rcode = Rcode.NOTIMP
    elif questions == 1 and _another_class(message):
        rcode = Rcode.REFUSED
    else:
        rcode = Rcode.FORMERR
    return pack("!6H", identity, 0x8000 | opcode | flags & 0x0100 | rcode, 0, 0, 0, 0)


def _another_class(message: bytes) -> bool:
    """Whether the question is sound but for its class."""
    try:
        return bool(DNSRecord.parse(message).q.qclass != 1)
    except (DNSError, ShortMessage, struct.error, ValueError, IndexError):
        return False


@dataclass(frozen=True, kw_only=True)
class Shape:
    """How a reply is packed."""

    rcode: int
    authoritative: bool = False
    authentic: bool = False
    recursion_available: bool = False
    answer: tuple[SignedSet, ...] = ()
    authority: tuple[SignedSet, ...] = ()
    additional: tuple[SignedSet, ...] = ()
    mixed_case: bool = False
    turn: int = 0
    """By how many places each RRset is rotated."""
    error: tuple[int, str] | None = None
    """Extended DNS error, code and text (RFC 8914)."""


def write_reply(query: Query, shape: Shape, *, limit: int | None, edns: bool | None = None) -> bytes:
    """The packed reply; `limit` in octets (None over TCP). What does not fit is left out and TC set (RFC 2181 9).

    What does not even fit into TCP becomes SERVFAIL.
    """
    message = _message(query, shape, edns=query.edns if edns is None else edns)
    packed = bytes(message.pack())
    if limit is None and len(packed) > LARGEST:
        return write_reply(query, Shape(rcode=Rcode.SERVFAIL), limit=None, edns=edns)
    if limit is not None and len(packed) > limit:
        if shape.additional:
            return write_reply(query, replace(shape, additional=()), limit=limit, edns=edns)
        return truncated(query, shape, edns=edns)
    return packed


def truncated(query: Query, shape: Shape, *, edns: bool | None = None) -> bytes:
    """The reply with nothing in it but the TC flag."""
    empty = Shape(rcode=shape.rcode, authoritative=shape.authoritative, recursion_available=shape.recursion_available)
    message = _message(query, empty, edns=query.edns if edns is None else edns)
    message.header.tc = 1
    return bytes(message.pack())


def garbage(query: Query) -> bytes:
    """A reply whose header is sound and whose rest cannot be decoded: a compression pointer to itself."""
    return pack("!6H", query.id, 0x8400, 1, 1, 0, 0) + b"\xc0\x0c\xc0\x0c\xff"


def failure(query: Query, what: ResolverFailure) -> bytes:
    """The reply of a resolver that fails at a question."""
    match what:
        case ResolverFailure.GARBAGE:
            return garbage(query)
        case ResolverFailure.TRUNCATED:
            return truncated(query, Shape(rcode=Rcode.NOERROR, recursion_available=True))
        case _:
            return write_reply(query, Shape(rcode=Rcode[what.name], recursion_available=True), limit=None)


def _message(query: Query, shape: Shape, *, edns: bool) -> DNSRecord:
    header = DNSHeader(
        id=query.id,
        qr=1,
        aa=int(shape.authoritative),
        rd=int(query.recursion_desired),
        ra=int(shape.recursion_available),
        ad=int(shape.authentic),
        cd=int(query.checking_disabled),
        rcode=shape.rcode & 15,
    )
    question = DNSQuestion(DNSLabel(list(labels(query.asked))), query.type)
    message = DNSRecord(header, q=question)
    signatures = query.dnssec_ok and edns
    message.add_answer(*_records(shape.answer, query, shape, signatures=signatures))
    message.add_auth(*_records(shape.authority, query, shape, signatures=signatures))
    message.add_ar(*_records(shape.additional, query, shape, signatures=signatures))
    if edns:
        flags = "do" if query.dnssec_ok else ""
        extended = [EDNSOption(15, pack("!H", code) + text.encode()) for code, text in filter(None, [shape.error])]
        message.add_ar(EDNS0(udp_len=OUR_LIMIT, ext_rcode=shape.rcode >> 4, flags=flags, opts=extended))
    return message


_DNSSEC = (Type.RRSIG, Type.NSEC, Type.NSEC3)


def _records(sets: Iterable[SignedSet], query: Query, shape: Shape, *, signatures: bool) -> list[RR]:
    found: list[RR] = []
    for one in sets:
        if one.rrset.type in _DNSSEC and not signatures and one.rrset.type != query.type:
            continue
        records = one.rrset.records
        turn = shape.turn % len(records)
        found += [_record(record, query, shape) for record in (*records[turn:], *records[:turn])]
        if signatures:
            found += [_record(record, query, shape) for record in one.signatures]
    return found


def _record(record: Record, query: Query, shape: Shape) -> RR:
    owner = query.asked if record.owner == query.name else record.owner
    if shape.mixed_case:
        owner = "".join(letter.upper() if place % 2 else letter.lower() for place, letter in enumerate(owner))
    return RR(DNSLabel(list(labels(owner))), record.type, ttl=record.ttl, rdata=RD(record.rdata))


def ttl_of(message: bytes, kind: int) -> int | None:
    """The largest TTL of the records of this type in a message's answer, in seconds; None where there are none, or it
    cannot be read."""
    with contextlib.suppress(DNSError, ShortMessage, struct.error):
        buffer = DNSBuffer(message)
        header = DNSHeader.parse(buffer)
        for _ in range(header.q):
            DNSQuestion.parse(buffer)
        found: list[int] = []
        for _ in range(header.a):
            buffer.decode_name()
            rtype, _, ttl, length = _FIXED.unpack(buffer.get(_FIXED.size))
            buffer.get(length)
            if rtype == kind:
                found.append(ttl)
        return max(found, default=None)
    return None
