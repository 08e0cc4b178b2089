"""Every question worth asking of a scenario, and what the simulated resolver says to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from harness.scenario.models import Scenario
from harness.scenario.stages import stages
from harness.scenario.suite import Suite
from harness.scenario.zones import Fault, What
from harness.world.build import World
from harness.world.internet import Internet
from harness.world.records import Type, type_name
from harness.world.resolution import Resolution, Security, resolve
from tests.support.findings import Question, Status

_STANDING = {
    Security.SECURE: frozenset({Status.SECURE}),
    Security.INSECURE: frozenset({Status.INSECURE}),
    Security.BOGUS: frozenset({Status.BOGUS}),
    # Where a zone's keys cannot be had, its data still can, with checking disabled.
    Security.FAILED: frozenset({Status.FAILED, Status.BOGUS}),
}


def worlds(suite: Suite) -> Iterator[Scenario]:
    """Each scenario, and each that its steps turn it into, under an id of its own."""
    for scenario in suite.scenarios:
        for number, stage in enumerate(stages(scenario)):
            name = scenario.id if number == 0 else f"{scenario.id[:36]}-s{number}"
            faults = tuple(map(_lasting, stage.scenario.faults))
            yield stage.scenario.model_copy(update={"id": name, "steps": (), "faults": faults})


def _lasting(fault: Fault) -> Fault:
    """A short-lived signature lives until the slowest validator has come round to it."""
    return fault.model_copy(update={"lasts": "1h"}) if fault.what is What.SHORT_RRSIG else fault


def questions(world: World) -> Iterator[tuple[str, int]]:
    """Every RRset of the world, and what a DANE sender asks besides: present or absent."""
    port = world.around.port
    found: dict[tuple[str, int], None] = {}
    for zone in world.zones.values():
        for apex_type in (Type.SOA, Type.NS, Type.DNSKEY, Type.DS):
            found[zone.origin, apex_type] = None
        for owner, types in zone.rrsets.items():
            found |= dict.fromkeys((owner.replace("*.", "any."), kind) for kind in types)
    hosts = [world.host_name(key) for key in world.hosts] + [world.address_owner(key) for key in world.hosts]
    domains = [world.domain, *(name for key, name in world.zone_names.items() if key != "domain")]
    recipient = world.recipient.partition("@")[2]
    # A U-label never gets into DNS; the zone's own name, in A-labels, is among the domains.
    if recipient.isascii() and recipient and not recipient.startswith("["):
        domains.append(recipient.lower().rstrip(".") + ".")
    for domain in domains:
        found[domain, Type.MX] = None
    for name in (*domains, *hosts):
        for kind in (Type.A, Type.AAAA, Type.CNAME):
            found[name, kind] = None
        found[f"_{port}._tcp.{name}", Type.TLSA] = None
    for fault in world.faults:
        if fault.type is not None and not fault.name.startswith("*."):
            found[fault.name, fault.type] = None
    yield from found


def expectations(internet: Internet, scenarios: Iterable[str]) -> dict[Question, Resolution]:
    """What the simulated resolver says, for every question of these scenarios."""
    return {
        Question(name, type_name(kind)): resolve(internet, name, kind)
        for scenario in scenarios
        for name, kind in questions(internet.world(scenario))
    }


def standing(resolution: Resolution) -> frozenset[Status]:
    """What an independent validator may call it."""
    return _STANDING[resolution.security]


def data(resolution: Resolution, question: Question) -> tuple[bytes, ...]:
    """The records of the type asked for, as a validator would hand them out."""
    sets = [one.rrset for one in resolution.answer if type_name(one.rrset.type) == question.rdtype]
    return tuple(sorted(sets[-1].rdatas)) if sets else ()
