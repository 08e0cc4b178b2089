"""The DNS questions on which a delivery depends, and what a resolver may answer to each of them.

They are asked whatever comes of the ones before, for a resolver is judged on each answer by itself.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass

from harness.scenario.models import Choice, Scenario
from harness.scenario.zones import Algorithm, Denial, What
from harness.world.answers import Rcode, answer
from harness.world.internet import Internet
from harness.world.names import ancestors, from_wire, to_wire
from harness.world.records import Type
from harness.world.resolution import Resolution, Security, resolve, zone_security
from harness.world.zones import Zone

from .destinations import absolute, spelt_address

_OPTIONAL = frozenset({Algorithm.ED25519})
"""Algorithms that a validator should know and need not (RFC 8624 section 3.1)."""
_BAD = (Security.BOGUS, Security.FAILED)
_LONG = 8
"""Aliases of one question that every resolver follows."""


@dataclass(frozen=True)
class Question:
    """A name and a type."""

    name: str
    """Absolute."""
    kind: Type


@dataclass(frozen=True, kw_only=True)
class RightAnswer:
    """What a correct validating resolver answers, and what else is permitted."""

    security: Security
    rcode: str
    """Where the answer is bogus or cannot be had: of what the zone really holds."""
    answer: tuple[str, ...]
    """Data of the records of the type asked for, as `told` writes them, sorted."""
    permits: tuple[str, ...] = ()
    """As `harness.journal.Resolved.permits` has them."""
    why: str = ""
    names: tuple[str, ...]
    """The name asked for, and those that aliases lead to."""


def questions(internet: Internet, scenario: Scenario, *, recipient: str) -> tuple[Question, ...]:
    """What a sender with a message for this address may ask, in the order in which it does.

    The scenario is the world's as it stands now. Nothing is asked for an address literal.
    """
    world, port = internet.world(scenario.id), internet.around.port
    route, domain = scenario.route, recipient.rpartition("@")[2]
    found: dict[Question, None] = {}
    if route.relay is not None:
        hosts = [_relay(world.expand(route.relay), port)]
    elif domain.startswith("["):
        hosts = []
    else:
        name = absolute(domain)
        found[Question(name, Type.MX)] = None
        hosts = [(host, port) for host in _exchanges(internet, name)]
    if route.fallback_relay is not None:
        hosts.append(_relay(world.expand(route.fallback_relay), port))
    for host, at in hosts:
        found |= dict.fromkeys(_of_host(internet, host, at))
    return tuple(found)


def right_answer(internet: Internet, question: Question) -> RightAnswer:
    """What is right to answer now."""
    resolution = resolve(internet, question.name, question.kind)
    rcode, published, names = _published(internet, question)
    is_bad = resolution.security in _BAD
    if not is_bad:
        rcode = resolution.rcode
        sets = [one.rrset for one in resolution.answer if one.rrset.type == question.kind]
        published = tuple(rdata for rrset in sets for rdata in rrset.rdatas)
    zones = [internet.zone_for(name, question.kind) for name in names]
    allowed = _of_bad(internet, zones, resolution) if is_bad else _of_good(internet, zones, question, resolution, names)
    return RightAnswer(
        security=resolution.security,
        rcode=rcode.name,
        answer=tuple(sorted({told(question.kind, rdata) for rdata in published})),
        permits=tuple(f"{what} {choice}" for what, choice in allowed),
        why=resolution.why,
        names=names,
    )


def told(kind: int, rdata: bytes) -> str:
    """RDATA, names in it uncompressed, in master-file form; in hexadecimal where it has none."""
    match kind:
        case Type.MX if len(rdata) > 2:
            return f"{int.from_bytes(rdata[:2], 'big')} {from_wire(rdata[2:]).lower()}"
        case Type.CNAME:
            return from_wire(rdata).lower()
        case Type.A | Type.AAAA if len(rdata) in (4, 16):
            return str(ipaddress.ip_address(rdata))
        case Type.TLSA if len(rdata) > 2:
            return f"{rdata[0]} {rdata[1]} {rdata[2]} {rdata[3:].hex()}".rstrip()
    return rdata.hex()


def _exchanges(internet: Internet, name: str) -> list[str]:
    """The MX hosts, those that are served and those that ought to be; the domain itself where there are none."""
    _, published, _ = _published(internet, Question(name, Type.MX))
    served = [one.rrset for one in resolve(internet, name, Type.MX).answer if one.rrset.type == Type.MX]
    rdatas = [*(rdata for rrset in served for rdata in rrset.rdatas), *published]
    targets = [from_wire(rdata[2:]).lower() for rdata in sorted(rdatas, key=lambda rdata: rdata[:2])]
    return list(dict.fromkeys(targets)) or [name]


def _relay(text: str, port: int) -> tuple[str, int]:
    """`[relay.example]` or `[relay.example]:2525`."""
    inside, _, own = text.removeprefix("[").partition("]")
    return absolute(inside), int(own.removeprefix(":") or port)


def _of_host(internet: Internet, host: str, port: int) -> Iterator[Question]:
    if host == "." or spelt_address(host) is not None:
        return
    yield Question(host, Type.A)
    yield Question(host, Type.AAAA)
    _, _, names = _published(internet, Question(host, Type.A))
    if len(names) > 1:
        yield Question(host, Type.CNAME)
    # The alias's end comes first (RFC 7672 section 2.2.2).
    for base in dict.fromkeys((names[-1], host)):
        owner = f"_{port}._tcp.{base}"
        if _fits(owner):
            yield Question(owner, Type.TLSA)


def _fits(name: str) -> bool:
    try:
        return bool(to_wire(name))
    except ValueError:
        return False


def _published(internet: Internet, question: Question) -> tuple[Rcode, tuple[bytes, ...], tuple[str, ...]]:
    """What the zones hold, no fault considered: code, data, and the names that were gone through."""
    names = [question.name]
    while True:
        reply = answer(internet.zone_for(names[-1], question.kind), names[-1], question.kind)
        sets = [one.rrset for one in reply.answer]
        target = from_wire(sets[-1].rdatas[0]) if sets and sets[-1].type == Type.CNAME != question.kind else None
        if target is None or target in names:
            rdatas = tuple(rdata for one in sets if one.type == question.kind for rdata in one.rdatas)
            return reply.rcode, rdatas, tuple(names)
        names.append(target)


Permission = tuple[str, Choice]


def _of_good(
    internet: Internet, zones: list[Zone], question: Question, resolution: Resolution, names: tuple[str, ...]
) -> Iterator[Permission]:
    """What is permitted beside an answer that is secure or insecure."""
    is_secure = resolution.security is Security.SECURE
    proofs = [one.rrset for one in resolution.authority if one.rrset.type == Type.NSEC3]
    if any(int.from_bytes(rdata[2:4], "big") for rrset in proofs for rdata in rrset.rdatas):
        yield "servfail", Choice.NSEC3_ITERATIONS
        if is_secure:
            yield "insecure", Choice.NSEC3_ITERATIONS
        elif _iterations_alone(internet, zones):
            yield "secure", Choice.NSEC3_ITERATIONS
    if is_secure and any(_OPTIONAL.issuperset(above.spec.algorithms) for above in _up(internet, zones)):
        yield "insecure", Choice.DNSSEC_ALGORITHMS
    faults = {fault.what for name in names for fault in internet.faults_at(name, question.kind)}
    if any(_is_bad(internet, above) for above in ancestors(question.name)[1:]):
        yield "servfail", Choice.QNAME_MINIMISATION
    if What.DROP_LARGE_UDP in faults:
        yield "servfail", Choice.RESOLVER_RETRY
    if len(names) > _LONG:
        yield "servfail", Choice.ALIAS_LIMIT
    rdatas = [rdata for one in resolution.answer if one.rrset.type == Type.TLSA for rdata in one.rrset.rdatas]
    if any(len(rdata) < 4 for rdata in rdatas):
        yield "servfail", Choice.MALFORMED_TLSA


def _is_bad(internet: Internet, name: str) -> bool:
    """Whether the name's absence, or an address there, is bogus or cannot be had."""
    if not internet.scenario_of(name) or not any(internet.faults_at(name, kind) for kind in (Type.A, Type.NS)):
        return False
    return any(resolve(internet, name, kind).security in _BAD for kind in (Type.A, Type.NS))


