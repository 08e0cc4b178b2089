"""The life of a real resolver: it starts, forgets, is killed, and it is told what went wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from harness.lab.resolvers.real import recipe
from harness.lab.resolvers.software import ResolverSoftware
from harness.targets.packages import prefix
from tests.lab.resolvers import lives
from tests.lab.resolvers.bodies import bundle
from tests.support.fixtures import available

pytestmark = pytest.mark.validators

REAL = [software for software in ResolverSoftware if software.is_real]


@pytest.fixture(params=REAL)
def software(request: pytest.FixtureRequest) -> ResolverSoftware:
    chosen: ResolverSoftware = request.param
    available(prefix, bundle(chosen))
    return chosen


def test_a_killed_resolver_is_noticed(in_namespace: Callable[..., Any]) -> None:
    software = ResolverSoftware.UNBOUND
    available(prefix, bundle(software))
    before, after, told, said = in_namespace(lives.killed, software)
    assert (before, after) == (True, False)
    assert len(told) == 1
    assert told[0].startswith(f"the resolver {software} ended with status -9: ")
    assert said == f"the resolver {software} is not running"


def test_a_resolver_that_is_stopped_is_no_news(in_namespace: Callable[..., Any]) -> None:
    available(prefix, bundle(ResolverSoftware.UNBOUND))
    assert in_namespace(lives.stopped, ResolverSoftware.UNBOUND) == []


def test_a_resolver_that_cannot_validate_is_not_let_in(
    software: ResolverSoftware, in_namespace: Callable[..., Any]
) -> None:
    said = in_namespace(lives.without_authority, software)
    assert said.startswith(f"the resolver {software} does not serve within 1 s: it ")


def test_answers_are_kept_for_their_ttl_and_after_forgetting_the_changed_world_is_seen(
    software: ResolverSoftware, in_namespace: Callable[..., Any]
) -> None:
    seen = in_namespace(lives.changed, software)
    assert [(record[:3], authentic) for record, authentic in seen] == [
        (b"\3\1\1", True),
        (b"\3\1\1", True),
        (b"\3\1\2", True),
    ]


def test_what_is_forgotten_of_one_world_is_kept_of_others(
    software: ResolverSoftware, in_namespace: Callable[..., Any]
) -> None:
    old, new = b"\3\1\1", b"\3\1\2"
    assert in_namespace(lives.of_one_world, software) == [(old, old), (old, old), (new, old)]


def test_with_its_names_a_worlds_denials_are_forgotten(
    software: ResolverSoftware, in_namespace: Callable[..., Any]
) -> None:
    assert in_namespace(lives.newly_published, software) == [(0, True), (1, True), (1, False), (1, True)]


def test_after_forgetting_everything_is_asked_anew(
    software: ResolverSoftware, in_namespace: Callable[..., Any]
) -> None:
    first, second = in_namespace(lives.asked_anew, software)
    # PowerDNS looks up the root's NS and keys in the background, as soon as it has forgotten them.
    assert first ^ second <= {(".", "NS"), (".", "DNSKEY")}
    assert {("z-plain.example.", "DNSKEY"), (lives.TLSA.format("z-plain"), "TLSA"), ("net.", "DS")} <= first


def test_every_real_resolver_has_a_recipe() -> None:
    assert REAL
    for each in REAL:
        assert recipe(each).packages
    for other in set(ResolverSoftware) - set(REAL):
        with pytest.raises(KeyError):
            recipe(other)
