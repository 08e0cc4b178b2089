"""UDP and TCP for DNS: packets in, packets out, as fast as one loop can. What is said is somebody else's business."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable
from functools import partial
from typing import Literal, cast

from harness.errors import UsageError

Transport = Literal["udp", "tcp"]

Response = bytes | asyncio.Future[bytes | None] | None
"""A reply, None for silence, or a future that will have either; whoever made the future keeps and cancels it."""

Responder = Callable[[bytes, Transport, str, str], Response]
"""From a message, its transport, the client and the address asked, to the response."""

KEPT_AT_MOST = 100_000
"""Packed answers that a responder keeps; then it begins anew, for some clients never ask in the same words twice."""

_BURST = 64
_IP_PKTINFO = 8
"""Linux: the address a datagram was sent to (ip(7)); the socket module does not name it before Python 3.14."""
_IDLE = 10.0
"""How long a TCP connection may be silent, in seconds."""


class DnsServer:
    """One listening address for UDP and TCP. An async context manager.

    On the wildcard address it serves every address of its network, and answers from the one that was asked.
    Raises UsageError where the port is taken.
    """

    def __init__(self, respond: Responder, *, address: str, port: int = 0, device: str = "") -> None:
        """`device` is the network device whose packets alone are answered; empty: all."""
        self._respond = respond
        self.address = address
        self.port = port
        self._device = device.encode()
        self._udp: socket.socket | None = None
        self._tcp: asyncio.Server | None = None
        self._streams: set[asyncio.BaseTransport] = set()

    async def __aenter__(self) -> DnsServer:
        wildcard = self.address == "0.0.0.0"
        udp, tcp = self._bind()
        if wildcard:
            udp.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
        self._udp = udp
        loop = asyncio.get_running_loop()
        loop.add_reader(udp.fileno(), self._read_with_destination if wildcard else self._read)
        self._tcp = await loop.create_server(lambda: _Stream(self._respond, self._streams), sock=tcp)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._udp is not None
        assert self._tcp is not None
        asyncio.get_running_loop().remove_reader(self._udp.fileno())
        self._udp.close()
        self._tcp.close()
        for stream in list(self._streams):
            stream.close()

    def _bind(self) -> tuple[socket.socket, socket.socket]:
        """Both sockets on one port; where any will do, one that is free for both."""
        for _ in range(20):
            tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
            tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 21)
            try:
                for opened in (tcp, udp) if self._device else ():
                    opened.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, self._device + b"\0")
                tcp.bind((self.address, self.port))
                udp.bind((self.address, tcp.getsockname()[1]))
            except OSError as error:
                tcp.close()
                udp.close()
                if self.port:
                    raise UsageError(
                        f"cannot listen for DNS at {self.address} port {self.port}: {error.strerror}; "
                        "choose another port, or end what listens there"
                    ) from None
                continue
            tcp.listen(256)
            for opened in (tcp, udp):
                opened.setblocking(False)  # noqa: FBT003 (so its signature wants it)
            self.port = tcp.getsockname()[1]
            return udp, tcp
        raise UsageError(f"no port at {self.address} is free for both UDP and TCP; end what listens there")

    def _read(self) -> None:
        udp = self._udp
        assert udp is not None
        receive, send, respond, address = udp.recvfrom, udp.sendto, self._respond, self.address
        for _ in range(_BURST):
            try:
                message, client = receive(4096)
            except (BlockingIOError, InterruptedError):
                return
            reply = respond(message, "udp", client[0], address)
            if isinstance(reply, bytes):
                try:  # noqa: SIM105 (a context manager costs a tenth of an answer)
                    send(reply, client)
                except OSError:
                    pass
            elif reply is not None:
                _when_done(reply, partial(_send, udp, client, None))

    def _read_with_destination(self) -> None:
        udp = self._udp
        assert udp is not None
        for _ in range(_BURST):
            try:
                message, ancillary, _, client = udp.recvmsg(4096, 64)
            except (BlockingIOError, InterruptedError):
                return
            asked = next(data for level, kind, data in ancillary if level == socket.IPPROTO_IP and kind == _IP_PKTINFO)
            _, _, destination = struct.unpack("@I4s4s", asked[:12])
            reply = self._respond(message, "udp", client[0], socket.inet_ntoa(destination))
            source = struct.pack("@I4s4s", 0, destination, b"\0" * 4)
            if isinstance(reply, bytes):
                _send(udp, client, source, reply)
            elif reply is not None:
                _when_done(reply, partial(_send, udp, client, source))


def _send(udp: socket.socket, client: tuple[str, int], source: bytes | None, reply: bytes | None) -> None:
    """`source` is the in_pktinfo of the address to answer from, where it has to be said."""
    if reply is not None:
        ancillary = [(socket.IPPROTO_IP, _IP_PKTINFO, source)] if source else []
        with contextlib.suppress(OSError):  # it may be closed by now
            udp.sendmsg([reply], ancillary, 0, client)


def _when_done(response: asyncio.Future[bytes | None], tell: Callable[[bytes | None], None]) -> None:
    """Tell what came of it: silence where it was cancelled or failed. The event loop hears of a failure."""

    def done(future: asyncio.Future[bytes | None]) -> None:
        reply = None
        try:
            reply = None if future.cancelled() else future.result()
        finally:
            tell(reply)

    response.add_done_callback(done)


class _Stream(asyncio.Protocol):
    """DNS over TCP (RFC 7766): messages behind their length, as many as the client likes.

    Answers go out as they come to be had, in any order (section 7).
    """

    def __init__(self, respond: Responder, open_streams: set[asyncio.BaseTransport]) -> None:
        self._respond = respond
        self._open = open_streams
        self._held = b""
        self._pending = 0
        """Answers that are still being worked on."""
        self._ended = False
        """Whether the client will ask no more."""
        self._transport: asyncio.Transport | None = None
        self._idle: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # No isinstance: uvloop's transports are no asyncio.Transport.
        self._transport = cast(asyncio.Transport, transport)
        self._open.add(transport)
        self._wait()

    def connection_lost(self, _: Exception | None) -> None:
        if self._idle is not None:
            self._idle.cancel()
        if self._transport is not None:
            self._open.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        transport = self._transport
        assert transport is not None
        self._held += data
        while len(self._held) >= 2:
            length = int.from_bytes(self._held[:2], "big")
            if len(self._held) < 2 + length:
                break
            message, self._held = self._held[2 : 2 + length], self._held[2 + length :]
            client = transport.get_extra_info("peername")[0]
            asked = transport.get_extra_info("sockname")[0]
            reply = self._respond(message, "tcp", client, asked)
            if isinstance(reply, asyncio.Future):
                self._pending += 1
                _when_done(reply, self._late)
            elif not self._answer(reply):
                return
        self._wait()

    def eof_received(self) -> bool:
        self._ended = True
        return self._pending > 0

    def _late(self, reply: bytes | None) -> None:
        self._pending -= 1
        transport = self._transport
        assert transport is not None
        if transport.is_closing() or not self._answer(reply):
            return
        if self._ended and not self._pending:
            transport.close()
        else:
            self._wait()

    def _answer(self, reply: bytes | None) -> bool:
        """Send it, or end the connection for silence; whether there is a connection still."""
        transport = self._transport
        assert transport is not None
        if reply is None:
            transport.abort()
            return False
        transport.write(len(reply).to_bytes(2, "big") + reply)
        return True

    def _wait(self) -> None:
        """Begin to count the silence anew; while an answer is owed, it is not the client who is silent."""
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
        if not self._pending:
            assert self._transport is not None
            self._idle = asyncio.get_running_loop().call_later(_IDLE, self._transport.abort)
