"""UDP and TCP for DNS: packets in, packets out, as fast as one loop can. What is said is somebody else's business."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable
from typing import Literal, cast

from harness.errors import UsageError

Transport = Literal["udp", "tcp"]

Responder = Callable[[bytes, Transport, str, str], bytes | None]
"""From a message, its transport, the client and the address asked, to the reply; None for silence."""

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

    def __init__(self, respond: Responder, *, address: str, port: int = 0) -> None:
        self._respond = respond
        self.address = address
        self.port = port
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
            if reply is not None:
                try:  # noqa: SIM105 (a context manager costs a tenth of an answer)
                    send(reply, client)
                except OSError:
                    pass

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
            if reply is not None:
                source = struct.pack("@I4s4s", 0, destination, b"\0" * 4)
                with contextlib.suppress(OSError):
                    udp.sendmsg([reply], [(socket.IPPROTO_IP, _IP_PKTINFO, source)], 0, client)


class _Stream(asyncio.Protocol):
    """DNS over TCP (RFC 7766): messages behind their length, as many as the client likes."""

    def __init__(self, respond: Responder, open_streams: set[asyncio.BaseTransport]) -> None:
        self._respond = respond
        self._open = open_streams
        self._held = b""
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
        self._wait()
        while len(self._held) >= 2:
            length = int.from_bytes(self._held[:2], "big")
            if len(self._held) < 2 + length:
                return
            message, self._held = self._held[2 : 2 + length], self._held[2 + length :]
            client = transport.get_extra_info("peername")[0]
            asked = transport.get_extra_info("sockname")[0]
            reply = self._respond(message, "tcp", client, asked)
            if reply is None:
                transport.abort()
                return
            transport.write(len(reply).to_bytes(2, "big") + reply)

    def _wait(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
        assert self._transport is not None
        self._idle = asyncio.get_running_loop().call_later(_IDLE, self._transport.abort)
