"""Every message of the suite, as the oracle and as the file has it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from harness.oracle import Facts, Final, permitted
from harness.oracle.facts import Destination
from harness.oracle.reach import Beyond, beyond
from harness.run.recipients import address
from harness.scenario.models import Expect, Mode, Scenario
from harness.scenario.outcomes import DELIVERED, Code, Permitted
from harness.scenario.suite import load_suite
from harness.survey import survey
from harness.verdict.profile import permitted_in
from harness.verdict.sends import Ranks, sends
from harness.world.addresses import BENCHMARKING
from harness.world.internet import Internet

NOW = 1_767_225_600

Place = tuple[str, int, str]
"""Scenario, number of the send, zone key of the recipient."""


@dataclass(frozen=True, kw_only=True)
class Sent:
    """One message to one recipient."""

    place: Place
    expect: Expect
    facts: Facts
    ranks: Ranks

    def disagreement(self, mode: Mode) -> str:
        """What the oracle says, where that is not what the file says; empty where they agree."""
        finals = permitted(self.facts, mode)
        hand = permitted_in(mode, self.expect)
        if self._read(hand) == _told(finals, self._read(hand)) and _alike(hand, finals[0]):
            return ""
        return " / ".join(f"{final.code}@{final.at}" if final.at else final.code for final in finals)

    def _read(self, hand: Permitted) -> frozenset[tuple[Code, str]]:
        """The outcomes in full: one that names no host means each of those that the oracle knows at that place."""
        found: set[tuple[Code, str]] = set()
        for outcome in hand.outcomes:
            if not outcome.is_delivery:
                found.add((outcome.code, ""))
            elif outcome.at is not None:
                found.add((outcome.code, outcome.at))
            else:
                met = sorted(key for key in keys(self.facts) if self._is_at(key, less_preferred=outcome.next))
                found |= {(outcome.code, key) for key in met}
        # TLS is a case of OPP, and CLEAR is what OPP comes to where there is no TLS.
        general = {at for code, at in found if code is Code.OPP}
        return frozenset((code, at) for code, at in found if not (code is Code.TLS and at in general))

    def _is_at(self, key: str, *, less_preferred: bool) -> bool:
        rank = self.ranks.of(key)
        return rank > self.ranks.best if less_preferred else rank == self.ranks.best


def messages() -> Iterator[Sent | tuple[Place, Beyond]]:
    """Every message of every scenario, or why the oracle does not speak about it."""
    suite = load_suite()
    internet = Internet(seed="oracle", now=NOW, plan=BENCHMARKING)
    for scenario in suite.scenarios:
        internet.add(scenario)
    for scenario in suite.scenarios:
        yield from _messages(internet, scenario)


@cache
def told() -> tuple[tuple[Sent, ...], dict[Place, Beyond]]:
    """The messages that the oracle speaks about, and why it does not speak about the others."""
    found: list[Sent] = []
    silent: dict[Place, Beyond] = {}
    for message in messages():
        if isinstance(message, Sent):
            found.append(message)
        else:
            silent[message[0]] = message[1]
    return tuple(found), silent


def spoken() -> tuple[Sent, ...]:
    """The messages that the oracle speaks about."""
    return told()[0]


def _messages(internet: Internet, scenario: Scenario) -> Iterator[Sent | tuple[Place, Beyond]]:
    for send in sends(scenario):
        world = internet.replace(send.scenario) if scenario.steps else internet.world(scenario.id)
        for zone in send.zones:
            place = (scenario.id, send.number, zone)
            reason = beyond(send.scenario)
            if reason is not None:
                yield place, reason
                continue
            recipient = address(world, zone if scenario.steps else scenario.recipient)
            facts = survey(internet, send.scenario, recipient=recipient)
            yield Sent(place=place, expect=send.expected(zone), facts=facts, ranks=send.ranks)


def _told(finals: tuple[Final, ...], read: frozenset[tuple[Code, str]]) -> frozenset[tuple[Code, str]]:
    told = {(final.code, final.at if final.code in DELIVERED else "") for final in finals}
    return frozenset(
        (Code.OPP, at) if code is Code.CLEAR and (Code.OPP, at) in read else (code, at) for code, at in told
    )


def _alike(hand: Permitted, first: Final) -> bool:
    """Whether both call the same usual: a delivery, or the same way of not delivering."""
    if hand.usual.is_delivery or first.code in DELIVERED:
        return hand.usual.is_delivery and first.code in DELIVERED
    return hand.usual.code is first.code


def keys(facts: Facts) -> frozenset[str]:
    """Keys of all servers."""

    def walk(destination: Destination) -> Iterator[str]:
        for exchange in destination.exchanges:
            yield from (server.key for server in exchange.host.servers if server.key)
        if destination.fallback is not None:
            yield from walk(destination.fallback)

    return frozenset(key for destination in facts.destinations for key in walk(destination))
