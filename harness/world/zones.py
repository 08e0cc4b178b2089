"""A zone: its data, its place in the tree, and its keys. What it answers is worked out in `answers`."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Hashable, Iterable, Mapping
from functools import cached_property
from struct import pack

from harness.scenario.zones import Algorithm, DelegationSigner
from harness.scenario.zones import Zone as ZoneSpec

from .denial import Prover, prover
from .keys import Keyring, Purpose
from .names import ancestors, canonical, is_below, parent, to_wire
from .records import Record, RRset, Type
from .signing import KEY_TYPES, SECURE_ENTRY_POINT, ZONE_KEY, ZoneKey, make_key

_VALID = 14 * 86400
"""How long before and after the start of the run signatures hold, in seconds."""


class Zone:
    """One zone of the fake Internet. Keys and signatures are made when first needed."""

    def __init__(self, origin: str, spec: ZoneSpec, *, ring: Keyring, now: int, scenario: str = "") -> None:
        self.origin = origin
        self.spec = spec
        self.scenario = scenario
        self.inception = now - _VALID
        self.expiration = now + _VALID
        self.now = now
        self._ring = ring
        self.rrsets: dict[str, dict[int, RRset]] = {}
        self.signatures: dict[Hashable, tuple[tuple[ZoneKey, ...], tuple[Record, ...]]] = {}
        """Those that were made, with the keys, by what was signed (`answers.sign`)."""
        self.children: Mapping[str, Zone] = {}
        """Zones delegated from this one, by origin."""

    def __repr__(self) -> str:
        return f"Zone({self.origin!r})"

    def add(self, records: Iterable[Record]) -> None:
        """Add records; those of one owner and type become one RRset with the first one's TTL."""
        for record in records:
            types = self.rrsets.setdefault(record.owner, {})
            standing = types.get(record.type)
            if standing is None:
                types[record.type] = RRset(record.owner, record.type, record.ttl, (record.rdata,))
            elif record.rdata not in standing.rdatas:
                types[record.type] = RRset(record.owner, record.type, standing.ttl, (*standing.rdatas, record.rdata))

    def remove(self, owner: str, kind: int) -> None:
        """Take an RRset away. Raises KeyError where there is none."""
        del self.rrsets[owner][kind]
        if not self.rrsets[owner]:
            del self.rrsets[owner]

    def add_apex(self, name_servers: Iterable[str]) -> None:
        """The apex records every zone has: SOA, NS and, where signed, DNSKEY and NSEC3PARAM."""
        servers = list(name_servers)
        ttl = self.spec.ttl
        numbers = pack("!5I", 1, 3600, 600, 86400, ttl)
        soa = to_wire(servers[0]) + to_wire("hostmaster." + ("" if self.origin == "." else self.origin)) + numbers
        self.add([Record(self.origin, Type.SOA, ttl, soa)])
        self.add(Record(self.origin, Type.NS, ttl, to_wire(server)) for server in servers)

    def _key(self, role: str, algorithm: Algorithm, *, entry: bool) -> ZoneKey:
        flags = (ZONE_KEY if self.spec.zone_key_flag else 0) | (SECURE_ENTRY_POINT if entry else 0)
        purpose = _purpose(self.origin, self.spec, role, algorithm)
        return make_key(self.origin, algorithm, flags=flags, ring=self._ring, purpose=purpose)

    @cached_property
    def keys(self) -> tuple[ZoneKey, ...]:
        """Keys that sign the zone's data: one an algorithm."""
        return tuple(self._key("zone", algorithm, entry=not self.spec.split_keys) for algorithm in self.spec.algorithms)

    @cached_property
    def entry_keys(self) -> tuple[ZoneKey, ...]:
        """Keys that the parent's DS records name, and which sign the DNSKEY RRset."""
        if not self.spec.split_keys:
            return self.keys
        return tuple(self._key("entry", algorithm, entry=True) for algorithm in self.spec.algorithms)

    @cached_property
    def stranger(self) -> ZoneKey:
        """A key that is not in the zone, with the flags that one of its keys ought to have."""
        algorithm = self.spec.algorithms[0]
        purpose = _purpose(self.origin, self.spec, "stranger", algorithm)
        flags = ZONE_KEY | SECURE_ENTRY_POINT
        return make_key(self.origin, algorithm, flags=flags, ring=self._ring, purpose=purpose)

    @cached_property
    def dnskey(self) -> RRset:
        """The DNSKEY RRset; only signed zones have one."""
        keys = dict.fromkeys(key.rdata for key in (*self.entry_keys, *self.keys))
        return RRset(self.origin, Type.DNSKEY, self.spec.ttl, tuple(keys))

    @cached_property
    def ds_rdatas(self) -> tuple[bytes, ...]:
        """What the parent publishes for this zone."""
        if not self.spec.signed:
            return ()
        match self.spec.ds:
            case DelegationSigner.NONE:
                return ()
            case DelegationSigner.MATCH:
                return tuple(key.ds() for key in self.entry_keys)
            case DelegationSigner.UNKNOWN_DIGEST:
                return tuple(key.ds(digest_type=200) for key in self.entry_keys)
            case DelegationSigner.OTHER_KEY:
                return (self.stranger.ds(),)

    @cached_property
    def prover(self) -> Prover:
        """What proves absence in this zone; call when the data is complete."""
        return prover(self)

    def find(self, owner: str, kind: int) -> RRset | None:
        """The RRset of the zone's own data, DNSKEY and the DS of its children included."""
        if kind == Type.DNSKEY and owner == self.origin and self.spec.signed:
            return self.dnskey
        if kind == Type.DS and owner in self.children:
            rdatas = self.children[owner].ds_rdatas
            return RRset(owner, Type.DS, self.spec.ttl, rdatas) if rdatas else None
        return self.rrsets.get(owner, {}).get(kind)

    def addresses_of(self, server: bytes) -> list[RRset]:
        """Address records of a name server, given in wire form, as far as this zone holds them: glue."""
        owner = next((name for name in self.rrsets if to_wire(name) == server), None)
        types = self.rrsets.get(owner, {}) if owner else {}
        return [types[kind] for kind in (Type.A, Type.AAAA) if kind in types]

    def types_at(self, owner: str) -> set[int]:
        """Types that exist at the name, without RRSIG, NSEC and the like."""
        found = set(self.rrsets.get(owner, ()))
        if owner == self.origin and self.spec.signed:
            found.add(Type.DNSKEY)
        if owner in self.children:
            found = {Type.NS} | ({Type.DS} if self.children[owner].ds_rdatas else set())
        return found

    def cut_above(self, name: str) -> str | None:
        """The delegation point at or above the name, if the name is not this zone's own."""
        for ancestor in reversed(ancestors(name)):
            if ancestor in self.children and ancestor != self.origin:
                return ancestor
        return None

    @cached_property
    def names(self) -> list[str]:
        """Owner names of authoritative data and delegations, in canonical order; call when the data is complete."""
        own = {name for name in self.rrsets if self.cut_above(name) in (None, name)}
        return sorted(own | set(self.children) | {self.origin}, key=canonical)

    @cached_property
    def empty_non_terminals(self) -> frozenset[str]:
        """Names without data that lie above names with data (RFC 8499)."""
        names = set(self.names)
        return frozenset(
            above
            for name in self.names
            for above in ancestors(name)[1:]
            if above not in names and is_below(above, self.origin) and above != self.origin
        )

    def exists(self, name: str) -> bool:
        """Whether the name exists, be it as an empty non-terminal (RFC 4592 section 2.2)."""
        return name == self.origin or name in self.rrsets or name in self.children or name in self.empty_non_terminals

    def closest_encloser(self, name: str) -> str:
        """The longest existing ancestor of a name that does not exist (RFC 4592 section 3.3.1).

        Raises ValueError for a name that is not below the apex.
        """
        if not is_below(name, self.origin):
            raise ValueError(f"{name} is not below {self.origin}")
        while not self.exists(name):
            name = parent(name)
        return name

    def name_before(self, name: str) -> int:
        """Place in `names` of the last name that does not come after this one."""
        return bisect_right(self.names, canonical(name), key=canonical) - 1


def reserve_keys(ring: Keyring, origin: str, spec: ZoneSpec) -> None:
    """Settle which keys a zone will have, before any is asked for. Raises ValueError when there are too many."""
    if spec.signed:
        for algorithm in spec.algorithms:
            for role in ("zone", "entry") if spec.split_keys else ("zone",):
                ring.reserve(KEY_TYPES[algorithm], _purpose(origin, spec, role, algorithm))
        ring.reserve(KEY_TYPES[spec.algorithms[0]], _purpose(origin, spec, "stranger", spec.algorithms[0]))


def _purpose(origin: str, spec: ZoneSpec, role: str, algorithm: Algorithm) -> Purpose:
    match role:
        case "zone":
            return ("dnskey", origin, role, algorithm, spec.key_generation)
        case "entry":
            return ("dnskey", origin, role, algorithm, 0)
    return ("dnskey", origin, role)
