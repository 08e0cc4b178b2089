"""Which security a host needs: addresses, aliases, base domain, names (RFC 7672 sections 2.2.2, 2.2.3, 3.2.2)."""

from __future__ import annotations

from harness.sender.answer import Answer, Kind
from harness.sender.dnswire import RdType
from harness.sender.policy import Level, Mode, Route, Standing


class HostRules:
    """Decisions about one MX host, relay, or domain that is its own host."""

    def addresses_to_try(self, addresses: tuple[str, ...]) -> tuple[str, ...]:
        """All addresses of a host, of both families, as the resolver presents them (5321-5.1-8, 5321-5.2-1)."""
        return addresses

    def address_lookup_failed(self, answers: tuple[Answer, ...]) -> bool:
        """One failed address lookup makes the host unreachable (2.1.2, 2.2.2; 7672-2.1.2-2, 7672-2.2.2-10)."""
        return any(each.kind is Kind.FAILED for each in answers)

    def has_no_address(self, answers: tuple[Answer, ...]) -> bool:
        """A host without address records is unreachable (section 2.2.2; 7672-2.2.2-2)."""
        return all(each.kind is not Kind.RECORDS for each in answers)

    def addresses_are_secure(self, answers: tuple[Answer, ...]) -> bool:
        """Some address RRset is secure (section 2.2.2; 7672-2.1.2-3, 7672-2.2.2-3)."""
        return any(each.kind is Kind.RECORDS and each.secure for each in answers)

    def dane_applies(self, mode: Mode, *, route: Route) -> bool:
        """TLSA records are sought in both DANE modes, also at hosts found by an insecure MX RRset.

        RFC 7672 section 2.2.1 leaves the latter to local policy (7672-2.2.1-8, 7672-2.2.1-9,
        7672-2.2.1-12, 7672-2.2.2-11, 7672-2.2.2-12).
        """
        del route
        return mode is not Mode.UNAWARE

    def asks_for_cname(self, *, is_alias: bool, addresses_secure: bool) -> bool:
        """Insecure addresses of an alias leave open whether the alias itself is secure.

        An AD bit covers the whole chain, so the CNAME needs a question of its own (sections 2.1.3
        and 2.2.2; 7672-2.1.3-4, 7672-2.2.2-8).
        """
        return is_alias and not addresses_secure

    def cname_lookup_failed(self, cname: Answer) -> bool:
        """Any failed query in the process makes the host unreachable (section 2.2.2; 7672-2.2.2-10)."""
        return cname.kind is Kind.FAILED

    def alias_is_secure(self, cname: Answer) -> bool:
        """The first CNAME is secure (section 2.2.2; 7672-2.2.2-7)."""
        return cname.kind is Kind.RECORDS and cname.secure

    def base_domain_candidates(
        self, host: str, *, names: tuple[str, ...], addresses_secure: bool, alias_secure: bool, route: Route
    ) -> tuple[str, ...]:
        """The TLSA base domains to try, best first; none when DANE does not apply.

        Each host has its own, whatever the domain and its other hosts have (7672-2.2.1-1).

        `names` is the host's CNAME chain. Secure to the end: the expanded name, then the original.
        Only the alias secure: the original. Otherwise none, and no TLSA query. Names in between never
        count (sections 2.2.2, 2.2.3; 7672-2.2.2-3, -5, -7, -8, -9, 7672-2.2.3-8, -9).
        """
        del route
        if addresses_secure:
            return tuple(dict.fromkeys((names[-1], host)))
        return (host,) if alias_secure else ()

    def tlsa_name(self, base_domain: str, *, port: int) -> str:
        """The owner of the TLSA records: port, transport, base domain (2.2.3; 7672-2.2.3-1, 7672-2.2.3-2)."""
        return f"_{port}._tcp.{base_domain}"

    def tlsa_type(self) -> RdType:
        """The record type is TLSA, whatever looks like it elsewhere (RFC 6698 section 7.1; 6698-7.1-1)."""
        return RdType.TLSA

    def tlsa_name_can_exist(self, name: str) -> bool:
        """A name beyond 255 octets cannot exist, so it has no TLSA records (RFC 1035 2.3.4; 6698-3-1)."""
        return len(name) <= 253

    def standing(self, tlsa: Answer) -> Standing:
        """What one TLSA lookup says; a failed one is never absence (section 2.2; 7672-2.1.2-4, 7672-2.2.3-5)."""
        if tlsa.kind is Kind.FAILED:
            return Standing.FAILED
        return Standing.SECURE if tlsa.kind is Kind.RECORDS and tlsa.secure else Standing.ABSENT

    def search_ends(self, standing: Standing) -> bool:
        """The first secure RRset is taken and an error ends the search (7672-2.2.3-3, 7672-2.2.2-10)."""
        return standing is not Standing.ABSENT

    def base_domain(self, candidate: str, *, tlsa: Answer) -> str:
        """An alias at the TLSA name leaves the base domain as it is (section 2.2.3; 7672-2.2.3-6)."""
        del tlsa
        return candidate

    def level_if_tlsa_unknown(self) -> Level:
        """A failed TLSA lookup makes the host unreachable (2.1.2; 7672-2.1.2-4, -5, -8, 7672-2.2.1-14)."""
        return Level.SKIP

    def level_if_tlsa_usable(self, host: str) -> Level:
        """A usable record demands TLS and authentication, at every attempt.

        RFC 7672 sections 2.2 and 3.2 (7672-2.2-1, 7672-2.2-2, 7672-3.2-1, 7672-10-1).
        """
        del host
        return Level.AUTHENTICATE

    def level_if_tlsa_unusable(self, mode: Mode) -> Level:
        """Only unusable records: TLS without authentication, which is not enough for mandatory DANE.

        RFC 7672 sections 2.2 and 6, RFC 7671 section 10.3 (7672-2.2-4, 7672-2.2-5, 7672-6-1,
        7671-10.3-1, 7671-10.3-3).
        """
        return Level.SKIP if mode is Mode.MANDATORY else Level.ENCRYPT

    def level_if_tlsa_absent(self, mode: Mode) -> Level:
        """No secure records: opportunistic TLS as before DANE, or delay when DANE is mandatory.

        RFC 7672 sections 2.2, 2.2.2 and 6 (7672-2.2-7, 7672-2.2.1-13, 7672-2.2.2-6, 7672-6-1).
        """
        return Level.SKIP if mode is Mode.MANDATORY else Level.MAY

    def server_name(self, host: str, *, base_domain: str | None) -> str:
        """What SNI carries: the TLSA base domain, and without TLSA the host.

        RFC 7672 section 8.1, RFC 7671 section 10.2, RFC 6066 section 3 (7672-8.1-1, 7672-2.2.3-6,
        6066-3-1, 6066-3-2).
        """
        return base_domain or host

    def reference_identifiers(self, base_domain: str, *, route: Route) -> tuple[str, ...]:
        """The names a usage 2 certificate may bear (section 3.2.2).

        Always the base domain (7672-3.2.2-2). With a secure MX RRset also the next-hop domain and its
        CNAME expansion (7672-3.2.2-3, 7672-3.2.2-4); with an insecure one nothing else
        (7672-3.2.2-5). Without MX also the next-hop domain (7672-3.2.2-6).
        """
        names = [base_domain]
        if not route.via_mx:
            names.append(route.next_hop)
        elif route.secure:
            names += [route.next_hop, route.expanded]
        return tuple(dict.fromkeys(names))
