"""The messages that a target is given."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Protocol

from harness.scenario.models import Mode, Scenario
from harness.targets import Arrangement, Mail
from harness.world.build import World

from .recipients import address, steps_of


class Letter(Protocol):
    """Writes the message of a scenario's send of this number."""

    def __call__(
        self, scenario: Scenario, world: World, /, *, recipients: tuple[str, ...], number: int, sender: str
    ) -> Mail: ...


def letter(scenario: Scenario, world: World, *, recipients: tuple[str, ...], number: int, sender: str) -> Mail:
    """The message of a scenario's send of this number, with what the administrator has configured for it."""
    route = scenario.route
    relay, fallback_relay = _next_hops(scenario, world)
    domain = sender.partition("@")[2]
    lines = [
        f"From: {sender}",
        f"To: {', '.join(recipients)}",
        f"Subject: danelab {scenario.id} {number}",
        f"Date: {format_datetime(datetime.fromtimestamp(world.around.now, UTC))}",
        f"Message-ID: <{scenario.id}.{number}@{domain}>",
        *scenario.message.headers,
        "",
        f"A test message of danelab: {scenario.title}",
        "",
    ]
    return Mail(
        id=f"{scenario.id}.{number}",
        scenario=scenario.id,
        sender=sender,
        recipients=recipients,
        text="\r\n".join(lines),
        relay=relay,
        fallback_relay=fallback_relay,
        modes=_modes(scenario, world, recipients),
        audit_only=route.audit_only,
        requiretls=scenario.message.requiretls,
    )


def _modes(scenario: Scenario, world: World, recipients: tuple[str, ...]) -> dict[str, Mode]:
    """What is configured for single destinations: without DANE where that is switched off."""
    route = scenario.route
    if route.disabled:
        return {recipient.rpartition("@")[2]: Mode.UNAWARE for recipient in recipients}
    return {world.zone_names[zone][:-1]: mode for zone, mode in route.modes.items()}


def _next_hops(scenario: Scenario, world: World) -> tuple[str | None, str | None]:
    """Relay and fallback relay that are configured."""
    route = scenario.route
    hops = (world.expand(text) if text else None for text in (route.relay, route.fallback_relay))
    return next(hops), next(hops)


def arranged(scenario: Scenario, world: World) -> list[Arrangement]:
    """What the target's administrator has settled for the destinations of this scenario before anything is sent."""
    words = dict.fromkeys(word for step in steps_of(scenario) for word in step.send)
    recipients = tuple(address(world, word) for word in words)
    relay, fallback_relay = _next_hops(scenario, world)
    modes = _modes(scenario, world, recipients)
    return [
        Arrangement(
            domain=domain,
            relay=relay,
            fallback_relay=fallback_relay,
            mode=modes.get(domain),
            audit_only=scenario.route.audit_only,
        )
        for domain in dict.fromkeys(recipient.rpartition("@")[2] for recipient in recipients)
    ]
