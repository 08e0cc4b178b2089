"""The server's side of TLS as the rest of the lab sees it, whoever plays it: octets in, octets out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class TlsError(Exception):
    """TLS has come to its end: its text is what the journal says of it.

    `by_client`: the client said so itself, by an alert. `fault`: what of it is danelab's own inability; empty: nothing.
    """

    def __init__(self, problem: str, *, by_client: bool = False, fault: str = "") -> None:
        super().__init__(problem)
        self.by_client = by_client
        self.fault = fault


@dataclass(frozen=True, kw_only=True)
class Agreed:
    """What the two sides have come to so far."""

    version: str = ""
    """Protocol version in OpenSSL's words, as `TLSv1.3`; empty: none yet."""
    cipher: str = ""
    """Cipher suite in OpenSSL's words; empty: none yet."""
    certificate: str = ""
    """SHA-256 of the certificate shown, or of the bare key, in hexadecimal; empty: nothing was shown."""
    marks: tuple[str, ...] = ()
    """What else is worth knowing, as `session resumed`."""


class ServerSide(Protocol):
    """One TLS connection, without I/O. What `outgoing` returns is to be sent after every call."""

    def receive(self, data: bytes) -> None:
        """Take octets from the client."""

    def handshake(self) -> bool:
        """Go on with the handshake; whether it is complete. Raises TlsError."""

    def read(self) -> bytes | None:
        """What the client said next; empty: its close_notify; None: no more has come. Raises TlsError."""

    @property
    def pending(self) -> bool:
        """Whether octets have come that `read` has not looked at."""

    def write(self, data: bytes) -> None:
        """Say this to the client."""

    def close(self) -> None:
        """Say close_notify, where that is still possible."""

    def outgoing(self) -> bytes:
        """The octets that have to go to the client now."""

    @property
    def agreed(self) -> Agreed:
        """What the two sides have come to so far."""
