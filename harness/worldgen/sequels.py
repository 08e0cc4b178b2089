"""What comes after the first message of a random world: the same again, another world, another recipient domain.

Most worlds have no sequel, and hypothesis shrinks towards none, so that a finding has one only where it needs one.
"""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from .draft import Draft
from .twists import Twist, drafts, lone, single


class _Sequel(StrEnum):
    NONE = "none"
    """There is one message."""
    AGAIN = "again"
    """The same message several times."""
    ELSEWHERE = "elsewhere"
    """A message to another recipient domain."""
    CHANGED = "changed"
    """A message to the same domain in another world."""


_ODDS = (*[_Sequel.NONE] * 27, _Sequel.AGAIN, _Sequel.ELSEWHERE, _Sequel.CHANGED)
"""By these about one world in eight has a sequel: hypothesis likes to draw again what it has drawn."""
_TIMES = 5
"""Messages in a row: enough to wear out what patience a sender may have."""
_SECOND = "second"
_WORLDS = SearchStrategy[tuple[Twist, ...]]


def stories(*, ipv6: bool = False, requiretls: bool = False) -> _WORLDS:
    """Random worlds, some of them with a sequel, as the twists that lead to them."""
    worlds = drafts(ipv6=ipv6, requiretls=requiretls)
    changes = st.lists(
        single(ipv6=ipv6, requiretls=requiretls), min_size=1, max_size=2, unique_by=lambda each: each.words
    )
    sequels = {
        _Sequel.NONE: st.just(()),
        _Sequel.AGAIN: st.sampled_from((_AGAIN, _UNANSWERED)),
        _Sequel.ELSEWHERE: st.sampled_from((_OF_ANOTHER_NAME, _ELSEWHERE)),
        _Sequel.CHANGED: _changed(changes),
    }
    # It is settled first: drawn last, it would come with small worlds all the more often, since others have been tried.
    return st.sampled_from(_ODDS).flatmap(lambda kind: st.builds(_story, worlds, sequels[kind]))


def lone_sequels(*, ipv6: bool = False, requiretls: bool = False) -> _WORLDS:
    """Worlds with a sequel that depart from the healthy one in a single, simple thing, before it or by it."""
    simple = lone(ipv6=ipv6, requiretls=requiretls)
    unchanged = st.builds(lambda first, then: (*first, *then), simple, st.sampled_from((_AGAIN, _ELSEWHERE)))
    return unchanged | _changed(simple) | st.sampled_from((_UNANSWERED, _OF_ANOTHER_NAME))


def _story(first: tuple[Twist, ...], then: tuple[Twist, ...]) -> tuple[Twist, ...]:
    """What is drawn twice, as hypothesis likes to, comes later only."""
    later = {each.words for each in then}
    return (*(each for each in first if _later(each).words not in later), *then)


def _later(twist: Twist) -> Twist:
    """The same as a departure of the world after its first message."""
    return replace(twist, words=f"later {twist.words}", later=True)


def _changed(twists: SearchStrategy[tuple[Twist, ...]] | SearchStrategy[list[Twist]]) -> _WORLDS:
    return twists.map(lambda some: tuple(map(_later, some)))


def _again(draft: Draft) -> None:
    draft.times = _TIMES


def _tlsa_fails(draft: Draft) -> None:
    draft.top.setdefault("resolver", {}).setdefault("failures", {})["TLSA"] = "servfail"


def _to_another_domain(draft: Draft) -> None:
    """Its MX hosts are the same."""
    if draft.shape == "relay":
        return
    for number, host in enumerate(draft.hosts):
        preference = host.get("preference", 10 * (number + 1))
        draft.record(_SECOND, f"@ MX {preference} {draft.name(number)}")
    draft.also = _SECOND


def _names_the_domain_only(draft: Draft) -> None:
    """The certificate is right for whoever writes to the domain, and for nobody else who is led to the host."""
    draft.authority("ca")
    draft.host(0).update(tlsa=["2 1 1"], cert={"issuer": "ca", "names": ["{domain}"]})


# Two of these are two things at once, which would seldom be drawn together.
_AGAIN = (Twist("five messages in a row", _again),)
_UNANSWERED = (Twist("the resolver fails at questions for TLSA: servfail", _tlsa_fails), *_AGAIN)
_ELSEWHERE = (Twist("then mail to another domain of its hosts", _to_another_domain),)
_OF_ANOTHER_NAME = (
    Twist("host 1: TLSA 2 1 1, certificate for the domain only", _names_the_domain_only),
    *_ELSEWHERE,
)
