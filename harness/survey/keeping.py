"""How long a resolver may go on giving an answer that was right when it had it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from harness.scenario.models import Scenario
from harness.scenario.stages import stages
from harness.scenario.zones import Zone as ZoneSpec
from harness.world.answers import SignedSet
from harness.world.internet import Internet
from harness.world.records import Record, Type
from harness.world.resolution import Resolution, Security, resolve

from .questions import Question

FAILURE_KEPT = 300.0
"""Seconds for which a failure may be remembered at most (RFC 2308 section 7.1)."""
_TTL, _EXPIRATION = slice(4, 8), slice(8, 12)
"""Where RRSIG RDATA has the original TTL, and the end of the signature's validity (RFC 4034 section 3.1)."""


def kept_for(internet: Internet, scenario: Scenario, question: Question, *, at: float) -> float:
    """Seconds for which the answer that is right now may still be given, once the world has changed.

    An answer is kept for its TTL and no longer than its signatures hold (RFC 4035 section 5.3.3), a denial for the TTL
    of the SOA record or its MINIMUM field (RFC 2308 section 5). Where a zone's own keys or its standing change in the
    scenario's steps, what is kept of these counts too. `at` is the moment, in seconds since the start of the run; the
    scenario is the world's as it stands now.
    """
    resolution = resolve(internet, question.name, question.kind)
    if resolution.security in (Security.BOGUS, Security.FAILED):
        return FAILURE_KEPT
    data = _least(internet, resolution, (*resolution.answer, *resolution.authority), at=at)
    return max(data or 0.0, *_of_zones(internet, scenario, resolution, question), 0.0)


def right_ttl(internet: Internet, question: Question, *, at: float) -> float | None:
    """The largest TTL, in seconds, with which a resolver may hand out the records asked for (RFC 4035 section 5.3.3).

    None where there are none, or no answer is right. `at` is the moment, in seconds since the start of the run.
    """
    resolution = resolve(internet, question.name, question.kind)
    if resolution.security in (Security.BOGUS, Security.FAILED):
        return None
    sets = tuple(one for one in resolution.answer if one.rrset.type == question.kind)
    return _least(internet, resolution, sets, at=at)


def _least(internet: Internet, resolution: Resolution, sets: Iterable[SignedSet], *, at: float) -> float | None:
    """The shortest of all times for which any of the sets may be kept."""
    is_secure = resolution.security is Security.SECURE
    limits: list[float] = []
    for one in sets:
        limits.append(one.rrset.ttl)
        if one.rrset.type == Type.SOA:
            limits += (int.from_bytes(rdata[-4:], "big") for rdata in one.rrset.rdatas)
        if is_secure and one.signatures:
            # Any signature that holds suffices.
            limits.append(max(_number(record, _TTL) for record in one.signatures))
            limits.append(max(_number(record, _EXPIRATION) for record in one.signatures) - internet.around.now - at)
    return min(limits, default=None)


def _number(signature: Record, where: slice) -> int:
    return int.from_bytes(signature.rdata[where], "big")


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
