"""Resource records: their types, and how they are read from master-file lines."""

from __future__ import annotations

import ipaddress
import re
import struct
from dataclasses import dataclass
from enum import IntEnum
from struct import pack

from .names import absolute, to_wire

_LARGEST_TTL = 2**31 - 1


class Type(IntEnum):
    """Resource record types that danelab makes (IANA DNS parameters)."""

    A = 1
    NS = 2
    CNAME = 5
    SOA = 6
    PTR = 12
    MX = 15
    TXT = 16
    AAAA = 28
    SRV = 33
    DNAME = 39
    DS = 43
    RRSIG = 46
    NSEC = 47
    DNSKEY = 48
    NSEC3 = 50
    NSEC3PARAM = 51
    TLSA = 52
    SMIMEA = 53
    CAA = 257


def type_name(number: int) -> str:
    """`TLSA`, or `TYPE65280` for a type without a name here (RFC 3597)."""
    try:
        return Type(number).name
    except ValueError:
        return f"TYPE{number}"


def type_number(text: str) -> int:
    """The number behind a type's name. Raises ValueError."""
    upper = text.upper()
    if upper in Type.__members__:
        return Type[upper]
    if re.fullmatch(r"TYPE\d{1,5}", upper) and int(upper[4:]) < 65536:
        return int(upper[4:])
    raise ValueError(f"{text!r} is no record type: write one of {', '.join(Type.__members__)}, or TYPE<number>")


@dataclass(frozen=True)
class Record:
    """One resource record of class IN."""

    owner: str
    type: int
    ttl: int
    rdata: bytes

    def __str__(self) -> str:
        return f"{self.owner} {self.ttl} IN {type_name(self.type)} \\# {len(self.rdata)} {self.rdata.hex()}"


@dataclass(frozen=True)
class RRset:
    """All records of one owner and type."""

    owner: str
    type: int
    ttl: int
    rdatas: tuple[bytes, ...]

    @property
    def records(self) -> tuple[Record, ...]:
        """Each as a record of its own."""
        return tuple(Record(self.owner, self.type, self.ttl, rdata) for rdata in self.rdatas)


def read_record(line: str, *, origin: str, ttl: int) -> Record:
    """Read one master-file line, `OWNER [TTL] [IN] TYPE RDATA`; names are relative to the origin. Raises ValueError."""
    words = line.split()
    if len(words) < 3:
        raise ValueError(f"{line!r} is no record: write OWNER [TTL] TYPE RDATA")
    owner = words.pop(0)
    if words[0].isdigit():
        ttl = int(words.pop(0))
        if ttl > _LARGEST_TTL:
            raise ValueError(f"{line!r}: the TTL is above {_LARGEST_TTL} (RFC 2181 section 8)")
    if words[0].upper() == "IN":
        words.pop(0)
    if not words:
        raise ValueError(f"{line!r} is no record: write OWNER [TTL] TYPE RDATA")
    try:
        kind = type_number(words.pop(0))
        owner = absolute(owner, origin=origin)
        to_wire(owner)
    except ValueError as error:
        raise ValueError(f"{line!r}: {error}") from None
    try:
        data = _rdata(kind, words, line, origin)
    except (IndexError, ValueError, OverflowError, struct.error) as error:
        raise ValueError(f"{line!r}: the data does not suit type {type_name(kind)}: {error}") from None
    if len(data) > 65535:
        raise ValueError(f"{line!r}: {len(data)} octets of data, at most 65535 fit")
    return Record(owner, kind, ttl, data)


def _rdata(kind: int, words: list[str], line: str, origin: str) -> bytes:
    def name(word: str) -> bytes:
        return to_wire(absolute(word, origin=origin))

    if words[:1] == ["\\#"]:
        data = bytes.fromhex("".join(words[2:]))
        if len(data) != int(words[1]):
            raise ValueError(f"\\# says {words[1]} octets, there are {len(data)}")
        return data
    match kind:
        case Type.A:
            (address,) = words
            return ipaddress.IPv4Address(address).packed
        case Type.AAAA:
            (address,) = words
            return ipaddress.IPv6Address(address).packed
        case Type.NS | Type.CNAME | Type.DNAME | Type.PTR:
            (target,) = words
            return name(target)
        case Type.MX:
            preference, exchange = words
            return pack("!H", int(preference)) + name(exchange)
        case Type.SRV:
            priority, weight, port, target = words
            return pack("!HHH", int(priority), int(weight), int(port)) + name(target)
        case Type.TLSA | Type.SMIMEA:
            usage, selector, matching, *association = words
            return bytes((int(usage), int(selector), int(matching))) + bytes.fromhex("".join(association))
        case Type.DS:
            tag, algorithm, digest_type, *digest = words
            return pack("!HBB", int(tag), int(algorithm), int(digest_type)) + bytes.fromhex("".join(digest))
        case Type.TXT:
            strings = re.findall(r'"([^"]*)"', line) or words
            return b"".join(bytes((len(part.encode()),)) + part.encode() for part in strings)
        case Type.CAA:
            flags, property_tag, value = words
            return bytes((int(flags), len(property_tag))) + (property_tag + value.strip('"')).encode()
    raise ValueError("write its data as '\\# <octets> <hexadecimal>'")
