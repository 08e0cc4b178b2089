"""RFC 7672 sections 2 and 3 as one function: the facts of a world in, the outcomes that conform out.

    permitted     the destination, its MX records, and the hosts in their order       2.1.2, 2.2, 2.2.1
    hosts         addresses, aliases, TLSA base domains, what the records demand      2.2.2, 2.2.3
    records       which TLSA records count                                            3.1.3, 5 (7671 section 9)
    sessions      STARTTLS, and what to do where it fails                             2.2
    chains        certificates against a record                                       3.1.1, 3.1.2, 3.2
    names         which names, and when one matches                                   3.2.2, 3.2.3
    endings       several hosts or addresses in turn                                  2.1.2 (5321 section 5.1)

Every ending carries the requirements that say so and the choice it depends on. Nothing is asked, nothing is random:
all that a conforming sender may do is worked out, and the usual comes first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from harness.scenario.models import Choice, Mode
from harness.scenario.outcomes import Code

from .certificate import Certificate
from .endings import Ending, Endings, Kind, distinct, held, in_turn, since
from .facts import Destination, Exchange, Routing
from .hosts import Errand, at_host


@dataclass(frozen=True, kw_only=True)
class Facts:
    """A world as senders find it."""

    destinations: tuple[Destination, ...]
    """As each kind of conforming sender or resolver finds it, the usual kind first."""
    public: tuple[Certificate, ...] = ()
    """Authorities that are trusted publicly."""


@dataclass(frozen=True, kw_only=True)
class Final:
    """One outcome that conforms."""

    code: Code
    at: str = ""
    """Key of the server that takes the message; empty where none does."""
    choice: Choice | None = None
    because: tuple[str, ...] = ()


def permitted(facts: Facts, mode: Mode) -> tuple[Final, ...]:
    """What may become of a message when the sender conforms, the usual outcome first."""
    found: dict[tuple[Code, str], Final] = {}
    for destination in facts.destinations:
        for ending in since(_towards(destination, mode, facts.public), choice=destination.choice):
            for final in _finally(ending):
                found.setdefault((final.code, final.at), final)
    return tuple(found.values())


def _finally(ending: Ending) -> Iterator[Final]:
    if ending.kind is Kind.ABSENT:
        # RFC 5321 section 5.1: reported as an error; many keep trying for a while (5321-5.1-7).
        choice = ending.choice or Choice.BOUNCE_UNREACHABLE
        yield Final(code=Code.BOUNCE, choice=choice, because=ending.because)
        yield Final(code=Code.DEFER, choice=choice, because=ending.because)
    else:
        yield Final(code=ending.code, at=ending.at, choice=ending.choice, because=ending.because)


def _bounced(*requirements: str, choice: Choice | None = None) -> Ending:
    return Ending(kind=Kind.TAKEN, code=Code.BOUNCE, choice=choice, because=requirements)


def _towards(destination: Destination, mode: Mode, public: tuple[Certificate, ...]) -> Endings:
    """The destination, and the relay that the administrator keeps for mail that would wait (7672-1.1-2)."""
    endings = _routed(destination, mode, public)
    if destination.fallback is not None and any(ending.kind in (Kind.HELD, Kind.DOWN) for ending in endings):
        beyond = since(_towards(destination.fallback, mode, public), "7672-1.1-2", choice=Choice.NEXT_MX)
        first, *others = endings
        endings = distinct((first, *beyond, *others) if first.taken else (*beyond, *endings))
    return endings


def _routed(destination: Destination, mode: Mode, public: tuple[Certificate, ...]) -> Endings:
    """Sections 2.1.2, 2.2 and 2.2.1."""
    match destination.routing:
        case Routing.LITERAL:
            return _literal(destination, mode)
        case Routing.RELAY:
            return _hosts(destination, mode, public, dane=mode is not Mode.UNAWARE)
    if destination.mx.failed:
        # Nobody knows whom to contact: wait, never guess and never return (7672-2.1.2-1, 5321-5.1-4).
        return (held("7672-2.1.2-1", "5321-5.1-4"),)
    endings = [*_located(destination, mode, public)]
    if destination.mx.may_fail:
        endings.append(held("7672-2.1.2-1", choice=destination.mx.choice))
    return distinct(endings)


def _literal(destination: Destination, mode: Mode) -> Endings:
    """Section 2.2: DANE does not apply to an address literal (7672-2.2-13), which many senders take none of."""
    errand = Errand(mode=Mode.UNAWARE, dane=False, found_by_mx=False)
    refusals = (held("7672-2.2-13"), _bounced("7672-2.2-13"))
    if mode is Mode.MANDATORY:
        return refusals
    return distinct((*at_host(destination.exchanges[0].host, errand), *refusals))


def _located(destination: Destination, mode: Mode, public: tuple[Certificate, ...]) -> Iterator[Ending]:
    """The MX lookup has an answer."""
    insecure = not destination.mx.secure
    waits = held("7672-2.2.1-7")
    if not destination.mx.exists:
        yield _bounced("5321-5.1-3")
        if insecure and mode is Mode.MANDATORY:
            yield waits
        return
    if destination.null_mx:
        yield from _null_mx(destination, mode, public)
        if insecure and mode is Mode.MANDATORY:
            yield waits
        return
    if mode is Mode.UNAWARE or not insecure:
        yield from _hosts(destination, mode, public, dane=mode is not Mode.UNAWARE)
    elif mode is Mode.MANDATORY:
        yield waits
    else:
        # Either the hosts' own TLSA records are heeded or all is as before DANE (7672-2.2.1-8, 7672-2.2.1-9).
        for dane in (True, False):
            endings = _hosts(destination, mode, public, dane=dane)
            rule = "7672-2.2.1-9" if dane else "7672-2.2.1-8"
            yield from since(endings, rule, choice=Choice.DANE_AT_INSECURE_MX)


def _null_mx(destination: Destination, mode: Mode, public: tuple[Certificate, ...]) -> Iterator[Ending]:
    """RFC 7505: alone it says that the domain takes no mail; what it means beside others is written nowhere."""
    if not destination.exchanges:
        yield _bounced("7505-3-2")
        return
    yield from _hosts(destination, mode, public, dane=mode is not Mode.UNAWARE)
    yield _bounced("7505-3-1")
    yield held("7505-3-1")


def _hosts(destination: Destination, mode: Mode, public: tuple[Certificate, ...], *, dane: bool) -> Endings:
    """By preference, whatever their security (7672-2.2.1-2, 7672-2.2.1-3, 7672-2.2.1-4, 5321-5.1-10, 5321-5.1-11)."""
    errand = Errand(
        mode=mode,
        dane=dane,
        found_by_mx=destination.mx.found and destination.routing is Routing.MX,
        also_named=_also_named(destination),
        public=public,
    )
    groups = [tuple(at_host(each.host, errand) for each in group) for group in _by_preference(destination.exchanges)]
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
