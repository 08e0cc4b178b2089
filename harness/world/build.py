"""From a scenario to its world: every name, address, certificate and record worked out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from cryptography import x509

from harness.errors import ScenarioError
from harness.scenario.certificates import LEAF, Certificate
from harness.scenario.mailhosts import Host, Server
from harness.scenario.models import Scenario
from harness.scenario.names import keyed_hosts
from harness.scenario.source import KeyPath, dotted
from harness.scenario.tlsa import ISSUER, OTHER_KEY, ROOT, TlsaExpression

from . import tlsa
from .addresses import AddressPlan
from .apexes import zone_names
from .certificates import Issued, Office
from .faults import PlacedFault
from .fill import fill
from .keys import Keyring
from .layout import lay_out, zone_spec
from .model import Credentials, MailServer, PrivateKey
from .names import absolute, ancestors, to_wire
from .placement import place_faults
from .records import Record, read_record
from .servers import addresses_by_server, mail_server
from .zones import Zone, reserve_keys


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
    """A scenario worked out. What costs time (keys, certificates, signatures) is made when first asked for.

    What the scenario says and no world can be made of raises ScenarioError when it is asked for; `check` asks for all.
    """

    def __init__(
        self, scenario: Scenario, *, index: int, around: Surroundings, file: str = "", ring: Keyring | None = None
    ) -> None:
        """`ring` is the scenario's, where it has had another world before: a change in the middle of its steps."""
        self.scenario = scenario
        self.index = index
        self.around = around
        self.ring = ring or Keyring(around.seed, owner=scenario.id)
        self._file = file or f"{scenario.id}.toml"
        self.zone_names = zone_names(scenario, file=self._file)
        self._places: dict[tuple[str, int], int] = {}
        self._paths: dict[str, KeyPath] = {name: ("servers", name) for name in scenario.servers}
        self.hosts: dict[str, Host] = {}
        for path, key, host in keyed_hosts(scenario):
            self.hosts[key], self._paths[key] = host, path
        self.office = Office(
            scenario=scenario.id,
            certs=scenario.certs,
            keys=scenario.keys,
            ring=self.ring,
            now=datetime.fromtimestamp(around.now, UTC),
            expand=lambda text, at: self.expand(text, at=at),
            error=lambda problem, at: self.error(problem, at=at),
            webpki=around.webpki,
        )
        self._reserve_keys()

    def _reserve_keys(self) -> None:
        """In the order of the file, so that each key is the same whatever is asked for first."""
        for key, name in self.zone_names.items():
            try:
                reserve_keys(self.ring, name, zone_spec(self, key))
            except ValueError as error:
                raise self.error(str(error), at=("zones", key)) from None
        self.office.reserve_named()
        for key, path in self._paths.items():
            spec = self.server_spec(key)
            for label, shown, at in _shown(key, spec, path):
                if isinstance(shown, Certificate):
                    self.office.reserve(label, shown, at=at)

    def error(self, problem: str, *, at: KeyPath, remedy: str = "") -> ScenarioError:
        """An error in the scenario's file, at this key."""
        return ScenarioError(problem, file=self._file, key=dotted(at), remedy=remedy)

    def path_of(self, key: str) -> KeyPath:
        """Where a host or server is described in the file: `("mx", 0)`."""
        return self._paths[key]

    def check(self) -> None:
        """Work out everything that the scenario describes. Raises ScenarioError for the first thing that cannot be."""
        self.expand(self.scenario.recipient, at=("recipient",))
        for key, text in (("relay", self.scenario.route.relay), ("fallback_relay", self.scenario.route.fallback_relay)):
            self.expand(text or "", at=("route", key))
        for name in self.scenario.certs:
            self.office.named(name)
        for server in self.servers.values():
            for sni in (None, *map(self.expand, self.server_spec(server.key).cert_by_name)):
                server.credentials(sni)
        _ = self.zones, self.faults

    # Names

    @property
    def domain(self) -> str:
        """The recipient domain, absolute."""
        return self.zone_names["domain"]

    @property
    def recipient(self) -> str:
        """Address of the (first) recipient."""
        return self.expand(self.scenario.recipient, at=("recipient",))

    def host_name(self, key: str) -> str:
        """The host's name, absolute."""
        return self.name(self.hosts[key].host or key, at=(*self._paths[key], "host"))

    def aliases(self, key: str) -> list[str]:
        """What the host name is an alias of, and what that is an alias of, and so on; all absolute."""
        at = (*self._paths[key], "alias_of")
        return [self.name(alias, at=(*at, number)) for number, alias in enumerate(self.hosts[key].alias_of)]

    def address_owner(self, key: str) -> str:
        """Where the host's address records are, absolute: the end of its alias chain."""
        given = self.hosts[key].addresses_at
        if given:
            return self.name(given, at=(*self._paths[key], "addresses_at"))
        return [self.host_name(key), *self.aliases(key)][-1]

    def tlsa_base(self, key: str) -> str:
        """Base domain of the host's TLSA records, absolute."""
        base = self.hosts[key].tlsa_at
        return self.name(base, at=(*self._paths[key], "tlsa_at")) if base else self.address_owner(key)

    def name(self, template: str, *, at: KeyPath = (), origin: str = "") -> str:
        """An absolute name; relative ones are relative to the origin, by default the recipient domain."""
        expanded = self.expand(template, dotted=True, at=at)
        try:
            name = self._port_labels(absolute(expanded, origin=origin or self.domain))
            to_wire(name)
        except ValueError as error:
            raise self.error(str(error), at=at) from None
        return name

    def expand(self, text: str, *, dotted: bool = False, at: KeyPath = ()) -> str:
        """Fill in placeholders; with `dotted`, names end in the final dot. `at` is where the text stands."""
        return fill(self, text, dotted=dotted, at=at)

    def record(self, line: str, *, origin: str, ttl: int, at: KeyPath) -> Record:
        """A record out of a line of the scenario."""
        expanded = self._port_labels(self.expand(line, dotted=True, at=at))
        try:
            return read_record(expanded, origin=origin, ttl=ttl)
        except ValueError as error:
            raise self.error(str(error), at=at) from None

    def _port_labels(self, text: str) -> str:
        """Scenarios say port 25; where the mail hosts are at another, so are their TLSA records."""
        if self.around.port == 25:
            return text
        return re.sub(r"(^|[\s.])_25\.(?=_)", rf"\g<1>_{self.around.port}.", text)

    # Servers and addresses

    def server_spec(self, key: str) -> Server:
        """The server of this name: one under [servers], or a host's own."""
        return self.scenario.servers[key] if key in self.scenario.servers else self.hosts[key]

    def host_addresses(self, key: str, *, ipv6: bool) -> list[str]:
        """Addresses of a host in the order of its records."""
        host = self.hosts[key]
        family = "ipv6" if ipv6 else "ipv4"
        seen: dict[str, int] = {}
        found = []
        for number, entry in enumerate(host.ipv6 if ipv6 else host.ipv4):
            server = entry or key
            at = (*self._paths[key], family, number)
            if server not in self._paths:
                raise self.error(f"no server is called {server!r}", at=at, remedy="describe it under [servers]")
            occurrence = seen[server] = seen.get(server, -1) + 1
            place = self._places.setdefault((server, 2 * occurrence + ipv6), len(self._places))
            plan = self.around.plan
            if place >= plan.mail_places:
                raise self.error(f"more than {plan.mail_places} addresses", at=at, remedy="use fewer in one scenario")
            found.append(plan.ipv6_at(self.index, place) if ipv6 else plan.ipv4_at(self.index, place))
        return found

    @cached_property
    def servers(self) -> dict[str, MailServer]:
        """The mail servers, by address."""
        found = addresses_by_server(self)
        made = {key: mail_server(self, key, host, tuple(addresses)) for key, (host, addresses) in found.items()}
        return {address: made[key] for key, (_, addresses) in found.items() for address in addresses}

    # Certificates and TLSA

    def issued(self, server: str, sni: str | None = None) -> tuple[Issued, Certificate]:
        """The certificate a server shows for this server name, and how the scenario describes it."""
        spec = self.server_spec(server)
        usual, *by_name = _shown(server, spec, self._paths[server])
        label, shown, at = usual
        for wanted, other in zip(spec.cert_by_name, by_name, strict=True):
            if sni is not None and sni.lower().rstrip(".") == self.expand(wanted, at=other[2]).lower():
                label, shown, at = other
        if isinstance(shown, str):
            return self.office.named(shown), self.office.certs.get(shown, Certificate())
        host = self._host_of(server)
        base = self.tlsa_base(host) if host else self.domain
        return self.office.issue(label, shown, names=(base[:-1],), at=at), shown

    def credentials(self, server: str, sni: str | None) -> Credentials:
        """What a server shows for this server name."""
        return self.office.credentials(*self.issued(server, sni))

    def _host_of(self, server: str) -> str | None:
        """A host that has the server at one of its addresses; None for a server that nobody uses."""
        if server in self.hosts:
            return server
        return next((key for key, host in self.hosts.items() if server in (*host.ipv4, *host.ipv6)), None)

    def _main_server(self, host: str) -> str:
        entries = (*self.hosts[host].ipv4, *self.hosts[host].ipv6)
        return host if not entries or "" in entries else entries[0]

    def subject(self, host: str, word: str) -> x509.Certificate | PrivateKey:
        """What a TLSA expression's subject means for this host. Raises KeyError."""
        if word in (LEAF, ISSUER, ROOT):
            path = self.issued(self._main_server(host))[0].path
            return {LEAF: path[0], ISSUER: path[min(1, len(path) - 1)], ROOT: path[-1]}[word]
        if word in self.scenario.keys:
            return self.office.key(word)
        if word in self._paths:
            return self.issued(self._main_server(word) if word in self.hosts else word)[0].certificate
        return self.office.named(word).certificate

    def tlsa_rdata(self, text: str, *, host: str, place: int = 0, at: KeyPath = ()) -> bytes:
        """RDATA of a TLSA record in a scenario's words, which stand at `at`, the host's `place`-th."""
        try:
            expression = TlsaExpression.parse(text)
            word = expression.subject or (ROOT if expression.usage in (0, 2) else LEAF)
            given = (expression.raw, expression.literal, expression.garbage)
            subject = self.subject(host, word) if given == (None, None, None) else None
            return tlsa.rdata(expression, subject, seed=f"{self.around.seed}/{host}/{place}")
        except KeyError as error:
            raise self.error(
                f"{text!r}: nothing is called {error}",
                at=at,
                remedy=f"name a certificate, a key, a host or a server of this file, or {OTHER_KEY!r}",
            ) from None
        except ValueError as error:
            raise self.error(str(error), at=at) from None

    # Zones

    @cached_property
    def zones(self) -> dict[str, Zone]:
        """The world's zones, by their keys in the scenario."""
        return lay_out(self)

    @property
    def apexes(self) -> tuple[str, ...]:
        """The names at and below which all the world's zones lie."""
        origins = {zone.origin for zone in self.zones.values()}
        return tuple(name for name in origins if origins.isdisjoint(ancestors(name)[1:]))

    @cached_property
    def faults(self) -> tuple[PlacedFault, ...]:
        """The scenario's faults, with the questions they go with."""
        return tuple(place_faults(self))


def _shown(key: str, spec: Server, path: KeyPath) -> list[tuple[str, Certificate | str, KeyPath]]:
    """The certificates of a server, the usual one first: label, description, and where that stands."""
    label = f"server.{key}"
    by_name = [(f"{label}.{name}", shown, (*path, "cert_by_name", name)) for name, shown in spec.cert_by_name.items()]
    return [(label, spec.cert, (*path, "cert")), *by_name]
