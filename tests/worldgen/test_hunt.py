"""Random worlds: the built-in sender agrees with the oracle in all of them, and a broken one is found out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from harness.oracle import UNDECLARED, Point, Stance
from harness.run.plan import LOOPBACK_OFFERS
from harness.scenario.lint import lint
from harness.scenario.load import Entry, load_file
from harness.scenario.models import Importance, Mode, Need, Scenario, WireRule
from harness.scenario.stages import stages
from harness.scenario.suite import load_suite
from harness.targets import BuiltinSender, Kind
from harness.targets.mutants import mutant_kind
from harness.verdict import Profile, Result, Verdict
from harness.verdict.result import Grade
from harness.worldgen.bench import Try, bench
from harness.worldgen.entries import CONTROL, twin_of, world_of
from harness.worldgen.hunt import Finding, Hunt, kept, kinds

from .senders import broken

pytestmark = pytest.mark.loopback


@contextmanager
def _hunting(
    kind: Kind, *, count: int, mode: Mode = Mode.OPPORTUNISTIC, seed: int = 0, stance: Stance = UNDECLARED
) -> Iterator[Hunt]:
    control = load_suite()[CONTROL]
    offers = LOOPBACK_OFFERS | kind.offered(mode)
    with bench(control, kind, Profile(mode, mode), seed="tests", limit=60) as attempt:
        yield Hunt(seed=seed, count=count, attempt=attempt, offers=offers, stance=stance)


def _world(finding: Finding) -> dict[str, Any]:
    return world_of(finding.entry.source.tables)


DECLARED = Stance.of(BuiltinSender.kind().choices)


@pytest.mark.parametrize("stance", [UNDECLARED, DECLARED], ids=["undeclared", "declared"])
@pytest.mark.parametrize("mode", list(Mode))
def test_the_builtin_sender_agrees_with_the_oracle_in_random_worlds(mode: Mode, stance: Stance) -> None:
    kind = BuiltinSender.kind(arguments=("--dns-timeout", "30"))
    with _hunting(kind, count=200, mode=mode, stance=stance) as hunt:
        tally = hunt.run()
    assert tally.worlds == 200
    assert (tally.found, tally.other) == ([], [])
    assert tally.verdicts[Verdict.PASS] + tally.verdicts[Verdict.ALLOWED] + len(tally.unsteady) == 200
    assert len(tally.outcomes) > 3


def _endless() -> dict[str, Any]:
    records = ["_25._tcp.{mx1} CNAME tlsa.{domain}", "tlsa CNAME _25._tcp.{mx1}"]
    return {"zones": {"domain": {"records": records}}, "mx": [{"tlsa": []}]}


def _is_one_failed_lookup(world: dict[str, Any]) -> bool:
    """By the resolver's own fault, by aliases without end, or by a fault of the name servers."""
    if list(world) == ["resolver"]:
        return list(world["resolver"]) == ["failures"] and list(world["resolver"]["failures"]) == ["TLSA"]
    if world == _endless():
        return True
    (fault,) = world.pop("faults")
    return not world and fault["at"] == "_25._tcp.{mx1} TLSA"


def _is_one_stripped_server(world: dict[str, Any]) -> bool:
    return world == {"mx": [{"smtp": {"starttls": False}}]}


def _is_one_strange_name(world: dict[str, Any]) -> bool:
    (host,) = world.pop("mx")
    (record,) = host["tlsa"]
    world.pop("certs", None)
    return not world and record.startswith("2 ") and host["cert"]["names"] == ["unrelated.example"]


def _is_one_record_that_ceases_to_match(world: dict[str, Any]) -> bool:
    return world.pop("steps")[1] == {"change": {"mx": [{"tlsa": ["3 1 1 other-key"]}]}} and world == {
        "zones": {"domain": {"ttl": 1}}
    }


