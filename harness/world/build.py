"""From a scenario to its world: every name, address, certificate and record worked out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from itertools import pairwise

from cryptography import x509

from harness.errors import ScenarioError
from harness.scenario.certificates import LEAF, Certificate
from harness.scenario.mailhosts import Host, Mx, Server
from harness.scenario.models import Scenario
from harness.scenario.tlsa import ISSUER, OTHER_KEY, ROOT, TlsaExpression
from harness.scenario.zones import Denial, Fault
from harness.scenario.zones import Zone as ZoneSpec

from . import tlsa
from .addresses import AddressPlan
from .certificates import Issued, Office
from .denial import Nsec3
from .faults import PlacedFault
from .model import Credentials, MailServer, PrivateKey
from .names import absolute, is_below, to_wire
from .records import Record, Type, read_record, type_number
from .zones import Zone

_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")
ALIVE, DEAD, LAME = "alive", "dead", "lame"
SERVER_KINDS = (ALIVE, DEAD, LAME)
"""Kinds of name servers, in the order of their places in a world's block of addresses."""

_BARE = {"MX", "A", "AAAA", "ADDRESS", "TLSA", "CNAME", "DS", "DNSKEY", "NS", "SOA"}


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What a world is given from outside: nothing in it is made up."""

    seed: str
    now: int
    """Start of the run, seconds since 1970."""
    port: int = 25
    """Port the mail hosts are reached at; it is the port label of TLSA owner names (RFC 6698 section 3)."""
    plan: AddressPlan
    webpki: Issued


class World:
    """A scenario worked out. What costs time (keys, certificates, signatures) is made when first asked for."""

    def __init__(self, scenario: Scenario, *, index: int, around: Surroundings, file: str = "") -> None:
        self.scenario = scenario
        self.index = index
        self.around = around
        self._file = file or f"{scenario.id}.toml"
        self.zone_names = zone_names(scenario)
        self._places: dict[tuple[str, int], int] = {}
        self.hosts: dict[str, Host] = dict(self._keyed_hosts())
        self.office = Office(
            scenario.id,
            scenario.certs,
            scenario.keys,
            around.seed,
            datetime.fromtimestamp(around.now, UTC),
            self.expand,
            around.webpki,
        )

    def _keyed_hosts(self) -> Iterator[tuple[str, Host]]:
        for number, mx in enumerate(self.scenario.mx, 1):
            yield mx.key or f"mx{number}", mx
        for number, host in enumerate(self.scenario.hosts, 1):
            yield host.key or f"host{number}", host

    def error(self, problem: str, *, key: str, remedy: str = "") -> ScenarioError:
        """An error in the scenario's file."""
        return ScenarioError(problem, file=self._file, key=key, remedy=remedy)

    # Names

    @property
    def domain(self) -> str:
        """The recipient domain, absolute."""
        return self.zone_names["domain"]

    @property
    def recipient(self) -> str:
        """Address of the (first) recipient."""
        return self.expand(self.scenario.recipient)

    def host_name(self, key: str) -> str:
        """The host's name, absolute."""
        host = self.hosts[key]
        return self.name(host.host) if host.host else absolute(key, origin=self.domain)

    def address_owner(self, key: str) -> str:
        """Where the host's address records are, absolute: the end of its alias chain."""
        host = self.hosts[key]
        if host.addresses_at:
            return self.name(host.addresses_at)
        return self.name(host.alias_of[-1]) if host.alias_of else self.host_name(key)

    def tlsa_base(self, key: str) -> str:
        """Base domain of the host's TLSA records, absolute."""
        base = self.hosts[key].tlsa_at
        return self.name(base) if base else self.address_owner(key)

    def name(self, template: str) -> str:
        """An absolute name; relative ones are relative to the recipient domain."""
        return self._port_label(absolute(self.expand(template, dotted=True), origin=self.domain))

    def _port_label(self, name: str) -> str:
        if self.around.port == 25:
            return name
        return re.sub(r"(^|\.)_25\.(?=_)", rf"\g<1>_{self.around.port}.", name)

    def expand(self, text: str, *, dotted: bool = False) -> str:
        """Fill in placeholders; with `dotted`, names end in the final dot. Raises ScenarioError."""
        return _PLACEHOLDER.sub(lambda found: self._value(found[1], dotted=dotted), text)

    def _value(self, word: str, *, dotted: bool) -> str:
        if word == "id":
            return self.scenario.id
        if word in self.zone_names:
            return self.zone_names[word] if dotted else self.zone_names[word][:-1]
        first, _, rest = word.partition(".")
        head, _, arguments = word.partition(" ")
        try:
            if head.endswith(".tlsa"):
                return self._tlsa_text(arguments, key=head.removesuffix(".tlsa"))
            if first in self.hosts:
                if not rest or rest == "target":
                    name = self.address_owner(first) if rest else self.host_name(first)
                    return name if dotted else name[:-1]
                if rest in ("ipv4", "ipv6"):
                    return self.host_addresses(first, ipv6=rest == "ipv6")[0]
                subject, _, form = rest.partition(".")
                if subject in (ISSUER, ROOT):
                    return _digest(self._subject(first, subject), form)
                return _digest(self._subject(first, LEAF), rest)
            if first in ("cert", "key"):
                name, _, form = rest.partition(".")
                subject_ = self.office.named(name).certificate if first == "cert" else self.office.key(name)
                return _digest(subject_, form)
        except (KeyError, IndexError, ValueError) as error:
            raise self.error(f"{{{word}}} cannot be filled in: {error}", key="placeholder") from None
        raise self.error(
            f"nothing is called {{{word}}}",
            key="placeholder",
            remedy="write a zone ({"
            + "}, {".join(self.zone_names)
            + "}) or a host ({"
            + "}, {".join(self.hosts)
            + "})",
        )

    # Servers and addresses

    def server_spec(self, key: str) -> Server:
        """The server of this name: one under [servers], or a host's own."""
        return self.scenario.servers[key] if key in self.scenario.servers else self.hosts[key]

    def host_addresses(self, key: str, *, ipv6: bool) -> list[str]:
        """Addresses of a host in the order of its records."""
        host = self.hosts[key]
        seen: dict[str, int] = {}
        found = []
        for entry in host.ipv6 if ipv6 else host.ipv4:
            server = entry or key
            if server not in self.scenario.servers and server not in self.hosts:
                raise self.error(f"no server is called {server!r}", key=f"{key}.ipv{6 if ipv6 else 4}")
            occurrence = seen[server] = seen.get(server, -1) + 1
            place = self._place(server, 2 * occurrence + ipv6)
            plan = self.around.plan
            found.append(plan.ipv6_at(self.index, place) if ipv6 else plan.ipv4_at(self.index, place))
        return found

    def _place(self, server: str, occurrence: int) -> int:
        place = self._places.setdefault((server, occurrence), len(self._places))
        if place >= self.around.plan.mail_places:
            raise self.error(f"more than {self.around.plan.mail_places} addresses", key="mx", remedy="use fewer")
        return place

    @cached_property
    def servers(self) -> dict[str, MailServer]:
        """The mail servers, by address."""
        at: dict[str, list[str]] = {}
        stands_for: dict[str, str] = {}
        for key, host in self.hosts.items():
            for ipv6, entries in ((False, host.ipv4), (True, host.ipv6)):
                for entry, address in zip(entries, self.host_addresses(key, ipv6=ipv6), strict=True):
                    server = entry or key
                    stands_for.setdefault(server, key)
                    if address not in at.setdefault(server, []):
                        at[server].append(address)
        made = {server: self._server(server, stands_for[server], tuple(at[server])) for server in at}
        return {address: made[server] for server in at for address in at[server]}

    def _server(self, key: str, host: str, addresses: tuple[str, ...]) -> MailServer:
        spec = self.server_spec(key)
        smtp = spec.smtp
        host_name = self.host_name(host)[:-1]
        banners = {
            field: self.expand(text.replace("{host}", host_name))
            for field in ("banner", "first_banner")
            if (text := getattr(smtp, field)) is not None
        }
        return MailServer(
            scenario=self.scenario.id,
            key=key,
            host=host_name,
            role=spec.role,
            tcp=spec.tcp,
            smtp=smtp.model_copy(update=banners),
            tls=spec.tls,
            addresses=addresses,
            credentials=lambda sni: self.credentials(key, sni),
            proxy_to=spec.proxy_to,
        )

    # Certificates and TLSA

    def issued(self, server: str, sni: str | None = None) -> tuple[Issued, Certificate]:
        """The certificate a server shows for this server name, and how the scenario describes it."""
        spec = self.server_spec(server)
        shown: Certificate | str = spec.cert
        label = f"server.{server}"
        for wanted, other in spec.cert_by_name.items():
            name = self.expand(wanted)
            if sni is not None and sni.lower().rstrip(".") == name.lower():
                shown, label = other, f"server.{server}.{name}"
        if isinstance(shown, str):
            return self.office.named(shown), self.office.certs.get(shown, Certificate())
        return self.office.issue(label, shown, names=(self.tlsa_base(self._host_of(server))[:-1],)), shown

    def credentials(self, server: str, sni: str | None) -> Credentials:
        """What a server shows for this server name."""
        return self.office.credentials(*self.issued(server, sni))

    def _host_of(self, server: str) -> str:
        if server in self.hosts:
            return server
        return next(key for key, host in self.hosts.items() if server in (*host.ipv4, *host.ipv6))

    def _main_server(self, host: str) -> str:
        entries = (*self.hosts[host].ipv4, *self.hosts[host].ipv6)
        return host if not entries or "" in entries else entries[0]

    def _subject(self, host: str, word: str) -> x509.Certificate | PrivateKey:
        """What a TLSA expression's subject means for this host. Raises KeyError."""
        if word in (LEAF, ISSUER, ROOT):
            path = self.issued(self._main_server(host))[0].path
            return {LEAF: path[0], ISSUER: path[min(1, len(path) - 1)], ROOT: path[-1]}[word]
        if word in self.scenario.keys:
            return self.office.key(word)
        if word in self.hosts or word in self.scenario.servers:
            return self.issued(self._main_server(word) if word in self.hosts else word)[0].certificate
        return self.office.named(word).certificate

    def tlsa_rdata(self, text: str, *, host: str, place: int = 0) -> bytes:
        """RDATA of a TLSA record in a scenario's words. Raises ScenarioError."""
        try:
            expression = TlsaExpression.parse(text)
            word = expression.subject or (ROOT if expression.usage in (0, 2) else LEAF)
            literal = expression.literal is not None or expression.garbage is not None or expression.raw is not None
            subject = None if literal else self._subject(host, word)
            return tlsa.rdata(expression, subject, seed=f"{self.around.seed}/{host}/{place}")
        except KeyError as error:
            raise self.error(
                f"{text!r}: nothing is called {error}",
                key=f"{host}.tlsa",
                remedy=f"name a certificate, a key, a host or a server of this file, or {OTHER_KEY!r}",
            ) from None
        except ValueError as error:
            raise self.error(str(error), key=f"{host}.tlsa") from None

    def _tlsa_text(self, text: str, *, key: str) -> str:
        data = self.tlsa_rdata(text, host=key)
        return f"\\# {len(data)} {data.hex()}"

    # Zones

    @cached_property
    def zones(self) -> dict[str, Zone]:
        """The world's zones, by their keys in the scenario."""
        made = {
            key: Zone(
                name,
                self.scenario.zones.get(key, ZoneSpec()),
                seed=self.around.seed,
                now=self.around.now,
                scenario=self.scenario.id,
            )
            for key, name in self.zone_names.items()
        }
        for key, zone in made.items():
            servers = [f"ns{number}.{zone.origin}" for number in range(1, len(zone.spec.name_servers) + 1)]
            zone.add_apex(servers)
            for server, manner in zip(servers, zone.spec.name_servers, strict=True):
                place = SERVER_KINDS.index(manner)
                address = self.around.plan.name_server(self.index, place)
                zone.add([read_record(f"{server} A {address}", origin=zone.origin, ttl=zone.spec.ttl)])
            for other in made.values():
                if other is not zone and _encloses(zone.origin, other.origin, made.values()):
                    zone.children[other.origin] = other
            self._fill(key, zone, made)
        for number, (key, host) in enumerate(self.hosts.items(), 1):
            self._publish(made, key, host, number)
        for key, zone in made.items():
            self._remove(key, zone)
            if zone.spec.signed and zone.spec.denial is Denial.NSEC3:
                zone.add([Record(zone.origin, Type.NSEC3PARAM, 0, Nsec3(zone).parameters)])
        return made

    def _fill(self, key: str, zone: Zone, zones: dict[str, Zone]) -> None:
        for line in zone.spec.records:
            self._put(zones, self.record(line, origin=zone.origin, ttl=zone.spec.ttl, key=f"zones.{key}.records"))

    def record(self, line: str, *, origin: str, ttl: int, key: str) -> Record:
        """A record out of a line of the scenario. Raises ScenarioError."""
        expanded = self.expand(line, dotted=True)
        if self.around.port != 25:
            expanded = re.sub(r"(^|[\s.])_25\.(?=_)", rf"\g<1>_{self.around.port}.", expanded)
        try:
            return read_record(expanded, origin=origin, ttl=ttl)
        except ValueError as error:
            raise self.error(str(error), key=key) from None

    def _put(self, zones: dict[str, Zone], *records: Record) -> None:
        for record in records:
            self._holder(zones, record.owner).add([record])

    def _holder(self, zones: dict[str, Zone], owner: str) -> Zone:
        holders = [zone for zone in zones.values() if is_below(owner, zone.origin)]
        if not holders:
            raise self.error(
                f"{owner} lies in none of the scenario's zones",
                key="zones",
                remedy="name a zone that holds it",
            )
        return max(holders, key=lambda zone: len(zone.origin) if zone.origin != "." else 0)

    def _publish(self, zones: dict[str, Zone], key: str, host: Host, number: int) -> None:
        owner = self.address_owner(key)
        try:
            ttl = self._holder(zones, owner).spec.ttl
            if isinstance(host, Mx) and host.published:
                preference = host.preference if host.preference is not None else 10 * number
                line = f"{self.domain} MX {preference} {self.host_name(key)}"
                self._put(zones, read_record(line, origin=self.domain, ttl=zones["domain"].spec.ttl))
            chain = [self.host_name(key), *map(self.name, host.alias_of)]
            for alias, target in pairwise(chain):
                self._put(zones, read_record(f"{alias} CNAME {target}", origin=self.domain, ttl=ttl))
            for ipv6, kind in ((False, "A"), (True, "AAAA")):
                for address in self.host_addresses(key, ipv6=ipv6):
                    self._put(zones, read_record(f"{owner} {kind} {address}", origin=self.domain, ttl=ttl))
            if host.tlsa:
                tlsa_owner = f"_{self.around.port}._tcp.{self.tlsa_base(key)}"
                to_wire(tlsa_owner)
                self._put(
                    zones,
                    *(
                        Record(tlsa_owner, Type.TLSA, ttl, self.tlsa_rdata(text, host=key, place=place))
                        for place, text in enumerate(host.tlsa)
                    ),
                )
        except ValueError as error:
            raise self.error(str(error), key=key) from None

    def _remove(self, key: str, zone: Zone) -> None:
        for line in zone.spec.remove:
            try:
                owner, kind = line.split()
                name = self._port_label(absolute(self.expand(owner, dotted=True), origin=zone.origin))
                zone.remove(name, type_number(kind))
            except (ValueError, KeyError):
                raise self.error(
                    f"{line!r} is not there to be removed", key=f"zones.{key}.remove", remedy="write NAME TYPE"
                ) from None

    # Faults

    @cached_property
    def faults(self) -> tuple[PlacedFault, ...]:
        """The scenario's faults, with the questions they go with."""
        return tuple(
            placed
            for number, fault in enumerate(self.scenario.faults)
            for placed in self._place_fault(fault, f"faults[{number}]")
        )

    def _place_fault(self, fault: Fault, key: str) -> Iterator[PlacedFault]:
        words = fault.at.split()
        if len(words) == 1:
            words = [self._usual_owner(words[0], key), words[0]]
        if len(words) != 2:
            raise self.error(f"{fault.at!r} is no question", key=f"{key}.at", remedy="write a type, or NAME TYPE")
        below = words[0].startswith("*.")
        name = self.name(words[0][2:] if below else words[0])
        records = tuple(self.record(line, origin=self.domain, ttl=5, key=f"{key}.records") for line in fault.records)
        try:
            kinds = {"*": (None,), "ADDRESS": (Type.A, Type.AAAA)}.get(words[1].upper()) or (type_number(words[1]),)
        except ValueError as error:
            raise self.error(str(error), key=f"{key}.at") from None
        for kind in kinds:
            yield PlacedFault(fault, f"*.{name}" if below else name, kind, records)

    def _usual_owner(self, kind: str, key: str) -> str:
        if kind.upper() not in _BARE:
            raise self.error(
                f"{kind!r} alone is no question", key=f"{key}.at", remedy=f"write NAME TYPE, or one of {sorted(_BARE)}"
            )
        host = next(iter(self.hosts), None)
        if kind.upper() == "MX" or host is None:
            return self.domain
        match kind.upper():
            case "TLSA":
                return f"_25._tcp.{self.tlsa_base(host)}"
            case "CNAME":
                return self.host_name(host)
            case "A" | "AAAA" | "ADDRESS":
                return self.address_owner(host)
        return self._holder(self.zones, self.address_owner(host)).origin


