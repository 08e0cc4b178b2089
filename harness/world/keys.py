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
_BITS = {KeyType.RSA_2048: 2048, KeyType.RSA_1024: 1024}

Purpose = tuple[str | int, ...]
"""What a key is for; the same words always mean the same key."""


class Keyring:
    """The keys of one scenario through all its steps: two purposes never get one key.

    Places in the pool of RSA keys are given away in the order of reservation. Whoever reserves all of them in a fixed
    order before the first key is asked for has the same keys whatever the order of the questions.
    """

    def __init__(self, seed: str, *, owner: str = "") -> None:
        """`owner` is the scenario's id; the same seed and owner give the same keys."""
        self.seed = seed
        self._owner = owner
        self._places: dict[tuple[int, Purpose], int] = {}

    def reserve(self, kind: KeyType, purpose: Purpose) -> None:
        """Settle which key of the pool this purpose has. Raises ValueError when all are taken."""
        if kind in _BITS:
            self._place(_BITS[kind], purpose)

    def key(self, kind: KeyType, purpose: Purpose) -> PrivateKey:
        """The key of this kind for this purpose. Raises ValueError when all of the pool are taken."""
        match kind:
            case KeyType.P256:
                secret = 1 + number(self.seed, *purpose, below=_P256_ORDER - 1)
                return ec.derive_private_key(secret, ec.SECP256R1())
            case KeyType.P384:
                secret = 1 + int.from_bytes(derive(self.seed, *purpose, length=64), "big") % (_P384_ORDER - 1)
                return ec.derive_private_key(secret, ec.SECP384R1())
            case KeyType.ED25519:
                return ed25519.Ed25519PrivateKey.from_private_bytes(derive(self.seed, *purpose))
            case KeyType.RSA_2048 | KeyType.RSA_1024:
                bits = _BITS[kind]
                return _rsa(*_pool()[bits][self._place(bits, purpose)])

    def _place(self, bits: int, purpose: Purpose) -> int:
        found = self._places.get((bits, purpose))
        if found is None:
            size = len(_pool()[bits])
            taken = sum(1 for others, _ in self._places if others == bits)
            if taken == size:
                raise ValueError(f"one scenario can have {size} RSA keys of {bits} bits, and this would be one more")
            start = number(self.seed, self._owner, "rsa", bits, below=size)
            found = self._places[bits, purpose] = (start + taken) % size
        return found


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
