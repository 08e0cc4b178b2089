"""Whichever resolver is chosen, it is used in one way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dns.message
import dns.rcode
import pytest

from harness.journal import Asked, Event, Strayed
from harness.lab.recorder import Recorder
from harness.lab.resolvers import ResolverSoftware, departures_of, packages_of, resolver_for
from harness.lab.resolvers.files import RootFile, root_files
from harness.lab.resolvers.real import recipe
from harness.scenario.suite import load_suite
from harness.targets.packages import prefix
from harness.world.addresses import LOOPBACK
from tests.lab.kit import CLIENT, query
from tests.lab.resolvers import front
from tests.lab.resolvers.bodies import bundle
from tests.support.fixtures import available
from tests.world.kit import DOMAIN, internet, scenario

TLSA = f"_25._tcp.mx1.{DOMAIN}"
REAL = [software for software in ResolverSoftware if software.is_real]


def test_the_simulated_one_answers_and_forgets(tmp_path: Path) -> None:
    async def ask() -> list[int]:
        net = internet(scenario(), plan=LOOPBACK)
        seen = []
        async with resolver_for(ResolverSoftware.SIMULATED, internet=net, recorder=None, scratch=tmp_path) as resolver:
            for step in range(3):
                reply = resolver.respond(query(TLSA, "TLSA").to_wire(), "udp", CLIENT, "")
                assert isinstance(reply, bytes)
                seen.append(len(dns.message.from_wire(reply).answer))
                if step == 0:
                    net.replace(scenario(mx=[{"tlsa": []}]))
                else:
                    await resolver.forget([DOMAIN])
            assert resolver.root_files == {}
        return seen

    assert asyncio.run(ask()) == [2, 2, 0]
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_where_the_product_resolves_everybody_is_turned_away_and_noted(tmp_path: Path, transport: Any) -> None:
    async def ask() -> list[Event]:
        net, recorder = internet(scenario(), plan=LOOPBACK), Recorder(clock=lambda: 0.0)
        async with resolver_for(ResolverSoftware.TARGET, internet=net, recorder=recorder, scratch=tmp_path) as resolver:
            for name in (TLSA, "example.net."):
                asked = query(name, "TLSA")
                reply = resolver.respond(asked.to_wire(), transport, CLIENT, "")
                assert isinstance(reply, bytes)
                told = dns.message.from_wire(reply)
                assert asked.is_response(told)
                assert (told.rcode(), told.answer, told.authority) == (dns.rcode.REFUSED, [], [])
            assert resolver.respond(b"\x12\x34\x81\x80" + b"\0" * 8, transport, CLIENT, "") is None
            await resolver.forget([DOMAIN])
            assert {name: file.read_text() for name, file in resolver.root_files.items()} == root_files(net)
            assert set(resolver.root_files) == set(RootFile)
        return recorder.events

    asked, strayed = asyncio.run(ask())
    assert isinstance(asked, Asked)
    assert (asked.name, asked.rcode, asked.transport, asked.client) == (TLSA, "REFUSED", transport, CLIENT)
    assert isinstance(strayed, Strayed)


@pytest.mark.validators
@pytest.mark.parametrize("software", REAL)
def test_a_real_one_answers_behind_the_labs_own_server_and_forgets(
    software: ResolverSoftware, in_namespace: Callable[..., Any]
) -> None:
    available(prefix, bundle(software))
    replies, events = in_namespace(front.served, software)
    assert [(reply.rcode, reply.authentic, len(reply.answer)) for reply in replies] == [
        ("NOERROR", True, 2),
        ("NOERROR", True, 5),
        ("NXDOMAIN", True, 0),
        ("NXDOMAIN", True, 0),
    ]
    assert [type(event) for event in events] == [Asked, Asked, Asked, Strayed, Asked]


@pytest.mark.validators
@pytest.mark.parametrize("software", [software for software in REAL if recipe(software).gives_servers_up])
def test_the_silence_of_one_world_is_not_that_of_others(
    software: ResolverSoftware, in_namespace: Callable[..., Any]
) -> None:
    available(prefix, bundle(software))
    lost, others = in_namespace(front.after_silence, software)
    assert lost == "SERVFAIL"
    assert others == ["NOERROR"] * 10


def test_only_programs_have_packages_and_departures() -> None:
    ids = {entry.id for entry in load_suite()}
    for software in ResolverSoftware:
        assert bool(packages_of(software)) is software.is_real
        departures = departures_of(software)
        assert set(departures) <= ids
        assert all(departures.values())
        assert software.is_real or not departures
