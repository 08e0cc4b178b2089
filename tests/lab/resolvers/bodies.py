"""What the tests do inside a network namespace."""

from __future__ import annotations

import asyncio
import re
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from harness.lab.authority import Authority
from harness.lab.dns_server import DnsServer
from harness.lab.resolver import SimulatedResolver
from harness.lab.resolvers.chosen import departures_of
from harness.lab.resolvers.real import RESOLVER_WIRE, RealResolver, recipe
from harness.lab.resolvers.software import ResolverSoftware
from harness.scenario.models import Scenario
from harness.scenario.suite import load_suite
from harness.scenario.zones import What
from harness.targets.packages import Bundle, prefix
from harness.world.addresses import BENCHMARKING
from harness.world.internet import Internet
from harness.world.records import type_number
from harness.world.resolution import Resolution, Security, resolve
from tests.lab.resolvers.asking import Said, Series, ask_all, ask_unchecked, simulated_unchecked
from tests.support.findings import Finding, Question, Status
from tests.validation.questions import data, expectations, worlds
from tests.validation.specimens import specimens

OUTSIDE = tuple(
    Question(*words.split())
    for words in (
        ". NS", ". DNSKEY", ". SOA", ". A", "example. DS", "example. DNSKEY", "net. DS", "com. NS",
        "www.example.com. A", "zzz. TLSA", "1.113.0.203.in-addr.arpa. PTR", "1.2.18.198.in-addr.arpa. PTR",
    )
)  # fmt: skip
"""Names that belong to no scenario: the root's own, and what it denies."""


SENDERS = ("MX", "A", "AAAA", "CNAME", "TLSA")
"""What senders ask, in the order in which they do."""


@dataclass(frozen=True)
class Comparison:
    """What was expected of a resolver, and what it said."""

    software: ResolverSoftware
    expected: dict[Question, Resolution]
    findings: tuple[Finding, ...]
    scenarios: dict[Question, str]
    """Whose question it is: the scenario's id, be it after a step or not; empty where it is nobody's."""
    unchecked: dict[Question, tuple[Said, Said]]
    """What was expected and what was said with checking disabled, where something is broken and yet to be had."""
    start: float
    """Seconds until it was ready."""
    asking: float
    """Seconds for all questions."""


def bundle(software: ResolverSoftware) -> Bundle:
    """The packages of a resolver."""
    return Bundle(f"resolver-{software}", recipe(software).packages)


def fill(internet: Internet, *, whole: bool = True) -> dict[str, dict[Question, Resolution]]:
    """Add scenarios, with what their steps turn them into, and all specimens; what is expected of each world.

    Unless all are wanted, it is those in which DNS is not as in the healthy world, and of the questions there those
    that senders ask and those that are not just answered.
    """
    scenarios = [*(each for each in worlds(load_suite()) if whole or _is_about_dns(each)), *specimens()]
    for scenario in scenarios:
        internet.add(scenario)
    outside = {each: resolve(internet, each.name, type_number(each.rdtype)) for each in OUTSIDE}
    by_world = {scenario.id: expectations(internet, [scenario.id]) for scenario in scenarios} | {"": outside}
    if whole:
        return by_world
    return {
        world: {question: each for question, each in expected.items() if not world or _is_telling(question, each)}
        for world, expected in by_world.items()
    }


def _is_telling(question: Question, resolution: Resolution) -> bool:
    return is_senders(question) or resolution.security is not Security.SECURE


def _is_about_dns(scenario: Scenario) -> bool:
    departures = {each for software in ResolverSoftware for each in departures_of(software)}
    return bool(scenario.faults or scenario.zones) or scenario.id in departures


def new_internet() -> Internet:
    """One that has the sending domain only."""
    return Internet(seed="resolvers", now=int(time.time()), plan=BENCHMARKING)


