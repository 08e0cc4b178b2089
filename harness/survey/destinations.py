"""Where a message for a recipient has to go: MX records, hosts, aliases, TLSA records."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cryptography import x509

from harness.oracle.facts import Destination, Exchange, Host, Lookup, Routing, Server, Standing, TlsaSet
from harness.scenario.models import Choice
from harness.world.build import World
from harness.world.model import MailServer
from harness.world.names import from_wire, labels, to_wire
from harness.world.records import Type

from .certificates import Collection, in_dns
from .lookups import Asker, Found
from .servers import nobody, shown

_NULL = "."
_TOO_LONG = Lookup(standing=Standing.SECURE, found=False, exists=False)


@dataclass(frozen=True)
class _Seen:
    """What is known of a host before its certificates are looked at."""

    name: str
    """Absolute."""
    ipv4: Found
    ipv6: Found
    alias: Found | None
    expanded: str
    tlsa: tuple[tuple[str, Found | None], ...]
    """By base domain, the original first, then the expanded; None where the owner name would be too long."""
    servers: tuple[tuple[MailServer | None, bool], ...]
    """With whether the address is IPv6."""


class Guide:
    """Knows the way in one world, as one kind of sender goes it."""

    def __init__(self, world: World, asker: Asker, *, choice: Choice | None = None) -> None:
        self._world = world
        self._asker = asker
        self._choice = choice
        self._internet = asker.internet

    def to(self, recipient: str) -> Destination:
        """Where a message for this address goes."""
        route = self._world.scenario.route
        fallback = self._relay(self._world.expand(route.fallback_relay), None) if route.fallback_relay else None
        if route.relay is not None:
            return self._relay(self._world.expand(route.relay), fallback)
        domain = recipient.rpartition("@")[2]
        if domain.startswith("["):
            return self._literal(domain[1:-1])
        return self._domain(domain, fallback)

    def _domain(self, domain: str, fallback: Destination | None) -> Destination:
        name = absolute(domain)
        mx = self._asker.ask(name, Type.MX)
        expanded = mx.aliases[-1] if mx.aliases else name
        records = [(int.from_bytes(rdata[:2], "big"), from_wire(rdata[2:])) for rdata in mx.rdatas]
        null = any(target == _NULL for _, target in records)
        # Without MX records the domain is its own host (RFC 5321 section 5.1), which aliases then lead from.
        hosts = [record for record in records if record[1] != _NULL] if records else [(0, name)]
        seen = [self._look_at(target, port=self._internet.around.port) for _, target in hosts]
        collection = self._collection(seen)
        return Destination(
            next_hop=bare(name),
            expanded=bare(expanded),
            mx=mx.lookup,
            null_mx=null,
            exchanges=tuple(
                Exchange(preference=preference, host=self._host(each, collection))
                for (preference, _), each in zip(hosts, seen, strict=True)
            ),
            fallback=fallback,
            choice=self._choice,
        )

    def _relay(self, text: str, fallback: Destination | None) -> Destination:
        """`[relay.example]` or `[relay.example]:2525`."""
        inside, _, port = text.removeprefix("[").partition("]")
        name = absolute(inside)
        seen = self._look_at(name, port=int(port.removeprefix(":") or self._internet.around.port))
        host = self._host(seen, self._collection([seen]))
        return Destination(
            routing=Routing.RELAY,
            next_hop=bare(name),
            expanded=bare(name),
            exchanges=(Exchange(preference=0, host=host),),
            fallback=fallback,
            choice=self._choice,
        )

    def _literal(self, address: str) -> Destination:
        address = re.sub("^IPv6:", "", address, flags=re.IGNORECASE)
        ipv6 = ":" in address
        server = self._internet.server_at(address)
        there = Lookup(standing=Standing.INSECURE)
        seen = Found(there) if server else Found(Lookup(standing=Standing.INSECURE, found=False))
        none = Found(Lookup(standing=Standing.INSECURE, found=False))
        host = _Seen(".", none if ipv6 else seen, seen if ipv6 else none, None, ".", (), ((server, ipv6),))
        return Destination(
            routing=Routing.LITERAL,
            next_hop="",
            expanded="",
            exchanges=(Exchange(preference=0, host=self._host(host, self._collection([host]))),),
            choice=self._choice,
        )

    def _look_at(self, name: str, *, port: int) -> _Seen:
        address = spelt_address(name)
        if address is not None:
            none = Found(Lookup(standing=Standing.SECURE, found=False, exists=False))
            server = self._internet.server_at(address)
            return _Seen(name, none, none, None, name, (), ((server, False),))
        ipv4, ipv6 = self._asker.ask(name, Type.A), self._asker.ask(name, Type.AAAA)
        aliases = max(ipv4.aliases, ipv6.aliases, key=len)
        expanded = aliases[-1] if aliases else name
        return _Seen(
            name,
            ipv4,
            ipv6,
            self._asker.ask(name, Type.CNAME) if aliases else None,
            expanded,
            tuple((base, self._ask_tlsa(base, port)) for base in dict.fromkeys((name, expanded))),
            tuple(self._servers(ipv4, ipv6=False)) + tuple(self._servers(ipv6, ipv6=True)),
        )

    def _ask_tlsa(self, base: str, port: int) -> Found | None:
        owner = f"_{port}._tcp.{base}"
        try:
            to_wire(owner)
        except ValueError:
            return None
        return self._asker.ask(owner, Type.TLSA)

    def _servers(self, found: Found, *, ipv6: bool) -> Iterator[tuple[MailServer | None, bool]]:
        for rdata in found.rdatas:
            address = ipaddress.ip_address(rdata)
            mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
            yield self._internet.server_at(str(mapped or address)), ipv6

    def _collection(self, seen: Iterable[_Seen]) -> Collection:
        """All certificates that may be met on the way."""
        known: list[x509.Certificate] = [self._internet.around.webpki.certificate]
        for each in seen:
            names = ("", *(bare(base) for base, _ in each.tlsa))
            for server, _ in each.servers:
                known += [one for name in names if server for one in server.credentials(name or None).chain]
            held = (in_dns(rdata) for _, found in each.tlsa if found for rdata in found.rdatas)
            known += [one for one in held if one is not None]
        return Collection(known, now=self._internet.around.now)

    def _host(self, seen: _Seen, collection: Collection) -> Host:
        sets = {base: _tlsa_set(base, found, collection) for base, found in seen.tlsa}
        names = tuple(bare(base) for base in sets)
        return Host(
            name=bare(seen.name),
            spells_address=spelt_address(seen.name) is not None,
            ipv4=seen.ipv4.lookup,
            ipv6=seen.ipv6.lookup,
            endless=seen.ipv4.endless or seen.ipv6.endless,
            alias=seen.alias.lookup if seen.alias else None,
            aliases=len(max(seen.ipv4.aliases, seen.ipv6.aliases, key=len)),
            original=sets.get(seen.name),
            expanded=sets.get(seen.expanded) if seen.expanded != seen.name else None,
            servers=tuple(self._server(server, ipv6, names, collection) for server, ipv6 in seen.servers),
        )

    def _server(self, server: MailServer | None, ipv6: bool, names: tuple[str, ...], collection: Collection) -> Server:  # noqa: FBT001
        return shown(server, ipv6=ipv6, names=names, facts=collection.facts) if server else nobody(ipv6=ipv6)


def absolute(name: str) -> str:
    """The name as the world keeps names: A-labels, lower case, with the final dot."""
    text = name if name.isascii() else name.encode("idna").decode()
    return text.lower().rstrip(".") + "."


def bare(name: str) -> str:
    """The name without its final dot."""
    return name.rstrip(".")


def spelt_address(name: str) -> str | None:
    text = b".".join(labels(name)).decode("ascii", "replace")
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None


def _tlsa_set(base: str, found: Found | None, collection: Collection) -> TlsaSet:
    if found is None:
        return TlsaSet(base=bare(base), lookup=_TOO_LONG, askable=False)
    records = tuple(map(collection.record, found.rdatas))
    return TlsaSet(base=bare(base), lookup=found.lookup, records=records)
