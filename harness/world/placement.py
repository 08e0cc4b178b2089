"""Where a scenario's faults go: the questions that their words mean."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from harness.scenario.questions import ALONE
from harness.scenario.source import KeyPath
from harness.scenario.zones import Fault

from .faults import PlacedFault
from .layout import holder
from .records import Type, type_number

if TYPE_CHECKING:
    from .build import World

_SEVERAL: dict[str, tuple[Type | None, ...]] = {"*": (None,), "ADDRESS": (Type.A, Type.AAAA)}
_FORGED_TTL = 5
"""TTL of what a forger puts into an answer, in seconds."""


def place_faults(world: World) -> Iterator[PlacedFault]:
    """The scenario's faults, with the questions they go with. Raises ScenarioError."""
    for number, fault in enumerate(world.scenario.faults):
        yield from _place(world, fault, ("faults", number))


def _place(world: World, fault: Fault, at: KeyPath) -> Iterator[PlacedFault]:
    words = fault.at.split()
    where = (*at, "at")
    if len(words) == 1:
        words = [_usual_owner(world, words[0], where), words[0]]
    if len(words) != 2:
        raise world.error(f"{fault.at!r} is no question", at=where, remedy="write a type, or NAME TYPE")
    below = words[0].startswith("*.")
    name = world.name(words[0][2:] if below else words[0], at=where)
    records = tuple(
        world.record(line, origin=world.domain, ttl=_FORGED_TTL, at=(*at, "records", number))
        for number, line in enumerate(fault.records)
    )
    try:
        kinds = _SEVERAL.get(words[1].upper()) or (type_number(words[1]),)
    except ValueError as error:
        raise world.error(str(error), at=where) from None
    for kind in kinds:
        yield PlacedFault(fault, f"*.{name}" if below else name, kind, records)


def _usual_owner(world: World, kind: str, at: KeyPath) -> str:
    """The name that a type alone goes with."""
    if kind.upper() not in map(str.upper, ALONE):
        raise world.error(f"{kind!r} alone is no question", at=at, remedy=f"write NAME TYPE, or one of {list(ALONE)}")
    host = next(iter(world.hosts), None)
    if kind.upper() == "MX" or host is None:
        return world.domain
    match kind.upper():
        case "TLSA":
            return f"_25._tcp.{world.tlsa_base(host)}"
        case "CNAME":
            return world.host_name(host)
        case "DS" | "DNSKEY":
            return holder(world, world.zones, world.address_owner(host), at=at).origin
    return world.address_owner(host)