@pytest.mark.parametrize(
    ("name", "is_the_defect"),
    [
        ("TakesFailureForAbsence", _is_one_failed_lookup),
        ("GoesOnInClear", _is_one_stripped_server),
        ("LooksAtNoName", _is_one_strange_name),
        ("BelievesEverAfter", _is_one_record_that_ceases_to_match),
    ],
)
def test_a_broken_rule_is_found_and_shrunk_to_the_one_defect(
    name: str, is_the_defect: Callable[[dict[str, Any]], bool], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with _hunting(broken(name), count=2000) as hunt:
        tally = hunt.run(until=Grade.WARNING)
        gravest = next(kinds(tally.found))
        smallest = hunt.smallest(gravest)
    assert gravest[0] == "security"
    assert is_the_defect(_world(smallest)), _world(smallest)
    assert list(tmp_path.iterdir()) == []


def test_what_was_found_is_a_scenario_file_without_a_fault(tmp_path: Path) -> None:
    with _hunting(broken("TakesFailureForAbsence"), count=400) as hunt:
        entry = kept(hunt.smallest(next(kinds(hunt.run(until=Grade.WARNING).found))))
    file = tmp_path / entry.file.name
    file.write_text(entry.source.text, encoding="utf-8")
    found = lint(file)
    assert (found.errors, found.warnings) == ((), ())
    (scenario,) = load_file(file)
    assert scenario == entry.scenario
    assert str(scenario.expect.opportunistic) == "DEFER"


def test_what_was_found_says_what_was_declared_as_far_as_it_matters(tmp_path: Path) -> None:
    stance = Stance({Point.SHA_512: "supported", Point.CN_FALLBACK: "not-used", Point.MX_ALIAS: "followed"})
    with _hunting(mutant_kind("sha-512-unusable"), count=1000, stance=stance) as hunt:
        tally = hunt.run(until=Grade.SECURITY)
        entry = kept(hunt.smallest(next(kinds(tally.found))), stance)
    assert "It is expected of a sender that declares sha-512=supported.\n" in entry.scenario.explain
    assert str(entry.scenario.expect.opportunistic) == "DEFER"
    file = tmp_path / entry.file.name
    file.write_text(entry.source.text, encoding="utf-8")
    assert lint(file).errors == ()


def _asking(*, count: int, offers: frozenset[Need]) -> list[Entry]:
    """The worlds among so many in which a message asks for something, or that say that they need who knows it."""
    drawn: list[Entry] = []

    def noted(entry: Entry) -> Verdict:
        drawn.append(entry)
        return Verdict.PASS

    Hunt(seed=0, count=count, attempt=_saying(noted), offers=offers).run()
    return [entry for entry in drawn if Need.REQUIRETLS in entry.scenario.needs or _asks(entry.scenario)]


def _asks(scenario: Scenario) -> bool:
    return any(stage.scenario.message.model_fields_set for stage in stages(scenario))


def test_messages_that_ask_for_more_say_what_they_need_and_are_seldom() -> None:
    found = _asking(count=500, offers=LOOPBACK_OFFERS | {Need.REQUIRETLS})
    assert 25 < len(found) < 100
    for entry in found:
        expect, message = entry.scenario.expect, entry.scenario.message
        assert Need.REQUIRETLS in entry.scenario.needs
        if entry.scenario.steps:
            continue
        goes = any(each.allows_delivery for each in (expect.opportunistic, expect.mandatory, expect.unaware))
        assert (WireRule.REQUIRETLS_PASSED_ON in expect.wire) == (message.requiretls and goes)
        assert (expect.severity == "should") == (not message.requiretls)


def test_a_target_that_does_not_know_requiretls_gets_no_such_message() -> None:
    assert _asking(count=300, offers=LOOPBACK_OFFERS) == []


@pytest.mark.parametrize("asked", [{"requiretls": True}, {"headers": ["TLS-Required: No"]}, {}])
def test_what_is_kept_rests_on_a_twin_that_asks_for_the_same(asked: dict[str, Any]) -> None:
    suite = load_suite()
    twin = suite[twin_of({"message": asked})].scenario
    assert twin.message.requiretls == asked.get("requiretls", False)
    assert all(each.is_delivery for each in twin.expect.opportunistic.outcomes)


def test_what_is_not_seen_twice_is_no_finding() -> None:
    once = iter([Verdict.FAIL])
    tally = Hunt(seed=0, count=5, attempt=_saying(lambda _: next(once, Verdict.PASS))).run()
    assert tally.found == []
    assert len(tally.unsteady) == 1


def test_what_is_seen_twice_is_a_finding() -> None:
    tally = Hunt(seed=0, count=5, attempt=_saying(lambda _: Verdict.FAIL)).run()
    assert len(tally.found) == 5


def test_a_target_that_changes_its_mind_leaves_the_world_as_it_was_drawn() -> None:
    said = iter([Verdict.FAIL] * 10)
    hunt = Hunt(seed=0, count=5, attempt=_saying(lambda _: next(said, Verdict.PASS)))
    (kind,) = kinds(hunt.run().found)
    assert hunt.smallest(kind) in hunt.tally.found


def test_a_world_changes_only_where_the_target_is_wrong_by_it() -> None:
    assert "steps" not in _smallest(lambda _: Verdict.FAIL)
    found = _smallest(lambda entry: Verdict.FAIL if "change" in entry.source.text else Verdict.PASS)
    (first, change, wait, last) = found.pop("steps")
    assert found == {"zones": {"domain": {"ttl": 1}}}
    assert (first, wait, last) == ({"send": ["domain"]}, {"wait": "6s"}, {"send": ["domain"]})
    assert len(change["change"]) == 1


def _smallest(verdict: Callable[[Entry], Verdict]) -> dict[str, Any]:
    hunt = Hunt(seed=0, count=200, attempt=_saying(verdict))
    (kind,) = kinds(hunt.run(until=Grade.WARNING).found)
    return world_of(kept(hunt.smallest(kind)).source.tables)


def test_what_was_done_wrong_is_what_the_deciding_message_came_to() -> None:
    entry = load_suite()[CONTROL]
    one = _result(entry, Verdict.FAIL)
    assert Finding(entry, one).kind == ("security", "TLS")
    several = one.model_copy(update={"outcome": "AUTH then CLEAR@mx2 then AUTH", "reason": "send 2: it went in clear"})
    assert Finding(entry, several).kind == ("security", "CLEAR")


def test_worlds_that_the_target_does_not_meet_the_needs_of_are_not_tried() -> None:
    tried: list[Entry] = []

    def noted(entry: Entry) -> Verdict:
        tried.append(entry)
        return Verdict.PASS

    offers = frozenset(Need) - {Need.ROUTE, Need.REPETITION}
    Hunt(seed=0, count=200, attempt=_saying(noted), offers=offers).run()
    assert len(tried) == 200
    assert [entry.id for entry in tried if entry.scenario.route.relay is not None] == []
    assert {step.times for entry in tried for step in entry.scenario.steps} == {1}


def test_the_same_seed_draws_the_same_worlds() -> None:
    drawn = [_titles(seed) for seed in (5, 5, 6)]
    assert drawn[0] == drawn[1] != drawn[2]


def _titles(seed: int) -> list[str]:
    found: list[str] = []

    def noted(entry: Entry) -> Verdict:
        found.append(entry.source.text)
        return Verdict.PASS

    Hunt(seed=seed, count=30, attempt=_saying(noted)).run()
    return found


def _saying(verdict: Callable[[Entry], Verdict]) -> Try:
    """Tries nothing, and says this of every world."""

    def attempt(entries: Iterable[Entry]) -> list[Result]:
        return [_result(entry, verdict(entry)) for entry in entries]

    return attempt


def _result(entry: Entry, verdict: Verdict) -> Result:
    return Result(
        target="none",
        scenario=entry.id,
        title=entry.scenario.title,
        importance=Importance.MINOR,
        verdict=verdict,
        grade=Grade.SECURITY if verdict is Verdict.FAIL else None,
        outcome="TLS",
        expected=str(entry.scenario.expect.opportunistic),
        requirements=(),
        reason="",
        delivered=True,
    )
