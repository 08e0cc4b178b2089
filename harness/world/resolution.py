"""What a correct validating resolver says, worked out from what the world knows: no signature is checked here.

That it agrees with real resolvers, for every name and type of every scenario, is shown by the tests.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from harness.scenario.zones import Algorithm, DelegationSigner, Denial, What

from .answers import Rcode, Reply, SignedSet, answer
from .faults import Effect, PlacedFault
from .internet import Internet
from .names import from_wire
from .records import Type
from .zones import Zone

ALIAS_LIMIT = 11
"""CNAMEs followed for one question; what unbound does."""

ITERATION_LIMIT = 150
"""NSEC3 iterations above which a proof counts for nothing and the answer is insecure (RFC 9276 section 3.2)."""

_PROOFS = (Type.NSEC, Type.NSEC3)


class Security(StrEnum):
    """The standing of an answer (RFC 4035 section 4.3); indeterminate ones are `failed`."""

    SECURE = "secure"
    """Signed, up to the trust anchor."""
    INSECURE = "insecure"
    """Provably not signed."""
    BOGUS = "bogus"
    """Ought to be signed, and does not validate."""
    FAILED = "failed"
    """No answer can be had."""


@dataclass(frozen=True)
class Resolution:
    """What comes of a question."""

    security: Security
    rcode: Rcode
    """As answered to who has nothing checked; SERVFAIL where there is no answer for anybody."""
    answer: tuple[SignedSet, ...] = ()
    authority: tuple[SignedSet, ...] = ()
    why: str = ""
    """What makes it bogus or failed."""
    faults: tuple[str, ...] = ()
    """Faults met on the way."""

    @property
    def is_to_be_had(self) -> bool:
        """Whether there is an answer with checking disabled (RFC 4035 section 3.2.2)."""
        return self.rcode is not Rcode.SERVFAIL


def resolve(internet: Internet, name: str, kind: int) -> Resolution:
    """Follow a question to its end, aliases included."""
    found: list[SignedSet] = []
    met: list[str] = []
    security = Security.SECURE
    broken = ""
    seen: set[str] = set()
    for _ in range(ALIAS_LIMIT + 1):
        seen.add(name)
        zone = internet.zone_for(name, kind)
        reply = _received(internet.answer(name, kind), kind)
        met += [fault.what for fault in internet.faults_at(name, kind)]
        why = _lost(internet, zone, name, kind)
        if why:
            break
        step, reason = _standing(internet, zone, name, kind)
        security = max(security, step, key=list(Security).index)
        found += reply.answer
        # The whole answer is bogus, or cannot be checked; with checking disabled a client is still led on to its end.
        broken = broken or reason
        target = _alias(reply, kind)
        if target is None:
            return Resolution(security, reply.rcode, tuple(found), reply.authority, broken, tuple(met))
        if target in seen:
            why = "the aliases have no end"
            break
        name = target
    else:
        why = "the aliases have no end"
    if security not in (Security.BOGUS, Security.FAILED):
        security = Security.FAILED
    return Resolution(security, Rcode.SERVFAIL, tuple(found), why=broken or why, faults=tuple(met))


def zone_security(internet: Internet, zone: Zone) -> tuple[Security, str]:
    """Whether a zone's keys can be trusted, and if not, why."""
    parent = internet.parent_of(zone)
    if parent is None:
        return Security.SECURE, ""
    security, why = zone_security(internet, parent)
    if security is not Security.SECURE:
        return security, why
    effect, what = _effect(internet, parent, zone.origin, Type.DS)
    if effect is not Effect.NONE:
        return _as_security(effect), f"DS of {zone.origin}: {what}"
    if not zone.ds_rdatas or zone.spec.ds is DelegationSigner.UNKNOWN_DIGEST:
        return Security.INSECURE, ""
    if all(algorithm is Algorithm.UNKNOWN for algorithm in zone.spec.algorithms):
        return Security.INSECURE, ""
    if zone.spec.ds is DelegationSigner.OTHER_KEY:
        return Security.BOGUS, f"DS of {zone.origin}: fits no key"
    if not zone.spec.zone_key_flag:
        return Security.BOGUS, f"DNSKEY of {zone.origin}: no zone key flag"
    effect, what = _effect(internet, zone, zone.origin, Type.DNSKEY)
    if effect is not Effect.NONE:
        return _as_security(effect), f"DNSKEY of {zone.origin}: {what}"
    return Security.SECURE, ""


def _lost(internet: Internet, zone: Zone, name: str, kind: int) -> str:
    """Why the zone's servers give no answer; empty where they do."""
    if all(manner != "alive" for manner in zone.spec.name_servers):
        return f"no name server of {zone.origin} answers for it"
    effect, what = _effect(internet, zone, name, kind)
    return f"{name}: {what}" if effect is Effect.FAILED else ""


def _received(reply: Reply, kind: int) -> Reply:
    """The reply as it arrives; faults of the packet that lose it altogether are for `_lost`."""
    if What.NO_EDNS not in reply.manners:
        return reply

    def bare(sets: tuple[SignedSet, ...]) -> tuple[SignedSet, ...]:
        return tuple(SignedSet(one.rrset) for one in sets if one.rrset.type not in _PROOFS or one.rrset.type == kind)

    return replace(reply, answer=bare(reply.answer), authority=bare(reply.authority))


def _standing(internet: Internet, zone: Zone, name: str, kind: int) -> tuple[Security, str]:
    """The security of an answer that the servers gave, and what is wrong with it."""
    security, why = zone_security(internet, zone)
    if security is not Security.SECURE:
        return security, why
    effect, what = _effect(internet, zone, name, kind)
    # As an answer, a denial of a DS without the NS bit holds; it proves no insecure delegation, that is all.
    if effect is Effect.BOGUS and not (kind == Type.DS and what == What.NO_NS_BIT):
        return Security.BOGUS, f"{name}: {what}"
    return (Security.INSECURE if _proof_is_weak(zone, name, kind) else Security.SECURE), ""


def _effect(internet: Internet, zone: Zone, name: str, kind: int) -> tuple[Effect, str]:
    faults = internet.faults_at(name, kind)
    if not faults:
        return Effect.NONE, ""
    plain = answer(zone, name, kind)
    worst: PlacedFault = max(faults, key=lambda fault: list(_ORDER).index(fault.effect(plain)))
    return worst.effect(plain), worst.what


_ORDER = (Effect.NONE, Effect.BOGUS, Effect.FAILED)


def _as_security(effect: Effect) -> Security:
    return Security.FAILED if effect is Effect.FAILED else Security.BOGUS


def _proof_is_weak(zone: Zone, name: str, kind: int) -> bool:
    """Whether absence, or the expansion of a wildcard, is shown by NSEC3 records that make it insecure only."""
    if zone.spec.denial is not Denial.NSEC3:
        return False
    reply = answer(zone, name, kind)
    if not any(one.rrset.type == Type.NSEC3 for one in reply.authority):
        return False
    if zone.spec.nsec3.iterations > ITERATION_LIMIT:
        return True
    # With opt-out, a span proves nothing about unsigned delegations in it (RFC 5155 section 9.2).
    return zone.spec.nsec3.opt_out and (not zone.exists(name) or name in zone.children)


def _alias(reply: Reply, kind: int) -> str | None:
    if not reply.answer or kind == Type.CNAME:
        return None
    last = reply.answer[-1].rrset
    if last.type != Type.CNAME:
        return None
    return from_wire(last.rdatas[0])
