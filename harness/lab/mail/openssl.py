"""The server's side of TLS as Python's ssl plays it, over memory buffers."""

from __future__ import annotations

import contextlib
import ssl

from harness.world.model import MailServer

from .contexts import Contexts
from .side import Agreed, TlsError

_CHUNK = 1 << 16


class OpenSsl:
    """One connection; see `ServerSide`. Raises HarnessError where Python's ssl cannot do what the server is to do."""

    def __init__(self, server: MailServer, *, sni: str | None, contexts: Contexts) -> None:
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        showing = contexts.showing(server, sni=sni, incoming=self._incoming, outgoing=self._outgoing)
        self._tls, self._certificate = showing.tls, showing.certificate
        self._complete = False

    def receive(self, data: bytes) -> None:
        """Take octets from the client."""
        self._incoming.write(data)

    def handshake(self) -> bool:
        """Go on with the handshake; whether it is complete. Raises TlsError."""
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        except ssl.SSLError as error:
            raise _failure(error) from None
        self._complete = True
        return True

    def read(self) -> bytes | None:
        """What the client said next; empty: its close_notify; None: no more has come. Raises TlsError."""
        try:
            return self._tls.read(_CHUNK)
        except ssl.SSLWantReadError:
            return None
        except ssl.SSLZeroReturnError:
            return b""
        except ssl.SSLError as error:
            raise _failure(error) from None

    @property
    def pending(self) -> bool:
        """Whether octets have come that `read` has not looked at."""
        return bool(self._incoming.pending or (self._complete and self._tls.pending()))

    def write(self, data: bytes) -> None:
        """Say this to the client."""
        self._tls.write(data)

    def close(self) -> None:
        """Say close_notify, where that is still possible."""
        with contextlib.suppress(ssl.SSLError):
            self._tls.unwrap()

    def outgoing(self) -> bytes:
        """The octets that have to go to the client now."""
        return self._outgoing.read()

    @property
    def agreed(self) -> Agreed:
        """What the two sides have come to so far."""
        chosen = self._tls.cipher()
        if chosen is None:
            return Agreed()
        resumed = self._complete and bool(self._tls.session_reused)
        return Agreed(
            version=self._tls.version() or "",
            cipher=chosen[0],
            certificate="" if resumed or chosen[0].startswith(("ADH-", "AECDH-")) else self._certificate,
            marks=("session resumed",) if resumed else (),
        )


def _failure(error: ssl.SSLError) -> TlsError:
    """What happened, in OpenSSL's own words: `tlsv1 alert unknown ca`."""
    words = (error.reason or str(error)).lower().replace("_", " ")
    fault = "Python's ssl cannot take a client certificate without verifying it"
    return TlsError(
        words, by_client=" alert " in words, fault=fault if error.reason == "CERTIFICATE_VERIFY_FAILED" else ""
    )
