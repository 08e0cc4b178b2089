"""Ephemeral Diffie-Hellman in the groups that are served (RFC 8446 sections 4.2.8.2 and 7.4.2)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from .alerts import ILLEGAL_PARAMETER, ProtocolError
from .connection import Randomness

_UNCOMPRESSED = b"\x04"


@dataclass(frozen=True, kw_only=True)
class Group:
    """A named group."""

    number: int
    answer: Callable[[bytes, Randomness], tuple[bytes, bytes]]
    """The server's share and the shared secret, for a share of the client. Raises ValueError for a bad one."""

    def agree(self, share: bytes, *, randomness: Randomness) -> tuple[bytes, bytes]:
        """The server's share, fresh, and the shared secret. Raises ProtocolError for a bad one."""
        try:
            return self.answer(share, randomness)
        except ValueError:
            raise ProtocolError(ILLEGAL_PARAMETER, "bad key share") from None


def _x25519(share: bytes, randomness: Randomness) -> tuple[bytes, bytes]:
    private = X25519PrivateKey.from_private_bytes(randomness(32))
    return private.public_key().public_bytes_raw(), private.exchange(X25519PublicKey.from_public_bytes(share))


def _curve(curve: ec.EllipticCurve) -> Callable[[bytes, Randomness], tuple[bytes, bytes]]:
    def answer(share: bytes, randomness: Randomness) -> tuple[bytes, bytes]:
        if not share.startswith(_UNCOMPRESSED):
            raise ValueError(share)
        public = ec.EllipticCurvePublicKey.from_encoded_point(curve, share)
        # 64 bits more than the order has: the remainder is then as good as uniform.
        drawn = int.from_bytes(randomness(curve.key_size // 8 + 8), "big")
        private = ec.derive_private_key(drawn % (curve.group_order - 1) + 1, curve)
        point = private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return point, private.exchange(ec.ECDH(), public)

    return answer


X25519 = Group(number=29, answer=_x25519)
SECP256R1 = Group(number=23, answer=_curve(ec.SECP256R1()))
SECP384R1 = Group(number=24, answer=_curve(ec.SECP384R1()))