@asynccontextmanager
async def running(
    software: ResolverSoftware,
    internet: Internet,
    *,
    authority: Authority | None = None,
    died: list[str] | None = None,
) -> AsyncIterator[RealResolver]:
    """The internet's name servers, and the resolver that asks them."""
    told = died if died is not None else []
    authority = authority or Authority(internet, None, by_address=True)
    with tempfile.TemporaryDirectory(prefix="danelab-") as scratch:
        async with (
            DnsServer(authority.respond, address="0.0.0.0", port=53),
            RealResolver(
                software,
                internet=internet,
                wire=RESOLVER_WIRE,
                prefix=prefix(bundle(software)),
                scratch=Path(scratch),
                died=told.append,
            ) as resolver,
        ):
            yield resolver


async def compare(software: ResolverSoftware, whole: bool) -> Comparison:  # noqa: FBT001 (it travels pickled)
    """Ask the resolver everything: of each world one question after the other, as senders do; many worlds at once."""
    internet = new_internet()
    by_world = fill(internet, whole=whole)
    expected = {question: resolution for each in by_world.values() for question, resolution in each.items()}
    broken = [question for question, resolution in expected.items() if _is_broken(resolution)]
    series = [_series(each, in_turn=not _has_dead_servers(internet, world)) for world, each in by_world.items()]
    series.sort(key=lambda each: not each.at_once)  # those that take long begin
    simulated = SimulatedResolver(internet, None)

    began = time.monotonic()
    async with running(software, internet) as resolver:
        up = time.monotonic()
        ask = partial(ask_all, resolver=software, address=resolver.address)
        found = await ask(series)
        # A failure that was found by checking is remembered by some, and told to who wants no checking as well.
        await resolver.forget()
        of_simulated = {question: simulated_unchecked(simulated, question) for question in broken}
        unchecked = await ask_unchecked(broken, address=resolver.address)
        # Lookups for the checked questions may have been under way still, and have servers taken for dead once more.
        for pause in (2, 8, 20):
            if missed := [question for question, said in unchecked.items() if said != of_simulated[question]]:
                await asyncio.sleep(pause)
                await resolver.forget()
                unchecked |= await ask_unchecked(missed, address=resolver.address, at_once=4)
        # A busy machine makes questions time out: whatever is not as expected is asked again, with all before it.
        await resolver.forget()
        doubtful = frozenset(
            question for question, each in found.items() if not is_as_expected(each, expected[question])
        )
        found |= await ask([each for each in series if doubtful & {*each.turns, *each.at_once}], at_once=4)
        done = time.monotonic()
    pairs = {question: (of_simulated[question], said) for question, said in unchecked.items()}
    whose = {question: re.sub(r"-s\d+$", "", world) for world, each in by_world.items() for question in each}
    return Comparison(software, expected, tuple(found.values()), whose, pairs, up - began, done - up)


def _has_dead_servers(internet: Internet, world: str) -> bool:
    zones = internet.world(world).zones.values() if world else ()
    return any("dead" in zone.spec.name_servers for zone in zones)


def _series(expected: dict[Question, Resolution], *, in_turn: bool) -> Series:
    turns = [each for each, resolution in expected.items() if in_turn and not _is_silent(resolution)]
    return Series(tuple(sorted(turns, key=_turn)), tuple(each for each in expected if each not in turns))


def is_senders(question: Question) -> bool:
    """Whether a sender asks it; the addresses of name servers are none of his business."""
    return question.rdtype in SENDERS and not question.name.startswith("ns")


def _turn(question: Question) -> int:
    return SENDERS.index(question.rdtype) if is_senders(question) else len(SENDERS)


def _is_silent(resolution: Resolution) -> bool:
    return resolution.why.endswith(f": {What.DROP}") or resolution.why.startswith("no name server")


def _is_broken(resolution: Resolution) -> bool:
    broken = resolution.security in (Security.BOGUS, Security.FAILED) or bool(resolution.faults)
    return broken and resolution.is_to_be_had


def is_as_expected(finding: Finding, resolution: Resolution) -> bool:
    """Whether a resolver's answer is the one that the simulated resolver gives: standing, code and data."""
    if resolution.security in (Security.BOGUS, Security.FAILED):
        return finding.rcode == "SERVFAIL"
    secure = finding.status is Status.SECURE
    return (
        finding.status in (Status.SECURE, Status.INSECURE)
        and secure == (resolution.security is Security.SECURE)
        and finding.rcode == resolution.rcode.name
        and finding.rdatas == data(resolution, finding.question)
    )
