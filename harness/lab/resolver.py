"""The simulated resolver: a validating recursive resolver that answers from what the world knows.

Secure answers carry AD, bogus and failed ones are SERVFAIL, insecure ones are plain (RFC 4035 section 3.2).
It never waits: a lookup that a real resolver would give up after some seconds fails at once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from harness.journal import Asked, HarnessFault, Strayed, Where
from harness.scenario.zones import Resolver as Manners
from harness.scenario.zones import ResolverFailure
from harness.world.answers import Rcode
from harness.world.internet import Internet
from harness.world.records import type_name
from harness.world.resolution import Resolution, Security, resolve

from .dns_server import KEPT_AT_MOST, Transport
from .packets import Query, Shape, complaint, failure, read_query, write_reply
from .recorder import Recorder

_EDE_DNSSEC_BOGUS = 6
_EDE_NO_REACHABLE_AUTHORITY = 22


@dataclass(frozen=True)
class _Kept:
    """A packed answer, and what there is to say about it."""

    wire: bytes
    event: Asked | Strayed
    turns: bool


class SimulatedResolver:
    """Answers any client; what a scenario says of the resolver holds for that scenario's names."""

    def __init__(self, internet: Internet, recorder: Recorder | None) -> None:
        self._internet = internet
        self._recorder = recorder
        self._kept: dict[tuple[bytes, Transport], _Kept] = {}
        self._turn = 0

    def forget(self) -> None:
        """The world has changed: answer anew."""
        self._kept.clear()

    def respond(self, message: bytes, transport: Transport, client: str, _: str) -> bytes | None:
        """The reply to a message; None for what is no query."""
        key = (message[2:], transport)
        kept = self._kept.get(key)
        if kept is None or kept.turns:
            query = read_query(message)
            if query is None:
                return complaint(message)
            if len(self._kept) > KEPT_AT_MOST:
                self._kept.clear()
            kept = self._kept[key] = self._make(query, transport)
        if self._recorder is not None:
            self._recorder.again(kept.event, client=client)
        return message[:2] + kept.wire[2:]

    def _make(self, query: Query, transport: Transport) -> _Kept:
        scenario = self._internet.scenario_of(query.name)
        resolution = Resolution(Security.FAILED, Rcode.SERVFAIL)
        turns = False
        if query.version:
            shape = Shape(rcode=Rcode.BADVERS, recursion_available=True)
        else:
            try:
                resolution = resolve(self._internet, query.name, query.type)
                world = self._internet.world(scenario) if scenario else None
                shape = _shape(query, resolution, world.scenario.resolver if world else Manners())
                turns = world is not None and any(zone.spec.rotate for zone in world.zones.values())
            except Exception as error:
                # A world that cannot be made is our fault, and no client may wait for it.
                shape = Shape(rcode=Rcode.SERVFAIL, recursion_available=True)
                if self._recorder is not None:
                    problem = f"{type(error).__name__}: {error}"
                    self._recorder.record(HarnessFault, scenario=scenario, problem=problem)
        if turns:
            self._turn += 1
            shape = replace(shape, turn=self._turn)
        wire = write_reply(query, shape, limit=query.limit if transport == "udp" else None)
        failing = self._failure(scenario, query)
        if failing is not None:
            wire = failure(query, failing)
            shape = replace(shape, rcode=wire[3] & 0x0F, authentic=False)
        event: Asked | Strayed = Strayed(at=0, name=query.name, type=type_name(query.type))
        if self._internet.is_inside(query.name):
            event = Asked(
                at=0,
                scenario=scenario,
                where=Where.RESOLVER,
                name=query.name,
                type=type_name(query.type),
                transport=transport,
                rcode=Rcode(shape.rcode).name,
                dnssec_ok=query.dnssec_ok,
                checking_disabled=query.checking_disabled,
                authentic_data=shape.authentic,
                faults=tuple(map(str, resolution.faults)),
            )
        return _Kept(wire, event, turns)

    def _failure(self, scenario: str, query: Query) -> ResolverFailure | None:
        if not scenario:
            return None
        return self._internet.world(scenario).scenario.resolver.failures.get(type_name(query.type))


def _shape(query: Query, resolution: Resolution, manners: Manners) -> Shape:
    checked = manners.validates and not query.checking_disabled
    broken = resolution.security in (Security.BOGUS, Security.FAILED)
    if broken and (checked or not resolution.is_to_be_had):
        code = _EDE_DNSSEC_BOGUS if resolution.security is Security.BOGUS else _EDE_NO_REACHABLE_AUTHORITY
        return Shape(rcode=Rcode.SERVFAIL, recursion_available=True, error=(code, resolution.why))
    match manners.sets_ad:
        case "always":
            authentic = True
        case "never":
            authentic = False
        case _:
            authentic = resolution.security is Security.SECURE and manners.validates
    return Shape(
        rcode=resolution.rcode,
        recursion_available=True,
        # A client shows that it knows AD by setting AD or DO (RFC 6840 section 5.7).
        authentic=authentic and (query.dnssec_ok or query.wants_ad) and not query.checking_disabled,
        answer=resolution.answer,
        authority=resolution.authority,
    )
