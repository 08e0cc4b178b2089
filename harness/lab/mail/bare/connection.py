"""What all versions share: records in and out, messages, alerts, data, and the end."""

from __future__ import annotations

import secrets
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Protocol

from harness.lab.mail.side import Agreed, TlsError

from . import alerts
from .alerts import ProtocolError
from .records import ALERT, APPLICATION_DATA, CHANGE_CIPHER_SPEC, FRAGMENT, HANDSHAKE, Messages, Record, Records

Randomness = Callable[[int], bytes]
"""So many random octets."""
KeyLog = Callable[[str, bytes, bytes], None]
"""Told label, client's random and secret of every secret, as NSS key logs have them."""


def system_randomness(size: int) -> bytes:
    """So many octets from the operating system: the one place where this server gets them from."""
    return secrets.token_bytes(size)


class Sealer(Protocol):
    """How records are protected on the way out."""

    def seal(self, kind: int, data: bytes) -> bytes:
        """The record that holds this data."""


class Opener(Protocol):
    """How protection is taken away on the way in."""

    def open(self, record: Record) -> tuple[int, bytes]:
        """Type and data of a record. Raises ProtocolError."""


class Clear:
    """No protection: the state in which a connection begins."""

    def __init__(self, version: int) -> None:
        self._version = version

    def seal(self, kind: int, data: bytes) -> bytes:
        """The record that holds this data."""
        return Record(kind, self._version, data).octets

    def open(self, record: Record) -> tuple[int, bytes]:
        """Type and data of a record. Raises ProtocolError for one that is too long, or data before the handshake."""
        if len(record.body) > FRAGMENT:
            raise ProtocolError(alerts.RECORD_OVERFLOW, "data length too long")
        if record.kind == APPLICATION_DATA:
            raise ProtocolError(alerts.UNEXPECTED_MESSAGE, "application data before the handshake")
        return record.kind, record.body


class Connection(ABC):
    """A server's side; see `ServerSide` for its public methods."""

    def __init__(self, *, version: int, randomness: Randomness, log: KeyLog | None) -> None:
        self._randomness = randomness
        self._log = log
        self._records = Records()
        self._messages = Messages()
        self._sealer: Sealer = Clear(version)
        self._opener: Opener = Clear(version)
        self._out = bytearray()
        self._said = bytearray()
        self._complete = False
        self._closed = False

    @abstractmethod
    def _message(self, kind: int, whole: bytes) -> None:
        """A handshake message came. Raises ProtocolError."""

    @abstractmethod
    def _change_cipher_spec(self) -> None:
        """The client says that it changes keys. Raises ProtocolError."""

    @abstractmethod
    def _tolerates(self, alert: int, *, level: int) -> bool:
        """Whether the connection outlives this alert."""

    @property
    @abstractmethod
    def agreed(self) -> Agreed:
        """What the two sides have come to so far."""

    def receive(self, data: bytes) -> None:
        """Take octets from the client."""
        self._records.feed(data)

    def handshake(self) -> bool:
        """Go on with the handshake; whether it is complete. Raises TlsError."""
        while not self._complete and self._step():
            if self._closed:
                raise TlsError("close notify from the client within the handshake", by_client=True)
        return self._complete

    def read(self) -> bytes | None:
        """What the client said next; empty: its close_notify; None: no more has come. Raises TlsError."""
        while not self._said and not self._closed and self._step():
            pass
        if self._said or self._closed:
            said = bytes(self._said)
            self._said.clear()
            return said
        return None

    @property
    def pending(self) -> bool:
        """Whether octets have come that `read` has not looked at."""
        return self._records.pending or self._closed

    def write(self, data: bytes) -> None:
        """Say this to the client."""
        self._send(APPLICATION_DATA, data)

    def close(self) -> None:
        """Say close_notify (RFC 8446 section 6.1)."""
        self._alert(alerts.CLOSE_NOTIFY, level=alerts.WARNING)

    def outgoing(self) -> bytes:
        """The octets that have to go to the client now."""
        out = bytes(self._out)
        self._out.clear()
        return out

    def _send(self, kind: int, data: bytes) -> None:
        for at in range(0, len(data), FRAGMENT):
            self._out += self._sealer.seal(kind, data[at : at + FRAGMENT])

    def _alert(self, number: int, *, level: int = alerts.FATAL) -> None:
        self._send(ALERT, bytes((level, number)))

    def _step(self) -> bool:
        """Look at one record; False: none is whole. Raises TlsError."""
        try:
            record = self._records.next()
            if record is None:
                return False
            self._take(record)
        except ProtocolError as problem:
            self._alert(problem.alert)
            raise TlsError(str(problem)) from None
        return True

    def _take(self, record: Record) -> None:
        # TLS 1.3 sends it unprotected between protected records (RFC 8446 section 5), the others before they begin.
        if record.kind == CHANGE_CIPHER_SPEC:
            if record.body != b"\x01":
                raise ProtocolError(alerts.UNEXPECTED_MESSAGE, "bad change cipher spec")
            self._change_cipher_spec()
            return
        kind, data = self._opener.open(record)
        if kind == ALERT:
            self._complained(data)
        elif kind == HANDSHAKE:
            self._messages.feed(data)
            while (found := self._messages.next()) is not None:
                self._message(*found)
        elif kind == APPLICATION_DATA and self._complete:
            self._said += data
        else:
            raise ProtocolError(alerts.UNEXPECTED_MESSAGE, "unexpected record")

    def _complained(self, data: bytes) -> None:
        if len(data) != 2:
            raise ProtocolError(alerts.DECODE_ERROR, "bad alert")
        level, number = data
        if number == alerts.CLOSE_NOTIFY:
            self._closed = True
        elif not self._tolerates(number, level=level):
            raise TlsError(alerts.words(number), by_client=True)
