"""How long a resolver may go on giving an answer that was right when it had it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from harness.scenario.models import Scenario
from harness.scenario.stages import stages
from harness.scenario.zones import Zone as ZoneSpec
from harness.world.answers import SignedSet
from harness.world.internet import Internet
from harness.world.records import Type
from harness.world.resolution import Resolution, Security, resolve

from .questions import Question

FAILURE_KEPT = 300.0
"""Seconds for which a failure may be remembered at most (RFC 2308 section 7.1)."""
_EXPIRATION = slice(8, 12)
"""Where RRSIG RDATA has the end of the signature's validity (RFC 4034 section 3.1)."""


def kept_for(internet: Internet, scenario: Scenario, question: Question, *, at: float) -> float:
    """Seconds for which the answer that is right now may still be given, once the world has changed.

    An answer is kept for its TTL and no longer than its signatures hold (RFC 4035 section 5.3.3), a denial for that of
    the SOA record or its MINIMUM field (RFC 2308 section 5). Where a zone's own keys or its standing change in the
    scenario's steps, what is kept of these counts too. `at` is the moment, in seconds since the start of the run; the
    scenario is the world's as it stands now.
    """
    resolution = resolve(internet, question.name, question.kind)
    if resolution.security in (Security.BOGUS, Security.FAILED):
        return FAILURE_KEPT
    data = min(_limits(resolution, start=internet.around.now, at=at), default=0.0)
    return max(data, *_of_zones(internet, scenario, resolution, question), 0.0)


def _limits(resolution: Resolution, *, start: int, at: float) -> Iterator[float]:
    is_secure = resolution.security is Security.SECURE
    for one in (*resolution.answer, *resolution.authority):
        yield float(one.rrset.ttl)
        if one.rrset.type == Type.SOA:
            yield from (float(int.from_bytes(rdata[-4:], "big")) for rdata in one.rrset.rdatas)
        if is_secure:
            yield from (end - start - at for end in _ends(one))


def _ends(one: SignedSet) -> Iterable[int]:
    """The latest end of a signature's validity, in seconds since 1970: any that holds suffices."""
    ends = [int.from_bytes(record.rdata[_EXPIRATION], "big") for record in one.signatures]
    return [max(ends)] if ends else []


def _of_zones(internet: Internet, scenario: Scenario, resolution: Resolution, question: Question) -> Iterator[float]:
    """How long keys and DS records are kept of zones on the way that are described otherwise at another step."""
    changing = _changing(scenario)
    origins = {zone.origin for key, zone in internet.world(scenario.id).zones.items() if key in changing}
    for name in (question.name, *(one.rrset.owner for one in resolution.answer)):
        zone = internet.zone_for(name, question.kind)
        while (above := internet.parent_of(zone)) is not None:
            if zone.origin in origins:
                yield float(max(zone.spec.ttl, above.spec.ttl))
            zone = above


def _changing(scenario: Scenario) -> frozenset[str]:
    """The keys of the zones that differ from one step to another in more than their records."""
    seen: dict[str, set[str]] = {}
    for stage in stages(scenario):
        for key in {"domain", *scenario.zones}:
            spec = stage.scenario.zones.get(key, ZoneSpec())
            seen.setdefault(key, set()).add(spec.model_dump_json(exclude={"records", "remove"}))
    return frozenset(key for key, specs in seen.items() if len(specs) > 1)
