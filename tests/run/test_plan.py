"""Which scenarios run, which run along, and which cannot."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.commands.choices import enter_lists, offers_of
from harness.errors import NothingConcluded, ScenarioError, UsageError
from harness.lab.resolvers import ResolverSoftware
from harness.run import LOOPBACK_OFFERS, Contender, Plan, pick, plan, wanting
from harness.scenario.models import Mode, Need
from harness.scenario.suite import Suite, load_suite
from harness.targets import Network, named, names
from harness.verdict import Profile
from tests.scenario.files import BAD_DIGEST, GOOD, with_lines, write

DANE = Profile.of(Mode.OPPORTUNISTIC)
SIX = GOOD + '\n[[mx]]\nipv6 = [""]\n'
ROUTED = with_lines(GOOD, 'needs = ["route"]')
INTERNATIONAL = with_lines(BAD_DIGEST, 'needs = ["smtputf8", "requiretls"]')


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    write(tmp_path, good=GOOD, bad=BAD_DIGEST, six=SIX, routed=ROUTED, international=INTERNATIONAL, again=GOOD)
    return load_suite(tmp_path, own=False)


def ids(suite: Suite, *patterns: str, offers: frozenset[Need] = LOOPBACK_OFFERS) -> list[str]:
    return [entry.id for entry in pick(suite, patterns, profile=DANE, offers=offers).entries]


def test_the_twin_runs_along(suite: Suite) -> None:
    picked = pick(suite, ["bad"], profile=DANE, offers=LOOPBACK_OFFERS)
    assert [entry.id for entry in picked.entries] == ["bad", "good"]
    assert picked.along == ("good",)


def test_what_was_asked_for_does_not_run_along(suite: Suite) -> None:
    assert pick(suite, ["bad", "good"], profile=DANE, offers=LOOPBACK_OFFERS).along == ()


def test_a_control_runs_along_where_nothing_would_be_delivered(tmp_path: Path) -> None:
    plain = GOOD.replace('mandatory = "AUTH"', 'mandatory = "DEFER"').replace('"AUTH"', '"TLS"')
    write(tmp_path, plain=plain, good=GOOD)
    picked = pick(
        load_suite(tmp_path, own=False), ["plain"], profile=Profile.of(Mode.MANDATORY), offers=LOOPBACK_OFFERS
    )
    assert picked.along == ("good",)
    assert ids(load_suite(tmp_path, own=False), "plain") == ["plain"]


def test_what_neither_lab_nor_target_offers_is_left_out_and_said(suite: Suite) -> None:
    picked = pick(suite, profile=DANE, offers=LOOPBACK_OFFERS)
    assert [entry.id for entry in picked.entries] == ["again", "bad", "good", "six"]
    assert picked.left_out == {"routed": (Need.ROUTE,), "international": (Need.SMTPUTF8, Need.REQUIRETLS)}
    assert "routed" in ids(suite, offers=LOOPBACK_OFFERS | {Need.ROUTE})


def test_where_nothing_can_run_the_reason_is_named(suite: Suite) -> None:
    with pytest.raises(NothingConcluded, match="international needs smtputf8 and requiretls, and 1 more likewise"):
        pick(suite, ["international", "routed"], profile=DANE, offers=LOOPBACK_OFFERS)


def test_what_a_run_has_to_be_told_is_named_with_the_option_that_tells_it(tmp_path: Path) -> None:
    write(tmp_path, slow=with_lines(GOOD, 'needs = ["queue", "patience"]'))
    with pytest.raises(NothingConcluded, match=r"slow needs patience \(--patient\);"):
        pick(load_suite(tmp_path, own=False), profile=DANE, offers=LOOPBACK_OFFERS)
    assert (wanting(Need.PATIENCE), wanting(Need.ROUTE)) == ("patience (--patient)", "route")


REAL = [software for software in ResolverSoftware if software is not ResolverSoftware.SIMULATED]


@pytest.mark.parametrize("software", REAL)
def test_a_resolver_that_asks_the_name_servers_itself_caches(software: ResolverSoftware) -> None:
    for network in (Network.NAMESPACE, Network.OUTSIDE):
        assert {Need.CACHE, Need.VALIDATING_RESOLVER} <= offers_of(network, software)


def test_the_simulated_resolver_caches_nothing() -> None:
    for network in Network:
        assert Need.CACHE not in offers_of(network, ResolverSoftware.SIMULATED)


def test_only_a_patient_run_waits_for_minutes() -> None:
    for patient in (False, True):
        offers = offers_of(Network.NAMESPACE, ResolverSoftware.UNBOUND, patient=patient)
        assert (Need.PATIENCE in offers) is patient
    slow = [entry for entry in load_suite() if entry.scenario.waits > 60]
    assert [entry.id for entry in slow] == ["tlsa-failure-forgotten"]
    assert all(Need.PATIENCE in entry.scenario.needs for entry in slow)


def test_every_need_of_a_scenario_is_met_by_a_lab_or_a_target_of_danelabs_own() -> None:
    labs = [offers_of(network, software, patient=True) for network in Network for software in ResolverSoftware]
    targets = [named(name).offered(mode) for name in names() for mode in Mode]
    met = frozenset[Need]().union(*labs, *targets)
    used = {need for entry in load_suite() for need in entry.scenario.needs}
    assert used - met == set()


def test_every_scenario_is_run_by_some_pair_of_a_lab_and_a_target() -> None:
    kinds = [named(name) for name in names() if name != "manual"]
    pairs = {
        offers_of(network, software, patient=True) | kind.offered(mode)
        for kind in kinds
        for mode in Mode
        for network in kind.networks
        for software in ResolverSoftware
        if network is not Network.LOOPBACK or software is ResolverSoftware.SIMULATED
    }
    without = [entry.id for entry in load_suite() if not any(set(entry.scenario.needs) <= offered for offered in pairs)]
    assert without == []


def test_what_takes_several_messages_is_not_asked_of_who_holds_the_second_one_back() -> None:
    kinds = [named("opensmtpd"), named("postfix:may")]
    offers = offers_of(Network.NAMESPACE, ResolverSoftware.SIMULATED)
    held, other = enter_lists(kinds, load_suite(), (), mode=Mode.UNAWARE, judge_as=None, offers=offers)
    chance = {entry.id for entry in load_suite() if any(step.times > 1 for step in entry.scenario.steps)}
    assert len(chance) == 5
    assert {key for key, needs in held.picked.left_out.items() if Need.REPETITION in needs} == chance
    assert chance <= {entry.id for entry in other.picked.entries}


def test_a_pattern_that_matches_nothing_is_an_error(suite: Suite) -> None:
    with pytest.raises(UsageError, match="bda: no scenario matches; did you mean 'bad'"):
        pick(suite, ["bda"], profile=DANE, offers=LOOPBACK_OFFERS)


def test_without_ipv6_a_scenario_that_wants_it_is_named_with_its_key(
    suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan, "has_ipv6", lambda: False)
    with pytest.raises(ScenarioError, match=r"six\.toml:\d+: mx\[0\]\.ipv6: asks for IPv6.*--no-ipv6"):
        ids(suite)
    assert "six" not in ids(suite, offers=LOOPBACK_OFFERS - {Need.IPV6})
    assert ids(suite, "good") == ["good"]


def test_where_a_resolver_is_tested_no_more_targets_run_at_a_time_than_there_are_cores(
    suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    picked = pick(suite, ["good"], profile=DANE, offers=LOOPBACK_OFFERS)

    def at_once(*names: str) -> int:
        contenders = (Contender(name=each, kind=named(each), profile=DANE, picked=picked) for each in names)
        return Plan(contenders=tuple(contenders)).side_by_side

    assert at_once("builtin", "builtin:unaware", "builtin:mandatory", "postfix:dane") == 4
    assert at_once("builtin", "builtin:unaware", "builtin:mandatory", "resolver:unbound") == 2
