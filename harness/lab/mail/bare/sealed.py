"""Records of TLS 1.3, protected with AEAD (RFC 8446 section 5.2), and its cipher suites."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305

from .alerts import BAD_RECORD_MAC, RECORD_OVERFLOW, UNEXPECTED_MESSAGE, ProtocolError
from .records import ALERT, APPLICATION_DATA, FRAGMENT, Record
from .schedule import Traffic

_TAG = 16
_EXPANSION = 256
_VERSION = 0x0303


@dataclass(frozen=True, kw_only=True)
class Suite:
    """A cipher suite of TLS 1.3 (RFC 8446 appendix B.4)."""

    number: int
    name: str
    aead: Callable[[bytes], AESGCM | ChaCha20Poly1305]
    key: int
    """Octets of the key."""
    digest: str
    """The hash function of the handshake, by hashlib's name."""


SUITES = (
    Suite(number=0x1301, name="TLS_AES_128_GCM_SHA256", aead=AESGCM, key=16, digest="sha256"),
    Suite(number=0x1302, name="TLS_AES_256_GCM_SHA384", aead=AESGCM, key=32, digest="sha384"),
    Suite(number=0x1303, name="TLS_CHACHA20_POLY1305_SHA256", aead=ChaCha20Poly1305, key=32, digest="sha256"),
)
"""Those served, the favourite first."""


class Sealed:
    """One direction under one secret."""

    def __init__(self, suite: Suite, *, traffic: Traffic, clear_alerts: bool = False) -> None:
        """`clear_alerts`: a client that could make no keys out of the ServerHello may complain without any."""
        self._clear_alerts = clear_alerts
        key, self._iv = traffic.keys(suite.key)
        self._aead = suite.aead(key)
        self._sequence = 0

    def _nonce(self) -> bytes:
        number = self._sequence ^ int.from_bytes(self._iv, "big")
        self._sequence += 1
        return number.to_bytes(12, "big")

    def seal(self, kind: int, data: bytes) -> bytes:
        """The record that holds this data; its type is hidden inside."""
        inner = data + bytes((kind,))
        header = Record(APPLICATION_DATA, _VERSION, bytes(len(inner) + _TAG)).header
        return header + self._aead.encrypt(self._nonce(), inner, header)

    def open(self, record: Record) -> tuple[int, bytes]:
        """Type and data of a record. Raises ProtocolError."""
        if record.kind == ALERT and self._clear_alerts and not self._sequence:
            return record.kind, record.body
        if record.kind != APPLICATION_DATA:
            raise ProtocolError(UNEXPECTED_MESSAGE, "unprotected record")
        if len(record.body) > FRAGMENT + _EXPANSION:
            raise ProtocolError(RECORD_OVERFLOW, "packet length too long")
        try:
            inner = self._aead.decrypt(self._nonce(), record.body, record.header).rstrip(b"\x00")
        except InvalidTag:
            raise ProtocolError(BAD_RECORD_MAC, "decryption failed or bad record mac") from None
        if not inner:
            raise ProtocolError(UNEXPECTED_MESSAGE, "record without a type")
        if len(inner) > FRAGMENT + 1:
            raise ProtocolError(RECORD_OVERFLOW, "data length too long")
        return inner[-1], inner[:-1]
