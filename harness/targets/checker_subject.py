"""What a checker is pointed at, and what that asks of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cryptography import x509

from harness.scenario.mailhosts import After220, Tcp
from harness.scenario.zones import Resolver
from harness.world.answers import Rcode
from harness.world.internet import Internet
from harness.world.model import MailServer
from harness.world.names import to_wire
from harness.world.records import Type
from harness.world.resolution import Resolution, Security, resolve

from .checker_definition import Ability


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A recipient domain to be checked."""

    domain: str
    host: str
    """The most preferred MX host, or the domain itself where there is none; both without the final dot."""
    asks: Mapping[Ability, str]
    """What a checker has to be able to do here, each with the reason."""


def subject(internet: Internet, recipient: str) -> Subject:
    """What is to be checked for mail to this recipient."""
    domain = _absolute(recipient.rpartition("@")[2])
    told = resolve(internet, domain, Type.MX)
    exchanges = _exchanges(told)
    host = exchanges[0] if exchanges and exchanges[0] != "." else domain
    asks = {Ability.STARTTLS: "checks are made over SMTP"}
    if domain.startswith("["):
        asks[Ability.IMPLICIT_MX] = "an address stands in the place of a domain"
    elif told.security in (Security.BOGUS, Security.FAILED) or told.rcode is Rcode.NXDOMAIN or exchanges == ["."]:
        asks[Ability.MX] = "the point lies in the MX lookup"
    elif told.security is Security.INSECURE:
        asks[Ability.MX] = "the MX records are insecure"
    elif not exchanges:
        asks[Ability.IMPLICIT_MX] = "there are no MX records"
    if len(exchanges) > 1:
        asks[Ability.EVERY_HOST] = f"there are {len(exchanges)} MX hosts"
    asks |= _of_host(internet, host, insecure_mx=told.security is Security.INSECURE)
    asks |= _of_names(internet, host, domain, *(owner for owner in _owners(told, Type.MX) if owner != domain))
    asks |= _of_resolver(_manners(internet, domain))
    return Subject(domain=domain[:-1], host=host[:-1], asks=asks)


def _of_resolver(manners: Resolver) -> dict[Ability, str]:
    found: dict[Ability, str] = {}
    if "MX" in manners.failures:
        found[Ability.MX] = "the resolver fails at the MX lookup"
    if "TLSA" in manners.failures:
        found[Ability.FAILED_LOOKUP] = "the resolver fails at the TLSA lookup"
    if (manners.validates, manners.sets_ad) != (True, "secure"):
        found[Ability.DNSSEC] = "the resolver cannot be trusted"
    return found


def _absolute(name: str) -> str:
    return f"{name.rstrip('.').lower()}."


def _exchanges(told: Resolution) -> list[str]:
    """Names of the MX hosts, absolute, the most preferred first."""
    return [_name(rdata[2:]) for rdata in sorted(_rdatas(told, Type.MX), key=lambda rdata: rdata[:2])]


def _name(wire: bytes) -> str:
    labels, place = [], 0
    while wire[place]:
        labels.append(wire[place + 1 : place + 1 + wire[place]].decode("ascii", "replace"))
        place += 1 + wire[place]
    return ".".join((*labels, "")) or "."


def _of_host(internet: Internet, host: str, *, insecure_mx: bool) -> dict[Ability, str]:
    found: dict[Ability, str] = {}
    addresses = resolve(internet, host, Type.A)
    further = resolve(internet, host, Type.AAAA)
    if _tlsa_fails(internet, host, addresses, further):
        found[Ability.FAILED_LOOKUP] = "the TLSA lookup fails"
    published = _published(internet, host, addresses, further)
    if published is not None:
        found[Ability.MATCH] = "the TLSA records have to be held against the certificate"
        if any(rdata[:3] != bytes((3, 1, 1)) for rdata in _rdatas(published, Type.TLSA)):
            found[Ability.ANY_RECORD] = "there are TLSA records other than 3 1 1"
        if insecure_mx or Security.INSECURE in (addresses.security, published.security):
            found[Ability.DNSSEC] = "a TLSA record is there and is not secure"
    if any(owner != host for owner in (*_owners(addresses, Type.A), *_owners(further, Type.AAAA))):
        found[Ability.ALIASES] = "the host name is an alias"
    if not _has(addresses, Type.A) and not _has(further, Type.AAAA) and addresses.security is Security.SECURE:
        found[Ability.MX] = "the host has no address"
    if not _has(addresses, Type.A) and _has(further, Type.AAAA):
        found[Ability.IPV6] = "the host has IPv6 addresses only"
    servers = [internet.server_at(address) for address in _addresses(addresses)]
    if published is None and any(server is not None and not _does_tls(server) for server in servers[:1]):
        found[Ability.WITHOUT_TLS] = "there is no TLS to be had, and no DANE"
    if any(server is not None and server.tcp is not Tcp.OPEN for server in servers) and len(servers) > 1:
        found[Ability.NEXT_ADDRESS] = "one of the host's addresses cannot be reached"
    return found


