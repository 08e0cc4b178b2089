"""What a sender declares: names and positions are those of choices.toml, and mean what they mean there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from harness.oracle import Point, Stance, permitted
from harness.oracle.words import expectation
from harness.scenario.choices import CHOICES, Telling, load_choices
from harness.scenario.models import Expect, Mode
from harness.scenario.outcomes import Code, Outcome
from harness.scenario.suite import own_scenarios
from harness.targets import BuiltinSender

from .kit import INSECURE, facts, host, record, said, server
from .suite import Sent, keys, spoken

KNOWN = load_choices(own_scenarios() / CHOICES)


def test_every_point_is_a_choice_that_can_be_declared() -> None:
    assert [point for point in Point if point not in KNOWN or not KNOWN[point].positions] == []


def _told(point: Point) -> Iterator[tuple[Telling, Sent]]:
    """What tells a choice by outcomes alone, with the messages that do."""
    for telling in KNOWN[point].tells:
        if telling.when is None:
            yield from ((telling, sent) for sent in spoken() if telling.about(sent.place[0]))


def _left(sent: Sent, stance: Stance) -> tuple[Outcome, ...]:
    expect = expectation(sent.facts, hosts=keys(sent.facts), stance=stance)
    assert isinstance(expect, Expect)
    return expect.opportunistic.outcomes


@pytest.mark.parametrize("point", list(Point))
def test_what_is_left_shows_the_position_that_was_declared(point: Point) -> None:
    shown: set[str] = set()
    for telling, sent in _told(point):
        for position in set(telling.outcomes.values()):
            # Digest agility tells nothing of those who do not know the stronger digest.
            left = _left(sent, Stance({Point.SHA_512: "supported", point: position}))
            assert left, (sent.place, position)
            assert {telling.position(outcome) for outcome in left} <= {position, None}, (sent.place, position)
            shown.add(position)
    assert shown == KNOWN[point].positions.keys()


def test_what_is_left_was_permitted_before() -> None:
    stance = Stance.of(BuiltinSender.kind().choices)
    for sent in spoken():
        for mode in Mode:
            before = {(final.code, final.at) for final in permitted(sent.facts, mode)}
            # OPP is TLS or cleartext, whichever there is.
            before |= {(code, at) for general, at in before if general is Code.OPP for code in (Code.TLS, Code.CLEAR)}
            left = {(final.code, final.at) for final in permitted(sent.facts, mode, stance)}
            assert left, (sent.place, mode)
            assert left <= before, (sent.place, mode)


def test_nothing_is_held_to_what_the_oracle_does_not_know() -> None:
    assert Stance.of({"tlsa-lookup": "before", "sha-512": "supported"}) == Stance({Point.SHA_512: "supported"})


@pytest.mark.parametrize(
    ("position", "expected"), [("applied", "DEFER"), ("not-applied", "OPP@mx1"), ("", "DEFER / OPP@mx1")]
)
def test_dane_at_an_insecure_mx_is_what_was_declared(position: str, expected: str) -> None:
    stance = Stance({Point.DANE_AT_INSECURE_MX: position} if position else {})
    assert said(facts(host(record(fits="")), mx=INSECURE), stance=stance) == expected


@pytest.mark.parametrize(
    ("position", "expected"), [("supported", "DEFER"), ("unusable", "TLS@mx1"), ("", "DEFER / TLS@mx1")]
)
def test_sha_512_is_what_was_declared(position: str, expected: str) -> None:
    stance = Stance({Point.SHA_512: position} if position else {})
    assert said(facts(host(record(matching_type=2, fits=""))), stance=stance) == expected


@pytest.mark.parametrize(("injects", "expected"), [(False, "CLEAR@mx1"), (True, "CLEAR@mx1 / DEFER")])
def test_who_goes_on_after_a_refusal_may_be_stopped_by_replies_that_nobody_asked_for(
    *, injects: bool, expected: str
) -> None:
    stance = Stance({Point.REFUSED_STARTTLS: "in-clear"})
    refuses = server(grants=False, injects=injects)
    assert said(facts(host(servers=(refuses,))), stance=stance) == expected
