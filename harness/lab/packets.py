"""DNS messages on the wire (RFC 1035 section 4): what a query says, and how a reply is packed.

dnslib takes names apart; the rest is packed and unpacked here, for most of what the lab does is answering questions.
"""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Iterable
from dataclasses import dataclass, replace
from struct import pack

from dnslib.buffer import BufferError as ShortMessage
from dnslib.dns import DNSError
from dnslib.label import DNSBuffer

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

_HEADER = struct.Struct("!6H")
"""Id, flags, and how many records there are in each section."""
_QUESTION = struct.Struct("!HH")
"""Type and class."""
_FIXED = struct.Struct("!HHIH")
"""Type, class, TTL and length of a record."""
_UNREADABLE = (DNSError, ShortMessage, struct.error, ValueError, IndexError)
_QR, _OPCODE, _AA, _TC, _RD, _RA, _AD, _CD = 0x8000, 0x7800, 0x0400, 0x0200, 0x0100, 0x0080, 0x0020, 0x0010
_OPT, _DO = 41, 0x8000
_IN = 1
_POINTER, _FARTHEST = 0xC000, 0x3FFF
"""A compression pointer, and how far into a message it can point (RFC 1035 section 4.1.4)."""
_EXTENDED_ERROR = 15


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
        return _read_query(message)
    except _UNREADABLE:
        return None


def _read_query(message: bytes) -> Query | None:
    identity, flags, questions, *others = _HEADER.unpack_from(message)
    if flags & (_QR | _OPCODE) or questions != 1:
        return None
    buffer = _behind_header(message)
    asked, kind, of_class = _next_question(buffer)
    if of_class != _IN:
        return None
    options: tuple[int, int] | None = None
    for _ in range(sum(others)):
        rtype, size, extended, _ = _next_record(buffer)
        if rtype == _OPT:
            options = options or (size, extended)
    advertised = max(options[0], CLASSIC_LIMIT) if options else CLASSIC_LIMIT
    return Query(
        id=identity,
        name=asked.lower(),
        asked=asked,
        type=kind,
        edns=options is not None,
        version=options[1] >> 16 & 0xFF if options else 0,
        dnssec_ok=bool(options and options[1] & _DO),
        checking_disabled=bool(flags & _CD),
        wants_ad=bool(flags & _AD),
        recursion_desired=bool(flags & _RD),
        limit=min(advertised, OUR_LIMIT),
        advertised=advertised,
    )


def _behind_header(message: bytes) -> DNSBuffer:
    buffer = DNSBuffer(message)
    buffer.offset = _HEADER.size
    return buffer


def _next_question(buffer: DNSBuffer) -> tuple[str, int, int]:
    """Name, type and class of the question that comes next."""
    # dnslib's own text of a name does not tell a dot in a label from one between two.
    name = from_labels(buffer.decode_name().label)
    kind, of_class = _QUESTION.unpack(buffer.get(_QUESTION.size))
    return name, kind, of_class


def _next_record(buffer: DNSBuffer) -> tuple[int, int, int, bytes]:
    """Type, class, TTL and data of the record that comes next."""
    buffer.decode_name()
    rtype, of_class, ttl, length = _FIXED.unpack(buffer.get(_FIXED.size))
    return rtype, of_class, ttl, buffer.get(length)


def complaint(message: bytes) -> bytes | None:
    """The reply to what is no query: only a header. None where none may be given, lest two servers talk for ever."""
    if len(message) < 12 or message[2] & 0x80:
        return None
    identity, flags, questions = struct.unpack_from("!3H", message)
    opcode = flags & _OPCODE
    if opcode:
        rcode = Rcode.NOTIMP
    elif questions == 1 and _another_class(message):
        rcode = Rcode.REFUSED
    else:
        rcode = Rcode.FORMERR
    return _HEADER.pack(identity, _QR | opcode | flags & _RD | rcode, 0, 0, 0, 0)


