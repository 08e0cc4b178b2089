"""A resolver that asks the lab's own and passes its answers on, in its own way."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator
from enum import Enum

from harness.lab.dns_server import DnsServer, Transport

FLAGS, AD, CD = 3, 0x20, 0x10


class Manner(Enum):
    """What it makes of them."""

    HONEST = "honest"
    VOUCHING = "sets AD on whatever is an answer"
    BLIND = "checks nothing but the root's keys, and sets AD nowhere else"
    DENYING = "denies what failed"
    DYING = "is silent after some questions"


class Liar:
    """One resolver; answers are the lab's, at another port of this machine."""

    def __init__(self, manner: Manner, *, lab: int) -> None:
        self._manner = manner
        self._lab = lab
        self._asked = 0

    async def respond(self, message: bytes, transport: Transport) -> bytes | None:
        self._asked += 1
        if self._manner is Manner.DYING and self._asked > 15:
            return None
        root = message[12] == 0
        query = bytearray(message)
        if self._manner is Manner.BLIND and not root:
            query[FLAGS] |= CD
        reply = bytearray(await self._ask(bytes(query), transport))
        answered = reply[FLAGS] & 15 in (0, 3)
        match self._manner:
            case Manner.VOUCHING if answered:
                reply[FLAGS] |= AD
            case Manner.BLIND if not root:
                reply[FLAGS] &= ~(AD | CD)
            case Manner.DENYING if not answered:
                reply[FLAGS] = reply[FLAGS] & 0xF0
        return bytes(reply)

    async def _ask(self, query: bytes, transport: Transport) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._lab)
        try:
            writer.write(len(query).to_bytes(2, "big") + query)
            reply = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
        finally:
            writer.close()
        if transport == "udp" and len(reply) > 1232:
            # Header and question alone, with TC.
            end = query.index(b"\0", 12) + 5
            return reply[:2] + bytes((reply[2] | 2, reply[3])) + b"\0\1\0\0\0\0\0\0" + query[12:end]
        return reply


@contextlib.contextmanager
def lying(manner: Manner) -> Iterator[tuple[int, int]]:
    """Its port, and the port at which it looks for the lab's resolver, while it runs in a thread of its own."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        lab = free.getsockname()[1]
    ready: list[int] = []
    up, stop = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        liar = Liar(manner, lab=lab)

        tasks: set[asyncio.Task[bytes | None]] = set()

        def respond(message: bytes, transport: Transport, *_: str) -> asyncio.Task[bytes | None]:
            task = asyncio.create_task(liar.respond(message, transport))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            return task

        async with DnsServer(respond, address="127.0.0.1") as server:
            ready.append(server.port)
            up.set()
            await stop.wait()
        left = [*tasks]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    up.wait(10)
    try:
        yield ready[0], lab
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()
