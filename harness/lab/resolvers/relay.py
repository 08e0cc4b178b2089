"""Passes the targets' questions on to a real resolver and its answers back, and takes both down.

So a target's resolver is at the lab's end of its own wire, whichever resolver it is, and the journal knows who asked
what. Messages go octet for octet, but for their number, and for what a scenario says of the resolver.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import Self

from dnslib.dns import RCODE

from harness.journal import Asked, Strayed, Where
from harness.lab.dns_server import Transport
from harness.lab.packets import Query, complaint, read_query
from harness.lab.recorder import Recorder
from harness.scenario.zones import Resolver as Manners
from harness.world.answers import Rcode
from harness.world.internet import Internet
from harness.world.records import type_name

PATIENCE = 30.0
"""Seconds after which a question counts as unanswered; more than any resolver takes to give up."""

_FLAGS = 3
"""The octet of a message that has AD, CD and the RCODE."""
_AD, _CD, _RCODE = 0x20, 0x10, 0x0F
_NUMBERS = 1 << 16


class Relay:
    """In front of one resolver. An async context manager."""

    def __init__(
        self,
        address: str,
        *,
        internet: Internet,
        recorder: Recorder | None,
        port: int = 53,
        patience: float = PATIENCE,
    ) -> None:
        """`address` is the resolver's; `patience` in seconds."""
        self._place = (address, port)
        self._internet = internet
        self._recorder = recorder
        self._patience = patience
        self._waiting: dict[int, asyncio.Future[bytes]] = {}
        self._number = 0
        self._transport: asyncio.DatagramTransport | None = None
        self._tasks: set[asyncio.Task[bytes | None]] = set()

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: _Answers(self._waiting), remote_addr=self._place)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 21)
        self._transport = transport
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        assert self._transport is not None
        self._transport.close()

    def respond(self, message: bytes, transport: Transport, client: str) -> bytes | asyncio.Task[bytes | None] | None:
        """The reply to a message, or a task that will have it; None for silence."""
        query = read_query(message)
        if query is None:
            return complaint(message)
        task = asyncio.create_task(self._relay(message, query, transport, client))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _relay(self, message: bytes, query: Query, transport: Transport, client: str) -> bytes | None:
        scenario = self._internet.scenario_of(query.name)
        manners = self._internet.world(scenario).scenario.resolver if scenario else Manners()
        unchecked = query.checking_disabled or not manners.validates
        asked = bytearray(message)
        if unchecked:
            asked[_FLAGS] |= _CD
        reply: bytes | None = None
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):  # a TimeoutError is an OSError
            async with asyncio.timeout(self._patience):
                answered = await (self._by_udp(asked) if transport == "udp" else self._by_tcp(asked))
            reply = _as_said(answered, query, manners)
        self._take_down(query, reply, scenario=scenario, transport=transport, client=client)
        return reply

    async def _by_udp(self, message: bytearray) -> bytes:
        assert self._transport is not None
        original = bytes(message[:2])
        number = self._free_number()
        message[:2] = number.to_bytes(2, "big")
        answered = self._waiting[number] = asyncio.get_running_loop().create_future()
        try:
            self._transport.sendto(bytes(message))
            reply: bytes = await answered
            return original + reply[2:]
        finally:
            del self._waiting[number]

    def _free_number(self) -> int:
        while True:
            self._number = (self._number + 1) % _NUMBERS
            if self._number not in self._waiting:
                return self._number

    async def _by_tcp(self, message: bytearray) -> bytes:
        reader, writer = await asyncio.open_connection(*self._place)
        try:
            writer.write(len(message).to_bytes(2, "big") + message)
            length = int.from_bytes(await reader.readexactly(2), "big")
            return await reader.readexactly(length)
        finally:
            writer.close()

    def _take_down(
        self, query: Query, reply: bytes | None, *, scenario: str, transport: Transport, client: str
    ) -> None:
        if self._recorder is None:
            return
        if not self._internet.is_inside(query.name):
            self._recorder.record(Strayed, name=query.name, type=type_name(query.type), client=client)
            return
        faults = self._internet.faults_at(query.name, query.type)
        self._recorder.record(
            Asked,
            scenario=scenario,
            where=Where.RESOLVER,
            name=query.name,
            type=type_name(query.type),
            transport=transport,
            rcode="none" if reply is None else RCODE.get(reply[_FLAGS] & _RCODE),
            dnssec_ok=query.dnssec_ok,
            checking_disabled=query.checking_disabled,
            authentic_data=reply is not None and bool(reply[_FLAGS] & _AD),
            faults=tuple(str(fault.what) for fault in faults),
            client=client,
        )


def _as_said(answered: bytes, query: Query, manners: Manners) -> bytes:
    """The answer as a resolver of these manners gives it; a correct one's is left alone."""
    if manners == Manners():
        return answered
    reply = bytearray(answered)
    if not query.checking_disabled:
        reply[_FLAGS] &= ~_CD
    wants_ad = (query.dnssec_ok or query.wants_ad) and not query.checking_disabled
    if manners.sets_ad == "always" and wants_ad and not reply[_FLAGS] & _RCODE & ~Rcode.NXDOMAIN:
        reply[_FLAGS] |= _AD
    elif manners.sets_ad == "never" or not manners.validates:
        reply[_FLAGS] &= ~_AD
    return bytes(reply)


class _Answers(asyncio.DatagramProtocol):
    """Gives each answer to whoever waits for its number."""

    def __init__(self, waiting: dict[int, asyncio.Future[bytes]]) -> None:
        self._waiting = waiting

    def datagram_received(self, data: bytes, _: object) -> None:
        future = self._waiting.get(int.from_bytes(data[:2], "big"))
        if future is not None and not future.done():
            future.set_result(data)
