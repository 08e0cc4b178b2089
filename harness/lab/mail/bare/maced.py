"""Records with a MAC inside a stream or block cipher (RFC 5246 section 6.2.3, RFC 6101 section 5.2.3)."""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext
from cryptography.hazmat.primitives.ciphers.modes import CBC

from .alerts import BAD_RECORD_MAC, PROTOCOL_VERSION, RECORD_OVERFLOW, ProtocolError
from .connection import Randomness
from .dialects import Dialect
from .records import FRAGMENT, Record
from .suites import Suite

_WRONG = "decryption failed or bad record mac"


@dataclass(frozen=True, kw_only=True)
class Keys:
    """The keys of one direction."""

    mac: bytes
    cipher: bytes
    iv: bytes
    """Initialisation vector of the first record; empty where there is no such thing."""


def split(block: bytes, *, suite: Suite, dialect: Dialect) -> tuple[Keys, Keys]:
    """The client's keys and the server's, from the key block (RFC 5246 section 6.3)."""
    at = 0
    parts: list[bytes] = []
    for size in (suite.mac, suite.key, _iv(suite, dialect)):
        for _ in range(2):
            parts.append(block[at : at + size])
            at += size
    client, server = parts[0::2], parts[1::2]
    return (
        Keys(mac=client[0], cipher=client[1], iv=client[2]),
        Keys(mac=server[0], cipher=server[1], iv=server[2]),
    )


def block_size(suite: Suite, *, dialect: Dialect) -> int:
    """Octets of keys that the two directions need."""
    return 2 * (suite.mac + suite.key + _iv(suite, dialect))


def _iv(suite: Suite, dialect: Dialect) -> int:
    return 0 if dialect.explicit_iv else suite.block


class _Direction:
    def __init__(self, *, dialect: Dialect, suite: Suite, keys: Keys) -> None:
        self._dialect = dialect
        self._suite = suite
        self._keys = keys
        self._sequence = 0

    def _mac(self, kind: int, data: bytes) -> bytes:
        mac = self._dialect.mac(self._suite.digest, self._keys.mac, sequence=self._sequence, kind=kind, data=data)
        self._sequence += 1
        return mac

    def _cipher(self, iv: bytes) -> Cipher[CBC | None]:
        return Cipher(self._suite.cipher(self._keys.cipher), CBC(iv) if self._suite.block else None)


class Sealing(_Direction):
    """From the server."""

    def __init__(self, *, dialect: Dialect, suite: Suite, keys: Keys, randomness: Randomness) -> None:
        super().__init__(dialect=dialect, suite=suite, keys=keys)
        self._randomness = randomness
        self._running: CipherContext | None = None
        """A stream goes on from record to record, and so does the chain of blocks up to TLS 1.0."""
        if not (suite.block and dialect.explicit_iv):
            self._running = self._cipher(keys.iv).encryptor()

    def seal(self, kind: int, data: bytes) -> bytes:
        """The record that holds this data."""
        content = data + self._mac(kind, data)
        iv = b""
        if self._suite.block:
            # No more padding than is needed: SSL 3.0 allows no other.
            padding = self._suite.block - 1 - len(content) % self._suite.block
            content += bytes((padding,)) * (padding + 1)
        running = self._running
        if running is None:
            iv = self._randomness(self._suite.block)
            running = self._cipher(iv).encryptor()
        return Record(kind, self._dialect.number, iv + running.update(content)).octets


class Opening(_Direction):
    """From the client."""

    def __init__(self, *, dialect: Dialect, suite: Suite, keys: Keys) -> None:
        super().__init__(dialect=dialect, suite=suite, keys=keys)
        self._running: CipherContext | None = None
        if not (suite.block and dialect.explicit_iv):
            self._running = self._cipher(keys.iv).decryptor()

    def open(self, record: Record) -> tuple[int, bytes]:
        """Type and data of a record. Raises ProtocolError; bad_record_mac for whatever is wrong inside."""
        if record.version != self._dialect.number:
            raise ProtocolError(PROTOCOL_VERSION, "wrong version number")
        content = self._decrypted(record.body)
        if self._suite.block:
            content = self._unpadded(content)
        end = len(content) - self._suite.mac
        if end < 0:
            raise ProtocolError(BAD_RECORD_MAC, _WRONG)
        data = content[:end]
        if not hmac.compare_digest(self._mac(record.kind, data), content[end:]):
            raise ProtocolError(BAD_RECORD_MAC, _WRONG)
        if len(data) > FRAGMENT:
            raise ProtocolError(RECORD_OVERFLOW, "data length too long")
        return record.kind, data

    def _decrypted(self, body: bytes) -> bytes:
        block = self._suite.block
        if block and (not body or len(body) % block):
            raise ProtocolError(BAD_RECORD_MAC, _WRONG)
        if self._running is not None:
            return self._running.update(body)
        return self._cipher(body[:block]).decryptor().update(body[block:])

    def _unpadded(self, content: bytes) -> bytes:
        padding = content[-1] + 1 if content else 0
        whole = content[len(content) - padding :] if 0 < padding <= len(content) else b""
        good = len(set(whole)) == 1 if self._dialect.exact_padding else 0 < len(whole) <= self._suite.block
        if not good:
            raise ProtocolError(BAD_RECORD_MAC, _WRONG)
        return content[:-padding]
