"""The full cross: which worlds there are, and that the built-in sender agrees with the oracle in all of them."""

from __future__ import annotations

from collections import Counter
from functools import cache

import pytest

from harness.run import LOOPBACK_OFFERS, Contender, Plan, pick, run
from harness.scenario.load import Entry
from harness.scenario.models import Mode
from harness.scenario.suite import Suite
from harness.targets import BuiltinSender
from harness.verdict import Profile, Verdict
from harness.worldgen.matrix import CONTROL, Shown, Starttls, Status, cells, entries


@cache
def _suite() -> Suite:
    return Suite(entries())


def _expected(name: str) -> tuple[str, str, str]:
    entry: Entry = _suite()[name]
    expect = entry.scenario.expect
    return str(expect.opportunistic), str(expect.mandatory), str(expect.unaware)


def test_every_status_certificate_and_manner_is_in_it() -> None:
    made = list(cells())
    assert {cell.mx for cell in made} == {cell.address for cell in made} == {cell.tlsa for cell in made} == set(Status)
    assert {cell.shown for cell in made} == set(Shown)
    assert {cell.starttls for cell in made} == set(Starttls)
    assert len({cell.id for cell in made}) == len(made)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (CONTROL, ("AUTH", "AUTH", "OPP")),
        ("matrix-sec-sec-sec-other-offered", ("DEFER", "DEFER", "OPP")),
        ("matrix-sec-sec-srv-match-offered", ("DEFER", "DEFER", "OPP")),
        ("matrix-sec-sec-ins-other-offered", ("OPP", "DEFER", "OPP")),
        ("matrix-sec-sec-sec-unusable-stripped", ("DEFER", "DEFER", "CLEAR")),
        ("matrix-sec-sec-sec-ta-name-offered", ("DEFER", "DEFER", "OPP")),
        ("matrix-sec-sec-abs-match-stripped", ("CLEAR", "DEFER", "CLEAR")),
        ("matrix-sec-ins-srv-match-offered", ("OPP", "DEFER", "OPP")),
        ("matrix-bog-sec-sec-match-offered", ("DEFER", "DEFER", "DEFER")),
        ("matrix-ins-sec-sec-other-offered", ("DEFER / OPP", "DEFER", "OPP")),
        ("matrix-abs-sec-sec-match-offered", ("AUTH", "AUTH", "OPP")),
        ("matrix-sec-abs-abs-match-offered", ("BOUNCE / DEFER", "BOUNCE / DEFER", "BOUNCE / DEFER")),
    ],
)
def test_what_the_oracle_expects_of_well_known_worlds(name: str, expected: tuple[str, str, str]) -> None:
    assert _expected(name) == expected


def test_no_two_worlds_are_the_same() -> None:
    said = ("title", "covers", "twin", "importance", "explain", "expect")
    worlds = Counter(
        str({key: value for key, value in entry.source.tables.items() if key not in said}) for entry in _suite()
    )
    assert [world for world, number in worlds.items() if number > 1] == []


@pytest.mark.loopback
@pytest.mark.parametrize("mode", list(Mode))
def test_the_builtin_sender_agrees_with_the_oracle_in_all_of_them(mode: Mode) -> None:
    profile, kind = Profile(mode, mode), BuiltinSender.kind()
    picked = pick(_suite(), profile=profile, offers=LOOPBACK_OFFERS | kind.offers)
    report = run(Plan(contenders=(Contender(name="builtin", kind=kind, profile=profile, picked=picked),)))
    wrong = {each.scenario: each.reason for each in report.results if each.verdict is not Verdict.PASS}
    assert wrong == {}
    assert len(report.results) == len(_suite())
