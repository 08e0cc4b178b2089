"""Mail hosts in a picture: addresses, TLSA records, and the servers behind them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from harness.oracle.certificate import Certificate
from harness.oracle.facts import Host, Inside, Lookup, Offer, Server, Standing, Suites, TlsaRecord, TlsaSet, WellFormed
from harness.scenario.mailhosts import Role, Tcp
from harness.world.build import World

from .picture import Card, Mark, Row, Tone, Wire

FEW = 4
"""TLSA records that are drawn one by one; more are counted."""

NEAR = 20
"""Names longer than this are told relative to the recipient domain, as in a zone file."""

_STANDINGS = {
    Standing.SECURE: (Mark.SECURE, Tone.GOOD),
    Standing.INSECURE: (Mark.INSECURE, Tone.QUIET),
    Standing.BOGUS: (Mark.BOGUS, Tone.BAD),
    Standing.FAILED: (Mark.FAILED, Tone.WARN),
}
_PKIX = (0, 1)
_DANE = (2, 3)


def looked_up(what: str, lookup: Lookup) -> Row:
    """A DNS question and what comes of it."""
    mark, tone = _STANDINGS[lookup.standing]
    words = "lookup fails" if lookup.standing is Standing.FAILED else str(lookup.standing)
    if not lookup.failed and not lookup.found:
        words = f"no such name ({words})" if not lookup.exists else f"none ({words})"
        tone = Tone.QUIET
    return Row(text=f"{what}: {words}", mark=mark, tone=tone)


@dataclass(frozen=True)
class HostPart:
    """What is drawn of one mail host."""

    world: World
    host: Host

    def card(self, *, more: tuple[Row, ...] = ()) -> Card:
        """The host's card; `more` are the faults that touch it."""
        return Card(title=self.host.name or "address literal", rows=(*self._rows(), *more))

    def wires(self) -> tuple[Wire, ...]:
        """The ways to its servers; one that answers at an IPv4 and an IPv6 address alike is drawn once."""
        drawn: list[tuple[Server, list[str]]] = []
        for server in self.host.servers:
            family = "IPv6" if server.ipv6 else "IPv4"
            alike = replace(server, ipv6=False)
            families = next((families for other, families in drawn if other == alike), None)
            if families is None:
                drawn.append((alike, [family]))
            elif family not in families:
                families.append(family)
        several = len({family for _, families in drawn for family in families}) > 1
        return tuple(self._wire(server, " and ".join(families) if several else "") for server, families in drawn)

    def _rows(self) -> Iterator[Row]:
        host = self.host
        if host.spells_address:
            yield Row(text="an address where a name belongs", mark=Mark.FAULT, tone=Tone.WARN)
        if host.endless:
            yield Row(text="its aliases lead in a circle", mark=Mark.FAULT, tone=Tone.WARN)
        elif host.alias is not None:
            end = host.expanded.base if host.expanded else ""
            row = looked_up("alias", host.alias)
            yield replace(row, text=f"alias of {self._near(end)}" if end else row.text)
        yield from self._addresses()
        for each in (host.original, host.expanded):
            if each is not None:
                both = host.original is not None and host.expanded is not None
                yield from self._tlsa(each, f"TLSA at {self._near(each.base)}" if both else "TLSA")

    def _addresses(self) -> Iterator[Row]:
        pairs = [("A", self.host.ipv4), ("AAAA", self.host.ipv6)]
        said = [(what, lookup) for what, lookup in pairs if lookup.found or lookup.failed]
        if len(said) == 2 and said[0][1].standing is said[1][1].standing:
            yield looked_up("A and AAAA", said[0][1])
        elif said:
            yield from (looked_up(what, lookup) for what, lookup in said)
        elif not self.host.spells_address:
            yield looked_up("addresses", self.host.ipv4)

    def _tlsa(self, found: TlsaSet, what: str) -> Iterator[Row]:
        if not found.askable:
            yield Row(text=f"{what}: the name is too long to ask", tone=Tone.QUIET)
            return
        yield looked_up(what, found.lookup)
        for record in found.records[:FEW]:
            yield self._record(record)
        if len(found.records) > FEW:
            yield Row(text=f"and {len(found.records) - FEW} more records", tone=Tone.QUIET)

    def _record(self, record: TlsaRecord) -> Row:
        text = f"{record.usage} {record.selector} {record.matching_type}"
        if record.well_formed is not WellFormed.YES:
            return Row(
                text=f"{text}  {record.well_formed.replace('-', ' ')}", mark=Mark.FAULT, tone=Tone.WARN, record=True
            )
        if record.usage not in (*_PKIX, *_DANE) or record.selector > 1 or record.matching_type > 2:
            return Row(text=f"{text}  unknown parameters", mark=Mark.NONE, tone=Tone.QUIET, record=True)
        fits = self._fits(record)
        if record.usage in _PKIX:
            return Row(text=f"{text}  unusable for SMTP", tone=Tone.QUIET, record=True)
        mark, tone = (Mark.MATCH, Tone.GOOD) if fits else (Mark.NO_MATCH, Tone.BAD)
        return Row(text=f"{text}  {fits or 'matches nothing shown'}", mark=mark, tone=tone, record=True)

    def _fits(self, record: TlsaRecord) -> str:
        """What of the servers' certificates the record is about; empty: nothing."""
        chains = [chain for server in self.host.servers for chain in server.chains.values() if chain]
        if record.usage == 3:
            return "matches the server" if any(chain[0].fingerprint in record.matches for chain in chains) else ""
        shown = any(one.fingerprint in record.matches for chain in chains for one in chain)
        signed = any(one.fingerprint in record.signed for chain in chains for one in chain)
        held = record.holds is not None and any(record.holds.fingerprint in one.issued_by for c in chains for one in c)
        return "matches an issuer" if shown else "matches an issuer in DNS" if signed or held else ""

    def _wire(self, server: Server, families: str) -> Wire:
        spec = self.world.server_spec(server.key) if server.key else None
        role = spec.role if spec else None
        label, tone = _starttls(server)
        badge = {Role.IMPOSTOR: "impostor", Role.TAMPERED: "tampered with"}.get(role, "") if role else ""
        rows = [*_manners(server), *self._certificates(server)]
        if spec and spec.proxy_to:
            rows.append(Row(text=f"passes mail on to {spec.proxy_to}", mark=Mark.ATTACKER, tone=Tone.ATTACK))
        title = server.key or "nobody"
        return Wire(
            label=label,
            tone=Tone.ATTACK if role in (Role.TAMPERED, Role.IMPOSTOR) else tone,
            attacked=role is Role.TAMPERED,
            server=Card(
                title=f"{title}, {families}" if families else title,
                rows=tuple(rows),
                badge=badge,
                tone=Tone.ATTACK if role is Role.IMPOSTOR else Tone.PLAIN,
            ),
        )

    def _near(self, name: str) -> str:
        """The name, relative to the recipient domain where it is long."""
        end = f".{self.world.domain[:-1]}"
        return name.removesuffix(end) if len(name) > NEAR else name

    def _certificates(self, server: Server) -> Iterator[Row]:
        if server.tcp is not Tcp.OPEN or not server.shakes_hands or not server.chains:
            return
        chain = server.chain(self.host.expanded.base if self.host.expanded else self.host.name)
        if not chain:
            return
        leaf = chain[0]
        names = ", ".join(map(self._near, leaf.dns_names[:FEW])) or leaf.common_name or "no name"
        more = f" and {len(leaf.dns_names) - FEW} more" if len(leaf.dns_names) > FEW else ""
        yield Row(text=f"for {names}{more}", mark=Mark.CERTIFICATE)
        yield Row(text=_issuer(chain), tone=Tone.QUIET)
        if not leaf.in_date:
            yield Row(text="out of date", tone=Tone.WARN)
        if leaf.is_revoked:
            yield Row(text="revoked", tone=Tone.WARN)
        if len({each[:1] for each in server.chains.values()}) > 1:
            yield Row(text="another certificate for other names", tone=Tone.QUIET)


