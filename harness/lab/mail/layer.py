"""TLS on a connection, over memory buffers: the ClientHello, the handshake, and what is said inside."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING

from harness.errors import HarnessError

from . import hello, ssl3
from .contexts import Contexts

if TYPE_CHECKING:
    from .wire import Wire

_CHUNK = 1 << 16
_UNRECOGNIZED_NAME = b"\x15\x03\x03\x00\x02\x01\x70"


class Layer:
    """The server's side, from the 220 to STARTTLS on.

    `instead`: done when the ClientHello has come, in place of an answer to it; `why`: what the journal says of it.
    """

    def __init__(self, wire: Wire, *, contexts: Contexts, instead: Callable[[], None] | None, why: str) -> None:
        self._wire = wire
        self._contexts = contexts
        self._instead = instead
        self._why = why
        self._first_flight = bytearray()
        self._hello: hello.Hello | None = None
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls: ssl.SSLObject | None = None
        self._certificate = ""
        self._ancient = False
        self.secured = False
        """Whether the handshake is complete."""

    def take(self, data: bytes) -> None:
        """Octets from the client."""
        if self._hello is None:
            self._await_hello(data)
        elif self._ancient:
            self._told(completed=False, error=ssl3.refusal(data))
            self._ancient = False
            self._wire.transcript.left("client")
            self._wire.cut()
        elif self._tls is not None:
            self._incoming.write(data)
            if self.secured:
                self._decrypt(self._tls)
            else:
                self._shake(self._tls)

    def encrypt(self, data: bytes) -> bytes:
        """What goes over the line in place of these octets."""
        assert self._tls is not None
        self._tls.write(data)
        return self._outgoing.read()

    def close_notify(self) -> bytes:
        """The alert that ends TLS in good order."""
        assert self._tls is not None
        with contextlib.suppress(ssl.SSLError):
            self._tls.unwrap()
        return self._outgoing.read()

    def lost(self, problem: str) -> None:
        """The client is gone. A handshake that had begun has failed; one that had not is no event."""
        if (self._first_flight or self._ancient or self._tls is not None) and not self.secured:
            self._told(completed=False, error=problem)

    def _await_hello(self, data: bytes) -> None:
        self._first_flight += data
        found = hello.read(self._first_flight)
        if found is None and len(self._first_flight) < hello.LONGEST:
            return
        first_flight, self._first_flight = self._first_flight, bytearray()
        self._hello = found or hello.Hello(problem="endless ClientHello")
        if self._hello.problem == "no TLS record":
            self._wire.transcript.ignored(bytes(first_flight))
        if self._instead is not None:
            self._told(completed=False, error=self._why)
            self._instead()
            return
        if self._hello.problem:
            self._told(completed=False, error=self._hello.problem)
            self._wire.cut()
            return
        self._answer(self._hello, first_flight)

    def _answer(self, said: hello.Hello, first_flight: bytearray) -> None:
        if self._wire.server.tls.raw_public_key and said.raw_public_key:
            raise HarnessError(
                f"scenario {self._wire.server.scenario}: Python's ssl cannot show a raw public key (RFC 7250)"
            )
        if self._wire.server.tls.unrecognized_name_warning and said.sni:
            self._wire.transport.write(_UNRECOGNIZED_NAME)
        if self._wire.server.tls.versions == ("ssl3",):
            self._ancient = True
            self._wire.transport.write(ssl3.SERVER_HELLO)
            return
        showing = self._contexts.showing(
            self._wire.server, sni=said.sni or None, incoming=self._incoming, outgoing=self._outgoing
        )
        self._tls, self._certificate = showing.tls, showing.certificate
        self._incoming.write(first_flight)
        self._shake(showing.tls)

    def _shake(self, tls: ssl.SSLObject) -> None:
        try:
            tls.do_handshake()
        except ssl.SSLWantReadError:
            self._wire.transport.write(self._outgoing.read())
            return
        except ssl.SSLError as error:
            if error.reason == "CERTIFICATE_VERIFY_FAILED":
                self._wire.transcript.fault("Python's ssl cannot take a client certificate without verifying it")
            problem = _words(error)
            self._told(completed=False, error=problem)
            if " alert " in problem:
                self._wire.transcript.left("client")
            self._wire.transport.write(self._outgoing.read())
            self._wire.cut()
            return
        if tls.version() != "TLSv1.3":
            # In TLS 1.3 only session tickets are left to be sent: they go with the next reply, which saves a segment.
            self._wire.transport.write(self._outgoing.read())
        self.secured = True
        self._told(completed=True)
        self._wire.transcript.tls = True
        self._wire.dialogue.secured()
        if self._incoming.pending:
            self._decrypt(tls)

    def _decrypt(self, tls: ssl.SSLObject) -> None:
        while not self._wire.closing:
            try:
                data = tls.read(_CHUNK)
            except ssl.SSLWantReadError:
                return
            except ssl.SSLZeroReturnError:
                data = b""
            except ssl.SSLError as error:
                self._told(completed=True, error=_words(error))
                self._wire.transcript.left("client")
                self._wire.cut()
                return
            if not data:
                self._wire.transcript.left("client")
                self._wire.close()
                return
            self._wire.transcript.tls = True
            self._wire.dialogue.received(data)
            if not self._incoming.pending and not tls.pending():
                return

    def _told(self, *, completed: bool, error: str = "") -> None:
        cipher = version = ""
        seen = self._hello or hello.Hello()
        offered = seen.offered
        resumed = False
        if self._tls is not None and (chosen := self._tls.cipher()) is not None:
            cipher, version = chosen[0], self._tls.version() or ""
            resumed = completed and bool(self._tls.session_reused)
        if resumed:
            offered = (*offered, "session resumed")
        bare = not cipher or resumed or cipher.startswith(("ADH-", "AECDH-"))
        self._wire.transcript.handshake(
            completed=completed,
            sni=seen.sni,
            offered=offered,
            version=version,
            cipher=cipher,
            certificate="" if bare else self._certificate,
            error=error,
        )


def _words(error: ssl.SSLError) -> str:
    """What happened, in OpenSSL's own words: `tlsv1 alert unknown ca`."""
    return (error.reason or str(error)).lower().replace("_", " ")
