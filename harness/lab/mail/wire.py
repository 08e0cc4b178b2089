"""One connection to a mail server: octets in and out, in the clear or through TLS, and every way to end it.

TLS runs over memory buffers and not in the event loop. So the ClientHello is seen before OpenSSL sees it, nothing
can leave on the wrong side of the switch, and a server may go back to cleartext, send an alert of its own making, or
cut the line without close_notify.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import traceback
from collections.abc import Callable
from typing import Protocol, cast

from harness.errors import HarnessError
from harness.world.model import MailServer

from .contexts import Contexts
from .layer import Layer
from .transcript import Transcript

IDLE_LIMIT = 60.0
"""Seconds without an octet from the client after which the lab ends a session."""
_RST = struct.pack("ii", 1, 0)


class Dialogue(Protocol):
    """The SMTP side of a connection."""

    def begin(self) -> None:
        """The connection stands."""

    def received(self, data: bytes) -> None:
        """Octets came: cleartext, or decrypted."""

    def secured(self) -> None:
        """The TLS handshake is complete."""

    def ended(self) -> None:
        """The connection is gone."""


class Wire(asyncio.Protocol):
    """The connection, as the event loop and as a dialogue sees it."""

    transport: asyncio.Transport
    transcript: Transcript
    server: MailServer
    dialogue: Dialogue

    def __init__(self, arrived: Callable[[Wire], bool], gone: Callable[[Wire], None], *, contexts: Contexts) -> None:
        self._arrived = arrived
        self._gone = gone
        self._contexts = contexts
        self._loop = asyncio.get_running_loop()
        self._timers: list[asyncio.TimerHandle] = []
        self._active = 0.0
        self._layer: Layer | None = None
        self._held: bytearray | None = None
        self._closing = False
        self.downgraded = False
        """Set by a server that speaks in the clear after the handshake; it still understands TLS."""

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        if not self._arrived(self):
            self._closing = True
            self.transport.abort()
            return
        self._active = self._loop.time()
        self.later(IDLE_LIMIT, self._check_idle)
        self._guarded(self.dialogue.begin)

    def data_received(self, data: bytes) -> None:
        if self._closing:
            return
        self._active = self._loop.time()
        if self._held is not None:
            self._held += data
            return
        try:
            self._take(data)
        except Exception as problem:
            self.fault(problem)

    def connection_lost(self, error: Exception | None) -> None:
        for timer in self._timers:
            timer.cancel()
        if not hasattr(self, "dialogue"):
            return
        if not self._closing:
            self._closing = True
            if self._layer is not None:
                self._layer.lost("connection reset by the client" if error else "connection closed by the client")
            self.transcript.left("client")
        self.dialogue.ended()
        self._gone(self)
        # Wire, layer and dialogue know each other: parted here, they are freed without the garbage collector.
        self._layer = None
        del self.dialogue

    def pause_writing(self) -> None:
        """A client that does not read is not read from."""
        self.transport.pause_reading()

    def resume_writing(self) -> None:
        self.transport.resume_reading()

    # What a dialogue calls.

    def send(self, data: bytes) -> None:
        """Send octets, through TLS where it stands."""
        if self._closing:
            return
        if self._layer is not None and self._layer.secured and not self.downgraded:
            data = self._layer.encrypt(data)
        self.transport.write(data)

    @property
    def closing(self) -> bool:
        """Whether the lab has ended the connection; nothing is heard any more."""
        return self._closing

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Do this after so many seconds, unless the connection has ended by then."""
        self._timers.append(self._loop.call_later(seconds, self._guarded, action))

    def start_tls(
        self,
        *,
        after: float = 0.0,
        instead: Callable[[], None] | None = None,
        why: str = "",
        unread: bytes = b"",
    ) -> None:
        """Await a ClientHello and shake hands; the dialogue is told by `secured`.

        `after`: seconds in which nothing is read.
        `instead`: done when the ClientHello has come, in place of an answer to it; `why`: what the journal says of it.
        `unread`: what was sent in one go with STARTTLS, and is thrown away (RFC 3207 section 4.2).
        """
        self.transcript.ignored(unread)
        self._layer = Layer(self, contexts=self._contexts, instead=instead, why=why)
        if after:
            self._held = bytearray()
            self.later(after, self._release)

    def close(self, last: bytes = b"") -> None:
        """End the connection in good order: these octets, and close_notify where there is TLS, in one segment."""
        if self._closing:
            return
        if self._layer is not None and self._layer.secured and not self.downgraded:
            last = (self._layer.encrypt(last) if last else b"") + self._layer.close_notify()
        if last:
            self.transport.write(last)
        self.cut()

    def cut(self) -> None:
        """End the connection without a word."""
        if not self._closing:
            self.transcript.left("server")
            self._closing = True
            self.transport.close()

    def reset(self) -> None:
        """End the connection with a TCP reset."""
        if self._closing:
            return
        self.transcript.left("server")
        self._closing = True
        self.abort()

    def abort(self) -> None:
        """Tear the connection down with a TCP reset; the event loop tells the rest."""
        tcp = self.transport.get_extra_info("socket")
        if tcp is not None:
            tcp.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RST)
        self.transport.abort()

    def fault(self, error: Exception) -> None:
        """danelab failed: the journal is told, and the connection dropped without a reply, which nobody could blame."""
        if isinstance(error, HarnessError):
            problem = str(error)
        else:
            last = traceback.extract_tb(error.__traceback__)[-1:]
            where = f" ({last[0].filename}:{last[0].lineno})" if last else ""
            problem = f"{type(error).__name__}: {error}{where}"
        self.transcript.fault(problem)
        self.reset()

    # The inside.

    def _guarded(self, action: Callable[..., None], *arguments: object) -> None:
        try:
            action(*arguments)
        except Exception as error:
            self.fault(error)

    def _check_idle(self) -> None:
        left = self._active + IDLE_LIMIT - self._loop.time()
        if left > 0.01:
            self.later(left, self._check_idle)
        else:
            self.reset()

    def _release(self) -> None:
        held, self._held = self._held, None
        if held and not self._closing:
            self._take(bytes(held))

    def _take(self, data: bytes) -> None:
        if self._layer is None:
            self.dialogue.received(data)
        elif self.downgraded and not (0x14 <= data[0] <= 0x17 and data[1:2] == b"\x03"):
            self.transcript.tls = False
            self.dialogue.received(data)
        else:
            self._layer.take(data)
