"""Private keys: worked out from the seed, so that a world is the same each time.

RSA keys cannot be made from a seed quickly; they are taken from a pool of known keys, which protect nothing.
"""

from __future__ import annotations

import json
from functools import lru_cache
from importlib.resources import files

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from harness.scenario.certificates import KeyType

from .model import PrivateKey
from .seed import derive, number

_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_P384_ORDER = int(
    "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973", 16
)


def private_key(kind: KeyType, *, seed: str, purpose: tuple[str | int, ...]) -> PrivateKey:
    """The key of this kind for this purpose."""
    match kind:
        case KeyType.P256:
            return ec.derive_private_key(1 + number(seed, *purpose, below=_P256_ORDER - 1), ec.SECP256R1())
        case KeyType.P384:
            return ec.derive_private_key(
                1 + int.from_bytes(derive(seed, *purpose, length=64), "big") % (_P384_ORDER - 1), ec.SECP384R1()
            )
        case KeyType.ED25519:
            return ed25519.Ed25519PrivateKey.from_private_bytes(derive(seed, *purpose))
        case KeyType.RSA_2048:
            return _pooled(2048, seed, purpose)
        case KeyType.RSA_1024:
            return _pooled(1024, seed, purpose)


def _pooled(bits: int, seed: str, purpose: tuple[str | int, ...]) -> rsa.RSAPrivateKey:
    pool = _pool()[bits]
    return _rsa(*pool[number(seed, *purpose, below=len(pool))])


@lru_cache(maxsize=1)
def _pool() -> dict[int, tuple[tuple[int, int], ...]]:
    text = (files("harness.world") / "rsa_pool.json").read_text(encoding="ascii")
    return {int(bits): tuple((int(p, 16), int(q, 16)) for p, q in pairs) for bits, pairs in json.loads(text).items()}


@lru_cache(maxsize=64)
def _rsa(p: int, q: int) -> rsa.RSAPrivateKey:
    public = rsa.RSAPublicNumbers(65537, p * q)
    private = pow(65537, -1, (p - 1) * (q - 1))
    numbers = rsa.RSAPrivateNumbers(p, q, private, private % (p - 1), private % (q - 1), pow(q, -1, p), public)
    return numbers.private_key(unsafe_skip_rsa_key_validation=True)
