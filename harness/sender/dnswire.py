"""DNS messages: one question out, one reply in (RFC 1035 section 4, RFC 6891).

A TLSA record is kept as the octets that arrived. A library that parses it would refuse a malformed
one, and with it the whole reply, although RFC 6698 section 4.1 calls it merely unusable.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum

import dns.exception
import dns.name
from dns.name import Name

from harness.sender.errors import MalformedReply


class RdType(IntEnum):
    """The record types the sender asks for or looks at."""

    A = 1
    """IPv4 address."""
    CNAME = 5
    """Alias."""
    MX = 15
    """Mail exchanger."""
    AAAA = 28
    """IPv6 address."""
    TLSA = 52
    """Certificate association (RFC 6698 section 7.1)."""
    SMIMEA = 53
    """The same in form, for mail addresses (RFC 8162). Never asked for by a correct sender."""


class Rcode(IntEnum):
    """Response codes (RFC 1035 section 4.1.1). The first and NXDOMAIN carry an answer; every other one is a failure."""

    NOERROR = 0
    """The name exists, with or without records of the type."""
    FORMERR = 1
    """The question cannot be read."""
    SERVFAIL = 2
    """There is no answer."""
    NXDOMAIN = 3
    """The name does not exist."""
    NOTIMP = 4
    """Such questions are not known."""
    REFUSED = 5
    """The question will not be answered."""


@dataclass(frozen=True, kw_only=True)
class QueryFlags:
    """The bits of a question that concern DNSSEC (RFC 4035 section 3.2, RFC 6840 section 5.7)."""

    do: bool
    ad: bool
    cd: bool


@dataclass(frozen=True, kw_only=True)
class Record:
    """One record of the answer section. `target` is the name in a CNAME or MX, lower case, no dot."""

    owner: str
    rdtype: int
    rdata: bytes
    target: str = ""
    preference: int = 0


@dataclass(frozen=True, kw_only=True)
class Reply:
    """A reply as far as the sender reads it. `rcode` includes the EDNS extension."""

    ident: int
    rcode: int
    truncated: bool
    authentic: bool
    question: tuple[str, int]
    answers: tuple[Record, ...]


UDP_PAYLOAD = 1232
"""Octets of UDP reply that are asked for."""

_IN = 1
_OPT = 41
_QR, _TC, _RD, _AD, _CD = 0x8000, 0x0200, 0x0100, 0x0020, 0x0010
_OPCODE = 0x7800
_HEADER = struct.Struct("!HHHHHH")
_FIXED = struct.Struct("!HHIH")


def to_text(name: Name) -> str:
    """The name in lower case without the final dot; the root is a single dot."""
    return name.to_text(omit_final_dot=True).lower()


def encode_question(name: str, *, rdtype: RdType, ident: int, flags: QueryFlags) -> bytes:
    """A recursive question with EDNS. Raises `NameTooLong`'s root, `dns.exception.DNSException`."""
    wire_name = dns.name.from_text(name).to_wire()
    assert wire_name is not None
    bits = _RD | (_AD if flags.ad else 0) | (_CD if flags.cd else 0)
    opt = b"\0" + _FIXED.pack(_OPT, UDP_PAYLOAD, 0x8000 if flags.do else 0, 0)
    return _HEADER.pack(ident, bits, 1, 0, 0, 1) + wire_name + struct.pack("!HH", rdtype, _IN) + opt


def is_of_another_question(wire: bytes, *, question: bytes) -> bool:
    """Whether a datagram names a question other than the one that was encoded; false where it cannot be read.

    Such a datagram is no reply to it: a late one, or a guess of somebody else (RFC 5452 section 9.1).
    """
    asked, named = _question(question), _question(wire)
    return named is not None and named != asked


def _question(wire: bytes) -> tuple[str, int] | None:
    try:
        if _HEADER.unpack_from(wire)[2] != 1:
            return None
        name, used = dns.name.from_wire(wire, _HEADER.size)
        (rdtype,) = struct.unpack_from("!H", wire, _HEADER.size + used)
    except (struct.error, dns.exception.DNSException, IndexError, ValueError):
        return None
    return to_text(name), rdtype


def decode_reply(wire: bytes) -> Reply:
    """Read a reply. Raises `MalformedReply`; the rdata of a TLSA record is never looked into."""
    try:
        return _decode(wire)
    except (struct.error, dns.exception.DNSException, IndexError, ValueError) as error:
        raise MalformedReply(f"unreadable DNS reply: {error or type(error).__name__}") from error


def _decode(wire: bytes) -> Reply:
    ident, bits, questions, answers, authorities, additionals = _HEADER.unpack_from(wire)
    if not bits & _QR or bits & _OPCODE or questions != 1:
        raise MalformedReply("not a reply to one standard question")
    name, used = dns.name.from_wire(wire, _HEADER.size)
    at = _HEADER.size + used
    qtype, qclass = struct.unpack_from("!HH", wire, at)
    at += 4
    if qclass != _IN:
        raise MalformedReply("the reply is not of class IN")
    rcode = bits & 0x0F
    records: list[Record] = []
    for index in range(answers + authorities + additionals):
        owner, used = dns.name.from_wire(wire, at)
        at += used
        rdtype, rdclass, ttl, length = _FIXED.unpack_from(wire, at)
        at += _FIXED.size
        if at + length > len(wire):
            raise MalformedReply("a record reaches beyond the end of the reply")
        if index < answers and rdclass == _IN:
            records.append(_record(wire, owner=owner, rdtype=rdtype, at=at, length=length))
        elif rdtype == _OPT:
            rcode |= (ttl >> 24) << 4
        at += length
    return Reply(
        ident=ident,
        rcode=rcode,
        truncated=bool(bits & _TC),
        authentic=bool(bits & _AD),
        question=(to_text(name), qtype),
        answers=tuple(records),
    )


def _record(wire: bytes, *, owner: Name, rdtype: int, at: int, length: int) -> Record:
    rdata = wire[at : at + length]
    target, preference = "", 0
    if rdtype in (RdType.CNAME, RdType.MX):
        start = at
        if rdtype == RdType.MX:
            (preference,) = struct.unpack_from("!H", rdata)
            start += 2
        name, used = dns.name.from_wire(wire, start)
        if start + used != at + length:
            raise MalformedReply("a name does not fill its record")
        target = to_text(name)
    elif (rdtype == RdType.A and length != 4) or (rdtype == RdType.AAAA and length != 16):
        raise MalformedReply("an address record of the wrong length")
    return Record(owner=to_text(owner), rdtype=rdtype, rdata=rdata, target=target, preference=preference)
