"""A resolver that says what it is told, mail hosts with manners to order, and a sender between them."""

from __future__ import annotations

import asyncio
import random
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import cast

import dnslib

from harness.sender.delivery import Job, Sender, Settings
from harness.sender.policy import Mode
from harness.sender.result import Result
from harness.sender.rules import Rules

TYPES = {"A": 1, "CNAME": 5, "MX": 15, "AAAA": 28, "TLSA": 52}


@dataclass
class Entry:
    """What the resolver answers to one question."""

    records: list[dnslib.RR] = field(default_factory=list)
    ad: bool = True
    rcode: int = 0
    drop: bool = False
    truncate: bool = False
    garble: bool = False
    stray: bool = False


class FakeResolver(asyncio.DatagramProtocol):
    """Answers from a table; what is not in it is provably absent data."""

    def __init__(self) -> None:
        self.table: dict[tuple[str, int], Entry] = {}
        self.asked: list[tuple[str, str]] = []
        self.flags: set[tuple[int, int, bool]] = set()
        self.port = 0
        self._transport: asyncio.DatagramTransport | None = None

    def add(self, name: str, rdtype: str, *data: str | bytes, alias: str = "", ad: bool = True) -> None:
        """Answer with records. `alias` puts a chain of names, joined by `>`, before them."""
        records = []
        owner = name
        for target in filter(None, alias.split(">")):
            records.append(dnslib.RR(owner, 5, rdata=dnslib.CNAME(target)))
            owner = target
        for each in data:
            if isinstance(each, bytes):
                records.append(dnslib.RR(owner, TYPES[rdtype], rdata=dnslib.RD(each)))
            else:
                records += dnslib.RR.fromZone(f"{owner}. 5 IN {rdtype} {each}")
        self.table[name, TYPES[rdtype]] = Entry(records=records, ad=ad)

    def fail(self, name: str, rdtype: str, *, rcode: int = 2) -> None:
        """Answer with an error code."""
        self.table[name, TYPES[rdtype]] = Entry(rcode=rcode, ad=False)

    def entry(self, name: str, rdtype: str) -> Entry:
        """The entry of a question, to be changed."""
        return self.table.setdefault((name, TYPES[rdtype]), Entry())

    def questions(self, rdtype: str) -> list[str]:
        """The names asked for with a type."""
        return [name for name, asked in self.asked if asked == rdtype]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        reply = self._reply(data, udp=True)
        assert self._transport is not None
        question = dnslib.DNSRecord.parse(data)
        asked = self.table.get((str(question.q.qname).rstrip(".").lower(), question.q.qtype))
        if asked is not None and asked.stray:
            other = dnslib.DNSRecord.question("other.example", "A").reply()
            other.header.id = question.header.id
            self._transport.sendto(bytes(other.pack()), addr)
        if reply is not None:
            self._transport.sendto(reply, addr)

    async def serve_tcp(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        length = int.from_bytes(await reader.readexactly(2))
        reply = self._reply(await reader.readexactly(length), udp=False) or b""
        writer.write(len(reply).to_bytes(2) + reply)
        writer.close()

    def _reply(self, data: bytes, *, udp: bool) -> bytes | None:
        question = dnslib.DNSRecord.parse(data)
        name = str(question.q.qname).rstrip(".").lower()
        rdtype = next((key for key, value in TYPES.items() if value == question.q.qtype), "?")
        self.asked.append((name, rdtype))
        do = bool(question.ar) and bool(question.ar[0].edns_do)
        self.flags.add((question.header.ad, question.header.cd, do))
        entry = self.table.get((name, question.q.qtype), Entry())
        if entry.drop:
            return None
        reply = question.reply(ra=1, aa=0)
        reply.header.ad = int(entry.ad)
        reply.header.rcode = entry.rcode
        if entry.truncate and udp:
            reply.header.tc = 1
        else:
            for each in entry.records:
                reply.add_answer(each)
        wire = bytes(reply.pack())
        return wire[:-3] if entry.garble else wire


@dataclass
class Manners:
    """How a mail host behaves; the defaults are healthy."""

    context: ssl.SSLContext | None = None
    greeting: str = "220 mail.example ESMTP"
    ehlo: str | None = None
    helo: str = "250 hello"
    offers: bool = True
    extensions: tuple[str, ...] = ("SIZE 100000",)
    extensions_in_tls: tuple[str, ...] = ("SIZE 100000",)
    starttls: str = "220 go ahead"
    injection: str = ""
    handshake: str = "shake"
    mail: str = "250 ok"
    rcpt: str = "250 ok"
    data: str = "354 go on"
    body: str = "250 queued"
    cut_at: str = ""


class MailHost:
    """A mail host on one address; remembers what was said, and whether it was inside TLS."""

    def __init__(self, manners: Manners) -> None:
        self.manners = manners
        self.dialogue: list[tuple[bool, str]] = []
        self.messages: list[tuple[bool, bytes]] = []
        self.server_names: list[str | None] = []
        self.sessions = 0
        if manners.context is not None:
            manners.context.sni_callback = self._on_sni

    def _on_sni(self, _: ssl.SSLObject, name: str | None, __: ssl.SSLContext) -> None:
        self.server_names.append(name)

    def said(self, verb: str) -> list[bool]:
        """For each time the client said this, whether it was inside TLS."""
        return [tls for tls, line in self.dialogue if line.startswith(verb)]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.sessions += 1
        try:
            await self._serve(reader, writer)
        except (OSError, ssl.SSLError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        manners, tls = self.manners, False
        await _say(writer, manners.greeting)
        while line := (await reader.readline()).decode().strip():
            self.dialogue.append((tls, line))
            verb = line.split()[0].upper()
            if verb == manners.cut_at:
                writer.transport.abort()
                return
            if verb == "EHLO":
                extensions = manners.extensions_in_tls if tls else manners.extensions
                offers = ("STARTTLS",) if manners.offers else ()
                lines = ("mail.example", *extensions, *offers)
                text = "\r\n".join(f"250-{each}" for each in lines[:-1]) + f"\r\n250 {lines[-1]}"
                await _say(writer, (None if tls else manners.ehlo) or text.removeprefix("\r\n"))
            elif verb == "STARTTLS":
                await _say(writer, manners.starttls + (f"\r\n{manners.injection}" * bool(manners.injection)))
                if not manners.starttls.startswith("220"):
                    continue
                if manners.handshake == "close":
                    return
                if manners.handshake == "garbage":
                    await reader.read(1)
                    await _say(writer, "500 what is this?")
                    return
                assert manners.context is not None
                await writer.start_tls(manners.context)
                tls = True
            elif verb == "DATA":
                await _say(writer, manners.data)
                if manners.data.startswith("354"):
                    self.messages.append((tls, await reader.readuntil(b"\r\n.\r\n")))
                    await _say(writer, manners.body)
            elif verb == "QUIT":
                await _say(writer, "221 bye")
                return
            else:
                replies = {"MAIL": manners.mail, "RCPT": manners.rcpt, "HELO": manners.helo}
                await _say(writer, replies.get(verb, "502 no such command"))


async def _say(writer: asyncio.StreamWriter, text: str) -> None:
    writer.write(text.encode() + b"\r\n")
    await writer.drain()


class Net:
    """One resolver and any number of mail hosts, all on one SMTP port."""

    def __init__(self, resolver: FakeResolver) -> None:
        self.resolver = resolver
        self.port = 0
        self._servers: list[asyncio.Server] = []

    async def host(self, address: str, manners: Manners) -> MailHost:
        """Put a mail host on an address."""
        host = MailHost(manners)
        await self.listen(lambda port: asyncio.start_server(host.serve, address, port))
        return host

    async def listen(self, start: Callable[[int], Awaitable[asyncio.Server]]) -> asyncio.Server:
        """Start any server, on the port all of them share."""
        self.port = self.port or _free_port()
        server = await start(self.port)
        self._servers.append(server)
        return server

    def domain(self, domain: str, *addresses: str, tlsa: tuple[bytes, ...] = (), ad: bool = True) -> None:
        """A domain with MX hosts mx1, mx2, ... of rising preference, one address each; TLSA at mx1."""
        exchanges = [f"{10 * n} mx{n}.{domain}." for n in range(1, len(addresses) + 1)]
        self.resolver.add(domain, "MX", *exchanges, ad=ad)
        for n, address in enumerate(addresses, 1):
            self.resolver.add(f"mx{n}.{domain}", "A", address)
        if tlsa:
            self.tlsa(f"mx1.{domain}", *tlsa)

    def tlsa(self, base_domain: str, *rdata: bytes, ad: bool = True, alias: str = "") -> None:
        """TLSA records at a base domain."""
        self.resolver.add(self.tlsa_name(base_domain), "TLSA", *rdata, ad=ad, alias=alias)

    def tlsa_name(self, base_domain: str) -> str:
        """Where the TLSA records of a base domain are."""
        return f"_{self.port}._tcp.{base_domain}"

    async def send(
        self,
        *recipients: str,
        mode: Mode = Mode.OPPORTUNISTIC,
        rules: Rules | None = None,
        relay: str | None = None,
        fallback_relay: str | None = None,
        message: bytes = b"Subject: x\n\nhello\n.dot\n",
        timeout: float = 1.0,
        audit: bool = False,
        requiretls: bool = False,
    ) -> list[Result]:
        """Send one message and return its results."""
        settings = Settings(
            resolver_address="127.0.0.1",
            resolver_port=self.resolver.port,
            port=self.port,
            mode=mode,
            dns_timeout=0.4,
            reply_timeout=timeout,
            helo="sender.example",
            seed="1",
        )
        job = Job(
            id="j1",
            sender="me@sender.example",
            recipients=recipients,
            message=message,
            relay=relay,
            fallback_relay=fallback_relay,
            audit=audit,
            requiretls=requiretls,
        )
        results: list[Result] = []
        sender = Sender(settings, rules=rules)
        try:
            await sender.send(job, report=results.append)
        finally:
            await sender.close()
        return results

    async def close(self) -> None:
        for server in self._servers:
            server.close()
            await server.wait_closed()


def _free_port() -> int:
    """A port that nobody has on any address in use here, below the range given to clients."""
    while True:
        port = random.randrange(20000, 32000)
        try:
            for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                for address in ("127.0.0.1", "127.0.0.2", "127.0.0.3"):
                    with socket.socket(type=kind) as probe:
                        probe.bind((address, port))
        except OSError:
            continue
        return port


@asynccontextmanager
async def network() -> AsyncIterator[Net]:
    """A running resolver, and a net to put mail hosts in."""
    loop = asyncio.get_running_loop()
    resolver = FakeResolver()
    resolver.port = _free_port()
    transport, _ = await loop.create_datagram_endpoint(lambda: resolver, local_addr=("127.0.0.1", resolver.port))
    tcp = await asyncio.start_server(resolver.serve_tcp, "127.0.0.1", resolver.port)
    net = Net(resolver)
    try:
        yield net
    finally:
        await net.close()
        transport.close()
        tcp.close()
        await tcp.wait_closed()
        await asyncio.sleep(0)
