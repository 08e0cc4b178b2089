"""UDP and TCP on the loopback interface, under both event loops."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator, Callable

import dns.asyncquery
import dns.exception
import dns.flags
import dns.message
import dns.rcode
import pytest

from harness.errors import UsageError
from harness.lab import dns_server
from harness.lab.dns_server import DnsServer, Response, Transport
from tests.lab.kit import authority, kinds, on_each_loop, query, serving
from tests.world.kit import DOMAIN

TLSA = f"_25._tcp.mx1.{DOMAIN}"
LARGE = {"mx": [{"tlsa": ["3 0 0 garbage 3000"]}]}

ENDS: tuple[Callable[[asyncio.Future[bytes | None]], object], ...] = (
    lambda future: future.set_result(None),
    lambda future: future.cancel(),
    lambda future: future.set_exception(RuntimeError("lost")),
)
"""Ways in which an answer that was to come does not."""


def framed(message: dns.message.Message) -> bytes:
    wire = message.to_wire()
    return struct.pack("!H", len(wire)) + wire


async def read(reader: asyncio.StreamReader) -> dns.message.Message:
    (length,) = struct.unpack("!H", await asyncio.wait_for(reader.readexactly(2), 5))
    return dns.message.from_wire(await asyncio.wait_for(reader.readexactly(length), 5))


@contextlib.asynccontextmanager
async def connection(server: DnsServer) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection(server.address, server.port)
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


class Later:
    """Says what `authority` does, but only when a test wants it to."""

    def __init__(self) -> None:
        self._respond = authority().server.respond
        self._waiting: asyncio.Queue[tuple[bytes, asyncio.Future[bytes | None]]] = asyncio.Queue()

    def respond(self, message: bytes, transport: Transport, client: str, asked: str) -> Response:
        future: asyncio.Future[bytes | None] = asyncio.get_running_loop().create_future()
        reply = self._respond(message, transport, client, asked)
        assert reply is not None
        self._waiting.put_nowait((reply, future))
        return future

    async def waiting(self, count: int) -> list[tuple[bytes, asyncio.Future[bytes | None]]]:
        """So many answers, and the futures that are to have them, in the order of the questions."""
        return [await asyncio.wait_for(self._waiting.get(), 5) for _ in range(count)]

    async def answer(self, count: int) -> None:
        """Answer so many questions, the last one first."""
        for reply, future in reversed(await self.waiting(count)):
            future.set_result(reply)


@on_each_loop
async def test_questions_are_answered_over_udp() -> None:
    async with serving(authority().server.respond) as server:
        replies = await asyncio.gather(
            *(dns.asyncquery.udp(query(TLSA, "TLSA"), "127.0.0.1", port=server.port, timeout=5) for _ in range(200))
        )
    assert {tuple(kinds(reply.answer)) for reply in replies} == {("TLSA", "RRSIG")}


@on_each_loop
async def test_a_truncated_answer_is_had_over_tcp() -> None:
    async with serving(authority(**LARGE).server.respond) as server:
        reply, over_tcp = await dns.asyncquery.udp_with_fallback(
            query(TLSA, "TLSA"), "127.0.0.1", port=server.port, timeout=5
        )
    assert (over_tcp, len(reply.answer[0])) == (True, 1)


@on_each_loop
async def test_one_connection_carries_several_messages_in_one_segment() -> None:
    asking = [query(TLSA, "TLSA"), query(f"mx1.{DOMAIN}", "A"), query(f"nowhere.{DOMAIN}", "A")]
    async with serving(authority().server.respond) as server, connection(server) as (reader, writer):
        writer.write(b"".join(map(framed, asking)))
        replies = [await read(reader) for _ in asking]
    assert [reply.id for reply in replies] == [one.id for one in asking]
    assert [reply.rcode() for reply in replies] == [dns.rcode.NOERROR, dns.rcode.NOERROR, dns.rcode.NXDOMAIN]


@on_each_loop
async def test_a_message_may_come_octet_by_octet() -> None:
    async with serving(authority().server.respond) as server, connection(server) as (reader, writer):
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for octet in framed(query(TLSA, "TLSA")):
            writer.write(bytes((octet,)))
            await asyncio.sleep(0)
        assert (await read(reader)).rcode() == dns.rcode.NOERROR


@on_each_loop
async def test_silence_over_tcp_closes_the_connection() -> None:
    ask = authority(faults=[{"at": "TLSA", "what": "truncate-no-tcp"}])
    async with serving(ask.server.respond) as server:
        async with connection(server) as (reader, writer):
            writer.write(framed(query(TLSA, "TLSA")))
            with contextlib.suppress(ConnectionResetError):
                assert await asyncio.wait_for(reader.read(), 5) == b""
        async with connection(server) as (reader, writer):
            writer.write(framed(query(f"mx1.{DOMAIN}", "A")))
            assert (await read(reader)).rcode() == dns.rcode.NOERROR


@on_each_loop
async def test_garbage_does_not_stop_the_server() -> None:
    async with serving(authority().server.respond) as server:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            for octets in (b"", b"x", b"\xff" * 512, b"\0" * 12):
                client.sendto(octets, ("127.0.0.1", server.port))
        async with connection(server) as (reader, writer):
            writer.write(struct.pack("!H", 3) + b"abc")
            with contextlib.suppress(ConnectionResetError):
                assert await asyncio.wait_for(reader.read(), 5) == b""
        reply = await dns.asyncquery.udp(query(TLSA, "TLSA"), "127.0.0.1", port=server.port, timeout=5)
    assert reply.rcode() == dns.rcode.NOERROR


@on_each_loop
async def test_a_dropped_question_has_no_answer() -> None:
    ask = authority(faults=[{"at": "TLSA", "what": "drop"}])
    async with serving(ask.server.respond) as server:
        with pytest.raises(dns.exception.Timeout):
            await dns.asyncquery.udp(query(TLSA, "TLSA"), "127.0.0.1", port=server.port, timeout=0.2)


@on_each_loop
async def test_on_the_wildcard_address_the_answer_comes_from_the_address_asked() -> None:
    asked: list[tuple[str, str]] = []
    ask = authority()

    def respond(message: bytes, transport: str, _: str, address: str) -> bytes | None:
        asked.append((transport, address))
        return ask.raw(message)

    async with DnsServer(respond, address="0.0.0.0") as server:
        for address in ("127.0.0.2", "127.0.0.3"):
            for put in (dns.asyncquery.udp, dns.asyncquery.tcp):
                reply = await put(query(TLSA, "TLSA"), address, port=server.port, timeout=5)
                assert reply.rcode() == dns.rcode.NOERROR
    assert asked == [(how, f"127.0.0.{number}") for number in (2, 3) for how in ("udp", "tcp")]


@on_each_loop
async def test_a_port_in_use_is_a_usage_error_that_says_what_to_do() -> None:
    respond = authority().server.respond
    async with serving(respond) as server:
        with pytest.raises(UsageError, match=rf"port {server.port}: .*choose another port"):
            async with DnsServer(respond, address="127.0.0.1", port=server.port):
                pytest.fail("two servers have one port")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        with pytest.raises(UsageError, match="cannot listen for DNS"):
            async with DnsServer(respond, address="127.0.0.1", port=other.getsockname()[1]):
                pytest.fail("two servers have one port")


@on_each_loop
async def test_leaving_closes_what_is_open_and_frees_the_port() -> None:
    respond = authority().server.respond
    async with serving(respond) as server:
        reader, writer = await asyncio.open_connection(server.address, server.port)
        writer.write(framed(query(TLSA, "TLSA")))
        await read(reader)
    with contextlib.suppress(ConnectionResetError):
        assert await asyncio.wait_for(reader.read(), 5) == b""
    writer.close()
    async with DnsServer(respond, address="127.0.0.1", port=server.port):
        pass


@on_each_loop
async def test_an_answer_over_udp_may_come_later() -> None:
    for address in ("127.0.0.1", "0.0.0.0"):
        later = Later()
        async with DnsServer(later.respond, address=address) as server:
            asked = asyncio.gather(
                *(dns.asyncquery.udp(query(TLSA, "TLSA"), "127.0.0.1", port=server.port, timeout=5) for _ in range(3))
            )
            await later.answer(3)
            assert {tuple(kinds(reply.answer)) for reply in await asked} == {("TLSA", "RRSIG")}


@on_each_loop
async def test_a_later_answer_comes_from_the_address_asked() -> None:
    later = Later()
    async with DnsServer(later.respond, address="0.0.0.0") as server:
        # dnspython takes an answer from the address it asked only.
        asked = asyncio.create_task(
            dns.asyncquery.udp(query(TLSA, "TLSA"), "127.0.0.2", port=server.port, timeout=5, ignore_unexpected=False)
        )
        await later.answer(1)
        assert (await asked).rcode() == dns.rcode.NOERROR


@on_each_loop
async def test_later_answers_over_one_connection_go_out_as_they_come_to_be_had() -> None:
    asking, later = [query(TLSA, "TLSA"), query(f"mx1.{DOMAIN}", "A")], Later()
    async with serving(later.respond) as server, connection(server) as (reader, writer):
        writer.write(b"".join(map(framed, asking)))
        await later.answer(2)
        assert [(await read(reader)).id for _ in asking] == [asking[1].id, asking[0].id]


@on_each_loop
async def test_a_later_answer_reaches_a_client_that_will_ask_no_more() -> None:
    later = Later()
    async with serving(later.respond) as server, connection(server) as (reader, writer):
        writer.write(framed(query(TLSA, "TLSA")))
        ((reply, future),) = await later.waiting(1)
        writer.write_eof()
        for _ in range(10):  # the server sees it
            await asyncio.sleep(0)
        future.set_result(reply)
        assert (await read(reader)).rcode() == dns.rcode.NOERROR
        assert await asyncio.wait_for(reader.read(), 5) == b""


@on_each_loop
async def test_a_silent_connection_is_ended_but_not_while_an_answer_is_owed() -> None:
    later = Later()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dns_server, "_IDLE", 0.02)
        async with serving(later.respond) as server, connection(server) as (reader, writer):
            writer.write(framed(query(TLSA, "TLSA")))
            ((reply, future),) = await later.waiting(1)
            await asyncio.sleep(0.1)
            future.set_result(reply)
            assert (await read(reader)).rcode() == dns.rcode.NOERROR
            with contextlib.suppress(ConnectionResetError):
                assert await asyncio.wait_for(reader.read(), 5) == b""


@on_each_loop
async def test_later_silence_is_silence_over_udp_and_ends_a_connection() -> None:
    later, complaints = Later(), list[object]()
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context["exception"]))
    async with serving(later.respond) as server:
        for end in ENDS:
            asked = asyncio.create_task(
                dns.asyncquery.udp(query(TLSA, "TLSA"), "127.0.0.1", port=server.port, timeout=0.2)
            )
            end((await later.waiting(1))[0][1])
            with pytest.raises(dns.exception.Timeout):
                await asked
            async with connection(server) as (reader, writer):
                writer.write(framed(query(TLSA, "TLSA")))
                end((await later.waiting(1))[0][1])
                with contextlib.suppress(ConnectionResetError):
                    assert await asyncio.wait_for(reader.read(), 5) == b""
    assert [str(complaint) for complaint in complaints] == ["lost", "lost"]


@on_each_loop
async def test_answers_that_come_too_late_do_no_harm() -> None:
    later = Later()
    async with serving(later.respond) as server:
        asked = asyncio.create_task(dns.asyncquery.udp(query(TLSA, "TLSA"), "127.0.0.1", port=server.port, timeout=0.1))
        async with connection(server) as (_, writer):
            writer.write(framed(query(TLSA, "TLSA")))
            owed = await later.waiting(2)
        with pytest.raises(dns.exception.Timeout):
            await asked
    for reply, future in owed:
        future.set_result(reply)
    await asyncio.sleep(0)
