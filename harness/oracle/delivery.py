"""RFC 7672 sections 2 and 3, and RFC 8689, as one function: the facts of a world in, the outcomes that conform out.

    permitted     the destination, its MX records, and the hosts in their order       2.1.2, 2.2, 2.2.1
    hosts         addresses, aliases, TLSA base domains, what the records demand      2.2.2, 2.2.3
    records       which TLSA records count                                            3.1.3, 5 (7671 section 9)
    sessions      STARTTLS, and what to do where it fails                             2.2
    chains        certificates against a record                                       3.1.1, 3.1.2, 3.2
    names         which names, and when one matches                                   3.2.2, 3.2.3
    endings       several hosts or addresses in turn                                  2.1.2 (5321 section 5.1)
    stance        what a sender declares, and the ways that this leaves it
    requiretls    messages that demand TLS, or set arrival above it                   RFC 8689

Every ending carries the requirements that say so and the choice it depends on. Nothing is asked, nothing is random:
all that a conforming sender may do is worked out, and the usual comes first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, groupby

from harness.scenario.models import Choice, Mode
from harness.scenario.outcomes import Code

from .certificate import Certificate
from .endings import Ending, Endings, Kind, distinct, held, in_turn, since
from .facts import Asked, Destination, Exchange, Routing
from .hosts import Errand, at_host
from .requiretls import withheld
from .stance import UNDECLARED, Point, Stance


@dataclass(frozen=True, kw_only=True)
class Facts:
    """A world as senders find it."""

    destinations: tuple[Destination, ...]
    """As each kind of conforming sender or resolver finds it, the usual kind first."""
    public: tuple[Certificate, ...] = ()
    """Authorities that are trusted publicly."""
    asked: Asked = Asked.NOTHING
    """What the message asks for."""


@dataclass(frozen=True, kw_only=True)
class Final:
    """One outcome that conforms."""

    code: Code
    at: str = ""
    """Key of the server that takes the message; empty where none does."""
    choice: Choice | None = None
    because: tuple[str, ...] = ()


def permitted(facts: Facts, mode: Mode, stance: Stance = UNDECLARED) -> tuple[Final, ...]:
    """What may become of a message when the sender conforms, and does as it declares; the usual outcome first."""
    errand = Errand(mode=mode, dane=mode is not Mode.UNAWARE, public=facts.public, asked=facts.asked, stance=stance)
    found: dict[tuple[Code, str], Final] = {}
    for destination in facts.destinations:
        for ending in since(_towards(destination, errand), choice=destination.choice):
            for final in _finally(ending, stance):
                found.setdefault((final.code, final.at), final)
    return tuple(found.values())


def _finally(ending: Ending, stance: Stance) -> Iterator[Final]:
    match ending.kind:
        case Kind.ABSENT:
            # RFC 5321 section 5.1: reported as an error; many keep trying for a while (5321-5.1-7).
            held_to = stance if ending.choice is None else UNDECLARED
            for code in held_to.left(Point.BOUNCE_UNREACHABLE, {"bounced": Code.BOUNCE, "deferred": Code.DEFER}):
                choice = ending.choice or Choice.BOUNCE_UNREACHABLE
                yield Final(code=code, choice=choice, because=ending.because)
        case Kind.UNFIT:
            # RFC 8689 section 4.2.1: not transmitted, and the author is told (8689-4.2.1-5, 8689-4.2.1-6).
            yield Final(code=Code.BOUNCE, choice=ending.choice, because=ending.because)
        case _:
            yield Final(code=ending.code, at=ending.at, choice=ending.choice, because=ending.because)


def _bounced(*requirements: str, choice: Choice | None = None) -> Ending:
    return Ending(kind=Kind.TAKEN, code=Code.BOUNCE, choice=choice, because=requirements)


def _towards(destination: Destination, errand: Errand) -> Endings:
    """The destination, and the relay that the administrator keeps for mail that would wait (7672-1.1-2)."""
    endings = _routed(destination, errand)
    if destination.fallback is not None and any(ending.kind in _IN_VAIN for ending in endings):
        beyond = since(_towards(destination.fallback, errand), "7672-1.1-2", choice=Choice.NEXT_MX)
        first, *others = endings
        goes_on = first.kind in (Kind.HELD, Kind.DOWN)
        endings = distinct((*beyond, *endings) if goes_on else (first, *beyond, *others))
    return endings


_IN_VAIN = (Kind.HELD, Kind.DOWN, Kind.UNFIT)
"""What leads on to a fallback relay. RFC 8689 forbids no other way where no host of the domain's will do."""


