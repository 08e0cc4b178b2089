"""One question to a resolver: does it validate with the lab's trust anchor?"""

from __future__ import annotations

import asyncio

from dnslib import DNSRecord
from dnslib.dns import RCODE

PATIENCE = 1.0
"""Seconds that one question may take."""
_AD = 0x20


async def validates(address: str, *, port: int) -> str:
    """Why it gives no validated answer for the root's keys; empty where it does."""
    query = DNSRecord.question(".", "DNSKEY")
    query.header.ad = 1
    try:
        async with asyncio.timeout(PATIENCE):
            reply = await _ask(bytes(query.pack()), address=address, port=port)
    except TimeoutError:
        return "it gave no answer"
    except OSError as error:
        return f"it gave no answer: {error.strerror}"
    rcode = reply[3] & 15
    if rcode:
        return f"it answers {RCODE.get(rcode)}"
    return "" if reply[3] & _AD else "it does not validate"


async def _ask(query: bytes, *, address: str, port: int) -> bytes:
    answered: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: _Listener(answered), remote_addr=(address, port)
    )
    try:
        transport.sendto(query)
        return await answered
    finally:
        transport.close()


class _Listener(asyncio.DatagramProtocol):
    def __init__(self, answered: asyncio.Future[bytes]) -> None:
        self._answered = answered

    def datagram_received(self, data: bytes, _: object) -> None:
        if not self._answered.done():
            self._answered.set_result(data)

    def error_received(self, error: Exception) -> None:
        if not self._answered.done():
            self._answered.set_exception(error)
