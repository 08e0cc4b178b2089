"""Asks one resolver questions, as a mail server's stub does that sets DO and AD (RFC 4035 section 4.9)."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from dataclasses import dataclass
from typing import Self

from dnslib import DNSHeader, DNSQuestion, DNSRecord
from dnslib.buffer import BufferError as ShortMessage
from dnslib.dns import EDNS0, RCODE, DNSError
from dnslib.label import DNSBuffer

from harness.lab.packets import ttl_of
from harness.survey import told
from harness.world.names import from_labels, to_wire
from harness.world.records import Type

_AGAIN = 5.0
"""Seconds after which a question is sent again: longer than any resolver on the same machine works on it, but for
servers that are silent."""
_AD, _TC = 0x0020, 0x0200
_FIXED = struct.Struct("!HHIH")
_NUMBERS = 1 << 16


@dataclass(frozen=True, kw_only=True)
class Said:
    """An answer."""

    rcode: str
    """`none` for silence, and for what cannot be read."""
    authentic: bool = False
    """AD."""
    answer: tuple[str, ...] = ()
    """Data of the records of the type asked for, as `harness.survey.told` writes them, sorted."""
    ttl: int | None = None
    """Their largest TTL, in seconds; None where there are none."""


class Stub:
    """Asks a resolver. An async context manager."""

    def __init__(self, address: str, *, port: int, patience: float) -> None:
        """`patience` is for one question, in seconds."""
        self._place = (address, port)
        self._patience = patience
        self._waiting: dict[int, asyncio.Future[bytes]] = {}
        self._number = 0
        self._transport: asyncio.DatagramTransport | None = None

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(
            lambda: _Answers(self._waiting), remote_addr=self._place
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._transport is not None
        self._transport.close()

    async def ask(self, name: str, kind: Type) -> Said:
        """What the resolver says to a question."""
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, DNSError, ShortMessage, struct.error):
            async with asyncio.timeout(self._patience):  # a TimeoutError is an OSError
                reply = await self._by_udp(name, kind)
                if int.from_bytes(reply[2:4], "big") & _TC:
                    reply = await self._by_tcp(name, kind)
            return _read(reply, kind)
        return Said(rcode="none")

    async def _by_udp(self, name: str, kind: Type) -> bytes:
        assert self._transport is not None
        self._number = next(
            number % _NUMBERS
            for number in range(self._number + 1, self._number + _NUMBERS)
            if number % _NUMBERS not in self._waiting
        )
        number = self._number
        answered = self._waiting[number] = asyncio.get_running_loop().create_future()
        try:
            while True:
                self._transport.sendto(_question(name, kind, number))
                with contextlib.suppress(TimeoutError):
                    return await asyncio.wait_for(asyncio.shield(answered), _AGAIN)
        finally:
            del self._waiting[number]

    async def _by_tcp(self, name: str, kind: Type) -> bytes:
        reader, writer = await asyncio.open_connection(*self._place)
        try:
            message = _question(name, kind, 1)
            writer.write(len(message).to_bytes(2, "big") + message)
            length = int.from_bytes(await reader.readexactly(2), "big")
            return await reader.readexactly(length)
        finally:
            writer.close()


def _question(name: str, kind: Type, number: int) -> bytes:
    query = DNSRecord(DNSHeader(id=number, rd=1, ad=1))
    query.add_ar(EDNS0(flags="do", udp_len=1232))
    plain = bytes(query.pack())
    # dnslib's own text of a name does not tell a dot in a label from one between two.
    asked = to_wire(name) + kind.to_bytes(2, "big") + b"\0\1"
    return plain[:4] + b"\0\1" + plain[6:12] + asked + plain[12:]


def _read(message: bytes, kind: Type) -> Said:
    """Raises DNSError, BufferError and struct.error for what cannot be read."""
    buffer = DNSBuffer(message)
    header = DNSHeader.parse(buffer)
    for _ in range(header.q):
        DNSQuestion.parse(buffer)
    found = set()
    for _ in range(header.a):
        buffer.decode_name()
        rtype, _, _, length = _FIXED.unpack(buffer.get(_FIXED.size))
        end = buffer.offset + length
        if rtype == kind:
            found.add(told(kind, _rdata(buffer, rtype, length)))
        buffer.offset = end
    rcode = RCODE.get(header.rcode, f"RCODE{header.rcode}")
    return Said(
        rcode=rcode, authentic=bool(header.bitmap & _AD), answer=tuple(sorted(found)), ttl=ttl_of(message, kind)
    )


def _rdata(buffer: DNSBuffer, rtype: int, length: int) -> bytes:
    """Data in which no name is compressed."""
    if rtype not in (Type.MX, Type.CNAME):
        return bytes(buffer.get(length))
    preference = bytes(buffer.get(2)) if rtype == Type.MX else b""
    return preference + to_wire(from_labels(buffer.decode_name().label))


class _Answers(asyncio.DatagramProtocol):
    """Gives each answer to whoever waits for its number."""

    def __init__(self, waiting: dict[int, asyncio.Future[bytes]]) -> None:
        self._waiting = waiting

    def datagram_received(self, data: bytes, _: object) -> None:
        future = self._waiting.get(int.from_bytes(data[:2], "big"))
        if future is not None and not future.done() and len(data) >= 12:
            future.set_result(data)

    def error_received(self, error: Exception) -> None:
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(error)