def _of_bad(internet: Internet, zones: list[Zone], resolution: Resolution) -> Iterator[Permission]:
    """What is permitted beside SERVFAIL."""
    standing = max((zone_security(internet, zone)[0] for zone in zones), key=list(Security).index)
    if standing is Security.SECURE and resolution.security is Security.BOGUS:
        yield "inferred", Choice.AGGRESSIVE_NSEC
    elif resolution.why.endswith(f": {What.NO_NS_BIT}"):
        # The signed record says that there is no cut, and so nothing below it but what it lists.
        yield "denied", Choice.AGGRESSIVE_NSEC
    if resolution.security is Security.FAILED and standing in (Security.SECURE, Security.INSECURE):
        choice = Choice.ALIAS_LIMIT if resolution.why == "the aliases have no end" else Choice.RESOLVER_RETRY
        yield ("secure" if standing is Security.SECURE else "insecure"), choice


def _iterations_alone(internet: Internet, zones: list[Zone]) -> bool:
    """Whether nothing but the iterations makes a denial insecure."""
    secure = all(zone_security(internet, zone)[0] is Security.SECURE for zone in zones)
    return secure and not any(zone.spec.denial is Denial.NSEC3 and zone.spec.nsec3.opt_out for zone in zones)


def _up(internet: Internet, zones: list[Zone]) -> Iterator[Zone]:
    """The zones, and all above them."""
    for zone in zones:
        above: Zone | None = zone
        while above is not None:
            yield above
            above = internet.parent_of(above)
