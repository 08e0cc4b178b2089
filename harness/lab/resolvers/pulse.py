"""Keeps a resolver from taking the server of `example.` for dead because it is silent about one scenario's DS record.

All worlds hang on that server. Some resolvers give one up that has not answered twice or four times in a row, and then
fail every lookup for up to a second: one scenario's silence would be every scenario's. On the Internet other people's
questions would tell them better; here they are asked one now and then while they wait.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Set
from typing import Self

from dnslib import DNSRecord

from harness.world.internet import TLD

PERIOD = 0.025
"""Seconds between two questions; a resolver waits longer than that for any answer."""
_NAME = f"{{}}._pulse.{TLD}"
"""No scenario is called that, and each name is asked once: nobody can have the answer already."""


class Pulse:
    """Asks a resolver for names that do not exist, while anything waits for it. An async context manager."""

    def __init__(self, address: str, *, port: int, waiting: Set[object]) -> None:
        """`waiting` holds, at any time, whatever waits for an answer."""
        self._place = (address, port)
        self._waiting = waiting
        self._stack = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            asyncio.DatagramProtocol, remote_addr=self._place
        )
        self._stack.callback(transport.close)
        task = asyncio.create_task(self._beat(transport))
        self._stack.callback(task.cancel)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def _beat(self, transport: asyncio.DatagramTransport) -> None:
        before: Set[object] = frozenset()
        number = 0
        while True:
            if before & self._waiting:
                number += 1
                query = DNSRecord.question(_NAME.format(number))
                query.header.cd = 1  # what it keeps of other answers is not enough then (RFC 8198 section 5.1)
                transport.sendto(bytes(query.pack()))
            before = frozenset(self._waiting)
            await asyncio.sleep(PERIOD)
