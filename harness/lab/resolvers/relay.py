"""Passes the targets' questions on to a real resolver and its answers back, and takes both down.

So a target's resolver is at the lab's end of its own wire, whichever resolver it is, and the journal knows who asked
what. Messages go octet for octet, but for their number, and for what a scenario says of the resolver.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable, Iterable
from typing import Self

from harness.journal import HarnessFault
from harness.lab.dns_server import Response, Transport
from harness.lab.packets import Query, Shape, complaint, failure, read_query, write_reply
from harness.lab.recorder import Recorder
from harness.scenario.models import Need
from harness.scenario.zones import Resolver as Manners
from harness.world.answers import Rcode
from harness.world.internet import Internet
from harness.world.records import type_name

from .noting import AD, CD, FLAGS, RCODE_BITS, note, overlong, unreasonable
from .pulse import Pulse

PATIENCE = 30.0
"""Seconds after which a question counts as unanswered; more than any resolver takes to give up."""

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
        pulse: bool = False,
        forget: Callable[[Iterable[str]], Awaitable[None]] | None = None,
    ) -> None:
        """`address` is the resolver's; `patience` in seconds; `pulse` is for one that gives servers up; `forget` has it
        look names up anew, and all below them."""
        self._place = (address, port)
        self._internet = internet
        self._recorder = recorder
        self._patience = patience
        self._forget = forget
        self._waiting: dict[int, asyncio.Future[bytes]] = {}
        self._number = 0
        self._transport: asyncio.DatagramTransport | None = None
        self._tasks: set[asyncio.Task[bytes | None]] = set()
        self._pulse = Pulse(address, port=port, waiting=self._tasks) if pulse else contextlib.nullcontext()

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: _Answers(self._waiting), remote_addr=self._place)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 21)
        self._transport = transport
        await self._pulse.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._pulse.__aexit__(None, None, None)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        assert self._transport is not None
        self._transport.close()

    def respond(self, message: bytes, transport: Transport, client: str, _: str) -> Response:
        """The resolver's reply to a message, once it is there; None for silence."""
        query = read_query(message)
        if query is None:
            return complaint(message)
        task = asyncio.create_task(self._relay(message, query, transport, client))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _relay(self, message: bytes, query: Query, transport: Transport, client: str) -> bytes | None:
        try:
            began = asyncio.get_running_loop().time()
            failing = self._failing(query)
            reply = failing or await self._ask(message, query, transport)
            why = "" if failing else unreasonable(self._internet, query, reply, seconds=0)
            if why and reply is not None:
                # Some give up where keys that they have just used run out in the middle of a lookup, and remember that.
                await self._look_up_anew(query)
                reply = await self._ask(message, query, transport)
            if self._recorder is not None:
                seconds = asyncio.get_running_loop().time() - began
                why = "" if failing else unreasonable(self._internet, query, reply, seconds=seconds)
                note(
                    self._recorder,
                    self._internet,
                    query,
                    reply,
                    transport=transport,
                    client=client,
                    unreasonable=why,
                    overlong="" if failing else overlong(self._internet, query, reply, at=self._recorder.now),
                )
        except Exception as error:
            # A world that cannot be made is our fault, and no client may wait for it.
            reply = write_reply(query, Shape(rcode=Rcode.SERVFAIL, recursion_available=True), limit=None)
            if self._recorder is not None:
                scenario = self._internet.scenario_of(query.name)
                problem = f"{type(error).__name__}: {error}"
                self._recorder.record(HarnessFault, scenario=scenario, problem=problem)
        return reply

    async def _look_up_anew(self, query: Query) -> None:
        """Have a failure forgotten that had no reason, but for where it matters what is remembered."""
        world = self._internet.world(self._internet.scenario_of(query.name))
        if self._forget is not None and Need.CACHE not in world.scenario.needs:
            await self._forget(world.apexes)

    def _manners(self, query: Query) -> Manners:
        scenario = self._internet.scenario_of(query.name)
        return self._internet.world(scenario).scenario.resolver if scenario else Manners()

    def _failing(self, query: Query) -> bytes | None:
        """The failure that the scenario has the resolver itself answer with; None for none."""
        failing = self._manners(query).failures.get(type_name(query.type))
        return None if failing is None else failure(query, failing)

    async def _ask(self, message: bytes, query: Query, transport: Transport) -> bytes | None:
        """What the resolver says, as the scenario wants it said; None for silence."""
        manners = self._manners(query)
        asked = bytearray(message)
        if not manners.validates:
            asked[FLAGS] |= CD
        try:
            async with asyncio.timeout(self._patience):
                received = await (self._by_udp(asked) if transport == "udp" else self._by_tcp(asked))
        except (OSError, asyncio.IncompleteReadError):  # a TimeoutError is an OSError
            return None
        return _as_said(received, query, manners)

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


def _as_said(received: bytes, query: Query, manners: Manners) -> bytes:
    """The answer as a resolver of these manners gives it; a correct one's is left alone."""
    if manners == Manners():
        return received
    reply = bytearray(received)
    if not query.checking_disabled:
        reply[FLAGS] &= ~CD
    wants_ad = (query.dnssec_ok or query.wants_ad) and not query.checking_disabled
    answered = reply[FLAGS] & RCODE_BITS in (Rcode.NOERROR, Rcode.NXDOMAIN)
    if manners.sets_ad == "always" and wants_ad and answered:
        reply[FLAGS] |= AD
    elif manners.sets_ad == "never" or not manners.validates:
        reply[FLAGS] &= ~AD
    return bytes(reply)


class _Answers(asyncio.DatagramProtocol):
    """Gives each answer to whoever waits for its number."""

    def __init__(self, waiting: dict[int, asyncio.Future[bytes]]) -> None:
        self._waiting = waiting

    def datagram_received(self, data: bytes, _: object) -> None:
        future = self._waiting.get(int.from_bytes(data[:2], "big"))
        if future is not None and not future.done():
            future.set_result(data)
