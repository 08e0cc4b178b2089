"""Proofs that something does not exist: NSEC (RFC 4034), NSEC3 (RFC 5155), compact (RFC 9824)."""

from __future__ import annotations

from base64 import b32hexencode
from bisect import bisect_right
from collections.abc import Iterable
from functools import lru_cache
from hashlib import sha1
from struct import pack
from typing import TYPE_CHECKING

from harness.scenario.zones import Denial
from harness.scenario.zones import Nsec3 as Nsec3Spec

from .names import ancestors, is_below, parent, to_wire
from .records import RRset, Type

if TYPE_CHECKING:
    from .zones import Zone

NXNAME = 128
"""Pseudo-type in the bit map of a compact denial of a name (RFC 9824 section 3.4)."""
OPT_OUT = 1
SHA1_HASH = 1
UNKNOWN_HASH = 200
UNKNOWN_FLAG = 2


def bitmap(types: Iterable[int]) -> bytes:
    """The type bit maps field (RFC 4034 section 4.1.2)."""
    windows: dict[int, bytearray] = {}
    for kind in sorted(types):
        octets = windows.setdefault(kind >> 8, bytearray())
        place = (kind & 255) >> 3
        octets.extend(b"\0" * (place + 1 - len(octets)))
        octets[place] |= 0x80 >> (kind & 7)
    return b"".join(bytes((window, len(octets))) + bytes(octets) for window, octets in windows.items())


class Prover:
    """Makes the NSEC or NSEC3 RRsets of one zone; signing them is left to the caller."""

    def __init__(self, zone: Zone) -> None:
        self.zone = zone
        self.added: dict[str, set[int]] = {}
        """Types that the bit map of a name lists although they are not there."""
        self.taken: dict[str, set[int]] = {}
        """Types that the bit map of a name leaves out although they are there."""

    def types_at(self, name: str) -> set[int]:
        """What the bit map of the name says."""
        return (self.zone.types_at(name) | self.added.get(name, set())) - self.taken.get(name, set())

    def no_data(self, name: str) -> list[RRset]:
        """For an existing name that lacks the type asked for."""
        raise NotImplementedError

    def no_name(self, name: str) -> list[RRset]:
        """For a name that does not exist: the name itself, its closest encloser, and the wildcard there."""
        raise NotImplementedError

    def no_exact_name(self, name: str) -> list[RRset]:
        """For an answer out of a wildcard: that the exact name does not exist."""
        raise NotImplementedError

    def elsewhere(self, name: str) -> list[RRset]:
        """A genuine record of this zone that proves nothing about the name."""
        raise NotImplementedError

    def chain(self) -> list[RRset]:
        """All of the records, as a master file holds them."""
        raise NotImplementedError


class Nsec(Prover):
    """The plain chain of names."""

    def no_data(self, name: str) -> list[RRset]:
        place = self.zone.name_before(name)
        return [self._at(place)]

    def no_name(self, name: str) -> list[RRset]:
        wildcard = "*." + _dotless(self.zone.closest_encloser(name))
        return _distinct([*self.no_exact_name(name), self._at(self.zone.name_before(wildcard))])

    def no_exact_name(self, name: str) -> list[RRset]:
        return [self._at(self.zone.name_before(name))]

    def elsewhere(self, name: str) -> list[RRset]:
        return [self._at((self.zone.name_before(name) + 1) % len(self.zone.names))]

    def chain(self) -> list[RRset]:
        return [self._at(place) for place in range(len(self.zone.names))]

    def _at(self, place: int) -> RRset:
        names = self.zone.names
        owner = names[place]
        following = names[(place + 1) % len(names)]
        types = self.types_at(owner) | {Type.RRSIG, Type.NSEC}
        return RRset(owner, Type.NSEC, self.zone.spec.ttl, (to_wire(following) + bitmap(types),))


class Compact(Prover):
    """Signed while answering: every name seems to exist, and to lack the type."""

    def no_data(self, name: str) -> list[RRset]:
        return [self._at(name, self.types_at(name))]

    def no_name(self, name: str) -> list[RRset]:
        return [self._at(name, {NXNAME})]

    def no_exact_name(self, name: str) -> list[RRset]:
        above = parent(name)
        first, _, rest = name.partition(".")
        before = first[:-1] + chr(ord(first[-1]) - 1) + "~." + rest
        # The name that follows must not lie below this one: that would say that this one exists (RFC 4470 section 3).
        return [self._span(before if is_below(before, above) else above, f"{first}\\000.{rest}", set())]

    def elsewhere(self, name: str) -> list[RRset]:
        return [self._at("elsewhere-" + name, {NXNAME})]

    def chain(self) -> list[RRset]:
        """The plain chain of names: what is made while answering stands in no file."""
        return Nsec(self.zone).chain()

    def _at(self, name: str, types: set[int]) -> RRset:
        return self._span(name, "\\000." + name, types)

    def _span(self, owner: str, following: str, types: set[int]) -> RRset:
        data = to_wire(following) + bitmap(types | {Type.RRSIG, Type.NSEC})
        return RRset(owner, Type.NSEC, self.zone.spec.ttl, (data,))


