"""A TCP connection whose input buffer is ours, so that what arrived too early can be thrown away."""

from __future__ import annotations

import asyncio
import socket
from typing import cast


class Channel(asyncio.Protocol):
    """One TCP connection."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._ended = False
        self._waiter: asyncio.Future[None] | None = None
        self._transport: asyncio.Transport | None = None

    @classmethod
    async def connect(cls, address: str, *, port: int, timeout: float) -> Channel:
        """Connect within `timeout` seconds. Raises `OSError`, of which `TimeoutError` is one."""
        async with asyncio.timeout(timeout):
            _, channel = await asyncio.get_running_loop().create_connection(cls, address, port)
        return channel

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        connected: socket.socket = transport.get_extra_info("socket")
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._wake()

    def eof_received(self) -> bool:
        self._ended = True
        self._wake()
        return True

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 (the end is all that matters)
        self._ended = True
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def receive(self) -> bytes:
        """What has arrived, as soon as something has; empty at the end of the stream."""
        if not self._buffer and not self._ended:
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
            self._waiter = None
        return self.take()

    def take(self) -> bytes:
        """What has arrived and was not yet received, without waiting."""
        data = bytes(self._buffer)
        self._buffer.clear()
        return data

    def send(self, data: bytes) -> None:
        """Send; a connection that is gone shows when the reply is awaited."""
        if self._transport is not None and data and not self._transport.is_closing():
            self._transport.write(data)

    def close(self) -> None:
        """Close after everything was sent."""
        if self._transport is not None:
            self._transport.close()
