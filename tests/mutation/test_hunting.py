"""Random worlds find mutants, and shrink to the one defect that each is blind to."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from harness.mutation.hunting import hunt
from harness.targets.mutants import known_mutants, mutant_kind, unbroken_kind

pytestmark = pytest.mark.loopback

SAID = ("title", "covers", "twin", "importance", "explain", "expect")


@pytest.mark.parametrize(
    ("name", "world"),
    [
        ("digest-begins-alike", {"mx": [{"tlsa": ["3 1 0 other-key"]}]}),
        ("clear-retry-after-cut", {"mx": [{"smtp": {"cut_in_data": True}}]}),
    ],
)
def test_a_counterexample_is_the_one_defect(name: str, world: dict[str, Any]) -> None:
    prey = hunt(known_mutants()[name], mutant_kind(name), count=2000)
    assert prey.kind.startswith("security ")
    if prey.kind == "security CLEAR" and "mx" not in world:
        # Mail goes in clear only where the server has no TLS: that belongs to what was found.
        world = {**world, "mx": [{"smtp": {"starttls": False}}]}
    assert {key: value for key, value in tomllib.loads(prey.toml).items() if key not in SAID} == world


def test_a_counterexample_holds_what_the_mutant_is_blind_to() -> None:
    name = "tlsa-refused-is-absence"
    prey = hunt(known_mutants()[name], mutant_kind(name), count=2000)
    assert prey.kind.startswith("security ")
    assert tomllib.loads(prey.toml)["resolver"] == {"failures": {"TLSA": "refused"}}


def test_nothing_is_found_in_a_sender_that_keeps_every_rule() -> None:
    prey = hunt(known_mutants()["no-agility"], unbroken_kind(), count=100)
    assert (prey.kind, prey.worlds) == ("", 100)
    assert prey.told() == "no-agility: nothing found in 100 worlds\n"
