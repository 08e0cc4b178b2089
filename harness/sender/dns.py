"""The stub resolver: questions to one validating resolver, whose AD bit is trusted (RFC 7672 section 2.1.1).

One UDP socket serves all questions; a truncated reply is asked for again over TCP.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from typing import cast

import dns.exception

from harness.sender.answer import Answer, Kind, read_step
from harness.sender.dnswire import (
    QueryFlags,
    Rcode,
    RdType,
    Reply,
    decode_reply,
    encode_question,
    is_of_another_question,
)
from harness.sender.errors import Failure, MalformedReply, NoAnswer
from harness.sender.rules.lookup import LookupRules

_CODES: dict[int, Failure] = {
    Rcode.FORMERR: Failure.FORMERR,
    Rcode.SERVFAIL: Failure.SERVFAIL,
    Rcode.NOTIMP: Failure.NOTIMP,
    Rcode.REFUSED: Failure.REFUSED,
}


class _Endpoint(asyncio.DatagramProtocol):
    """The UDP socket: hands each datagram to whoever waits for its identifier."""

    def __init__(self) -> None:
        self.waiting: dict[int, asyncio.Future[bytes]] = {}
        self.questions: dict[int, bytes] = {}
        self.transport: asyncio.DatagramTransport | None = None
        self.closed = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: object) -> None:  # noqa: ARG002 (the socket is connected)
        ident = int.from_bytes(data[:2])
        waiter = self.waiting.get(ident)
        if waiter is None or waiter.done() or is_of_another_question(data, question=self.questions[ident]):
            return
        waiter.set_result(data)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 (the end is all that matters)
        self.closed.set_result(None)

    def error_received(self, exc: Exception) -> None:
        for waiter in self.waiting.values():
            if not waiter.done():
                waiter.set_exception(NoAnswer(f"resolver unreachable: {exc}", failure=Failure.SILENCE))


class Resolver:
    """Lookups through one resolver. `timeout` is the time in seconds for one question, retries included."""

    def __init__(self, address: str, *, port: int, timeout: float, rules: LookupRules) -> None:
        self._address = address
        self._port = port
        self._timeout = timeout
        self._rules = rules
        self._opening: asyncio.Task[_Endpoint] | None = None

    async def close(self) -> None:
        """Close the UDP socket. To be called when no lookup is under way."""
        if self._opening is not None and not self._opening.exception():
            endpoint = self._opening.result()
            if endpoint.transport is not None:
                endpoint.transport.close()
                await endpoint.closed

    async def lookup(self, name: str, *, rdtype: RdType) -> Answer:
        """Look a name up, following CNAMEs. Never raises: a failed lookup is an answer of that kind."""
        answer = await self._find(name, rdtype=rdtype)
        if answer.kind is Kind.FAILED and self._rules.failure_is_absence(answer, rdtype=rdtype):
            answer = replace(answer, kind=Kind.NODATA, secure=True)
        return self._rules.answer_in_force(answer, rdtype=rdtype)

    async def _find(self, name: str, *, rdtype: RdType) -> Answer:
        names: tuple[str, ...] = (name,)
        try:
            secure = True
            while True:
                reply = await self._ask(names[-1], rdtype=rdtype)
                if self._rules.lookup_failed(rcode=reply.rcode):
                    raise NoAnswer(f"response code {reply.rcode}", failure=_CODES.get(reply.rcode, Failure.OTHER_CODE))
                step = read_step(reply, name=names[-1], rdtype=rdtype)
                if set(step.names[1:]) & set(names):
                    raise NoAnswer("CNAME loop", failure=Failure.ENDLESS)
                names += step.names[1:]
                secure = self._rules.chain_is_secure(secure, self._rules.answer_is_secure(authentic=reply.authentic))
                if not self._rules.asks_again_at_target(step):
                    return Answer(kind=step.kind, secure=secure, names=names, records=step.records)
                if len(names) > self._rules.alias_limit():
                    raise NoAnswer("CNAME chain too long", failure=Failure.ENDLESS)
        except (NoAnswer, MalformedReply) as error:
            reason = f"{rdtype.name} lookup of {name} failed: {error}"
            failure = error.failure if isinstance(error, NoAnswer) else Failure.UNREADABLE
            return Answer(kind=Kind.FAILED, secure=False, names=names, reason=reason, failure=failure)

    async def _ask(self, name: str, *, rdtype: RdType) -> Reply:
        flags = QueryFlags(do=self._rules.sets_do(), ad=self._rules.sets_ad(), cd=self._rules.sets_cd())
        try:
            async with asyncio.timeout(self._timeout):
                endpoint = await self._endpoint()
                ident = random.randrange(0x10000)
                while ident in endpoint.waiting:
                    ident = random.randrange(0x10000)
                question = encode_question(name, rdtype=rdtype, ident=ident, flags=flags)
                reply = await self._ask_udp(endpoint, question, ident=ident)
                if reply.truncated and self._rules.repeats_truncated_reply_over_tcp():
                    reply = await self._ask_tcp(question)
                    if reply.truncated:
                        raise NoAnswer("truncated reply over TCP", failure=Failure.TRUNCATED)
        except TimeoutError as error:
            raise NoAnswer("timeout", failure=Failure.SILENCE) from error
        except dns.exception.DNSException as error:
            reason = f"not a domain name: {error or type(error).__name__}"
            raise NoAnswer(reason, failure=Failure.UNREADABLE) from error
        except OSError as error:
            raise NoAnswer(f"resolver unreachable: {error}", failure=Failure.SILENCE) from error
        if reply.ident != ident or reply.question != (name, rdtype):
            raise NoAnswer("the reply belongs to another question", failure=Failure.UNREADABLE)
        return reply

    async def _ask_udp(self, endpoint: _Endpoint, question: bytes, *, ident: int) -> Reply:
        waiter = asyncio.get_running_loop().create_future()
        endpoint.waiting[ident], endpoint.questions[ident] = waiter, question
        try:
            sendings = self._rules.udp_sendings()
            for _ in range(sendings):
                assert endpoint.transport is not None
                endpoint.transport.sendto(question)
                done, _ = await asyncio.wait([waiter], timeout=self._timeout / sendings)
                if done:
                    return decode_reply(waiter.result())
            raise NoAnswer("timeout", failure=Failure.SILENCE)
        finally:
            del endpoint.waiting[ident], endpoint.questions[ident]

    async def _ask_tcp(self, question: bytes) -> Reply:
        reader, writer = await asyncio.open_connection(self._address, self._port)
        try:
            writer.write(len(question).to_bytes(2) + question)
            length = int.from_bytes(await reader.readexactly(2))
            return decode_reply(await reader.readexactly(length))
        except asyncio.IncompleteReadError as error:
            raise NoAnswer("the resolver closed the TCP connection", failure=Failure.TRUNCATED) from error
        finally:
            writer.close()

    async def _endpoint(self) -> _Endpoint:
        if self._opening is None:
            self._opening = asyncio.ensure_future(self._open())
        return await asyncio.shield(self._opening)

    async def _open(self) -> _Endpoint:
        loop = asyncio.get_running_loop()
        _, endpoint = await loop.create_datagram_endpoint(_Endpoint, remote_addr=(self._address, self._port))
        return endpoint