class Nsec3(Prover):
    """The chain of hashed names."""

    def __init__(self, zone: Zone, *, hash_algorithm: int = SHA1_HASH, further_flags: int = 0) -> None:
        super().__init__(zone)
        self._parameters = parameters = zone.spec.nsec3
        self._algorithm = hash_algorithm
        self._salt = bytes.fromhex(parameters.salt)
        self._iterations = parameters.iterations
        self._flags = (OPT_OUT if parameters.opt_out else 0) | further_flags
        names = [name for name in zone.names if not (parameters.opt_out and _is_insecure_cut(zone, name))]
        # With opt-out, an empty non-terminal that leads to insecure delegations only has no record either (7.1).
        empty = {above for name in names for above in ancestors(name)[1:] if above in zone.empty_non_terminals}
        self._chain = sorted((self.hash(name), name) for name in {*names, *empty})

    def hash(self, name: str) -> bytes:
        """The hashed owner name (RFC 5155 section 5)."""
        return nsec3_hash(name, salt=self._salt, iterations=self._iterations)

    def no_data(self, name: str) -> list[RRset]:
        matching = self._matching(name)
        if matching is not None:
            return [matching]
        # An insecure delegation in an opt-out span: closest provable encloser and the span (RFC 5155 section 7.2.4).
        return self._closest_encloser_proof(name)

    def no_name(self, name: str) -> list[RRset]:
        encloser = self._provable_encloser(name)
        return _distinct([*self._closest_encloser_proof(name), self._covering("*." + _dotless(encloser))])

    def no_exact_name(self, name: str) -> list[RRset]:
        return [self._covering(self._next_closer(name, self._provable_encloser(name)))]

    def elsewhere(self, name: str) -> list[RRset]:
        used = {rrset.owner for rrset in self.no_name(name)} if not self.zone.exists(name) else set()
        matching = self._matching(name)
        used |= {matching.owner} if matching else set()
        for place in range(len(self._chain)):
            rrset = self._at(place)
            if rrset.owner not in used:
                return [rrset]
        return []

    def chain(self) -> list[RRset]:
        return [self._at(place) for place in range(len(self._chain))]

    def without_encloser(self, name: str) -> list[RRset]:
        """The denial of a name less the record that matches its closest encloser."""
        matching = self._matching(self._provable_encloser(name))
        return [rrset for rrset in self.no_name(name) if matching is None or rrset.owner != matching.owner]

    def _closest_encloser_proof(self, name: str) -> list[RRset]:
        encloser = self._provable_encloser(name)
        matching = self._matching(encloser)
        assert matching is not None
        return _distinct([matching, self._covering(self._next_closer(name, encloser))])

    def _provable_encloser(self, name: str) -> str:
        name = parent(name)
        while self._matching(name) is None:
            name = parent(name)
        return name

    def _next_closer(self, name: str, encloser: str) -> str:
        return next(below for below in ancestors(name) if parent(below) == encloser)

    def _matching(self, name: str) -> RRset | None:
        hashed = self.hash(name)
        place = bisect_right(self._chain, hashed, key=lambda entry: entry[0]) - 1
        return self._at(place) if place >= 0 and self._chain[place][0] == hashed else None

    def _covering(self, name: str) -> RRset:
        return self._at(bisect_right(self._chain, self.hash(name), key=lambda entry: entry[0]) - 1)

    def _at(self, place: int) -> RRset:
        hashed, name = self._chain[place]
        following = self._chain[(place + 1) % len(self._chain)][0]
        types = self.types_at(name)
        if types and not _is_insecure_cut(self.zone, name):
            types = types | {Type.RRSIG}
        owner = f"{b32hexencode(hashed).decode().lower()}.{_dotless(self.zone.origin)}"
        data = (
            _nsec3_head(self._parameters, self._algorithm, self._flags)
            + bytes((len(following),))
            + following
            + bitmap(types)
        )
        return RRset(owner, Type.NSEC3, self.zone.spec.ttl, (data,))


def nsec3_parameters(spec: Nsec3Spec) -> bytes:
    """RDATA of a zone's NSEC3PARAM record (RFC 5155 section 4)."""
    return _nsec3_head(spec, SHA1_HASH, 0)


def _nsec3_head(spec: Nsec3Spec, algorithm: int, flags: int) -> bytes:
    salt = bytes.fromhex(spec.salt)
    return pack("!BBHB", algorithm, flags, spec.iterations, len(salt)) + salt


@lru_cache(maxsize=16384)
def nsec3_hash(name: str, *, salt: bytes, iterations: int) -> bytes:
    """The NSEC3 hash of a name, 20 octets (RFC 5155 section 5)."""
    digest = sha1(to_wire(name) + salt).digest()
    for _ in range(iterations):
        digest = sha1(digest + salt).digest()
    return digest


def prover(zone: Zone) -> Prover:
    """What the zone proves absence with."""
    match zone.spec.denial:
        case Denial.NSEC:
            return Nsec(zone)
        case Denial.NSEC3:
            return Nsec3(zone)
        case Denial.COMPACT:
            return Compact(zone)


def _is_insecure_cut(zone: Zone, name: str) -> bool:
    return name in zone.children and not zone.children[name].ds_rdatas


def _dotless(name: str) -> str:
    return "" if name == "." else name


def _distinct(rrsets: list[RRset]) -> list[RRset]:
    return list({rrset.owner: rrset for rrset in rrsets}.values())
