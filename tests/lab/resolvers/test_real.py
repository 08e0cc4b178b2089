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


def test_a_killed_resolver_is_noticed(software: ResolverSoftware, in_namespace: Callable[..., Any]) -> None:
    before, after, told, said = in_namespace(lives.killed, software)
    assert (before, after) == (True, False)
    assert len(told) == 1
    assert told[0].startswith(f"the resolver {software} ended with status -9: ")
    assert said == f"the resolver {software} is not running"


def test_a_resolver_that_is_stopped_is_no_news(software: ResolverSoftware, in_namespace: Callable[..., Any]) -> None:
    assert in_namespace(lives.stopped, software) == []


def test_a_resolver_that_cannot_validate_is_not_let_in(
    software: ResolverSoftware, in_namespace: Callable[..., Any]
) -> None:
    said = in_namespace(lives.without_authority, software)
    assert said.startswith(f"the resolver {software} does not serve within 2.5 s: it ")


def test_after_forgetting_the_changed_world_is_seen(
    software: ResolverSoftware, in_namespace: Callable[..., Any]
) -> None:
    first, second = in_namespace(lives.changed, software)
    assert (first[0][:3], second[0][:3]) == (b"\3\1\1", b"\3\1\2")


def test_every_real_resolver_has_a_recipe() -> None:
    assert REAL
    for each in REAL:
        assert recipe(each).packages
    for other in set(ResolverSoftware) - set(REAL):
        with pytest.raises(KeyError):
            recipe(other)
