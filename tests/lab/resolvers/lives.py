"""What the tests of a resolver's life, of the relay and of the files do inside a network namespace."""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
from pathlib import Path
from typing import Any, cast

from dnslib import EDNS0, DNSRecord

from harness.errors import HarnessError
from harness.journal import Asked, Event, Strayed
from harness.lab.authority import Authority
from harness.lab.dns_server import DnsServer, Transport
from harness.lab.recorder import Recorder
from harness.lab.resolvers.files import RootFile, write_root_files
from harness.lab.resolvers.real import PORT, RESOLVER_WIRE, RealResolver
from harness.lab.resolvers.relay import Relay
from harness.lab.resolvers.software import ResolverSoftware
from harness.scenario.models import Scenario
from harness.scenario.suite import load_suite
from harness.targets.packages import prefix
from tests.lab.resolvers.bodies import bundle, new_internet, running
from tests.support.client import Client, Reply, parse
from tests.support.packages import Bundle, program
from tests.support.processes import Server
from tests.validation.specimens import specimens

TLSA = "_25._tcp.mx1.{}.example."


def question(name: str, kind: str = "TLSA", *, number: int = 7) -> bytes:
    """A query with RD and DO."""
    query = DNSRecord.question(name, kind)
    query.header.id = number
    query.add_ar(EDNS0(flags="do", udp_len=1232))
    return bytes(query.pack())


def one(name: str, **tables: Any) -> Scenario:
    """A healthy world but for what is said."""
    plain = next(each for each in specimens() if each.id == "z-plain").model_dump(mode="json", exclude_defaults=True)
    return Scenario.model_validate({**plain, "id": name, **tables})


async def killed(software: ResolverSoftware) -> tuple[bool, bool, list[str], str]:
    """Whether it was alive before and after it was killed from outside, what was told, and what asking it says then."""
    told: list[str] = []
    internet = new_internet()
    async with running(software, internet, died=told) as resolver:
        before = resolver.alive
        assert resolver.program is not None
        await resolver.program.jail.signal(resolver.program.pid, signal.SIGKILL)
        async with asyncio.timeout(5):
            while not told:
                await asyncio.sleep(0.01)
        try:
            await resolver.forget()
            said = ""
        except HarnessError as error:
            said = str(error)
        return before, resolver.alive, told, said


async def stopped(software: ResolverSoftware) -> list[str]:
    """What is told of one that is ended as it should be."""
    told: list[str] = []
    async with running(software, new_internet(), died=told):
        pass
    return told


async def without_authority(software: ResolverSoftware) -> str:
    """What entering says when nobody answers for the root."""
    with tempfile.TemporaryDirectory(prefix="danelab-") as scratch:
        resolver = RealResolver(
            software,
            internet=new_internet(),
            wire=RESOLVER_WIRE,
            prefix=prefix(bundle(software)),
            scratch=Path(scratch),
            limit=1.0,
        )
        try:
            async with resolver:
                return ""
        except HarnessError as error:
            return str(error)


async def changed(software: ResolverSoftware) -> list[tuple[bytes, bool]]:
    """What is seen of a TLSA record, and whether with AD: before a change, after it, and after forgetting.

    Record and keys change. The TTLs are an hour.
    """
    internet = new_internet()
    scenario = one("z-plain", zones={"domain": {"ttl": 3600}})
    internet.add(scenario)
    authority = Authority(internet, None, by_address=True)
    seen: list[tuple[bytes, bool]] = []
    async with running(software, internet, authority=authority) as resolver, Client((resolver.address, PORT)) as client:

        async def look() -> None:
            reply = await client.ask(TLSA.format("z-plain"), rdtype="TLSA")
            seen.extend((rdata, reply.authentic) for _, kind, rdata in reply.answer if kind == "TLSA")

        await look()
        internet.replace(one("z-plain", zones={"domain": {"ttl": 3600, "key_generation": 1}}, mx=[{"tlsa": ["3 1 2"]}]))
        authority.forget()
        await look()
        await resolver.forget()
        await look()
    return seen


