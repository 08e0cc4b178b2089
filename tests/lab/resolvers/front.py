"""What the tests do inside a network namespace with the lab's own server in front of the resolver that was chosen."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from harness.journal import Event
from harness.lab.authority import Authority
from harness.lab.dns_server import DnsServer, Response, Transport
from harness.lab.recorder import Recorder
from harness.lab.resolvers import ChosenResolver, ResolverSoftware, resolver_for
from harness.scenario.models import Scenario
from harness.targets.packages import prefix
from harness.world.internet import Internet
from tests.lab.resolvers.bodies import bundle, new_internet
from tests.lab.resolvers.lives import TLSA, one
from tests.support.client import Client, Reply


@dataclass
class Front:
    """A lab with authoritative servers and a resolver at one port, told apart by the address asked."""

    internet: Internet
    authority: Authority
    recorder: Recorder = field(default_factory=Recorder)
    """What the resolver's side takes down."""
    chosen: ChosenResolver | None = None

    def respond(self, message: bytes, transport: Transport, client: str, asked: str) -> Response:
        if self.internet.around.plan.world_of(asked) is not None:
            return self.authority.respond(message, transport, client, asked)
        assert self.chosen is not None
        return self.chosen.respond(message, transport, client, asked)

    async def change(self, scenario: Scenario) -> None:
        """Let a world look different."""
        assert self.chosen is not None
        self.internet.replace(scenario)
        self.authority.forget()
        await self.chosen.forget([zone.origin for zone in self.internet.world(scenario.id).zones.values()])


@asynccontextmanager
async def front(software: ResolverSoftware, *scenarios: Scenario) -> AsyncIterator[tuple[Front, Client]]:
    """The lab, and a client of its resolver."""
    internet = new_internet()
    for scenario in scenarios:
        internet.add(scenario)
    lab = Front(internet, Authority(internet, None, by_address=True))
    with tempfile.TemporaryDirectory(prefix="danelab-") as scratch:
        async with (
            DnsServer(lab.respond, address="0.0.0.0", port=53),
            resolver_for(
                software,
                internet=internet,
                recorder=lab.recorder,
                scratch=Path(scratch),
                prefix=prefix(bundle(software)),
            ) as lab.chosen,
            Client(("127.0.0.1", 53)) as client,
        ):
            yield lab, client


async def served(software: ResolverSoftware) -> tuple[list[Reply], list[Event]]:
    """What is seen of a few names, and what is taken down.

    A TLSA record, many of them, which takes TCP, a name outside the lab, and the first again when it has been removed.
    """
    large = one("z-large", mx=[{"tlsa": [f"3 0 0 garbage {900 + n}" for n in range(4)]}])
    asked = ((TLSA.format("z-plain"), "TLSA"), (TLSA.format("z-large"), "TLSA"), ("net.", "DS"))
    async with front(software, one("z-plain"), large) as (lab, client):
        replies = [await client.ask(name, rdtype=kind) for name, kind in asked]
        await lab.change(one("z-plain", mx=[{"tlsa": []}]))
        replies.append(await client.ask(TLSA.format("z-plain"), rdtype="TLSA"))
    return replies, lab.recorder.events


async def after_silence(software: ResolverSoftware) -> tuple[str, list[str]]:
    """What comes of a question whose DS is never answered, and of others in healthy worlds right after it.

    A machine that stops for a moment is a silence too: that all are answered has to be seen once in three times.
    """
    healthy = [one(f"h{number}") for number in range(30)]
    silent = [one(f"silent{turn}", faults=[{"at": "@ DS", "what": "drop"}]) for turn in range(3)]
    lost, codes = "", list[str]()
    async with front(software, *healthy, *silent) as (_, client):
        for turn in silent:
            lost = (await client.ask(f"mx1.{turn.id}.example.", rdtype="A", seconds=20)).rcode
            codes.clear()
            for _ in range(10):
                codes.append((await client.ask(f"mx1.{healthy.pop().id}.example.", rdtype="A")).rcode)
                await asyncio.sleep(0.02)
            if set(codes) == {"NOERROR"}:
                break
    return lost, codes
