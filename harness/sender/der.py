"""Just enough DER to find the SubjectPublicKeyInfo inside a certificate (RFC 5280 section 4.1).

DANE-EE(3) compares octets. Taking them out of the certificate as sent, instead of parsing and encoding
again, works for every key type and every certificate a stricter parser would refuse.
"""

from __future__ import annotations

SEQUENCE = 0x30
INTEGER = 0x02
BIT_STRING = 0x03
VERSION = 0xA0


class MalformedDer(ValueError):  # noqa: N818 (named for what it is)
    """The octets are not the structure that was expected."""


def element(octets: bytes, *, at: int) -> tuple[int, int, int]:
    """Tag, start of content, and end of the element at an offset. Raises `MalformedDer`."""
    if at + 2 > len(octets):
        raise MalformedDer("element cut short")
    tag, length = octets[at], octets[at + 1]
    start = at + 2
    if length >= 0x80:
        count = length & 0x7F
        if not 1 <= count <= 4 or start + count > len(octets):
            raise MalformedDer("length not in DER")
        length = int.from_bytes(octets[start : start + count])
        start += count
    if start + length > len(octets):
        raise MalformedDer("element cut short")
    return tag, start, start + length


def _expect(octets: bytes, *, at: int, tag: int) -> tuple[int, int]:
    found, start, end = element(octets, at=at)
    if found != tag:
        raise MalformedDer(f"tag {found:#04x} where {tag:#04x} belongs")
    return start, end


def spki_of(certificate: bytes) -> bytes:
    """The SubjectPublicKeyInfo of a DER certificate, octet for octet. Raises `MalformedDer`."""
    start, end = _expect(certificate, at=0, tag=SEQUENCE)
    if end != len(certificate):
        raise MalformedDer("octets behind the certificate")
    at, after_tbs = _expect(certificate, at=start, tag=SEQUENCE)
    _, after_algorithm = _expect(certificate, at=after_tbs, tag=SEQUENCE)
    _, after_signature = _expect(certificate, at=after_algorithm, tag=BIT_STRING)
    if after_signature != end:
        raise MalformedDer("octets behind the signature")
    tag, _, after = element(certificate, at=at)
    if tag == VERSION:
        at = after
    _, at = _expect(certificate, at=at, tag=INTEGER)
    for _ in ("signature", "issuer", "validity", "subject"):
        _, at = _expect(certificate, at=at, tag=SEQUENCE)
    _, end = _expect(certificate, at=at, tag=SEQUENCE)
    return certificate[at:end]


def is_spki(octets: bytes) -> bool:
    """Whether the octets are a sequence of an algorithm identifier and a bit string, and nothing more."""
    try:
        start, end = _expect(octets, at=0, tag=SEQUENCE)
        _, after_algorithm = _expect(octets, at=start, tag=SEQUENCE)
        _, after_key = _expect(octets, at=after_algorithm, tag=BIT_STRING)
    except MalformedDer:
        return False
    return after_key == end == len(octets)
