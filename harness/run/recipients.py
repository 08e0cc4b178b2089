"""Whom a scenario's steps write to."""

from __future__ import annotations

from harness.scenario.models import Scenario, Step
from harness.world.build import World


def steps_of(scenario: Scenario) -> tuple[Step, ...]:
    """The scenario's steps; by default one message to its recipient."""
    return scenario.steps or (Step(send=(scenario.recipient,)),)


def address(world: World, word: str) -> str:
    """The recipient that a word of a step means: an address as written, or somebody in the zone of that key."""
    if word in world.zone_names:
        return f"user@{world.zone_names[word][:-1]}"
    return world.expand(word)
