"""How the server proves that the key is its own: CertificateVerify (RFC 8446 sections 4.2.3 and 4.4.3)."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa

from harness.world.model import PrivateKey

from .alerts import HANDSHAKE_FAILURE, ProtocolError
from .octets import vector

_HASHES: tuple[hashes.HashAlgorithm, ...] = (hashes.SHA256(), hashes.SHA384(), hashes.SHA512())
_ECDSA = {
    "secp256r1": (0x0403, hashes.SHA256()),
    "secp384r1": (0x0503, hashes.SHA384()),
    "secp521r1": (0x0603, hashes.SHA512()),
}
_RSA_PSS_RSAE = (0x0804, 0x0805, 0x0806)
_ED25519, _ED448 = 0x0807, 0x0808


def _schemes(key: PrivateKey) -> Iterator[int]:
    if isinstance(key, ec.EllipticCurvePrivateKey):
        if key.curve.name in _ECDSA:
            yield _ECDSA[key.curve.name][0]
    elif isinstance(key, rsa.RSAPrivateKey):
        yield from _RSA_PSS_RSAE
    elif isinstance(key, ed25519.Ed25519PrivateKey):
        yield _ED25519
    elif isinstance(key, ed448.Ed448PrivateKey):
        yield _ED448


def chosen(key: PrivateKey, *, offered: Collection[int]) -> int:
    """The scheme for this kind of key. Raises ProtocolError (handshake_failure) where the client offers none."""
    scheme = next((scheme for scheme in _schemes(key) if scheme in offered), None)
    if scheme is None:
        raise ProtocolError(HANDSHAKE_FAILURE, "no suitable signature algorithm")
    return scheme


def certificate_verify(key: PrivateKey, *, scheme: int, transcript: bytes) -> bytes:
    """The body of the message. `transcript`: the digest of all messages before it."""
    content = b"\x20" * 64 + b"TLS 1.3, server CertificateVerify\x00" + transcript
    return scheme.to_bytes(2, "big") + vector(_signed(key, content, scheme), size=2)


def _signed(key: PrivateKey, content: bytes, scheme: int) -> bytes:
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(content, ec.ECDSA(_ECDSA[key.curve.name][1]))
    if isinstance(key, rsa.RSAPrivateKey):
        digest = _HASHES[_RSA_PSS_RSAE.index(scheme)]
        return key.sign(content, padding.PSS(padding.MGF1(digest), digest.digest_size), digest)
    assert isinstance(key, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey)
    return key.sign(content)
