"""The fake Internet: a signed root, a signed `example.`, and the zones of all worlds below it.

Raising it costs next to nothing: a world is worked out when the first question for one of its names comes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from harness.errors import UsageError
from harness.scenario.models import Expect, Scenario
from harness.scenario.outcomes import Permitted
from harness.scenario.zones import Zone as ZoneSpec

from .addresses import AddressPlan
from .answers import Rcode, Reply, answer
from .apexes import zone_names
from .build import Surroundings, World
from .certificates import webpki_root
from .changes import apply
from .faults import PlacedFault
from .keys import Keyring
from .model import MailServer
from .names import ROOT, ancestors, is_below
from .records import Type, read_record
from .zones import Zone

TLD = "example."
SENDER = "sender"
"""Id of the world that mail is sent from and bounces go to."""

_TTL = 3600
_MAPPED = "::ffff:"


class Internet:
    """All zones, servers and faults, by name and by address."""

    def __init__(self, *, seed: str, now: int, plan: AddressPlan, port: int = 25) -> None:
        webpki = webpki_root(seed, datetime.fromtimestamp(now, UTC))
        self.around = Surroundings(seed=seed, now=now, port=port, plan=plan, webpki=webpki)
        self._slots: dict[str, _Slot] = {}
        self._owners: dict[str, _Slot] = {}
        self._order: list[_Slot] = []
        root_server = f"ns.{TLD}"
        spec = ZoneSpec(ttl=_TTL)
        ring = Keyring(seed)
        self.tld = Zone(TLD, spec, ring=ring, now=now)
        self.tld.add_apex([root_server])
        self.tld.add([read_record(f"{root_server} A {plan.root_server}", origin=TLD, ttl=_TTL)])
        self.tld.children = Delegations(self._owners)
        self.root = Zone(ROOT, spec, ring=ring, now=now)
        self.root.add_apex([root_server])
        self.root.children = {TLD: self.tld}
        self.add(_sending_domain())

    # Worlds

    def add(self, scenario: Scenario, *, file: str = "") -> None:
        """Let a scenario have its place. Raises UsageError where a name or the room is taken."""
        index = len(self._order)
        if index > self.around.plan.worlds:
            raise UsageError(f"there is room for {self.around.plan.worlds} scenarios in one lab; run fewer at once")
        slot = _Slot(scenario, index, self.around, file)
        for name in zone_names(scenario, file=file).values():
            if name in self._owners:
                raise UsageError(
                    f"scenarios {self._owners[name].scenario.id} and {scenario.id} both want the zone {name}"
                )
            self._owners[name] = slot
        self._slots[scenario.id] = slot
        self._order.append(slot)
        for stale in ("names", "empty_non_terminals", "prover"):
            self.tld.__dict__.pop(stale, None)

    def replace(self, scenario: Scenario) -> World:
        """Let the scenario of the same id look different from now on: a change in the middle of its steps."""
        return self._slots[scenario.id].change(scenario)

    def world(self, scenario: str) -> World:
        """The world of a scenario. Raises KeyError."""
        return self._slots[scenario].world

    @property
    def sender_domain(self) -> str:
        """The domain that mail is sent from, without the final dot."""
        return f"{SENDER}.{TLD}"[:-1]

    def scenario_of(self, name: str) -> str:
        """Id of the scenario that a name belongs to; empty where it is nobody's."""
        slot = self._slot_of(name)
        return slot.scenario.id if slot else ""

    def server_at(self, address: str) -> MailServer | None:
        """The mail server at an address."""
        index = self.around.plan.world_of(address)
        if index is None or index >= len(self._order):
            return None
        servers = self._order[index].world.servers
        # IPv4 in IPv6 clothes arrives with or without them, as the listener's socket will have it.
        bare = address.removeprefix(_MAPPED)
        return servers.get(address) or servers.get(bare) or servers.get(_MAPPED + bare)

    def _slot_of(self, name: str) -> _Slot | None:
        for ancestor in ancestors(name):
            if ancestor in self._owners:
                return self._owners[ancestor]
        return None

    # Questions

    def is_inside(self, name: str) -> bool:
        """Whether the lab knows anything about the name: the root itself, and all below `example.`."""
        return name == ROOT or is_below(name, TLD)

    def zone_for(self, name: str, kind: int) -> Zone:
        """The zone that is authoritative for a question; a DS is its parent's (RFC 4035 section 3.1.4.1)."""
        if kind == Type.DS and name != ROOT:
            if name == TLD:
                return self.root
            zone = self.zone_for(name, Type.SOA)
            if zone.origin != name:
                return zone
            return self.parent_of(zone) or zone
        for ancestor in ancestors(name):
            slot = self._owners.get(ancestor)
            if slot is not None:
                return next(zone for zone in slot.world.zones.values() if zone.origin == ancestor)
        return self.tld if is_below(name, TLD) else self.root

    def parent_of(self, zone: Zone) -> Zone | None:
        """The zone above; None for the root's."""
        if zone is self.root:
            return None
        if zone is self.tld:
            return self.root
        for ancestor in ancestors(zone.origin)[1:]:
            if ancestor in self._owners:
                return self.zone_for(ancestor, Type.SOA)
            if ancestor == TLD:
                return self.tld
        return self.root

    def faults_at(self, name: str, kind: int) -> tuple[PlacedFault, ...]:
        """Faults that go with a question."""
        slot = self._slot_of(name)
        if slot is None or not slot.scenario.faults:
            return ()
        found = tuple(fault for fault in slot.world.faults if fault.hits(name, kind))
        if kind == Type.DS and not self.zone_for(name, kind).scenario:
            # `NAME *` speaks of the zone's own servers, and these are not asked for its DS.
            return tuple(fault for fault in found if fault.type is not None)
        return found

    def answer(self, name: str, kind: int, *, served: Callable[[Zone], bool] = lambda _: True) -> Reply:
        """What the authoritative server that serves these zones says; faults have done their work.

        Zones that are not served here are refused. Names outside the lab do not exist: the root's zone proves it.
        """
        zone: Zone | None = self.zone_for(name, kind)
        while zone is not None and not served(zone):
            zone = self.parent_of(zone)
        if zone is None:
            return Reply(rcode=Rcode.REFUSED, authoritative=False)
        reply = answer(zone, name, kind)
        if not reply.authoritative and self.faults_at(reply.authority[0].rrset.owner, Type.DS):
            # Where something is wrong with the DS, it does not come along with the referral either.
            reply = replace(reply, authority=reply.authority[:1])
        if reply.authoritative:
            for fault in self.faults_at(name, kind):
                reply = apply(
                    reply,
                    fault,
                    name=name,
                    kind=kind,
                    parent=self.parent_of(zone),
                    other=self.world(SENDER).zones["domain"],
                )
        return reply

    # What a validating resolver has to be told

    def trust_anchor(self) -> str:
        """The root's DS record in master-file form."""
        ds = self.root.entry_keys[0].ds()
        return f". IN DS {int.from_bytes(ds[:2], 'big')} {ds[2]} {ds[3]} {ds[4:].hex().upper()}"

    def root_hints(self) -> str:
        """Name and address of the root's server in master-file form."""
        server = f"ns.{TLD}"
        return f". 3600 IN NS {server}\n{server} 3600 IN A {self.around.plan.root_server}\n"


