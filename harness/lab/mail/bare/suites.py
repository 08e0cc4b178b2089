"""Cipher suites with RSA key exchange up to TLS 1.2 (RFC 5246 appendix A.5, RFC 6101 appendix A.6)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

# From here, and not from beside AES, cryptography hands them out without a warning.
from cryptography.hazmat.decrepit.ciphers.algorithms import ARC4, TripleDES
from cryptography.hazmat.primitives.ciphers import CipherAlgorithm
from cryptography.hazmat.primitives.ciphers.algorithms import AES


@dataclass(frozen=True, kw_only=True)
class Suite:
    """One of them."""

    number: int
    name: str
    """OpenSSL's name."""
    cipher: Callable[[bytes], CipherAlgorithm]
    key: int
    """Octets of the cipher's key."""
    block: int
    """Octets of a block; 0: a stream cipher."""
    digest: str
    """The MAC's hash function, by hashlib's name."""
    mac: int
    """Octets of the MAC and of its key."""


OLD_SUITES = (
    Suite(number=0x002F, name="AES128-SHA", cipher=AES, key=16, block=16, digest="sha1", mac=20),
    Suite(number=0x000A, name="DES-CBC3-SHA", cipher=TripleDES, key=24, block=8, digest="sha1", mac=20),
    Suite(number=0x0005, name="RC4-SHA", cipher=ARC4, key=16, block=0, digest="sha1", mac=20),
    Suite(number=0x0004, name="RC4-MD5", cipher=ARC4, key=16, block=0, digest="md5", mac=16),
)
"""All of them, the server's favourite first."""

_WORDS = {
    "3DES": ("DES-CBC3-SHA",),
    "RC4": ("RC4-SHA", "RC4-MD5"),
    **{suite.name: (suite.name,) for suite in OLD_SUITES},
}


def named(ciphers: str) -> tuple[Suite, ...]:
    """The suites that OpenSSL's words stand for, as `3DES` or `RC4-SHA:RC4-MD5`; empty: some are none of these."""
    found: list[Suite] = []
    for word in ciphers.split(":"):
        if word not in _WORDS:
            return ()
        found += (suite for suite in OLD_SUITES if suite.name in _WORDS[word] and suite not in found)
    return tuple(found)
