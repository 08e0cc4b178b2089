"""What may come of one mail host: its addresses, its TLSA records, its servers (RFC 7672 sections 2.2.2 and 2.2.3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain

from harness.scenario.models import Choice, Mode

from . import requiretls
from .certificate import Certificate
from .endings import Ending, Endings, Kind, absent, distinct, held, in_turn, since
from .facts import NOTHING, Asked, Host, Server, TlsaSet, WellFormed
from .names import References
from .records import readings
from .sessions import Demand, Level, session
from .stance import UNDECLARED, Point, Stance


@dataclass(frozen=True, kw_only=True)
class Errand:
    """With what in mind a sender comes to a host."""

    mode: Mode
    dane: bool
    """Whether it goes by TLSA records here; a sender that knows DANE need not at hosts found insecurely."""
    found_by_mx: bool = False
    also_named: tuple[str, ...] = ()
    """Further reference identifiers: the next-hop domain and what its aliases lead to (section 3.2.2)."""
    public: tuple[Certificate, ...] = ()
    asked: Asked = Asked.NOTHING
    """What the message asks for (RFC 8689)."""
    vouched: bool = True
    """Whether the answer that led to the host is secure, or none was needed."""
    several: bool = False
    """Whether there is any other host to go to."""
    stance: Stance = UNDECLARED
    """What the sender declares."""


def at_host(host: Host, errand: Errand) -> Endings:
    """What may come of trying this host, the usual ending first."""
    if errand.asked is Asked.TLS and not errand.vouched:
        endings = _tried(host, replace(errand, vouched=True))
        doubted = requiretls.behind_insecure_mx if errand.found_by_mx else requiretls.behind_insecure_denial
        return distinct(doubted(endings))
    return _tried(host, errand)


def _tried(host: Host, errand: Errand) -> Endings:
    if host.spells_address:
        return _at_address(host, errand)
    endings = [*_looked_up(host, errand)]
    if host.aliases and errand.found_by_mx:
        # 7672-2.2.2-4, 5321-5.1-13: MX names that are aliases are outside the standard, and may be passed over.
        is_long = host.aliases > 5
        passed = held("7672-2.2.2-4", "5321-5.1-13", choice=Choice.ALIAS_LIMIT if is_long else Choice.MX_ALIAS)
        ways = {"followed": (*endings, passed) if is_long else tuple(endings), "refused": (passed,)}
        return distinct(chain(*errand.stance.left(Point.MX_ALIAS, ways)))
    return distinct(endings)


def _at_address(host: Host, errand: Errand) -> Endings:
    """Section 2.2: DANE does not apply to an address, and whether to connect is the sender's choice (7672-2.2-14)."""
    no_name = absent("7672-2.2-14", choice=Choice.BOUNCE_UNREACHABLE)
    waits = held("7672-2.2-14", choice=Choice.BOUNCE_UNREACHABLE)
    if errand.mode is Mode.MANDATORY and errand.asked is not Asked.ARRIVAL:
        return (waits, no_name)
    plain = _plain(errand, name="", host="")
    used = since(_at_servers(host.servers, plain), "7672-2.2-14")
    if errand.mode is Mode.MANDATORY:
        return distinct((waits, no_name, *used))
    return distinct(chain(*errand.stance.left(Point.ADDRESS_AS_MX, {"used": used, "refused": (waits, no_name)})))


def _plain(errand: Errand, *, name: str, host: str) -> Demand:
    """As before DANE."""
    return Demand(
        level=Level.MAY,
        name=name,
        host=host,
        dane=errand.dane,
        asked=errand.asked,
        public=errand.public,
        stance=errand.stance,
    )


def _looked_up(host: Host, errand: Errand) -> Endings:
    """Section 2.2.2: first the addresses (7672-2.2.2-1)."""
    if host.ipv4.failed or host.ipv6.failed:
        return _partly_looked_up(host, errand)
    if not (host.ipv4.found or host.ipv6.found):
        endings: Endings = (absent("7672-2.2.2-2", "5321-5.1-7"),)
    else:
        endings = _reached(host, errand)
        if not host.ipv4.found:
            endings += (absent("5321-5.2-1", choice=Choice.ADDRESS_FAMILY),)
    for lookup in (host.ipv4, host.ipv6):
        if lookup.may_fail:
            endings += (held("7672-2.1.2-2", "7672-2.2.2-10", choice=lookup.choice),)
    return distinct(endings)


def _partly_looked_up(host: Host, errand: Errand) -> Endings:
    """An address lookup failed. Then the host is unreachable, unless the sender does without that family.

    Sections 2.1.2 and 2.2.2 (7672-2.1.2-2, 7672-2.1.2-7, 7672-2.2.2-10); RFC 5321 section 5.2 leaves the families to
    local circumstances, and who never asks for one does not miss it.
    """
    waits: Endings = (held("7672-2.1.2-2", "7672-2.1.2-7", "7672-2.2.2-10"),)
    if host.endless:
        waits += (absent("5321-5.1-13", choice=Choice.BOUNCE_UNREACHABLE),)
    if host.ipv4.failed and not (host.ipv6.found and not host.ipv6.failed):
        return waits
    without = replace(host, ipv4=NOTHING) if host.ipv4.failed else replace(host, ipv6=NOTHING)
    otherwise = since(_looked_up(without, errand), choice=Choice.ADDRESS_FAMILY)
    return distinct((*waits, *otherwise) if errand.dane else (*otherwise, *waits))


