"""What the comparisons do inside a network namespace, and outside of one."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from harness.lab.authority import Authority
from harness.lab.dns_server import DnsServer
from harness.scenario.suite import load_suite
from harness.world.addresses import BENCHMARKING, LOOPBACK
from harness.world.internet import Internet
from harness.world.resolution import Resolution
from tests.support.findings import Finding, Question
from tests.support.validators import Delv, Iterating, Unbound
from tests.validation.questions import expectations, standing, worlds
from tests.validation.specimens import specimens

NO_SHORT_CUTS = ("    aggressive-nsec: no", "    harden-below-nxdomain: no")
"""unbound settings: each question is to be asked, whatever is known from others (RFC 8198, RFC 8020)."""

AT_ONCE, FEW = 50, 2


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


async def _compared(
    expected: dict[Question, Resolution], ask: Callable[[Sequence[Question], int], Awaitable[list[Finding]]]
) -> Comparison:
    """What a validator finds, `ask` being given questions and how many there may be at once.

    On a busy machine lookups time out, also those of keys. Whatever is not as expected is therefore asked again,
    patiently and of a validator that remembers nothing: the zones are always the same, so a difference stays one.
    """
    found = dict(zip(expected, await ask(list(expected), AT_ONCE), strict=True))
    for _ in range(2):
        strange = [question for question, each in found.items() if each.status not in standing(expected[question])]
        if strange:
            found |= zip(strange, await ask(strange, FEW), strict=True)
    return Comparison(expected, tuple(found.values()))


async def iterate(only: frozenset[str] = frozenset()) -> Comparison:
    """unbound walks down from the root hints, each name server at its own address, port 53."""
    internet = Internet(seed="validation", now=int(time.time()), plan=BENCHMARKING)
    expected = _internet(internet, only)
    authority = Authority(internet, None, by_address=True)
    source = Iterating((internet.around.plan.root_server,))

    async def ask(questions: Sequence[Question], at_once: int) -> list[Finding]:
        with Unbound(internet.trust_anchor(), source=source, extra=NO_SHORT_CUTS) as unbound:
            return await unbound.find(questions, concurrency=at_once, seconds=20)

    async with DnsServer(authority.respond, address="0.0.0.0", port=53):
        return await _compared(expected, ask)


async def ask_directly(only: frozenset[str] = frozenset()) -> Comparison:
    """delv asks one server that holds all zones, on a loopback port."""
    internet = Internet(seed="validation", now=int(time.time()), plan=LOOPBACK)
    expected = _internet(internet, only)
    authority = Authority(internet, None)
    async with DnsServer(authority.respond, address="127.0.0.1") as server:
        delv = Delv(internet.trust_anchor(), "127.0.0.1", server.port)

        async def ask(questions: Sequence[Question], at_once: int) -> list[Finding]:
            return await delv.find(questions, concurrency=min(at_once, 4), seconds=4 if at_once == AT_ONCE else 12)

        return await _compared(expected, ask)
