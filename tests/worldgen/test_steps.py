"""Random worlds that send more than one message: their steps, what is expected of each, and as files."""

from __future__ import annotations

import contextlib
import tomllib
from collections.abc import Callable
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import Phase, find, settings
from hypothesis.strategies import SearchStrategy

from harness.oracle.reach import Beyond
from harness.run.plan import lacking
from harness.scenario.lint import lint
from harness.scenario.load import Entry, load_file
from harness.scenario.models import Need
from harness.worldgen.draft import Draft
from harness.worldgen.entries import Label, Maker, UnusableError, world_of
from harness.worldgen.sequels import lone_sequels, stories
from harness.worldgen.steps import with_steps
from harness.worldgen.twists import Twist, drafted

LABEL = Label(
    id="made-up", title="A made-up world", explain="A world that nobody has written, with several messages in it."
)
DRAWN = settings(max_examples=3000, phases=[Phase.generate], database=None, deadline=None)


def _twist(*, later: bool = False, **values: Any) -> Twist:
    """The first host's table says this too."""
    return Twist(str(values), lambda draft: draft.host(0).update(values), later=later)


def _fault(at: str, *, later: bool = False) -> Twist:
    return Twist(at, lambda draft: draft.faults.append({"at": at, "what": "servfail"}), later=later)


def _zone(*, later: bool = False, **values: Any) -> Twist:
    return Twist(str(values), lambda draft: draft.zone("domain").update(values), later=later)


def _top(key: str, value: Any, *, later: bool = False) -> Twist:
    return Twist(key, lambda draft: draft.top.update({key: value}), later=later)


def _said(name: str, value: Any) -> Twist:
    return Twist(name, lambda draft: setattr(draft, name, value))


def _tables(*twists: Twist) -> dict[str, Any]:
    return with_steps(drafted(twists))


def _made(*twists: Twist) -> Entry:
    return Maker().make(_tables(*twists), LABEL)


def _expected(entry: Entry) -> list[str]:
    """What is expected of each message in mode opportunistic."""
    scenario = entry.scenario
    return [str((step.expect or scenario.expect).opportunistic) for step in scenario.steps if step.send]


def test_a_world_with_one_message_has_no_steps() -> None:
    assert _tables(_twist(tlsa=[])) == {"mx": [{"tlsa": []}]}


def test_a_later_departure_is_a_change_between_two_messages() -> None:
    assert _tables(_twist(tlsa=["3 1 1"]), _twist(later=True, tlsa=["3 1 1 other-key"])) == {
        "mx": [{"tlsa": ["3 1 1"]}],
        "zones": {"domain": {"ttl": 1}},
        "steps": [
            {"send": ["domain"]},
            {"change": {"mx": [{"tlsa": ["3 1 1 other-key"]}]}},
            {"wait": "6s"},
            {"send": ["domain"]},
        ],
    }


def test_the_change_says_only_what_differs() -> None:
    tables = _tables(_zone(records=["www A 192.0.2.1"]), _fault("A"), _zone(later=True, denial="nsec3"))
    assert tables["steps"][1]["change"] == {"zones": {"domain": {"denial": "nsec3"}}}


def test_a_zone_that_is_needed_later_is_there_from_the_start() -> None:
    tables = _tables(Twist("", lambda draft: draft.record("provider", "www A 192.0.2.1"), later=True))
    assert tables["zones"]["provider"] == {"ttl": 1}
    assert tables["steps"][1]["change"] == {"zones": {"provider": {"records": ["www A 192.0.2.1"]}}}


def test_another_recipient_needs_no_other_world() -> None:
    tables = _tables(_top("recipient", "user@gone.{domain}", later=True))
    assert tables["steps"] == [{"send": ["domain"]}, {"send": ["user@gone.{domain}"]}]


def test_the_same_message_several_times() -> None:
    entry = _made(_twist(smtp={"starttls": False}), _said("times", 5))
    assert [(step.send, step.times) for step in entry.scenario.steps] == [(("domain",), 5)]
    assert _expected(entry) == ["DEFER"]
    assert lacking(entry.scenario, frozenset()) == (Need.REPETITION,)


@pytest.mark.parametrize(
    ("twists", "reason"),
    [
        ([_twist(tlsa=[]), _twist(later=True, tlsa=[])], "does not change"),
        ([_zone(later=True, signed=False)], "waited for"),
        ([_zone(later=True, name_servers=["lame"])], "waited for"),
        ([_fault("DS", later=True)], "waited for"),
        ([_top("route", {"fallback_relay": "[{fallback}]"}, later=True)], "waited for"),
        (
            [_top("resolver", {"sets_ad": "never"}), Twist("", lambda draft: draft.top.clear(), later=True)],
            "taken away",
        ),
    ],
)
def test_a_change_that_is_none_or_outlasts_every_wait_is_not_made(twists: list[Twist], reason: str) -> None:
    with pytest.raises(UnusableError, match=reason):
        _tables(*twists)


