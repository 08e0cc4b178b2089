"""The messages that a scenario sends, what is expected of each, and how far down the MX order each server stands."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from dataclasses import dataclass, replace

from harness.scenario.mailhosts import Server
from harness.scenario.models import Expect, Mode, Scenario
from harness.scenario.names import keyed_hosts
from harness.scenario.stages import stages

_DEFAULT_ZONE = "domain"
_ZONE_KEY = re.compile(r"(?:.*@\{)?([a-z][a-z0-9_]*)\}?")


@dataclass(frozen=True, kw_only=True)
class Ranks:
    """MX preference of each server. A server that is no MX host counts as most preferred: it has no better to skip."""

    preferences: Mapping[str, int]
    best: int

    def of(self, server: str) -> int:
        return self.preferences.get(server, self.best)


@dataclass(frozen=True, kw_only=True)
class Send:
    """One message handed to the target, or handed to it again."""

    number: int
    """As `Sent.step` counts: from 1, sends and retries alike."""
    retry: bool = False
    """Whether the message is the one before."""
    again: bool = False
    """Whether it is one more of the same, to see what is left to chance; not every target is given it."""
    zones: tuple[str, ...]
    """Zone key of each recipient."""
    expect: Expect
    expect_for: Mapping[str, Expect]
    scenario: Scenario
    """The scenario with the world as it then is."""
    ranks: Ranks

    def expected(self, zone: str) -> Expect:
        """What is expected for a recipient in that zone."""
        return self.expect_for.get(zone, self.expect)

    def mode(self, zone: str) -> Mode | None:
        """The mode that is configured for that zone; None: the run's."""
        return self.scenario.route.modes.get(zone)


def sends(scenario: Scenario) -> tuple[Send, ...]:
    """The sends of a scenario, in order; one that has no steps sends one message."""
    changed = {stage.step: stage.scenario for stage in stages(scenario)}
    now = scenario
    found: list[Send] = []
    recipients: tuple[str, ...] = (scenario.recipient,)
    for index, step in enumerate(scenario.steps):
        now = changed.get(index, now)
        recipients = step.send or recipients
        if step.send or step.retry:
            first = Send(
                number=len(found) + 1,
                retry=step.retry,
                zones=tuple(map(zone_of, recipients)),
                expect=step.expect.within(scenario.expect) if step.expect else scenario.expect,
                expect_for={zone: each.within(scenario.expect) for zone, each in step.expect_for.items()},
                scenario=now,
                ranks=_ranks(now),
            )
            found.append(first)
            found += [replace(first, number=first.number + more, again=True) for more in range(1, step.times)]
    if not found:
        zones = (zone_of(scenario.recipient),)
        found.append(
            Send(number=1, zones=zones, expect=scenario.expect, expect_for={}, scenario=now, ranks=_ranks(now))
        )
    return tuple(found)


def made(scenario: Scenario, handed: Container[int]) -> tuple[Send, ...]:
    """The sends that count, given the numbers of those that were handed over: what was not repeated is not missed."""
    return tuple(send for send in sends(scenario) if not send.again or send.number in handed)


def zone_of(recipient: str) -> str:
    """`domain` for `domain` and for `user@{domain}`; the recipient domain for what names no zone."""
    named = _ZONE_KEY.fullmatch(recipient)
    return named[1] if named else _DEFAULT_ZONE


def servers(scenario: Scenario) -> dict[str, Server]:
    """Every server by the key that events name it with."""
    return {**{key: host for _, key, host in keyed_hosts(scenario)}, **scenario.servers}


def _ranks(scenario: Scenario) -> Ranks:
    """Preference of each MX host's own server, and of servers at its addresses: the best where several share one."""
    preferences: dict[str, int] = {}
    for index, host in enumerate(scenario.mx):
        if not host.published:
            continue
        rank = 10 * (index + 1) if host.preference is None else host.preference
        key = host.key or f"mx{index + 1}"
        for server in (key, *host.ipv4, *host.ipv6):
            name = server or key
            preferences[name] = min(rank, preferences.get(name, rank))
    return Ranks(preferences=preferences, best=min(preferences.values(), default=0))
