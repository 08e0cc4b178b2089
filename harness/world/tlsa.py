"""TLSA association data (RFC 6698 section 2.1) out of certificates and keys."""

from __future__ import annotations

from hashlib import sha256, sha512

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from harness.scenario.tlsa import TlsaExpression

from .model import PrivateKey
from .seed import derive


def selected(subject: x509.Certificate | PrivateKey, selector: int) -> bytes:
    """What the selector takes: the whole certificate (0), or its SubjectPublicKeyInfo (1). Raises ValueError."""
    if selector == 0:
        if not isinstance(subject, x509.Certificate):
            raise ValueError("selector 0 means a whole certificate, and the subject is a bare key: use selector 1")
        return subject.public_bytes(Encoding.DER)
    return subject.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def matched(data: bytes, matching_type: int) -> bytes:
    """The data as it is (0), its SHA-256 (1) or its SHA-512 (2)."""
    return {0: lambda: data, 1: sha256(data).digest, 2: sha512(data).digest}[matching_type]()


def rdata(expression: TlsaExpression, subject: x509.Certificate | PrivateKey | None, *, seed: str) -> bytes:
    """RDATA of the record that the expression asks for. Raises ValueError."""
    if expression.raw is not None:
        return expression.raw
    if expression.literal is not None:
        data = expression.literal
    elif expression.garbage is not None:
        data = _meaningless(expression.garbage, seed)
    else:
        assert subject is not None
        selector, matching_type = expression.selector_and_type
        data = matched(selected(subject, selector), matching_type)
    if expression.octets is not None:
        data = data[: expression.octets].ljust(expression.octets, b"\0")
    if expression.last_bit_flipped:
        if not data:
            raise ValueError("there is no last bit to flip: the record has no data")
        data = data[:-1] + bytes((data[-1] ^ 1,))
    return bytes((expression.usage, expression.selector, expression.matching_type)) + data


def _meaningless(octets: int, seed: str) -> bytes:
    blocks = (derive(seed, "garbage", number, length=64) for number in range(octets // 64 + 1))
    return b"".join(blocks)[:octets]
