"""Worlds worked out before anything is sent, so that what is wrong with a file is told while nothing has happened."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from harness.errors import DanelabError, ScenarioError
from harness.lab.mail import Contexts
from harness.lab.namespace import SMTP_PORT
from harness.scenario.load import Entry
from harness.scenario.source import shown
from harness.scenario.stages import stages
from harness.world.addresses import BENCHMARKING, LOOPBACK
from harness.world.build import World
from harness.world.internet import Internet

from .plan import Plan
from .recipients import address, steps_of

_ANY_TIME = 1_767_225_600
"""The start of 2026: certificates with dates before 1950 cannot be made, so lint must not live in 1970."""


def names(world: World) -> dict[str, str]:
    """What the placeholders that mean names stand for, as the journal tells it."""
    found = {"id": world.scenario.id, **{key: name[:-1] for key, name in world.zone_names.items()}}
    for key in world.hosts:
        found |= {key: world.host_name(key)[:-1], f"{key}.target": world.address_owner(key)[:-1]}
    return found


def work_out(internet: Internet, entry: Entry) -> None:
    """Make all that the scenario says of its world, at each of its steps. Raises ScenarioError."""
    scenario = entry.scenario
    try:
        made = stages(scenario)
        for stage in made[1:]:
            _complete(internet.replace(stage.scenario))
        # The first stage comes last, for it is what the run begins with.
        _complete(internet.replace(scenario) if len(made) > 1 else internet.world(scenario.id))
    except (ValueError, OverflowError) as error:
        # Certificates and keys are made by a library, which has its own limits to what a file can ask for.
        problem = f"its world cannot be made: {error}"
        raise ScenarioError(problem, file=shown(entry.file), remedy="change the value that this comes from") from error


@dataclass(frozen=True)
class Made:
    """What labs with a network to themselves can share, made once: processes that part later have it all."""

    internet: Internet
    contexts: Contexts
    faults: Mapping[str, Exception]
    """What danelab itself fails at, by scenario."""


def made_of(plan: Plan, *, now: int) -> Made:
    """All worlds of the plan, worked out, for labs with a network to themselves. Raises ScenarioError."""
    internet = Internet(seed=plan.seed, now=now, plan=BENCHMARKING, port=SMTP_PORT)
    for entry in plan.entries:
        internet.add(entry.scenario, file=shown(entry.file))
    sound, faults = all_worked_out(internet, plan.entries)
    contexts = Contexts()
    for entry in sound:
        world = internet.world(entry.id)
        for server in world.servers.values():
            # What cannot be made is told when a client asks for it, at the scenario that it belongs to.
            with contextlib.suppress(DanelabError):
                contexts.prepare(server, sni=None)
    return Made(internet, contexts, faults)


def all_worked_out(internet: Internet, entries: Iterable[Entry]) -> tuple[list[Entry], dict[str, Exception]]:
    """Work every world out: those that could be, and by id what danelab itself fails at in the others.

    Raises ScenarioError where a file is to blame.
    """
    sound: list[Entry] = []
    faults: dict[str, Exception] = {}
    wrong: list[ScenarioError] = []
    for entry in entries:
        try:
            work_out(internet, entry)
            sound.append(entry)
        except ScenarioError as error:
            wrong.append(error)
        except Exception as error:
            faults[entry.id] = error
    if wrong:
        first, more = wrong[0], f" ({len(wrong) - 1} more: danelab lint lists them)" if len(wrong) > 1 else ""
        raise ScenarioError(first.problem, file=first.file, key=first.key, remedy=first.remedy + more)
    return sound, faults


def wrong_worlds(entries: Iterable[Entry]) -> Iterator[ScenarioError]:
    """What keeps worlds from being worked out, the first thing in each scenario. Nothing is served or sent."""
    internet = Internet(seed="lint", now=_ANY_TIME, plan=LOOPBACK)
    for entry in entries:
        try:
            internet.add(entry.scenario, file=shown(entry.file))
            work_out(internet, entry)
        except ScenarioError as error:
            yield error
        except DanelabError as error:
            yield ScenarioError(str(error), file=shown(entry.file))


def _complete(world: World) -> None:
    """Ask for everything that is made on first use, and complains then."""
    _ = world.zones, world.faults
    for server in world.servers.values():
        server.credentials(None)
    route = world.scenario.route
    for text in (route.relay, route.fallback_relay):
        if text:
            world.expand(text)
    for step in steps_of(world.scenario):
        for word in step.send:
            address(world, word)
