"""The messages that a scenario sends, what is expected of each, and how far down the MX order each server stands."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.scenario.merge import merge
from harness.scenario.models import Expect, Scenario

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
    zones: tuple[str, ...]
    """Zone key of each recipient."""
    expect: Expect
    expect_for: Mapping[str, Expect]
    ranks: Ranks

    def expected(self, zone: str) -> Expect:
        """What is expected for a recipient in that zone."""
        return self.expect_for.get(zone, self.expect)


def sends(scenario: Scenario) -> tuple[Send, ...]:
    """The sends of a scenario, in order; one that has no steps sends one message."""
    tables: dict[str, Any] = {"mx": [_described(mx.model_dump()) for mx in scenario.mx]}
    found: list[Send] = []
    recipients: tuple[str, ...] = (scenario.recipient,)
    for step in scenario.steps:
        if step.change is not None:
            tables = merge(tables, step.change)
        if step.send:
            recipients = step.send
        if step.send or step.retry:
            found.append(
                Send(
                    number=len(found) + 1,
                    zones=tuple(map(_zone, recipients)),
                    expect=step.expect or scenario.expect,
                    expect_for=step.expect_for,
                    ranks=_ranks(tables["mx"]),
                )
            )
    if not found:
        ranks = _ranks(tables["mx"])
        found.append(
            Send(number=1, zones=(_zone(scenario.recipient),), expect=scenario.expect, expect_for={}, ranks=ranks)
        )
    return tuple(found)


def _zone(recipient: str) -> str:
    """`domain` for `domain` and for `user@{domain}`; the recipient domain for what names no zone."""
    named = _ZONE_KEY.fullmatch(recipient)
    return named[1] if named else _DEFAULT_ZONE


def _described(mx: Mapping[str, Any]) -> dict[str, Any]:
    return {key: mx[key] for key in ("key", "preference", "ipv4", "ipv6")}


def _ranks(hosts: list[Mapping[str, Any]]) -> Ranks:
    """Preference of each MX host's own server, and of servers at its addresses: the best where several share one."""
    preferences: dict[str, int] = {}
    for index, host in enumerate(hosts):
        preference = host.get("preference")
        rank = 10 * (index + 1) if preference is None else int(preference)
        key = str(host.get("key") or f"mx{index + 1}")
        for server in (key, *host.get("ipv4", ()), *host.get("ipv6", ())):
            name = server or key
            preferences[name] = min(rank, preferences.get(name, rank))
    return Ranks(preferences=preferences, best=min(preferences.values(), default=0))