def _published(internet: Internet, host: str, *addresses: Resolution) -> Resolution | None:
    """The TLSA records at the end of the host's aliases, or else at its own name; None where there are none."""
    for told in _tlsa_lookups(internet, host, *addresses):
        if _has(told, Type.TLSA) and told.security in (Security.SECURE, Security.INSECURE):
            return told
    return None


def _tlsa_fails(internet: Internet, host: str, *addresses: Resolution) -> bool:
    return any(told.security in (Security.BOGUS, Security.FAILED) for told in _tlsa_lookups(internet, host, *addresses))


def _tlsa_lookups(internet: Internet, host: str, *addresses: Resolution) -> Iterator[Resolution]:
    sets = [one.rrset for told in addresses for one in told.answer]
    ends = [rrset.owner for rrset in sets if rrset.type in (Type.A, Type.AAAA)]
    for base in (*ends[:1], host):
        owner = f"_{internet.around.port}._tcp.{base}"
        if _is_name(owner):
            yield resolve(internet, owner, Type.TLSA)


def _is_name(text: str) -> bool:
    try:
        return bool(to_wire(text))
    except ValueError:
        return False


def _does_tls(server: MailServer) -> bool:
    """Whether an ordinary client gets a TLS session with it."""
    smtp = server.smtp
    offered = smtp.starttls and smtp.starttls_keyword == "STARTTLS" and smtp.ehlo_reply is None
    kept = smtp.starttls_reply.startswith("220") and smtp.after_220 in (After220.HANDSHAKE, After220.PLAINTEXT)
    return server.tcp is Tcp.OPEN and offered and kept and server.tls.ciphers is None


def _has(told: Resolution, kind: int) -> bool:
    return any(one.rrset.type == kind for one in told.answer)


def _addresses(told: Resolution) -> list[str]:
    return [".".join(map(str, rdata)) for rdata in _rdatas(told, Type.A)]


def _rdatas(told: Resolution, kind: int) -> list[bytes]:
    return [rdata for one in told.answer if one.rrset.type == kind for rdata in one.rrset.rdatas]


def _of_names(internet: Internet, host: str, *domains: str) -> dict[Ability, str]:
    """A certificate that names the recipient domain and not the host is good only for who knows that name."""
    told = resolve(internet, host, Type.A)
    addresses = _addresses(told)
    server = internet.server_at(addresses[0]) if addresses else None
    if server is None:
        return {}
    base = _owners(told, Type.A)[0]
    names = _names(server.credentials(base[:-1]).chain[0])
    if any(_covers(names, domain) for domain in domains) and not _covers(names, base):
        return {Ability.DOMAIN_NAME: "the certificate names the recipient domain and not the host"}
    return {}


def _owners(told: Resolution, kind: int) -> list[str]:
    return [one.rrset.owner for one in told.answer if one.rrset.type == kind]


def _names(certificate: x509.Certificate) -> list[str]:
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (x509.ExtensionNotFound, ValueError):
        return []
    return [name.lower() for name in extension.value.get_values_for_type(x509.DNSName)]


def _covers(names: list[str], wanted: str) -> bool:
    bare = wanted.rstrip(".")
    wildcard = f"*.{bare.partition('.')[2]}"
    return any(name in (bare, wildcard) for name in names)


def _manners(internet: Internet, domain: str) -> Resolver:
    scenario = internet.scenario_of(domain)
    return internet.world(scenario).scenario.resolver if scenario else Resolver()