def test_each_message_is_expected_what_its_world_permits() -> None:
    entry = _made(_twist(later=True, tlsa=["3 1 1 other-key"]))
    assert _expected(entry) == ["AUTH", "DEFER"]
    scenario = entry.scenario
    assert (str(scenario.expect.mandatory), str(scenario.expect.unaware)) == ("DEFER", "OPP")
    assert scenario.steps[-1].expect is None
    assert scenario.twin == "ee-311"
    # The rule that the last message is about comes first.
    assert scenario.covers[0] == "7672-3.2-2"
    assert "7672-2.2-1" in scenario.covers
    first = scenario.steps[0].expect
    assert first is not None
    assert first.within(scenario.expect).wire == scenario.expect.wire != ()


def test_what_is_expected_of_all_messages_is_said_once() -> None:
    entry = _made(_twist(later=True, tlsa=["3 0 1"]))
    assert [step.expect for step in entry.scenario.steps] == [None] * 4
    assert _expected(entry) == ["AUTH", "AUTH"]
    assert entry.scenario.twin is None


def test_mail_to_another_domain_is_judged_by_that_domain() -> None:
    def apply(draft: Draft) -> None:
        draft.authority("ca")
        draft.host(0).update(tlsa=["2 1 1"], cert={"issuer": "ca", "names": ["{domain}"]})
        draft.record("second", "@ MX 10 {mx1}")
        draft.also = "second"

    assert _expected(_made(Twist("", apply))) == ["AUTH", "DEFER"]


def test_the_oracle_says_nothing_of_a_server_that_has_learned() -> None:
    learns = _twist(smtp={"starttls_after_cleartext": True})
    assert _expected(Maker().make(_tables(learns), LABEL)) == []
    with pytest.raises(UnusableError, match=Beyond.EARLIER_SESSIONS):
        _made(learns, _said("times", 5))


def test_a_configured_relay_is_a_need() -> None:
    assert _made(_said("shape", "relay")).scenario.needs == (Need.ROUTE,)
    fallback = _made(_top("route", {"fallback_relay": "[{fallback}]"}))
    assert fallback.scenario.needs == (Need.FALLBACK_RELAY,)


def test_what_is_expected_can_be_worked_out_anew() -> None:
    entry = _made(_twist(later=True, tlsa=["3 1 1 other-key"]))
    world = world_of(entry.source.tables)
    assert world == _tables(_twist(later=True, tlsa=["3 1 1 other-key"]))
    assert Maker().make(entry.source.tables, LABEL).scenario == entry.scenario


@pytest.mark.parametrize("draws", [stories, lone_sequels])
def test_worlds_with_steps_are_scenario_files_without_a_fault(
    draws: Callable[..., SearchStrategy[tuple[Twist, ...]]], tmp_path: Path
) -> None:
    maker, numbers = Maker(), count()
    made: list[Entry] = []

    def enough(twists: tuple[Twist, ...]) -> bool:
        with contextlib.suppress(UnusableError):
            label = Label(id=f"made-{next(numbers)}", title=LABEL.title, explain=LABEL.explain)
            entry = maker.make(with_steps(drafted(twists)), label)
            made.extend([entry] if entry.scenario.steps else [])
        return len(made) >= 40

    find(draws(ipv6=True), enough, settings=DRAWN, random=Random(1))
    for entry in made:
        assert tomllib.loads(entry.source.text) == entry.source.tables
        file = tmp_path / entry.file.name
        file.write_text(entry.source.text, encoding="utf-8")
        assert list(load_file(file)) == [entry.scenario]
    found = lint(tmp_path)
    assert (found.errors, found.warnings) == ((), ())


def test_most_worlds_have_no_sequel_and_each_kind_comes() -> None:
    drawn: dict[tuple[Twist, ...], None] = {}

    def enough(twists: tuple[Twist, ...]) -> bool:
        drawn[twists] = None
        return len(drawn) >= 1000

    find(stories(), enough, settings=DRAWN, random=Random(0))
    ends = [drafted(twists) for twists in drawn]
    again = sum(draft.times > 1 for draft in ends)
    elsewhere = sum(bool(draft.also) for draft in ends)
    changed = sum(draft.before is not None for draft in ends)
    assert min(again, elsewhere, changed) > 10
    assert 1000 / 12 < again + elsewhere + changed < 1000 / 5
