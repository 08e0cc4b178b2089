"""TLS on a connection: the ClientHello, the handshake, and what is said inside, whoever plays the server's side."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from . import hello
from .contexts import Contexts
from .side import Agreed, ServerSide, TlsError
from .sides import side_for

if TYPE_CHECKING:
    from .wire import Wire

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
        self._side: ServerSide | None = None
        self.secured = False
        """Whether the handshake is complete."""

    def take(self, data: bytes) -> None:
        """Octets from the client."""
        if self._hello is None:
            self._await_hello(data)
        elif self._side is not None:
            self._side.receive(data)
            if self.secured:
                self._decrypt(self._side)
            else:
                self._shake(self._side)

    def encrypt(self, data: bytes) -> bytes:
        """What goes over the line in place of these octets."""
        assert self._side is not None
        self._side.write(data)
        return self._side.outgoing()

    def close_notify(self) -> bytes:
        """The alert that ends TLS in good order."""
        assert self._side is not None
        self._side.close()
        return self._side.outgoing()

    def lost(self, problem: str) -> None:
        """The client is gone. A handshake that had begun has failed; one that had not is no event."""
        if (self._first_flight or self._side is not None) and not self.secured:
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
        if self._wire.server.tls.unrecognized_name_warning and said.sni:
            self._wire.transport.write(_UNRECOGNIZED_NAME)
        self._side = side_for(self._wire.server, said, contexts=self._contexts)
        self._side.receive(bytes(first_flight))
        self._shake(self._side)

    def _shake(self, side: ServerSide) -> None:
        try:
            complete = side.handshake()
        except TlsError as failure:
            if failure.fault:
                self._wire.transcript.fault(failure.fault)
            self._told(completed=False, error=str(failure))
            if failure.by_client:
                self._wire.transcript.left("client")
            self._wire.transport.write(side.outgoing())
            self._wire.cut()
            return
        if not complete:
            self._wire.transport.write(side.outgoing())
            return
        if side.agreed.version != "TLSv1.3":
            # In TLS 1.3 only session tickets are left to be sent: they go with the next reply, which saves a segment.
            self._wire.transport.write(side.outgoing())
        self.secured = True
        self._told(completed=True)
        self._wire.transcript.tls = True
        self._wire.dialogue.secured()
        if side.pending:
            self._decrypt(side)

    def _decrypt(self, side: ServerSide) -> None:
        while not self._wire.closing:
            try:
                data = side.read()
            except TlsError as failure:
                self._told(completed=True, error=str(failure))
                self._wire.transcript.left("client")
                if not failure.by_client:
                    self._wire.transport.write(side.outgoing())
                self._wire.cut()
                return
            if data is None:
                return
            if not data:
                self._wire.transcript.left("client")
                self._wire.close()
                return
            self._wire.transcript.tls = True
            self._wire.dialogue.received(data)
            if not side.pending:
                return

    def _told(self, *, completed: bool, error: str = "") -> None:
        seen = self._hello or hello.Hello()
        agreed = self._side.agreed if self._side is not None else Agreed()
        self._wire.transcript.handshake(
            completed=completed,
            sni=seen.sni,
            offered=(*seen.offered, *agreed.marks),
            version=agreed.version,
            cipher=agreed.cipher,
            certificate=agreed.certificate,
            error=error,
        )
