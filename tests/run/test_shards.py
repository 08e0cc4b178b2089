"""Runs cut into parts: every scenario in one of them, evenly, and the same each time."""

from __future__ import annotations

import pytest

from harness.errors import UsageError
from harness.run import LOOPBACK_OFFERS, Shard, pick
from harness.scenario.models import Mode
from harness.scenario.suite import Suite, load_suite
from harness.verdict import Profile

PROFILE = Profile.of(Mode.OPPORTUNISTIC)


@pytest.fixture(scope="module")
def suite() -> Suite:
    return load_suite()


@pytest.mark.parametrize("of", [1, 2, 4, 16, 100])
def test_every_scenario_is_in_one_part_and_parts_are_of_a_size(suite: Suite, of: int) -> None:
    parts = [Shard(number, of).part_of(suite.entries) for number in range(1, of + 1)]
    listed = [entry.id for part in parts for entry in part]
    assert sorted(listed) == list(suite.ids)
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_parts_do_not_depend_on_the_order_of_what_is_cut(suite: Suite) -> None:
    turned = tuple(reversed(suite.entries))
    assert Shard(3, 16).part_of(suite.entries) == Shard(3, 16).part_of(turned)


@pytest.mark.parametrize("number", range(1, 9))
def test_the_twin_of_every_scenario_is_at_hand_and_few_run_twice(suite: Suite, number: int) -> None:
    picked = pick(suite, profile=PROFILE, offers=LOOPBACK_OFFERS, shard=Shard(number, 8))
    ids = {entry.id for entry in picked.entries}
    assert all(entry.scenario.twin in ids for entry in picked.entries if entry.scenario.twin)
    assert len(picked.along) < len(ids) / 2
    assert picked.shard == f"{number}/8"


@pytest.mark.parametrize("word", ["3", "0/4", "5/4", "1/0", "-1/4", "a/b", "1/4/2", "", "1 / 4"])
def test_what_is_no_part_is_told(word: str) -> None:
    with pytest.raises(UsageError, match=r"--shard .*(write K/N|there is no such part)"):
        Shard.told(word)


def test_more_parts_than_scenarios_are_told(suite: Suite) -> None:
    with pytest.raises(UsageError, match=r"--shard 1/5: there are only 4 scenarios; take K/4"):
        Shard(1, 5).part_of(suite.entries[:4])
