"""A DNS client for thousands of questions: one socket, many in flight, TCP when an answer is cut.

It reads messages record by record, so that a record which dnspython refuses (a TLSA of a wrong length,
say) costs nothing but its own text form.
"""

from __future__ import annotations

import asyncio
import itertools
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.wire

_UDP_SIZE = 4096
_EDE = 15
_COMPRESSIBLE = frozenset({"NS", "CNAME", "PTR", "MX", "SOA"})


@dataclass(frozen=True)
class Reply:
    """The parts of an answer message that matter to a test."""

    rcode: str
    flags: int
    answer: tuple[tuple[str, str, bytes], ...]
    """Owner (absolute, lower case), type, rdata as uncompressed wire; in the order of the message."""

    ede: tuple[tuple[int, str], ...]
    """Extended errors: code and extra text."""

    @property
    def authentic(self) -> bool:
        """Whether AD is set."""
        return bool(self.flags & dns.flags.AD)

    @property
    def truncated(self) -> bool:
        """Whether TC is set."""
        return bool(self.flags & dns.flags.TC)


@dataclass
class Client:
    """Asks one server on UDP. Use it as ``async with Client(("127.0.0.1", 5300)) as client``."""

    server: tuple[str, int]
    _numbers: itertools.count[int] = field(default_factory=itertools.count)
    _waiting: dict[int, asyncio.Future[bytes]] = field(default_factory=dict)
    _transport: asyncio.DatagramTransport | None = None

    async def __aenter__(self) -> Client:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(
            lambda: _Receiver(self._waiting), remote_addr=self.server
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._transport is not None:
            self._transport.close()

    async def ask(self, name: str, *, rdtype: str, check_disabled: bool = False, seconds: float = 5.0) -> Reply:
        """One question with RD, AD and DO. Raises TimeoutError after ``seconds`` of silence."""
        flags = dns.flags.RD | dns.flags.AD | (dns.flags.CD if check_disabled else 0)
        number = next(self._numbers) & 0xFFFF
        # dnspython wants type names; a name it cannot take is the test's error and raises here.
        query = dns.message.make_query(
            name, rdtype, use_edns=0, want_dnssec=True, payload=_UDP_SIZE, flags=flags, id=number
        ).to_wire()
        assert self._transport is not None, "the client is used outside of its `async with`"
        async with asyncio.timeout(seconds):
            arrived = self._waiting[number] = asyncio.get_running_loop().create_future()
            try:
                self._transport.sendto(query)
                reply = parse(await arrived)
            finally:
                del self._waiting[number]
            return parse(await self._over_tcp(query)) if reply.truncated else reply

    async def _over_tcp(self, query: bytes) -> bytes:
        reader, writer = await asyncio.open_connection(*self.server)
        try:
            writer.write(struct.pack("!H", len(query)) + query)
            (length,) = struct.unpack("!H", await reader.readexactly(2))
            return await reader.readexactly(length)
        finally:
            writer.close()
            await writer.wait_closed()


class _Receiver(asyncio.DatagramProtocol):
    def __init__(self, waiting: Mapping[int, asyncio.Future[bytes]]) -> None:
        self._waiting = waiting

    def datagram_received(self, data: bytes, addr: tuple[str | object, int]) -> None:  # noqa: ARG002
        future = self._waiting.get(int.from_bytes(data[:2], "big"))
        if future is not None and not future.done():
            future.set_result(data)


def parse(message: bytes) -> Reply:
    """Read an answer message; raises dns.exception.FormError when it is cut short."""
    parser = dns.wire.Parser(message)
    _, flags, questions, answers, authorities, additionals = parser.get_struct("!HHHHHH")
    for _ in range(questions):
        dns.name.from_wire_parser(parser)
        parser.get_struct("!HH")
    records = [_record(parser) for _ in range(answers)]
    rcode, extended = flags & 0xF, []
    for _ in range(authorities + additionals):
        _, number, ttl, length = _head(parser)
        with parser.restrict_to(length):
            if number == dns.rdatatype.OPT:
                rcode |= ttl >> 24 << 4
                extended = _extended_errors(parser)
            parser.get_remaining()
    return Reply(dns.rcode.to_text(dns.rcode.Rcode(rcode)), flags, tuple(records), tuple(extended))


def _head(parser: dns.wire.Parser) -> tuple[str, int, int, int]:
    """Owner, type, TTL and length of the record that begins here."""
    owner = dns.name.from_wire_parser(parser).to_text().lower()
    number, _, ttl, length = parser.get_struct("!HHIH")
    return owner, number, ttl, length


def _record(parser: dns.wire.Parser) -> tuple[str, str, bytes]:
    owner, number, _, length = _head(parser)
    kind = dns.rdatatype.RdataType.make(number)
    rdtype = dns.rdatatype.to_text(kind)
    with parser.restrict_to(length):
        if rdtype in _COMPRESSIBLE:
            rdata = dns.rdata.from_wire_parser(dns.rdataclass.IN, kind, parser)
            return owner, rdtype, rdata.to_wire() or b""
        return owner, rdtype, parser.get_remaining()


def _extended_errors(parser: dns.wire.Parser) -> list[tuple[int, str]]:
    found = []
    while parser.remaining():
        code, length = parser.get_struct("!HH")
        value = parser.get_bytes(length)
        if code == _EDE and length >= 2:
            text = value[2:].rstrip(b"\0").decode("utf-8", "replace")
            found.append((int.from_bytes(value[:2], "big"), text))
    return found
