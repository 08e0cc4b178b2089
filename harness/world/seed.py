"""Everything random in a world comes from one seed: the same seed and scenario give the same keys and names."""

from __future__ import annotations

from hashlib import blake2b


def derive(seed: str, *purpose: str | int, length: int = 32) -> bytes:
    """Octets that depend on the seed and the purpose only; at most 64."""
    digest = blake2b(digest_size=length, key=seed.encode()[:64])
    for word in purpose:
        part = str(word).encode()
        digest.update(len(part).to_bytes(4, "big") + part)
    return digest.digest()


def number(seed: str, *purpose: str | int, below: int) -> int:
    """A number from 0 up to, not including, `below`."""
    return int.from_bytes(derive(seed, *purpose, length=40), "big") % below
