"""The zones of a world: what each holds, and how they hang together."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from harness.scenario.mailhosts import Host, Mx
from harness.scenario.names import keyed_hosts
from harness.scenario.source import KeyPath
from harness.scenario.zones import Denial
from harness.scenario.zones import Zone as ZoneSpec

from .denial import nsec3_parameters
from .names import ROOT, is_below, to_wire
from .records import Record, Type, read_record, type_number
from .zones import Zone

if TYPE_CHECKING:
    from .build import World

ALIVE, DEAD, LAME = "alive", "dead", "lame"
SERVER_KINDS = (ALIVE, DEAD, LAME)
"""Kinds of name servers, in the order of their places in a world's block of addresses."""


def lay_out(world: World) -> dict[str, Zone]:
    """The world's zones, by their keys in the scenario. Raises ScenarioError."""
    zones = {
        key: Zone(name, zone_spec(world, key), ring=world.ring, now=world.around.now, scenario=world.scenario.id)
        for key, name in world.zone_names.items()
    }
    for key, zone in zones.items():
        _raise(world, zone)
        zone.children = {other.origin: other for other in zones.values() if _delegates(zone, other, zones)}
        for number, line in enumerate(zone.spec.records):
            at: KeyPath = ("zones", key, "records", number)
            record = world.record(line, origin=zone.origin, ttl=zone.spec.ttl, at=at)
            _put(world, zones, record, at=at)
    for number, (at, key, host) in enumerate(keyed_hosts(world.scenario), 1):
        _publish(world, zones, key, host, number=number, at=at)
    for key, zone in zones.items():
        for number, line in enumerate(zone.spec.remove):
            _remove(world, zone, line, at=("zones", key, "remove", number))
        if zone.spec.signed and zone.spec.denial is Denial.NSEC3:
            zone.add([Record(zone.origin, Type.NSEC3PARAM, 0, nsec3_parameters(zone.spec.nsec3))])
    return zones


def zone_spec(world: World, key: str) -> ZoneSpec:
    """What the scenario says of this zone."""
    return world.scenario.zones.get(key, ZoneSpec())


def holder(world: World, zones: dict[str, Zone], owner: str, *, at: KeyPath) -> Zone:
    """The zone that a name belongs to. Raises ScenarioError."""
    holders = [zone for zone in zones.values() if is_below(owner, zone.origin)]
    if not holders:
        raise world.error(
            f"{owner} lies in none of the scenario's zones",
            at=at,
            remedy=f"use a name below one of {', '.join(zone.origin for zone in zones.values())}, or add a zone",
        )
    return max(holders, key=lambda zone: len(zone.origin) if zone.origin != ROOT else 0)


def _raise(world: World, zone: Zone) -> None:
    """What a zone has before anything is put in it: the apex, and its name servers' addresses."""
    servers = [f"ns{number}.{zone.origin}" for number in range(1, len(zone.spec.name_servers) + 1)]
    zone.add_apex(servers)
    for server, manner in zip(servers, zone.spec.name_servers, strict=True):
        address = world.around.plan.name_server(world.index, SERVER_KINDS.index(manner))
        zone.add([read_record(f"{server} A {address}", origin=zone.origin, ttl=zone.spec.ttl)])


def _delegates(above: Zone, below: Zone, zones: dict[str, Zone]) -> bool:
    """Whether one zone delegates the other, with no third zone of the world between them."""
    if above is below or not is_below(below.origin, above.origin):
        return False
    others = (zone for zone in zones.values() if zone is not above and zone is not below)
    return not any(is_below(below.origin, other.origin) and is_below(other.origin, above.origin) for other in others)


def _put(world: World, zones: dict[str, Zone], record: Record, *, at: KeyPath) -> None:
    holder(world, zones, record.owner, at=at).add([record])


def _publish(world: World, zones: dict[str, Zone], key: str, host: Host, *, number: int, at: KeyPath) -> None:
    """The records of a host: MX, aliases, addresses, TLSA."""
    name, owner = world.host_name(key), world.address_owner(key)
    ttl = holder(world, zones, owner, at=at).spec.ttl

    def publish(line: str, ttl: int) -> None:
        _put(world, zones, read_record(line, origin=world.domain, ttl=ttl), at=at)

    if isinstance(host, Mx) and host.published:
        preference = host.preference if host.preference is not None else 10 * number
        publish(f"{world.domain} MX {preference} {name}", zones["domain"].spec.ttl)
    for alias, target in pairwise([name, *world.aliases(key)]):
        publish(f"{alias} CNAME {target}", ttl)
    for ipv6, kind in ((False, "A"), (True, "AAAA")):
        for address in world.host_addresses(key, ipv6=ipv6):
            publish(f"{owner} {kind} {address}", ttl)
    if host.tlsa:
        _publish_tlsa(world, zones, key, host, ttl=ttl, at=(*at, "tlsa"))


def _publish_tlsa(world: World, zones: dict[str, Zone], key: str, host: Host, *, ttl: int, at: KeyPath) -> None:
    owner = f"_{world.around.port}._tcp.{world.tlsa_base(key)}"
    try:
        to_wire(owner)
    except ValueError as error:
        raise world.error(
            f"no TLSA record can stand at {owner}: {error}", at=at, remedy="shorten the host's name, or write tlsa = []"
        ) from None
    for place, text in enumerate(host.tlsa):
        data = world.tlsa_rdata(text, host=key, place=place, at=(*at, place))
        _put(world, zones, Record(owner, Type.TLSA, ttl, data), at=at)


def _remove(world: World, zone: Zone, line: str, *, at: KeyPath) -> None:
    words = line.split()
    if len(words) != 2:
        raise world.error(f"{line!r} does not say what to remove", at=at, remedy="write NAME TYPE, as in 'mx1 A'")
    name = world.name(words[0], at=at, origin=zone.origin)
    try:
        zone.remove(name, type_number(words[1]))
    except ValueError as error:
        raise world.error(str(error), at=at) from None
    except KeyError:
        raise world.error(
            f"{line!r}: {name} has no {words[1]} in the zone {zone.origin}", at=at, remedy="check name and type"
        ) from None