def _issuer(chain: tuple[Certificate, ...]) -> str:
    leaf, others = chain[0], chain[1:]
    if leaf.fingerprint in leaf.issued_by:
        return "signed by itself"
    if not others:
        return "its issuer is not shown"
    return f"with {len(others)} certificate{'s' if len(others) > 1 else ''} above it"


def _starttls(server: Server) -> tuple[str, Tone]:
    """What stands on the wire."""
    if server.tcp is Tcp.REFUSED:
        return "refused", Tone.WARN
    if server.tcp is Tcp.BLACKHOLE:
        return "no reply", Tone.WARN
    if not server.greets:
        return "turned away", Tone.WARN
    if server.offer is Offer.NONE:
        return "no STARTTLS", Tone.WARN
    if server.offer is Offer.UNSAID:
        return "STARTTLS mangled", Tone.WARN
    if not server.grants:
        return "STARTTLS refused", Tone.WARN
    if not server.shakes_hands:
        return "no handshake", Tone.WARN
    return "STARTTLS", Tone.PLAIN


def _manners(server: Server) -> Iterator[Row]:
    """What is out of the ordinary in a session."""
    if server.tcp is not Tcp.OPEN:
        return
    odd = {
        "resets behind EHLO": server.resets,
        "lines slipped in behind 220": server.injects,
        "replies in cleartext inside TLS": server.inside is Inside.IN_CLEAR,
        "cuts the message off in TLS": server.inside is Inside.CUT_IN_DATA,
        "puts mail off (4yz)": not server.takes_mail,
        f"cipher suites: {server.suites}": server.suites is not Suites.ANY,
        f"only TLS {', '.join(sorted(server.versions))}": server.versions != {"1.2", "1.3"},
        "warns of the server name": server.warns_of_name,
    }
    yield from (Row(text=text, mark=Mark.FAULT, tone=Tone.WARN) for text, there in odd.items() if there)