def zone_names(scenario: Scenario) -> dict[str, str]:
    """Absolute apex names of the scenario's zones, by key; cheap, for it is asked for each world at the start."""
    names = {"domain": f"{scenario.id}.example."}
    own = {"id": scenario.id}
    for key, spec in scenario.zones.items():
        if spec.name is None:
            if key != "domain":
                names[key] = f"{scenario.id}-{key.replace('_', '-')}.example."
        elif key == "domain":
            names[key] = absolute(spec.name.format_map(own) + ".")
    for key, spec in scenario.zones.items():
        if spec.name is not None and key != "domain":
            names[key] = _named_zone(spec.name, key, scenario, names)
    return names


def _named_zone(template: str, key: str, scenario: Scenario, names: dict[str, str]) -> str:
    def value(found: re.Match[str]) -> str:
        word = found[1]
        if word in names:
            return names[word][:-1]
        if word == "id":
            return scenario.id
        for number, host in enumerate(scenario.mx, 1):
            if word == (host.key or f"mx{number}") and host.host is None:
                return f"{word}.{names['domain'][:-1]}"
        raise ScenarioError(
            f"nothing is called {{{word}}} here",
            file=f"{scenario.id}.toml",
            key=f"zones.{key}.name",
            remedy="write {domain}, {id} or another zone",
        )

    return absolute(_PLACEHOLDER.sub(value, template) + ".")


def _encloses(above: str, below: str, zones: object) -> bool:
    """Whether the zone above delegates the one below, with no other zone of the world between them."""
    if above == below or not is_below(below, above):
        return False
    others = [zone.origin for zone in zones if isinstance(zone, Zone)]  # type: ignore[attr-defined]
    return not any(
        other not in (above, below) and is_below(below, other) and is_below(other, above) for other in others
    )


def _digest(subject: x509.Certificate | PrivateKey, form: str) -> str:
    """`spki.sha256`, `cert.der` and the like, in hexadecimal. Raises KeyError for another form."""
    what, _, how = form.partition(".")
    selector = {"cert": 0, "spki": 1}[what]
    matching_type = {"der": 0, "sha256": 1, "sha512": 2}[how]
    return tlsa.matched(tlsa.selected(subject, selector), matching_type).hex()
