"""The oracle's answer in the words of a scenario: an `[expect]` table."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from harness.scenario.models import Choice, Expect, Mode, WireRule
from harness.scenario.outcomes import DELIVERED, Outcome, Permitted

from .delivery import Facts, Final, permitted
from .facts import Asked, Destination
from .reach import Beyond
from .stance import UNDECLARED, Stance


def expectation(facts: Facts, *, hosts: Collection[str], stance: Stance = UNDECLARED) -> Expect | Beyond:
    """What the oracle permits in each mode; `hosts` are the keys of hosts that an outcome can name.

    `TLS-Required: No` is a request that a sender should heed (RFC 8689 section 3), so that keeping mail is a warning at
    most. REQUIRETLS has to be passed on (section 4.2.1; 8689-4.2.1-3).
    """
    ranks = dict(_ranks(facts.destinations[0]))
    finals = {mode: permitted(facts, mode, stance) for mode in Mode}
    if any(final.at and final.at not in hosts for some in finals.values() for final in some):
        return Beyond.NO_WORDS

    def said(mode: Mode) -> Permitted:
        return Permitted(tuple(_outcome(final, ranks, alone=len(hosts) == 1) for final in finals[mode]))

    return Expect(
        opportunistic=said(Mode.OPPORTUNISTIC),
        mandatory=said(Mode.MANDATORY),
        unaware=said(Mode.UNAWARE),
        choice=next(filter(None, map(deciding, finals.values())), None),
        severity="should" if facts.asked is Asked.ARRIVAL else "must",
        wire=(WireRule.REQUIRETLS_PASSED_ON,) if facts.asked is Asked.TLS and _any_goes(finals.values()) else (),
    )


def _any_goes(finals: Iterable[Sequence[Final]]) -> bool:
    return any(final.code in DELIVERED for some in finals for final in some)


def requirements(facts: Facts, stance: Stance = UNDECLARED) -> tuple[str, ...]:
    """Ids of the requirements that decide the usual outcomes, those of opportunistic DANE first."""
    usual = (permitted(facts, mode, stance)[0] for mode in Mode)
    return tuple(dict.fromkeys(each for final in usual for each in final.because))


def deciding(finals: Sequence[Final]) -> Choice | None:
    """The choice that decides between several permitted outcomes."""
    if len(finals) < 2:
        return None
    return next((final.choice for final in finals[1:] if final.choice is not None), finals[0].choice)


def _outcome(final: Final, ranks: dict[str, int], *, alone: bool) -> Outcome:
    if final.code not in DELIVERED:
        return Outcome(final.code)
    best = min(ranks.values(), default=0)
    return Outcome(final.code, next=ranks.get(final.at, best) > best, at=None if alone else final.at)


def _ranks(destination: Destination) -> Iterator[tuple[str, int]]:
    """Each server, and each host that has none, with the preference that leads to it; the best one last."""
    for exchange in sorted(destination.exchanges, key=lambda each: -each.preference):
        yield exchange.host.name, exchange.preference
        for server in exchange.host.servers:
            yield server.key, exchange.preference
