"""The secrets of TLS 1.3 without pre-shared keys (RFC 8446 section 7.1)."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

from .octets import vector


def expand_label(secret: bytes, label: str, context: bytes, *, size: int, digest: str) -> bytes:
    """HKDF-Expand-Label: so many octets out of a secret. `digest`: hashlib's name of the suite's hash function."""
    info = size.to_bytes(2, "big") + vector(f"tls13 {label}".encode(), size=1) + vector(context, size=1)
    out, step = b"", b""
    for number in range(1, 256):
        if len(out) >= size:
            break
        step = hmac.digest(secret, step + info + bytes((number,)), digest)
        out += step
    return out[:size]


@dataclass(frozen=True, kw_only=True)
class Traffic:
    """A secret from which the keys of one direction come."""

    secret: bytes
    digest: str

    def keys(self, size: int) -> tuple[bytes, bytes]:
        """A key of so many octets and the initialisation vector (RFC 8446 section 7.3)."""
        return self._expanded("key", size), self._expanded("iv", 12)

    def verify_data(self, transcript: bytes) -> bytes:
        """What Finished holds, by the digest of all messages before it (RFC 8446 section 4.4.4)."""
        key = self._expanded("finished", len(self.secret))
        return hmac.digest(key, transcript, self.digest)

    def updated(self) -> Traffic:
        """The secret after a KeyUpdate (RFC 8446 section 7.2)."""
        return Traffic(secret=self._expanded("traffic upd", len(self.secret)), digest=self.digest)

    def _expanded(self, label: str, size: int) -> bytes:
        return expand_label(self.secret, label, b"", size=size, digest=self.digest)


class Schedule:
    """From the shared secret of Diffie-Hellman to all others."""

    def __init__(self, shared: bytes, *, digest: str) -> None:
        self._digest = digest
        self._size = hashlib.new(digest).digest_size
        zeros = bytes(self._size)
        self.early = hmac.digest(zeros, zeros, digest)
        self.handshake = hmac.digest(self._derived(self.early), shared, digest)
        self.master = hmac.digest(self._derived(self.handshake), zeros, digest)

    def _derived(self, secret: bytes) -> bytes:
        return self._of(secret, "derived", hashlib.new(self._digest).digest())

    def _of(self, secret: bytes, label: str, transcript: bytes) -> bytes:
        return expand_label(secret, label, transcript, size=self._size, digest=self._digest)

    def handshake_traffic(self, transcript: bytes) -> tuple[Traffic, Traffic]:
        """The client's secret and the server's within the handshake, by the digest up to the ServerHello."""
        return self._both(self.handshake, "hs", transcript)

    def application_traffic(self, transcript: bytes) -> tuple[Traffic, Traffic]:
        """The client's secret and the server's for data, by the digest up to the server's Finished."""
        return self._both(self.master, "ap", transcript)

    def _both(self, secret: bytes, kind: str, transcript: bytes) -> tuple[Traffic, Traffic]:
        client, server = (self._of(secret, f"{who} {kind} traffic", transcript) for who in "cs")
        return Traffic(secret=client, digest=self._digest), Traffic(secret=server, digest=self._digest)