def _another_class(message: bytes) -> bool:
    """Whether the question is sound but for its class."""
    try:
        _, _, of_class = _next_question(_behind_header(message))
    except _UNREADABLE:
        return False
    return bool(of_class != _IN)


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
    packed = _packed(query, shape, edns=query.edns if edns is None else edns)
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
    return _packed(query, empty, edns=query.edns if edns is None else edns, flags=_TC)


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


class _Message:
    """A message in the making. Names are compressed (RFC 1035 section 4.1.4), those in a record's data are not."""

    def __init__(self) -> None:
        self.octets = bytearray(_HEADER.size)
        self._places: dict[tuple[bytes, ...], int] = {}

    def name(self, name: str) -> None:
        octets, places = self.octets, self._places
        parts = labels(name)
        for first, part in enumerate(parts):
            rest = parts[first:]
            place = places.get(rest)
            if place is not None:
                octets += (_POINTER | place).to_bytes(2, "big")
                return
            if len(octets) <= _FARTHEST:
                places[rest] = len(octets)
            octets.append(len(part))
            octets += part
        octets.append(0)

    def record(self, owner: str, record: Record) -> None:
        self.name(owner)
        self.octets += _FIXED.pack(record.type, _IN, record.ttl, len(record.rdata))
        self.octets += record.rdata

    def options(self, *, extended: int, error: tuple[int, str] | None) -> None:
        """The OPT record (RFC 6891 section 6.1), with an extended DNS error where there is one."""
        data = b""
        if error is not None:
            code, text = error
            said = pack("!H", code) + text.encode()
            data = pack("!HH", _EXTENDED_ERROR, len(said)) + said
        self.octets += b"\0" + _FIXED.pack(_OPT, OUR_LIMIT, extended, len(data)) + data


def _packed(query: Query, shape: Shape, *, edns: bool, flags: int = 0) -> bytes:
    message = _Message()
    message.name(query.asked)
    message.octets += _QUESTION.pack(query.type, _IN)
    signatures = query.dnssec_ok and edns
    counts = []
    for sets in (shape.answer, shape.authority, shape.additional):
        records = _records(sets, query, shape, signatures=signatures)
        for record in records:
            message.record(_owner(record, query, shape), record)
        counts.append(len(records))
    if edns:
        extended = shape.rcode >> 4 << 24 | (_DO if query.dnssec_ok else 0)
        message.options(extended=extended, error=shape.error)
        counts[-1] += 1
    flags |= _QR | shape.rcode & 15
    flags |= _AA * shape.authoritative | _RA * shape.recursion_available | _AD * shape.authentic
    flags |= _RD * query.recursion_desired | _CD * query.checking_disabled
    _HEADER.pack_into(message.octets, 0, query.id, flags, 1, *counts)
    return bytes(message.octets)


_DNSSEC = (Type.RRSIG, Type.NSEC, Type.NSEC3)


def _records(sets: Iterable[SignedSet], query: Query, shape: Shape, *, signatures: bool) -> list[Record]:
    found: list[Record] = []
    for one in sets:
        if one.rrset.type in _DNSSEC and not signatures and one.rrset.type != query.type:
            continue
        records = one.rrset.records
        turn = shape.turn % len(records)
        found += (*records[turn:], *records[:turn])
        if signatures:
            found += one.signatures
    return found


def _owner(record: Record, query: Query, shape: Shape) -> str:
    """The record's owner, in the letters of the question where it is the name that was asked for."""
    owner = query.asked if record.owner == query.name else record.owner
    if shape.mixed_case:
        owner = "".join(letter.upper() if place % 2 else letter.lower() for place, letter in enumerate(owner))
    return owner


def ttl_of(message: bytes, kind: int) -> int | None:
    """The largest TTL of the records of this type in a message's answer, in seconds; None where there are none, or it
    cannot be read."""
    with contextlib.suppress(*_UNREADABLE):
        _, _, questions, answers, *_ = _HEADER.unpack_from(message)
        buffer = _behind_header(message)
        for _ in range(questions):
            _next_question(buffer)
        records = [_next_record(buffer) for _ in range(answers)]
        return max((ttl for rtype, _, ttl, _ in records if rtype == kind), default=None)
    return None