def _routed(destination: Destination, errand: Errand) -> Endings:
    """Sections 2.1.2, 2.2 and 2.2.1."""
    match destination.routing:
        case Routing.LITERAL:
            return _literal(destination, errand)
        case Routing.RELAY:
            return _hosts(destination, errand)
    if destination.mx.failed:
        # Nobody knows whom to contact: wait, never guess and never return (7672-2.1.2-1, 5321-5.1-4).
        return (held("7672-2.1.2-1", "5321-5.1-4"),)
    endings = [*_located(destination, errand)]
    if destination.mx.may_fail:
        endings.append(held("7672-2.1.2-1", choice=destination.mx.choice))
    return distinct(endings)


def _literal(destination: Destination, errand: Errand) -> Endings:
    """Section 2.2: DANE does not apply to an address literal (7672-2.2-13), which many senders take none of."""
    refusals = (held("7672-2.2-13"), _bounced("7672-2.2-13"))
    if errand.mode is Mode.MANDATORY and errand.asked is not Asked.ARRIVAL:
        return refusals
    used = at_host(destination.exchanges[0].host, replace(errand, mode=Mode.UNAWARE, dane=False))
    return distinct((*refusals, *used) if errand.mode is Mode.MANDATORY else (*used, *refusals))


def _located(destination: Destination, errand: Errand) -> Iterator[Ending]:
    """The MX lookup has an answer."""
    insecure = not destination.mx.secure
    waits = tuple(_kept_back(destination, errand)) if insecure and errand.mode is Mode.MANDATORY else ()
    if not destination.mx.exists:
        yield _bounced("5321-5.1-3")
        yield from waits
    elif destination.null_mx:
        yield from _null_mx(destination, errand)
        yield from waits
    elif waits:
        yield from waits
    elif insecure and errand.dane:
        # Either the hosts' own TLSA records are heeded or all is as before DANE (7672-2.2.1-8, 7672-2.2.1-9).
        for dane in errand.stance.left(Point.DANE_AT_INSECURE_MX, {"applied": True, "not-applied": False}):
            endings = _hosts(destination, replace(errand, dane=dane))
            rule = "7672-2.2.1-9" if dane else "7672-2.2.1-8"
            yield from since(endings, rule, choice=Choice.DANE_AT_INSECURE_MX)
    else:
        yield from _hosts(destination, errand)


def _kept_back(destination: Destination, errand: Errand) -> Iterator[Ending]:
    """Mandatory DANE at an insecure MX RRset (7672-2.2.1-7), which a message can say that it does not need."""
    yield from withheld((held("7672-2.2.1-7"),), errand.asked)
    if errand.asked is Asked.ARRIVAL and destination.exchanges:
        loose = _hosts(destination, replace(errand, mode=Mode.UNAWARE, dane=False))
        yield from since(loose, "8689-3-1", "8689-4.2.2-1", choice=Choice.REQUIRETLS)


def _null_mx(destination: Destination, errand: Errand) -> Iterator[Ending]:
    """RFC 7505: alone it says that the domain takes no mail; what it means beside others is written nowhere."""
    if not destination.exchanges:
        yield _bounced("7505-3-2")
        return
    ways = {
        "ignored": _hosts(destination, errand),
        "bounced": (_bounced("7505-3-1"),),
        "deferred": (held("7505-3-1"),),
    }
    yield from chain(*errand.stance.left(Point.NULL_MX_BESIDE_OTHERS, ways))


def _hosts(destination: Destination, errand: Errand) -> Endings:
    """By preference, whatever their security (7672-2.2.1-2, 7672-2.2.1-3, 7672-2.2.1-4, 5321-5.1-10, 5321-5.1-11)."""
    here = replace(
        errand,
        found_by_mx=destination.mx.found and destination.routing is Routing.MX,
        also_named=_also_named(destination),
        vouched=destination.mx.secure,
        several=len(destination.exchanges) > 1 or destination.fallback is not None,
    )
    groups = [tuple(at_host(each.host, here) for each in group) for group in _by_preference(destination.exchanges)]
    return in_turn(groups, alike=Choice.EQUAL_PREFERENCE, choice=Choice.NEXT_MX)


def _by_preference(exchanges: Sequence[Exchange]) -> Iterator[tuple[Exchange, ...]]:
    ordered = sorted(exchanges, key=lambda each: each.preference)
    for _, group in groupby(ordered, key=lambda each: each.preference):
        yield tuple(group)


def _also_named(destination: Destination) -> tuple[str, ...]:
    """Reference identifiers beside the base domain (section 3.2.2).

    Secure MX records: the next-hop domain and its expansion (7672-3.2.2-3, -4). Insecure ones: none (7672-3.2.2-5).
    No MX records: the next-hop domain (7672-3.2.2-6).
    """
    if not destination.mx.found or destination.routing is not Routing.MX:
        return (destination.next_hop,)
    return (destination.next_hop, destination.expanded) if destination.mx.secure else ()
