"""Resource records as text: presentation form (RFC 1035 section 5.1, and the RFC of each type)."""

from __future__ import annotations

import ipaddress
import struct
from base64 import b32hexencode, b64encode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from .names import to_wire
from .records import Record, Type, type_name

_SPECIAL = b'.\\"();@$'
"""Octets with a meaning of their own in a master file."""


def line(record: Record) -> str:
    """One line of a master file. Data that does not suit its type is written as RFC 3597 has it for unknown ones."""
    return f"{owner(record.owner)} {record.ttl} IN {type_name(record.type)} {data(record)}"


def owner(name: str) -> str:
    """A name as it stands in a master file."""
    text, rest = _name(to_wire(name))
    assert not rest
    return text


def data(record: Record) -> str:
    """What stands behind the type."""
    form = _FORMS.get(record.type)
    if form is not None:
        try:
            return form(record.rdata)
        except (ValueError, IndexError, struct.error):
            pass
    return f"\\# {len(record.rdata)} {record.rdata.hex()}".rstrip()


def _name(wire: bytes) -> tuple[str, bytes]:
    """The name at the beginning of the octets, and what stands behind it. Raises IndexError where it does not end."""
    labels = []
    while size := wire[0]:
        if size > len(wire) - 2:
            raise IndexError("the name does not end")
        labels.append("".join(map(_octet, wire[1 : 1 + size])) + ".")
        wire = wire[1 + size :]
    return "".join(labels) or ".", wire[1:]


def _octet(octet: int) -> str:
    if octet in _SPECIAL:
        return "\\" + chr(octet)
    return chr(octet) if 0x21 <= octet < 0x7F else f"\\{octet:03d}"


def _only_name(data: bytes) -> str:
    text, rest = _name(data)
    if rest:
        raise ValueError("octets behind the name")
    return text


def _numbers(form: str, data: bytes) -> tuple[str, bytes]:
    size = struct.calcsize(form)
    return " ".join(map(str, struct.unpack(form, data[:size]))), data[size:]


def _numbers_and_name(form: str) -> Callable[[bytes], str]:
    def written(data: bytes) -> str:
        numbers, rest = _numbers(form, data)
        return f"{numbers} {_only_name(rest)}"

    return written


def _numbers_and_hex(form: str) -> Callable[[bytes], str]:
    def written(data: bytes) -> str:
        numbers, rest = _numbers(form, data)
        if not rest:
            raise ValueError("nothing stands behind the numbers")
        return f"{numbers} {rest.hex()}"

    return written


def _soa(data: bytes) -> str:
    server, rest = _name(data)
    mailbox, rest = _name(rest)
    numbers, rest = _numbers("!5I", rest)
    if rest:
        raise ValueError("octets behind the SOA")
    return f"{server} {mailbox} {numbers}"


def _strings(data: bytes) -> str:
    found = []
    while data:
        if data[0] >= len(data):
            raise ValueError("the string does not end")
        found.append(_quoted(data[1 : 1 + data[0]]))
        data = data[1 + data[0] :]
    if not found:
        raise ValueError("no string at all")
    return " ".join(found)


def _quoted(octets: bytes) -> str:
    text = "".join(chr(o) if 0x20 <= o < 0x7F and o not in b'"\\' else f"\\{o:03d}" for o in octets)
    return f'"{text}"'


def _caa(data: bytes) -> str:
    size = data[1]
    tag, value = data[2 : 2 + size], data[2 + size :]
    return f"{data[0]} {tag.decode('ascii')} {_quoted(value)}"


def _dnskey(data: bytes) -> str:
    numbers, rest = _numbers("!HBB", data)
    return f"{numbers} {b64encode(rest).decode()}"


def _rrsig(data: bytes) -> str:
    kind, algorithm, labels, ttl, expiration, inception, tag = struct.unpack("!HBBIIIH", data[:18])
    signer, signature = _name(data[18:])
    head = f"{type_name(kind)} {algorithm} {labels} {ttl} {_time(expiration)} {_time(inception)} {tag}"
    return f"{head} {signer} {b64encode(signature).decode()}"


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y%m%d%H%M%S")


def _nsec(data: bytes) -> str:
    following, bits = _name(data)
    return " ".join((following, *_types(bits)))


def _nsec3(data: bytes) -> str:
    parameters, rest = _parameters(data)
    size = rest[0]
    following = b32hexencode(rest[1 : 1 + size]).decode().lower().rstrip("=")
    return " ".join((parameters, following, *_types(rest[1 + size :])))


def _nsec3param(data: bytes) -> str:
    parameters, rest = _parameters(data)
    if rest:
        raise ValueError("octets behind the salt")
    return parameters


def _parameters(data: bytes) -> tuple[str, bytes]:
    numbers, rest = _numbers("!BBH", data)
    size = rest[0]
    return f"{numbers} {rest[1 : 1 + size].hex() or '-'}", rest[1 + size :]


def _types(bits: bytes) -> list[str]:
    """What type bit maps say (RFC 4034 section 4.1.2)."""
    found = []
    while bits:
        window, size = bits[0], bits[1]
        for place, octet in enumerate(bits[2 : 2 + size]):
            found += [type_name(window << 8 | place << 3 | bit) for bit in range(8) if octet & 0x80 >> bit]
        bits = bits[2 + size :]
    return found


_FORMS: Mapping[int, Callable[[bytes], str]] = {
    Type.A: lambda data: str(ipaddress.IPv4Address(data)),
    Type.AAAA: lambda data: str(ipaddress.IPv6Address(data)),
    Type.NS: _only_name,
    Type.CNAME: _only_name,
    Type.DNAME: _only_name,
    Type.PTR: _only_name,
    Type.SOA: _soa,
    Type.MX: _numbers_and_name("!H"),
    Type.SRV: _numbers_and_name("!3H"),
    Type.TXT: _strings,
    Type.CAA: _caa,
    Type.TLSA: _numbers_and_hex("!3B"),
    Type.SMIMEA: _numbers_and_hex("!3B"),
    Type.DS: _numbers_and_hex("!HBB"),
    Type.DNSKEY: _dnskey,
    Type.RRSIG: _rrsig,
    Type.NSEC: _nsec,
    Type.NSEC3: _nsec3,
    Type.NSEC3PARAM: _nsec3param,
}
