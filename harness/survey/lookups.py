"""DNS questions, asked of a world: what a correct validating resolver answers, and where correct resolvers differ."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from harness.oracle.facts import Lookup, Standing
from harness.scenario.models import Choice
from harness.scenario.zones import Resolver, What
from harness.world.answers import Rcode
from harness.world.internet import Internet
from harness.world.names import from_wire
from harness.world.records import Type
from harness.world.resolution import Resolution, Security, resolve

_STANDINGS = {
    Security.SECURE: Standing.SECURE,
    Security.INSECURE: Standing.INSECURE,
    Security.BOGUS: Standing.BOGUS,
    Security.FAILED: Standing.FAILED,
}


@dataclass(frozen=True)
class Found:
    """What comes of a question, with the data."""

    lookup: Lookup
    rdatas: tuple[bytes, ...] = ()
    """RDATA of the records of the type asked for."""
    aliases: tuple[str, ...] = ()
    """What the name leads to, step by step; absolute."""
    endless: bool = False


@dataclass(frozen=True, kw_only=True)
class Asker:
    """Asks questions of one world as one kind of sender does."""

    internet: Internet
    resolver: Resolver
    """How the resolver departs from a correct one."""
    trusts_resolver: bool = True
    """Whether its AD bit is believed; otherwise everything is validated by the sender itself."""

    def ask(self, name: str, kind: Type) -> Found:
        """Follow the question to its end."""
        resolution = resolve(self.internet, name, kind)
        if kind.name in self.resolver.failures:
            return Found(Lookup(standing=Standing.FAILED, found=False, exists=True))
        sets = [one.rrset for one in resolution.answer]
        rdatas = tuple(rdata for rrset in sets if rrset.type == kind for rdata in rrset.rdatas)
        lookup = Lookup(
            standing=self._standing(resolution.security),
            found=bool(rdatas),
            exists=resolution.rcode is not Rcode.NXDOMAIN,
        )
        if not lookup.failed:
            doubts = tuple(self._doubts(resolution, name, kind))
            lookup = replace(lookup, may_fail=bool(doubts), choice=next(iter(doubts), None))
        aliases = tuple(from_wire(rrset.rdatas[0]) for rrset in sets if rrset.type == Type.CNAME and kind != Type.CNAME)
        return Found(lookup, rdatas, aliases, endless=resolution.why == "the aliases have no end")

    def _standing(self, security: Security) -> Standing:
        if security is Security.FAILED or not self.trusts_resolver:
            return _STANDINGS[security]
        if security is Security.BOGUS and self.resolver.validates:
            return Standing.BOGUS
        match self.resolver.sets_ad:
            case "always":
                return Standing.SECURE
            case "never":
                return Standing.INSECURE
        return _STANDINGS[security] if self.resolver.validates else Standing.INSECURE

    def _doubts(self, resolution: Resolution, name: str, kind: Type) -> Iterator[Choice]:
        """Why a correct resolver may come back without an answer."""
        nsec3 = (one.rrset for one in resolution.authority if one.rrset.type == Type.NSEC3)
        if any(int.from_bytes(rdata[2:4], "big") for rrset in nsec3 for rdata in rrset.rdatas):
            yield Choice.NSEC3_ITERATIONS
        names = (name, *(one.rrset.owner for one in resolution.answer))
        for fault in {fault for each in names for fault in self.internet.faults_at(each, kind)}:
            if fault.what is What.DROP_LARGE_UDP:
                yield Choice.RESOLVER_RETRY
            if fault.spec.algorithm is not None:
                yield Choice.SIGNATURE_COMPLETENESS
