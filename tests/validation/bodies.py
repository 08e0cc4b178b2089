"""What the comparisons do inside a network namespace, and outside of one."""

from __future__ import annotations

import time
from dataclasses import dataclass

from harness.lab.authority import Authority
from harness.lab.dns_server import DnsServer
from harness.scenario.suite import load_suite
from harness.world.addresses import BENCHMARKING, LOOPBACK
from harness.world.internet import Internet
from harness.world.resolution import Resolution
from tests.support.findings import Finding, Question, Status
from tests.support.validators import Delv, Forwarding, Iterating, Unbound
from tests.validation.questions import expectations, standing, worlds
from tests.validation.specimens import specimens

NO_SHORT_CUTS = ("    aggressive-nsec: no", "    harden-below-nxdomain: no")
"""unbound settings: each question is to be asked, whatever is known from others (RFC 8198, RFC 8020)."""


@dataclass(frozen=True)
class Comparison:
    """What was expected, and what was found."""

    expected: dict[Question, Resolution]
    findings: tuple[Finding, ...]


def _internet(internet: Internet, only: frozenset[str]) -> dict[Question, Resolution]:
    every = [*worlds(load_suite()), *specimens()]
    scenarios = [scenario for scenario in every if not only or scenario.id in only]
    for scenario in scenarios:
        internet.add(scenario)
    return expectations(internet, [scenario.id for scenario in scenarios])


async def _found(
    validator: Unbound | Delv, expected: dict[Question, Resolution], *, at_once: int, seconds: float
) -> list[Finding]:
    """What a validator finds. Where the machine is so busy that lookups time out, these are asked again, few at a time:
    the answers are always the same, so a true difference comes out again."""
    found = await validator.find(expected, concurrency=at_once, seconds=seconds)
    for _ in range(2):
        failed = {
            place: finding.question
            for place, finding in enumerate(found)
            if finding.status is Status.FAILED and Status.FAILED not in standing(expected[finding.question])
        }
        if not failed:
            break
        again = await validator.find(failed.values(), concurrency=2, seconds=4 * seconds)
        for place, finding in zip(failed, again, strict=True):
            found[place] = finding
    return found


async def iterate(only: frozenset[str] = frozenset()) -> Comparison:
    """unbound walks down from the root hints, each name server at its own address, port 53."""
    internet = Internet(seed="validation", now=int(time.time()), plan=BENCHMARKING)
    expected = _internet(internet, only)
    authority = Authority(internet, None, by_address=True)
    async with DnsServer(authority.respond, address="0.0.0.0", port=53):
        source = Iterating((internet.around.plan.root_server,))
        with Unbound(internet.trust_anchor(), source=source, extra=NO_SHORT_CUTS) as unbound:
            found = await _found(unbound, expected, at_once=50, seconds=20)
    return Comparison(expected, tuple(found))


async def ask_directly(only: frozenset[str] = frozenset()) -> Comparison:
    """delv asks one server that holds all zones, on a loopback port."""
    internet = Internet(seed="validation", now=int(time.time()), plan=LOOPBACK)
    expected = _internet(internet, only)
    authority = Authority(internet, None)
    async with DnsServer(authority.respond, address="127.0.0.1") as server:
        delv = Delv(internet.trust_anchor(), "127.0.0.1", server.port)
        found = await _found(delv, expected, at_once=4, seconds=4)
    return Comparison(expected, tuple(found))


async def forward(only: frozenset[str] = frozenset()) -> Comparison:
    """unbound asks that same server, for machines that allow no namespaces."""
    internet = Internet(seed="validation", now=int(time.time()), plan=LOOPBACK)
    expected = _internet(internet, only)
    authority = Authority(internet, None)
    async with DnsServer(authority.respond, address="127.0.0.1") as server:
        source = Forwarding("127.0.0.1", server.port)
        with Unbound(internet.trust_anchor(), source=source, extra=NO_SHORT_CUTS) as unbound:
            found = await _found(unbound, expected, at_once=50, seconds=20)
    return Comparison(expected, tuple(found))
