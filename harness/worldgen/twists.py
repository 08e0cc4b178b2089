"""What may be different in a random world: small departures from the healthy one, each drawn by hypothesis.

A world is a list of twists. Hypothesis shrinks a list by leaving things out and each thing towards its first form,
so the simplest twists of a kind come first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from . import dns_twists, host_twists, message_twists
from .draft import Draft
from .host_twists import Drawn

MOST = 5
"""Twists in one world at most; more would hide one another."""
_FEW = 2
"""Twists at most in half of the worlds, where what is seldom drawn is not hidden."""


@dataclass(frozen=True)
class Twist:
    """One departure from the healthy world."""

    words: str
    """What it does, for people; it also tells twists apart."""
    apply: Callable[[Draft], None]
    later: bool = False
    """Whether the world departs in this only after its first message."""

    def __repr__(self) -> str:
        return self.words


_SHAPES = {"mx": "", "implicit": "the domain is its own host", "relay": "mail goes to a configured relay"}


def drafts(*, ipv6: bool = False, requiretls: bool = False) -> SearchStrategy[tuple[Twist, ...]]:
    """Random worlds, as the twists that lead to them.

    With `ipv6`, hosts may have IPv6 addresses; with `requiretls`, messages may demand TLS, or do without.
    """
    one = single(ipv6=ipv6, requiretls=requiretls)
    few, many = (st.lists(one, max_size=most, unique_by=lambda each: each.words) for most in (_FEW, MOST))
    twists = few | many
    shapes = st.sampled_from(("mx", "mx", "mx", "mx", "implicit", "relay"))
    return st.builds(lambda shape, some: (*_shaped(shape), *some), shapes, twists)


def single(*, ipv6: bool = False, requiretls: bool = False) -> SearchStrategy[Twist]:
    """One twist of any kind."""
    simple = _simple(ipv6=ipv6, requiretls=requiretls)
    kinds = (host_twists.SEVERAL_RECORDS, *simple, *host_twists.JOINT, *dns_twists.JOINT)
    return st.one_of(kinds).map(lambda drawn: Twist(*drawn))


def lone(*, ipv6: bool = False, requiretls: bool = False) -> SearchStrategy[tuple[Twist, ...]]:
    """Worlds that depart from the healthy one in a single, simple thing."""
    return st.one_of(_simple(ipv6=ipv6, requiretls=requiretls)).map(lambda drawn: (Twist(*drawn),))


def joint() -> SearchStrategy[tuple[Twist, ...]]:
    """Worlds that depart from it in two things that belong together."""
    kinds = (*host_twists.JOINT, *dns_twists.JOINT)
    return st.one_of(kinds).map(lambda drawn: (Twist(*drawn),))


def _simple(*, ipv6: bool, requiretls: bool) -> tuple[SearchStrategy[Drawn], ...]:
    extras = ((host_twists.IPV6, ipv6), (message_twists.MESSAGES, requiretls))
    return (*host_twists.HOSTS, *dns_twists.DNS, *(twists for twists, wanted in extras if wanted))


def _shaped(shape: str) -> tuple[Twist, ...]:
    return () if shape == "mx" else (Twist(_SHAPES[shape], lambda draft: setattr(draft, "shape", shape)),)


def drafted(twists: tuple[Twist, ...]) -> Draft:
    """The world that the twists lead to."""
    draft = Draft()
    for twist in twists:
        if twist.later and draft.before is None:
            draft = draft.changing()
        twist.apply(draft)
        draft.words.append(twist.words)
    return draft
