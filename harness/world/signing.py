"""DNSSEC keys and signatures (RFC 4034): made from wire data, without a library in between.

A signature is a digest over canonical wire data; packed by hand it costs little more than the bare ECDSA operation.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from struct import pack

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from harness.scenario.certificates import KeyType
from harness.scenario.zones import Algorithm

from .keys import Keyring, Purpose
from .model import PrivateKey
from .names import label_count, to_wire
from .records import Record, RRset, Type

ZONE_KEY = 0x0100
SECURE_ENTRY_POINT = 0x0001

NUMBERS = {Algorithm.ECDSA_P256: 13, Algorithm.RSA_SHA256: 8, Algorithm.ED25519: 15, Algorithm.UNKNOWN: 200}
"""DNSSEC algorithm numbers (IANA); 200 is unassigned."""

KEY_TYPES = {
    Algorithm.ECDSA_P256: KeyType.P256,
    Algorithm.RSA_SHA256: KeyType.RSA_2048,
    Algorithm.ED25519: KeyType.ED25519,
    Algorithm.UNKNOWN: KeyType.P256,
}
"""What kind of key an algorithm takes; the unassigned one gets what its records are filled with."""

_ECDSA = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)


@dataclass(frozen=True)
class ZoneKey:
    """A key of a zone, and the DNSKEY record that publishes it (RFC 4034 section 2)."""

    zone: str
    algorithm: Algorithm
    flags: int
    private: PrivateKey

    @property
    def number(self) -> int:
        """DNSSEC algorithm number."""
        return NUMBERS[self.algorithm]

    @cached_property
    def rdata(self) -> bytes:
        """RDATA of the DNSKEY record."""
        return pack("!HBB", self.flags, 3, self.number) + _public(self.private)

    @cached_property
    def tag(self) -> int:
        """Key tag (RFC 4034 appendix B)."""
        total = sum(octet << 8 if place % 2 == 0 else octet for place, octet in enumerate(self.rdata))
        return (total + (total >> 16 & 0xFFFF)) & 0xFFFF

    def ds(self, *, digest_type: int = 2) -> bytes:
        """RDATA of a DS record for this key (RFC 4034 section 5), with SHA-256 whatever the digest type says."""
        return pack("!HBB", self.tag, self.number, digest_type) + sha256(to_wire(self.zone) + self.rdata).digest()

    def sign(self, data: bytes) -> bytes:
        """The signature over the data, in the form RRSIG records hold."""
        match self.private:
            case ec.EllipticCurvePrivateKey():
                r, s = decode_dss_signature(self.private.sign(data, _ECDSA))
                return r.to_bytes(32, "big") + s.to_bytes(32, "big")
            case rsa.RSAPrivateKey():
                return self.private.sign(data, padding.PKCS1v15(), hashes.SHA256())
            case ed25519.Ed25519PrivateKey():
                return self.private.sign(data)


def make_key(zone: str, algorithm: Algorithm, *, flags: int, ring: Keyring, purpose: Purpose) -> ZoneKey:
    """The zone's key of this algorithm for this purpose."""
    return ZoneKey(zone, algorithm, flags, ring.key(KEY_TYPES[algorithm], purpose))


def rrsig(
    rrset: RRset,
    key: ZoneKey,
    *,
    inception: int,
    expiration: int,
    labels: int | None = None,
    signer: str | None = None,
) -> Record:
    """The RRSIG record over an RRset (RFC 4034 section 3); times in seconds since 1970.

    For the expansion of a wildcard give the RRset under the wildcard's own name.
    """
    count = label_count(rrset.owner) if labels is None else labels
    head = (
        pack(
            "!HBBIIIH",
            rrset.type,
            key.number,
            count,
            rrset.ttl,
            expiration & 0xFFFFFFFF,
            inception & 0xFFFFFFFF,
            key.tag,
        )
        + to_wire(signer or key.zone)
    )  # fmt: skip
    prefix = to_wire(rrset.owner) + pack("!HHI", rrset.type, 1, rrset.ttl)
    body = b"".join(prefix + pack("!H", len(rdata)) + rdata for rdata in sorted(set(rrset.rdatas)))
    return Record(rrset.owner, Type.RRSIG, rrset.ttl, head + key.sign(head + body))


def _public(key: PrivateKey) -> bytes:
    match key:
        case ec.EllipticCurvePrivateKey():
            return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)[1:]
        case ed25519.Ed25519PrivateKey():
            return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        case rsa.RSAPrivateKey():
            numbers = key.public_key().public_numbers()
            exponent = numbers.e.to_bytes((numbers.e.bit_length() + 7) // 8, "big")
            return bytes((len(exponent),)) + exponent + numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8, "big")
