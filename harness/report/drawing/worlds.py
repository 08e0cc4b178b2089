"""From a scenario to its picture: what a sender finds, at the beginning and after each change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby

from harness.oracle.facts import Destination, Exchange, Host, Routing, Standing
from harness.scenario.models import Scenario
from harness.scenario.stages import Stage, stages
from harness.survey import survey
from harness.world.addresses import BENCHMARKING
from harness.world.build import World
from harness.world.faults import PlacedFault
from harness.world.internet import Internet
from harness.world.names import is_below
from harness.world.records import Type, type_name
from harness.world.resolution import Security, zone_security

from .hosts import HostPart, looked_up
from .picture import Card, Lane, Mark, Panel, Region, Row, Tone

_NOW = 1767225600
"""The start of 2026: a picture does not change with the day on which it is drawn."""
_SECURITY = {
    Security.SECURE: Standing.SECURE,
    Security.INSECURE: Standing.INSECURE,
    Security.BOGUS: Standing.BOGUS,
    Security.FAILED: Standing.FAILED,
}
_ANY_ORDER = 3
"""More hosts than this are drawn together where they look alike."""


def pictures(scenario: Scenario) -> tuple[Panel, ...]:
    """One panel for each recipient at each stage that looks different.

    Raises ScenarioError and ValueError where no world can be made of the scenario.
    """
    internet = Internet(seed="danelab", now=_NOW, plan=BENCHMARKING)
    internet.add(scenario)
    made: list[Panel] = []
    several = stages(scenario)
    for stage in several:
        world = internet.world(scenario.id) if stage.step is None else internet.replace(stage.scenario)
        recipients = tuple(dict.fromkeys(_recipients(world)))
        for recipient in recipients:
            words = [_when(stage)] if len(several) > 1 else []
            words += [f"mail for {recipient}"] if len(recipients) > 1 else []
            panel = _Drawer(internet, world, stage.scenario).panel(recipient, caption=", ".join(words))
            if not any(replace(panel, caption="") == replace(other, caption="") for other in made):
                made.append(panel)
    drawn = {region for panel in made for region in (panel.region, *(lane.region for lane in panel.lanes))}
    return tuple(replace(panel, others=tuple(each for each in panel.others if each not in drawn)) for panel in made)


def _when(stage: Stage) -> str:
    return "At first" if stage.step is None else f"After step {stage.step + 1}"


def _recipients(world: World) -> Iterator[str]:
    sent = [word for step in world.scenario.steps for word in step.send]
    for word in sent or [world.scenario.recipient]:
        yield f"user@{world.zone_names[word][:-1]}" if word in world.zone_names else world.expand(word)


@dataclass(frozen=True)
class _Drawer:
    internet: Internet
    world: World
    scenario: Scenario

    def panel(self, recipient: str, *, caption: str) -> Panel:
        destination = survey(self.internet, self.scenario, recipient=recipient).destinations[0]
        hosts = [each.host for each in destination.exchanges]
        faults = self._placed(destination, hosts)
        lanes = tuple(_alike(tuple(self._lanes(destination, faults))))
        if destination.fallback is not None:
            lanes += tuple(self._lanes(destination.fallback, faults, label="fallback"))
        region = self._region(destination.next_hop if destination.routing is Routing.MX else "", faults)
        shown = {region.name, *(lane.region.name for lane in lanes)}
        others = tuple(each for each in self._zones(faults) if each.name not in shown)
        return Panel(
            caption=caption,
            notes=tuple(self._notes(recipient)),
            region=region,
            domain=self._domain(destination, recipient, faults),
            lanes=lanes,
            others=others,
        )

    def _domain(self, destination: Destination, recipient: str, faults: _Faults) -> Card:
        rows: list[Row] = []
        match destination.routing:
            case Routing.RELAY:
                rows.append(Row(text="routed to a relay, no MX lookup", tone=Tone.QUIET))
            case Routing.LITERAL:
                rows.append(Row(text="an address literal: no DNS", tone=Tone.QUIET))
            case Routing.MX:
                if destination.expanded != destination.next_hop:
                    rows.append(Row(text=f"alias of {destination.expanded}"))
                rows.append(looked_up("MX", destination.mx))
                if destination.null_mx:
                    rows.append(Row(text="null MX: takes no mail", tone=Tone.WARN))
        rows += faults.at_domain
        return Card(title=recipient.rpartition("@")[2], rows=tuple(rows))

    def _lanes(self, destination: Destination, faults: _Faults, *, label: str = "") -> Iterator[Lane]:
        ordered: Iterable[Exchange] = sorted(destination.exchanges, key=lambda each: each.preference)
        for exchange in ordered:
            part = HostPart(self.world, exchange.host)
            named = bool(exchange.host.name) and not exchange.host.spells_address
            yield Lane(
                label=label or _leads(destination, exchange),
                region=self._region(exchange.host.name if named else "", faults),
                host=part.card(more=tuple(faults.at_hosts.get(exchange.host.name, ()))),
                wires=part.wires(),
            )

    def _region(self, name: str, faults: _Faults) -> Region:
        for region in sorted(self._zones(faults), key=lambda each: -len(each.name)):
            if name and is_below(f"{name}.", f"{region.name}."):
                return region
        return Region(name="")

    def _zones(self, faults: _Faults) -> Iterator[Region]:
        for zone in self.world.zones.values():
            security, why = zone_security(self.internet, zone)
            name = zone.origin[:-1]
            rows = list(faults.at_zones.get(name, ()))
            if why and not rows:
                rows.append(Row(text=why.rpartition(": ")[2], mark=Mark.FAULT, tone=Tone.WARN))
            yield Region(name=name, standing=_SECURITY[security], rows=tuple(rows))

    def _placed(self, destination: Destination, hosts: list[Host]) -> _Faults:
        sorted_in = _Faults({}, {}, [])
        zones = [zone.origin[:-1] for zone in self.world.zones.values()]
        merged = dict.fromkeys(
            (fault.spec.at, fault.what, fault.spec.attacker, fault.name) for fault in self.world.faults
        )
        by_key = {(one.spec.at, one.what, one.spec.attacker, one.name): one for one in self.world.faults}
        for key in merged:
            sorted_in.place(by_key[key], destination, hosts, zones)
        return sorted_in

    def _notes(self, recipient: str) -> Iterator[Row]:
        scenario = self.scenario
        if not scenario.resolver.validates:
            yield Row(text="the resolver does not validate", mark=Mark.FAULT, tone=Tone.WARN)
        if scenario.resolver.sets_ad != "secure":
            yield Row(text=f"the resolver sets AD {scenario.resolver.sets_ad}", mark=Mark.FAULT, tone=Tone.WARN)
        if scenario.route.audit_only:
            yield Row(text="DANE is only logged for this destination")
        if scenario.route.disabled:
            yield Row(text="DANE is switched off for this destination")
        for key, mode in scenario.route.modes.items():
            if recipient.endswith(f"@{self.world.zone_names.get(key, '')[:-1]}"):
                yield Row(text=f"DANE is {mode} for this destination")
        if scenario.message.requiretls:
            yield Row(text="the message demands REQUIRETLS")
        yield from (Row(text=f"header {header}") for header in scenario.message.headers)


@dataclass(frozen=True)
class _Faults:
    """The faults of a world, by what they touch."""

    at_zones: dict[str, list[Row]]
    at_hosts: dict[str, list[Row]]
    at_domain: list[Row]

    def place(self, fault: PlacedFault, destination: Destination, hosts: list[Host], zones: list[str]) -> None:
        row = _told(fault)
        if fault.type not in (Type.DS, Type.DNSKEY):
            for host in hosts:
                if any(_touches(fault, base) for base in _names(host)):
                    self.at_hosts.setdefault(host.name, []).append(row)
                    return
            if destination.next_hop and _touches(fault, destination.next_hop):
                self.at_domain.append(row)
                return
        name = fault.name.removeprefix("*.")
        zone = max((zone for zone in zones if is_below(name, f"{zone}.")), key=len, default=zones[0])
        self.at_zones.setdefault(zone, []).append(row)


def _told(fault: PlacedFault) -> Row:
    kind = "any type" if fault.type is None else type_name(fault.type)
    tone, mark = (Tone.ATTACK, Mark.ATTACKER) if fault.spec.attacker else (Tone.WARN, Mark.FAULT)
    return Row(text=f"{kind}: {fault.what.replace('-', ' ')}", mark=mark, tone=tone)


def _names(host: Host) -> tuple[str, ...]:
    return tuple(filter(None, (host.name, host.expanded.base if host.expanded else "")))


def _touches(fault: PlacedFault, base: str) -> bool:
    """Whether the fault is about the name or its TLSA records."""
    if fault.type == Type.MX and fault.name != f"{base}.":
        return False
    return fault.name in (f"{base}.", f"_25._tcp.{base}.")


def _leads(destination: Destination, exchange: Exchange) -> str:
    if destination.routing is Routing.MX:
        return f"MX {exchange.preference}" if destination.mx.found else "no MX"
    return "relay" if destination.routing is Routing.RELAY else ""


def _alike(lanes: tuple[Lane, ...]) -> Iterator[Lane]:
    """Hosts that look the same drawn once, where there are many."""
    if len(lanes) <= _ANY_ORDER:
        yield from lanes
        return
    for _, group in groupby(lanes, key=_looks):
        first, *others = group
        yield replace(first, more=tuple(lane.host.title for lane in others))


def _looks(lane: Lane) -> object:
    wires = tuple(
        (wire.label, wire.attacked, wire.server.badge, tuple((row.mark, row.tone) for row in wire.server.rows))
        for wire in lane.wires
    )
    return lane.region, lane.host.rows, wires
