"""What SSL 3.0 and TLS 1.0 to 1.2 compute each in its own way: secrets, keys, MACs, the ends of handshakes."""

from __future__ import annotations

import hashlib
import hmac
from abc import ABC, abstractmethod
from itertools import count

CLIENT, SERVER = "client", "server"
MASTER_SECRET = 48
"""Octets of a master secret."""
_PADS = {"md5": 48, "sha1": 40}
"""Octets of padding in the MACs of SSL 3.0 (RFC 6101 section 5.2.3.1)."""


def _digest(name: str, data: bytes) -> bytes:
    return hashlib.new(name, data, usedforsecurity=False).digest()


def _expanded(name: str, secret: bytes, seed: bytes, size: int) -> bytes:
    """P_hash (RFC 5246 section 5)."""
    out, step = b"", seed
    while len(out) < size:
        step = hmac.digest(secret, step, name)
        out += hmac.digest(secret, step + seed, name)
    return out[:size]


def prf_sha256(secret: bytes, *, label: str, seed: bytes, size: int) -> bytes:
    """The pseudorandom function of TLS 1.2 (RFC 5246 section 5)."""
    return _expanded("sha256", secret, label.encode() + seed, size)


def prf_md5_sha1(secret: bytes, *, label: str, seed: bytes, size: int) -> bytes:
    """The pseudorandom function of TLS 1.0 and 1.1 (RFC 2246 section 5)."""
    half = (len(secret) + 1) // 2
    seed = label.encode() + seed
    left, right = _expanded("md5", secret[:half], seed, size), _expanded("sha1", secret[-half:], seed, size)
    return bytes(a ^ b for a, b in zip(left, right, strict=True))


def expand_ssl3(secret: bytes, *, seed: bytes, size: int) -> bytes:
    """How SSL 3.0 makes much of a secret: with A, BB, CCC and so on (RFC 6101 sections 6.1, 6.2.2)."""
    out = b""
    for number in count(1):
        if len(out) >= size:
            break
        salt = bytes((64 + number,)) * number
        out += _digest("md5", secret + _digest("sha1", salt + secret + seed))
    return out[:size]


class Dialect(ABC):
    """A protocol version."""

    number: int
    """As it stands in records."""
    name: str
    """OpenSSL's name for it."""
    explicit_iv = False
    """Whether every record of a block cipher brings its initialisation vector."""
    exact_padding = True
    """Whether all octets of the padding are laid down."""
    key_exchange_length = True
    """Whether a length stands before the encrypted premaster secret (RFC 5246 section 7.4.7.1)."""

    @abstractmethod
    def master(self, premaster: bytes, *, client: bytes, server: bytes) -> bytes:
        """The master secret, from the premaster secret and the two randoms."""

    @abstractmethod
    def key_block(self, master: bytes, *, client: bytes, server: bytes, size: int) -> bytes:
        """So many octets of keys."""

    @abstractmethod
    def mac(self, digest: str, key: bytes, *, sequence: int, kind: int, data: bytes) -> bytes:
        """The MAC of a record's data."""

    @abstractmethod
    def finished(self, master: bytes, *, messages: bytes, sender: str) -> bytes:
        """What the sender's Finished holds after these messages."""


class Ssl3(Dialect):
    """SSL 3.0 (RFC 6101), which nobody may use any more (RFC 7568)."""

    number, name = 0x0300, "SSLv3"
    exact_padding = False
    key_exchange_length = False

    def master(self, premaster: bytes, *, client: bytes, server: bytes) -> bytes:
        """RFC 6101 section 6.1."""
        return expand_ssl3(premaster, seed=client + server, size=MASTER_SECRET)

    def key_block(self, master: bytes, *, client: bytes, server: bytes, size: int) -> bytes:
        """RFC 6101 section 6.2.2."""
        return expand_ssl3(master, seed=server + client, size=size)

    def mac(self, digest: str, key: bytes, *, sequence: int, kind: int, data: bytes) -> bytes:
        """RFC 6101 section 5.2.3.1; the version is not part of it."""
        head = sequence.to_bytes(8, "big") + bytes((kind,)) + len(data).to_bytes(2, "big")
        pad = _PADS[digest]
        inner = _digest(digest, key + b"\x36" * pad + head + data)
        return _digest(digest, key + b"\x5c" * pad + inner)

    def finished(self, master: bytes, *, messages: bytes, sender: str) -> bytes:
        """RFC 6101 section 5.6.9."""
        who = b"CLNT" if sender == CLIENT else b"SRVR"
        both = b""
        for digest, pad in _PADS.items():
            inner = _digest(digest, messages + who + master + b"\x36" * pad)
            both += _digest(digest, master + b"\x5c" * pad + inner)
        return both


class Tls12(Dialect):
    """TLS 1.2 (RFC 5246)."""

    number, name = 0x0303, "TLSv1.2"
    explicit_iv = True
    _prf = staticmethod(prf_sha256)

    def _seal_of(self, messages: bytes) -> bytes:
        return _digest("sha256", messages)

    def master(self, premaster: bytes, *, client: bytes, server: bytes) -> bytes:
        """RFC 5246 section 8.1."""
        return self._prf(premaster, label="master secret", seed=client + server, size=MASTER_SECRET)

    def key_block(self, master: bytes, *, client: bytes, server: bytes, size: int) -> bytes:
        """RFC 5246 section 6.3."""
        return self._prf(master, label="key expansion", seed=server + client, size=size)

    def mac(self, digest: str, key: bytes, *, sequence: int, kind: int, data: bytes) -> bytes:
        """RFC 5246 section 6.2.3.1."""
        head = sequence.to_bytes(8, "big") + bytes((kind,)) + self.number.to_bytes(2, "big")
        return hmac.digest(key, head + len(data).to_bytes(2, "big") + data, digest)

    def finished(self, master: bytes, *, messages: bytes, sender: str) -> bytes:
        """RFC 5246 section 7.4.9."""
        return self._prf(master, label=f"{sender} finished", seed=self._seal_of(messages), size=12)


class Tls11(Tls12):
    """TLS 1.1 (RFC 4346)."""

    number, name = 0x0302, "TLSv1.1"
    _prf = staticmethod(prf_md5_sha1)

    def _seal_of(self, messages: bytes) -> bytes:
        return _digest("md5", messages) + _digest("sha1", messages)


class Tls10(Tls11):
    """TLS 1.0 (RFC 2246), whose block ciphers chain from record to record."""

    number, name = 0x0301, "TLSv1"
    explicit_iv = False


DIALECTS: dict[str, Dialect] = {"ssl3": Ssl3(), "1.0": Tls10(), "1.1": Tls11(), "1.2": Tls12()}
"""By the words of scenarios."""
