"""From a domain to a route, and from a host to a plan: the lookups and the order they come in (RFC 7672 2.2)."""

from __future__ import annotations

import asyncio
import ipaddress
import random
from collections import Counter
from dataclasses import dataclass

import dns.exception
import dns.name

from harness.sender import tlsa
from harness.sender.answer import Answer
from harness.sender.dns import Resolver
from harness.sender.dnswire import RdType, to_text
from harness.sender.policy import HostPlan, Level, Mode, Route, Standing
from harness.sender.result import Status
from harness.sender.rules import Rules
from harness.sender.tlsa import TlsaRecord


@dataclass(frozen=True, kw_only=True)
class NoRoute:
    """There is no host to contact, and what that means for the message."""

    status: Status
    reason: str


def domain_name(text: str) -> str:
    """A domain as A-labels in lower case without the final dot. Raises `ValueError`."""
    try:
        name = to_text(dns.name.from_text(text))
    except (dns.exception.DNSException, UnicodeError) as error:
        raise ValueError(f"{text!r} is not a domain name: {error}") from error
    if name == ".":
        raise ValueError(f"{text!r} names no domain")
    return name


class Locator:
    """The lookups of one sender.

    `seed` decides, by domain and anew each time, which of several equal hosts comes first; None: chance does.
    """

    def __init__(self, resolver: Resolver, *, rules: Rules, port: int, ipv4_only: bool, seed: str | None) -> None:
        self._resolver = resolver
        self._rules = rules
        self._port = port
        self._types = (RdType.A,) if ipv4_only else (RdType.A, RdType.AAAA)
        self._seed = seed
        self._drawn: Counter[str] = Counter()

    async def route(self, domain: str, *, mode: Mode) -> Route | NoRoute:
        """The hosts of a recipient domain, by MX, or the domain itself (RFC 5321 5.1, RFC 7672 2.2.1)."""
        rules = self._rules
        if rules.literal_address(domain) is not None:
            return self._literal(domain, port=self._port)
        try:
            name = domain_name(domain)
        except ValueError as error:
            return NoRoute(status=rules.status_if_domain_does_not_exist(), reason=str(error))
        mx = await self._resolver.lookup(name, rdtype=RdType.MX)
        if rules.destination_unknown(mx):
            return NoRoute(status=rules.status_if_destination_unknown(), reason=mx.reason)
        if rules.domain_does_not_exist(mx):
            reason = f"the domain {name} does not exist"
            return NoRoute(status=rules.status_if_domain_does_not_exist(), reason=reason)
        if rules.refuses_all_mail(mx):
            reason = f"{name} takes no mail (null MX)"
            return NoRoute(status=rules.status_if_all_mail_is_refused(), reason=reason)
        secure = rules.route_is_secure(mx)
        if not secure and not rules.insecure_route_may_be_used(mode):
            reason = f"the MX lookup of {name} is insecure and DANE is mandatory"
            return NoRoute(status=rules.status_if_no_host_served(), reason=reason)
        via_mx = not rules.domain_is_its_own_host(mx)
        self._drawn[name] += 1
        chance = random.Random(None if self._seed is None else f"{self._seed} {name} {self._drawn[name]}")
        hosts = rules.host_order(rules.exchanges(mx), chance=chance) if via_mx else (name,)
        return Route(next_hop=name, expanded=mx.expanded, via_mx=via_mx, secure=secure, port=self._port, hosts=hosts)

    async def relay(self, relay: str, *, mode: Mode) -> Route | NoRoute:
        """The hosts of a configured relay: `[host]`, `[host]:port`, or a domain with MX (RFC 7672 2.2.2)."""
        if not relay.startswith("["):
            return await self.route(relay, mode=mode)
        inner, bracket, tail = relay[1:].rpartition("]")
        if not bracket or (tail and not tail.startswith(":")):
            raise ValueError(f"relay {relay!r} is not [host] or [host]:port")
        port = int(tail[1:]) if tail else self._port
        if self._rules.literal_address(f"[{inner}]") is not None:
            return self._literal(f"[{inner}]", port=port)
        host = domain_name(inner)
        return Route(next_hop=host, expanded=host, via_mx=False, secure=True, port=port, hosts=(host,))

    def _literal(self, domain: str, *, port: int) -> Route:
        return Route(next_hop=domain, expanded=domain, via_mx=False, secure=False, port=port, hosts=(domain,))

    async def plan(self, host: str, *, route: Route, mode: Mode) -> HostPlan:
        """Addresses first, then, where DANE applies, the TLSA records (RFC 7672 sections 2.2.2 and 2.2.3)."""
        rules = self._rules
        literal = rules.literal_address(host)
        if literal is not None:
            level, reason = rules.level_if_tlsa_absent(mode), "DANE does not apply to an address literal"
            return HostPlan(host=host, level=level, reason=reason, addresses=(literal,))
        if route.via_mx and rules.host_is_an_address(host):
            return _skip(host, reason="the MX record spells an address")
        answers = tuple(await asyncio.gather(*(self._resolver.lookup(host, rdtype=each) for each in self._types)))
        if rules.address_lookup_failed(answers):
            return _skip(host, reason="; ".join(each.reason for each in answers if each.reason))
        if rules.has_no_address(answers):
            return _skip(host, reason="the host has no address", absent=True)
        found = next((each for each in answers if each.records), answers[0])
        addresses = rules.addresses_to_try(
            tuple(str(ipaddress.ip_address(record.rdata)) for each in answers for record in each.records)
        )
        if not rules.dane_applies(mode, route=route):
            return self._plan_without_tlsa(host, addresses=addresses, mode=mode)
        secure = rules.addresses_are_secure(answers)
        alias_secure = secure
        if rules.asks_for_cname(is_alias=found.is_alias, addresses_secure=secure):
            cname = await self._resolver.lookup(host, rdtype=RdType.CNAME)
            if rules.cname_lookup_failed(cname):
                return _skip(host, reason=cname.reason)
            alias_secure = rules.alias_is_secure(cname)
        candidates = rules.base_domain_candidates(
            host, names=found.names, addresses_secure=secure, alias_secure=alias_secure, route=route
        )
        for base_domain in candidates:
            name = rules.tlsa_name(base_domain, port=route.port)
            if not rules.tlsa_name_can_exist(name):
                continue
            answer = await self._resolver.lookup(name, rdtype=rules.tlsa_type())
            standing = rules.standing(answer)
            if rules.search_ends(standing):
                return self._plan_with_tlsa(
                    host,
                    addresses=addresses,
                    base_domain=rules.base_domain(base_domain, tlsa=answer),
                    standing=standing,
                    answer=answer,
                    route=route,
                    mode=mode,
                )
        return self._plan_without_tlsa(host, addresses=addresses, mode=mode)

    def _plan_without_tlsa(self, host: str, *, addresses: tuple[str, ...], mode: Mode) -> HostPlan:
        return HostPlan(
            host=host,
            level=self._rules.level_if_tlsa_absent(mode),
            reason="no secure TLSA records",
            addresses=addresses,
            server_name=self._rules.server_name(host, base_domain=None),
        )

    def _plan_with_tlsa(
        self,
        host: str,
        *,
        addresses: tuple[str, ...],
        base_domain: str,
        standing: Standing,
        answer: Answer,
        route: Route,
        mode: Mode,
    ) -> HostPlan:
        rules = self._rules
        usable: tuple[TlsaRecord, ...] = ()
        if standing is Standing.FAILED:
            level, reason = rules.level_if_tlsa_unknown(), answer.reason
        else:
            parsed = (tlsa.parse(each.rdata) for each in answer.records)
            usable = rules.usable(tuple(each for each in parsed if each is not None))
            if usable:
                level, reason = rules.level_if_tlsa_usable(host), "usable TLSA records"
            else:
                level, reason = rules.level_if_tlsa_unusable(mode), "no TLSA record is usable"
        return HostPlan(
            host=host,
            level=level,
            reason=reason,
            addresses=addresses,
            base_domain=base_domain,
            server_name=rules.server_name(host, base_domain=base_domain),
            records=rules.strongest(usable),
            references=rules.reference_identifiers(base_domain, route=route),
        )


def _skip(host: str, *, reason: str, absent: bool = False) -> HostPlan:
    return HostPlan(host=host, level=Level.SKIP, reason=reason, absent=absent)