async def of_one_world(software: ResolverSoftware) -> list[tuple[bytes, bytes]]:
    """The first octets of the TLSA records of two worlds that change at once: before, afterwards, and once the names of
    the first have been forgotten. The TTLs are an hour."""
    internet = new_internet()
    hour: dict[str, Any] = {"zones": {"domain": {"ttl": 3600}}}
    for name in ("z-one", "z-two"):
        internet.add(one(name, **hour))
    authority = Authority(internet, None, by_address=True)
    seen: list[tuple[bytes, bytes]] = []
    async with running(software, internet, authority=authority) as resolver, Client((resolver.address, PORT)) as client:

        async def look() -> None:
            first, second = [await client.ask(TLSA.format(name), rdtype="TLSA") for name in ("z-one", "z-two")]
            assert first.authentic
            assert second.authentic
            seen.append((first.answer[0][2][:3], second.answer[0][2][:3]))

        await look()
        for name in ("z-one", "z-two"):
            internet.replace(one(name, **hour, mx=[{"tlsa": ["3 1 2"]}]))
        authority.forget()
        await look()
        await resolver.forget_below(["z-one.example."])
        await look()
    return seen


async def newly_published(software: ResolverSoftware) -> list[tuple[int, bool]]:
    """How many TLSA records are seen, and whether with AD, before and after a world has changed and its names have been
    forgotten: in one a record is published, the other's zone gets a DS record. The TTLs are an hour."""
    internet = new_internet()
    hour = {"ttl": 3600}
    before = (
        one("z-none", zones={"domain": hour}, mx=[{"tlsa": []}]),
        one("z-island", zones={"domain": {**hour, "ds": "none"}}),
    )
    after = (one("z-none", zones={"domain": hour}), one("z-island", zones={"domain": hour}))
    for scenario in before:
        internet.add(scenario)
    authority = Authority(internet, None, by_address=True)
    seen: list[tuple[int, bool]] = []
    async with running(software, internet, authority=authority) as resolver, Client((resolver.address, PORT)) as client:
        for scenario in after:

            async def look(name: str = TLSA.format(scenario.id)) -> None:
                reply = await client.ask(name, rdtype="TLSA")
                seen.append((len([kind for _, kind, _ in reply.answer if kind == "TLSA"]), reply.authentic))

            await look()
            internet.replace(scenario)
            authority.forget()
            await resolver.forget_below([f"{scenario.id}.example."], newly_signed=scenario.id == "z-island")
            await look()
    return seen


async def asked_anew(software: ResolverSoftware) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    """What the authoritative servers are asked for a few lookups, and for the same ones after forgetting."""
    internet, recorder = new_internet(), Recorder()
    internet.add(one("z-plain"))
    authority = Authority(internet, recorder, by_address=True)
    asked: list[set[tuple[str, str]]] = []
    async with running(software, internet, authority=authority) as resolver, Client((resolver.address, PORT)) as client:
        for _ in range(2):
            await resolver.forget()
            recorder.events.clear()
            for name, kind in (("z-plain.example.", "MX"), (TLSA.format("z-plain"), "TLSA"), ("net.", "DS")):
                await client.ask(name, rdtype=kind)
            asked.append({(event.name, event.type) for event in recorder.events if isinstance(event, Asked | Strayed)})
    return asked[0], asked[1]


async def relayed(asked: list[tuple[str, str]]) -> tuple[list[Reply | None], list[Event]]:
    """What unbound says to TLSA questions (scenario, transport) through a relay, and what is taken down."""
    internet = new_internet()
    for entry in load_suite():
        if entry.id in {scenario for scenario, _ in asked}:
            internet.add(entry.scenario)
    recorder = Recorder()
    async with (
        running(ResolverSoftware.UNBOUND, internet) as resolver,
        Relay(resolver.address, internet=internet, recorder=recorder) as relay,
    ):
        replies: list[Reply | None] = []
        for number, (scenario, transport) in enumerate(asked):
            message = question(TLSA.format(scenario), number=1000 + number)
            reply = relay.respond(message, cast(Transport, transport), "203.0.113.1", "")
            got = await reply if isinstance(reply, asyncio.Future) else reply
            assert got is None or got[:2] == message[:2]
            replies.append(None if got is None else parse(got))
    return replies, [event for event in recorder.events if isinstance(event, Asked)]