class Delegations(Mapping[str, Zone]):
    """The children of `example.`: known by name, worked out when looked at."""

    def __init__(self, owners: dict[str, _Slot]) -> None:
        self._owners = owners

    def __getitem__(self, name: str) -> Zone:
        return next(zone for zone in self._owners[name].world.zones.values() if zone.origin == name)

    def __contains__(self, name: object) -> bool:
        return name in self._owners and not self._is_nested(str(name))

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._owners if not self._is_nested(name))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _is_nested(self, name: str) -> bool:
        return any(above in self._owners for above in ancestors(name)[1:])


class _Slot:
    """A scenario's place, and its world once it has been needed."""

    __slots__ = ("_made", "_ring", "around", "file", "index", "scenario")

    def __init__(self, scenario: Scenario, index: int, around: Surroundings, file: str) -> None:
        self.scenario = scenario
        self.index = index
        self.around = around
        self.file = file
        self._ring: Keyring | None = None
        self._made: World | None = None

    @property
    def world(self) -> World:
        if self._made is None:
            self._made = World(self.scenario, index=self.index, around=self.around, file=self.file, ring=self._ring)
            self._ring = self._made.ring
        return self._made

    def change(self, scenario: Scenario) -> World:
        """The world of the changed scenario; keys that it shares with the one before stay, new ones are others."""
        assert self.world
        self.scenario, self._made = scenario, None
        return self.world


def _sending_domain() -> Scenario:
    anything = Permitted.parse("AUTH")
    return Scenario(
        id=SENDER,
        title="The domain that mail is sent from",
        explain="Bounces come here; it is a healthy DANE domain itself.",
        covers=("none",),
        expect=Expect(opportunistic=anything, mandatory=anything, unaware=anything),
    )