def _reached(host: Host, errand: Errand) -> Endings:
    """The addresses are known: what do TLSA records demand of a session there?"""
    families = {ipv6 for ipv6, lookup in ((False, host.ipv4), (True, host.ipv6)) if lookup.found}
    servers = tuple(server for server in host.servers if server.ipv6 in families)
    loose: Endings = ()
    if errand.asked is Asked.ARRIVAL:
        loose = _at_servers(servers, _plain(errand, name=host.name, host=host.name))
    endings: list[Ending] = []
    for demand in _demands(host, errand):
        if isinstance(demand, Ending):
            at_all = requiretls.unknown(demand, loose, mode=errand.mode) if loose else (demand,)
            endings += at_all
            continue
        found = _at_servers(servers, demand)
        if loose and demand.level is not Level.MAY:
            found = requiretls.waived(found, loose, mode=errand.mode, several=errand.several)
        endings += since(found, choice=demand.reading.choice if demand.reading else None)
    return distinct(endings)


def _at_servers(servers: tuple[Server, ...], demand: Demand) -> Endings:
    """A host's addresses, in any order (RFC 5321 section 5.1)."""
    each = tuple(session(server, demand) for server in servers)
    # RFC 8689 section 4.2.1 goes on from host to host, and says nothing of addresses.
    stops = (Kind.HELD, Kind.UNFIT)
    return in_turn((each,), alike=Choice.NEXT_ADDRESS, choice=Choice.NEXT_ADDRESS, stops=stops)


def _demands(host: Host, errand: Errand) -> Iterator[Demand | Ending]:
    """Section 2.2.3: the first base domain with secure TLSA records decides; the usual demand first.

    An ending in place of a demand means that no connection is to be made.
    """
    plain = _plain(errand, name=host.name, host=host.name)
    if not errand.dane:
        yield plain
        return
    doubts: list[Ending] = []
    for tlsa in _candidates(host):
        if isinstance(tlsa, Ending):
            yield tlsa
            return
        if not tlsa.askable:
            ways = {"without-dane": tuple(_without_tlsa(plain, errand)), "failed-lookup": (held("6698-3-1"),)}
            yield from chain(*errand.stance.left(Point.LONG_HOST_NAME, ways))
            return
        if tlsa.lookup.failed:
            # 7672-2.1.2-4, 7672-2.2.1-14: a lookup that fails is never absence, and ends the search.
            yield held("7672-2.1.2-4", "7672-2.1.2-8", "7672-2.2.1-14", "7672-2.2.2-10")
            return
        if tlsa.lookup.may_fail:
            doubts.append(held("7672-2.1.2-4", choice=tlsa.lookup.choice))
        if tlsa.lookup.secure and tlsa.lookup.found:
            yield from _by_records(tlsa, host, errand)
            break
    else:
        yield from _without_tlsa(plain, errand)
    yield from doubts


def _candidates(host: Host) -> Iterator[TlsaSet | Ending]:
    """The base domains to try, best first; none where DANE does not apply (section 2.2.2).

    Addresses secure to the end of the aliases: the expanded name, then the original (7672-2.2.2-5, 7672-2.2.2-9).
    Only the first alias secure: the original name (7672-2.2.2-8). Otherwise none (7672-2.2.2-3, 7672-2.2.2-7).
    """
    secure = any(lookup.found and lookup.secure for lookup in (host.ipv4, host.ipv6))
    if not secure and host.alias is None:
        return
    if not secure and host.alias is not None:
        if host.alias.failed:
            yield held("7672-2.2.2-10")
            return
        if not host.alias.secure:
            return
    if secure and host.expanded is not None:
        yield host.expanded
    if host.original is not None:
        yield host.original


def _without_tlsa(plain: Demand, errand: Errand) -> Iterator[Demand | Ending]:
    """No secure TLSA records: as before DANE, unless DANE is mandatory (7672-2.2-7, 7672-2.2.2-6, 7672-6-1)."""
    if errand.mode is Mode.MANDATORY:
        yield from requiretls.withheld((held("7672-2.2-12", "7672-6-1"),), errand.asked)
    else:
        yield plain


def _by_records(tlsa: TlsaSet, host: Host, errand: Errand) -> Iterator[Demand | Ending]:
    """Secure TLSA records: encryption at least, and authentication where any is usable (section 2.2)."""
    unexpanded = host.name if host.name != tlsa.base else ""
    others = tuple(name for name in errand.also_named if name != tlsa.base)
    references = References(base=tlsa.base, others=others, unexpanded=unexpanded)
    for reading in readings(tlsa.records, errand.stance):
        if reading.records:
            level = Level.AUTHENTICATE
        elif errand.mode is Mode.MANDATORY:
            unusable = held("7672-6-1", "7671-10.3-1", choice=reading.choice)
            yield from requiretls.withheld((unusable,), errand.asked)
            continue
        else:
            level = Level.ENCRYPT
        yield replace(
            _plain(errand, name=tlsa.base, host=host.name), level=level, reading=reading, references=references
        )
    if any(record.well_formed is WellFormed.CUT_SHORT for record in tlsa.records):
        # Some resolvers take such a record for a malformed reply, and the lookup has failed.
        yield held("6698-4.1-7", "7672-2.1.2-4", choice=Choice.MALFORMED_TLSA)