async def crowd(count: int) -> int:
    """How many of so many questions at once, all with the same number, get an answer of their own."""
    internet = new_internet()
    async with (
        running(ResolverSoftware.UNBOUND, internet) as resolver,
        Relay(resolver.address, internet=internet, recorder=None) as relay,
    ):
        names = [f"n{place}.sender.example." for place in range(count)]
        waiting = [relay.respond(question(name, "A"), "udp", "203.0.113.1", "") for name in names]
        assert all(isinstance(one, asyncio.Future) for one in waiting)
        replies = await asyncio.gather(*(one for one in waiting if isinstance(one, asyncio.Future)))
        pairs = zip(names, replies, strict=True)
        return sum(bool(reply) and str(DNSRecord.parse(reply).q.qname) == name for name, reply in pairs)


async def silent() -> tuple[bytes | None, list[Event]]:
    """What comes of a question to a resolver that never answers."""
    internet, recorder = new_internet(), Recorder()
    async with (
        DnsServer(lambda *_: None, address="198.18.0.1", port=53),
        Relay("198.18.0.1", internet=internet, recorder=recorder, patience=0.2) as relay,
    ):
        reply = relay.respond(question("sender.example.", "MX"), "udp", "203.0.113.1", "")
        assert isinstance(reply, asyncio.Future)
        return await reply, recorder.events


async def with_files(name: RootFile) -> Reply:
    """What unbound says when it has the root hints and this file as trust anchor, as they are written."""
    internet = new_internet()
    authority = Authority(internet, None, by_address=True)
    with tempfile.TemporaryDirectory(prefix="danelab-") as scratch:
        folder = Path(scratch)
        files = write_root_files(internet, folder / "root")
        lines = [
            'server:\n username: ""\n chroot: ""\n pidfile: ""\n use-syslog: no\n do-ip6: no',
            f' directory: "{folder}"\n interface: 127.0.0.1@5353\n do-not-query-localhost: no',
            f' root-hints: "{files[RootFile.HINTS]}"\n trust-anchor-file: "{files[name]}"',
            "remote-control:\n control-enable: no\n",
        ]
        (folder / "unbound.conf").write_text("\n".join(lines), encoding="ascii")
        async with DnsServer(authority.respond, address="0.0.0.0", port=53):
            server = Server.start(
                program("unbound", bundle=Bundle.VALIDATORS), arguments=["-d", "-c", "unbound.conf"], folder=folder
            )
            try:
                async with Client(("127.0.0.1", 5353)) as client:
                    for _ in range(100):
                        try:
                            return await client.ask("sender.example.", rdtype="MX", seconds=0.2)
                        except OSError:  # not ready yet
                            await asyncio.sleep(0.02)
            finally:
                server.stop()
    raise AssertionError("unbound gave no answer")


async def delv_with_keys() -> str:
    """What delv says of the sending domain's MX with the BIND file as its trust anchor."""
    internet = new_internet()
    authority = Authority(internet, None)
    delv = program("delv", bundle=Bundle.VALIDATORS)
    with tempfile.TemporaryDirectory(prefix="danelab-") as scratch:
        file = write_root_files(internet, Path(scratch))[RootFile.BIND]
        async with DnsServer(authority.respond, address="198.18.0.1", port=53):
            process = await asyncio.create_subprocess_exec(
                *(str(delv.path), "-a", str(file), "@198.18.0.1", "+noroot", "+root=.", "sender.example.", "MX"),
                env={**os.environ, **delv.environment()},
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )
            said, _ = await asyncio.wait_for(process.communicate(), 20)
    return said.decode()
