"""Octets into records (RFC 8446 section 5.1, RFC 6101 section 5.2), and their content into handshake messages."""

from __future__ import annotations

from dataclasses import dataclass

from .alerts import ILLEGAL_PARAMETER, PROTOCOL_VERSION, RECORD_OVERFLOW, UNEXPECTED_MESSAGE, ProtocolError

CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE, APPLICATION_DATA = 20, 21, 22, 23
FRAGMENT = 1 << 14
"""Octets of plaintext that a record holds at most."""
_EXPANSION = 2048
_LONGEST_MESSAGE = 1 << 17


@dataclass(frozen=True)
class Record:
    """A record, protected or not."""

    kind: int
    version: int
    body: bytes

    @property
    def header(self) -> bytes:
        """Its first five octets."""
        return bytes((self.kind,)) + self.version.to_bytes(2, "big") + len(self.body).to_bytes(2, "big")

    @property
    def octets(self) -> bytes:
        """The record as it goes over the line."""
        return self.header + self.body


class Records:
    """Cuts a stream into records."""

    def __init__(self) -> None:
        self._unread = bytearray()

    def feed(self, data: bytes) -> None:
        """Octets came."""
        self._unread += data

    @property
    def pending(self) -> bool:
        """Whether octets wait."""
        return bool(self._unread)

    def next(self) -> Record | None:
        """The next whole record. Raises ProtocolError where none can begin here."""
        unread = self._unread
        if unread and not CHANGE_CIPHER_SPEC <= unread[0] <= APPLICATION_DATA:
            raise ProtocolError(UNEXPECTED_MESSAGE, "unexpected record")
        if len(unread) > 1 and unread[1] != 3:
            raise ProtocolError(PROTOCOL_VERSION, "wrong version number")
        if len(unread) < 5:
            return None
        end = 5 + int.from_bytes(unread[3:5], "big")
        if end > 5 + FRAGMENT + _EXPANSION:
            raise ProtocolError(RECORD_OVERFLOW, "packet length too long")
        if len(unread) < end:
            return None
        record = Record(unread[0], int.from_bytes(unread[1:3], "big"), bytes(unread[5:end]))
        del unread[:end]
        return record


class Messages:
    """Joins what handshake records hold, and cuts it into messages."""

    def __init__(self) -> None:
        self._unread = bytearray()

    def feed(self, data: bytes) -> None:
        """A handshake record came. Raises ProtocolError for an empty one."""
        if not data:
            raise ProtocolError(UNEXPECTED_MESSAGE, "empty handshake record")
        self._unread += data

    def next(self) -> tuple[int, bytes] | None:
        """Type and octets, the header with them, of the next message. Raises ProtocolError for a huge one."""
        if len(self._unread) < 4:
            return None
        end = 4 + int.from_bytes(self._unread[1:4], "big")
        if end > _LONGEST_MESSAGE:
            raise ProtocolError(ILLEGAL_PARAMETER, "excessive message size")
        if len(self._unread) < end:
            return None
        whole = bytes(self._unread[:end])
        del self._unread[:end]
        return whole[0], whole

    def cut(self) -> None:
        """Keys change here. Raises ProtocolError where a message lies across (RFC 8446 section 5.1)."""
        if self._unread:
            raise ProtocolError(UNEXPECTED_MESSAGE, "not on record boundary")
