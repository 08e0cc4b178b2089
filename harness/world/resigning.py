"""Certificates with signatures that the library does not make: broken ones, and ones with SHA-1."""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from .model import PrivateKey

_SHA1_WITH = {
    # sha256WithRSAEncryption, sha1WithRSAEncryption (RFC 8017 appendix C)
    bytes.fromhex("300d06092a864886f70d01010b0500"): bytes.fromhex("300d06092a864886f70d0101050500"),
    # ecdsa-with-SHA256, ecdsa-with-SHA1 (RFC 5758, RFC 3279)
    bytes.fromhex("300a06082a8648ce3d040302"): bytes.fromhex("300906072a8648ce3d0401"),
}
"""Algorithm identifiers as they are encoded, and those that take their place."""


def broken(certificate: x509.Certificate) -> x509.Certificate:
    """The certificate with the last bit of its signature flipped."""
    octets = bytearray(certificate.public_bytes(Encoding.DER))
    octets[-1] ^= 1
    return x509.load_der_x509_certificate(bytes(octets))


def signed_with_sha1(certificate: x509.Certificate, signer: PrivateKey) -> x509.Certificate:
    """The certificate signed anew with SHA-1. Raises ValueError where the signer's algorithm knows no SHA-1."""
    old = certificate.tbs_certificate_bytes
    names = [pair for pair in _SHA1_WITH.items() if pair[0] in old]
    if not names:
        raise ValueError("sha1 = true wants an issuer with an RSA or ECDSA key")
    ((before, after),) = names
    body = _sequence(_content(old).replace(before, after, 1))
    match signer:
        case rsa.RSAPrivateKey():
            signature = signer.sign(body, padding.PKCS1v15(), hashes.SHA1())
        case ec.EllipticCurvePrivateKey():
            signature = signer.sign(body, ec.ECDSA(hashes.SHA1(), deterministic_signing=True))
        case _:
            raise AssertionError("its certificate named RSA or ECDSA")
    return x509.load_der_x509_certificate(_sequence(body + after + _wrapped(0x03, b"\0" + signature)))


def _sequence(content: bytes) -> bytes:
    return _wrapped(0x30, content)


def _wrapped(tag: int, content: bytes) -> bytes:
    """Tag, length and content in DER."""
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets + content


def _content(encoded: bytes) -> bytes:
    """What stands behind tag and length."""
    return encoded[2 + (encoded[1] & 0x7F if encoded[1] & 0x80 else 0) :]
