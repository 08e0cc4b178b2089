"""The world of a scenario, drawn."""

from __future__ import annotations

import re
from functools import cache
from xml.etree import ElementTree

import pytest

from harness.report.drawing import drawing
from harness.report.drawing.canvas import TITLE, fitted, shortened
from harness.report.drawing.layout import WIDTH
from harness.report.drawing.picture import Panel, Row
from harness.report.drawing.worlds import pictures
from harness.scenario.models import Scenario
from harness.scenario.suite import load_suite
from tests.verdict.tape import scenario

SUITE = load_suite()
SVG = "{http://www.w3.org/2000/svg}"


@cache
def _drawn(name: str) -> str:
    return drawing(SUITE[name].scenario)


def described(world: Scenario) -> str:
    """The words for those who cannot see the drawing, which say all that is drawn."""
    found = ElementTree.fromstring(drawing(world)).find(f"{SVG}desc")
    assert found is not None
    return found.text or ""


def test_every_scenario_can_be_drawn_and_nothing_leaves_the_sheet() -> None:
    for each in SUITE:
        svg = ElementTree.fromstring(_drawn(each.id))
        height = int(svg.attrib["height"])
        for box in svg.iter(f"{SVG}rect"):
            if box.attrib.get("class", "").startswith("w-"):
                assert float(box.attrib["x"]) + float(box.attrib["width"]) <= WIDTH, each.id
                assert float(box.attrib["y"]) + float(box.attrib["height"]) <= height, each.id
        for words in svg.iter(f"{SVG}text"):
            assert 0 <= float(words.attrib["x"]) < WIDTH, each.id


def test_a_drawing_is_the_same_each_time() -> None:
    for name in ("ee-mismatch", "ds-removed", "ipv6-impostor"):
        assert drawing(SUITE[name].scenario) == drawing(SUITE[name].scenario)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("ee-311", "3 1 1  matches the server"),
        ("ee-mismatch", "3 1 1  matches nothing shown"),
        ("ta-201-root", "2 0 1  matches an issuer"),
        ("pkix-ee-match", "unusable for SMTP"),
        ("starttls-stripped", "no STARTTLS at mx1 tampered with"),
        ("both-families-impostor", "STARTTLS at mx1, IPv4 and IPv6 impostor"),
        ("tlsa-servfail", "TLSA: lookup fails; TLSA: servfail"),
        ("tlsa-bogus", "TLSA: bogus"),
        ("many-mx", "MX 200 to mx20.many-mx.example"),
        ("null-mx-plus", "null MX"),
        ("relay-nonmx", "relay to relay.relay-nonmx.example"),
        ("mx-cname-alias-only", "alias of target"),
        ("ipv6-refused", "refused at"),
        ("no-validation", "the resolver does not validate"),
    ],
)
def test_what_matters_is_drawn(name: str, words: str) -> None:
    said = described(SUITE[name].scenario) + " " + " ".join(_notes(SUITE[name].scenario))
    assert words in said


def _notes(world: Scenario) -> list[str]:
    return [row.text for panel in pictures(world) for row in panel.notes]


def test_a_world_that_changes_is_drawn_before_and_after() -> None:
    before, after = pictures(SUITE["ds-removed"].scenario)
    assert (before.caption, before.lanes[0].region.standing) == ("At first", "secure")
    assert (after.caption, after.lanes[0].region.standing) == ("After step 2", "insecure")


def test_every_fault_and_every_attacker_of_every_scenario_is_drawn() -> None:
    for each in SUITE:
        drawn = [row for panel in pictures(each.scenario) for row in _rows(panel)]
        text = " ".join(row.text for row in drawn)
        for fault in each.scenario.faults:
            assert fault.what.replace("-", " ") in text, (each.id, fault.what)
            if fault.attacker:
                assert any(row.tone == "attack" for row in drawn), each.id


def _rows(panel: Panel) -> list[Row]:
    found = [*panel.domain.rows, *panel.region.rows]
    for lane in panel.lanes:
        found += [*lane.host.rows, *lane.region.rows]
    for other in panel.others:
        found += other.rows
    return found


def test_names_are_escaped_and_a_drawing_alone_has_its_style() -> None:
    world = scenario("odd", "AUTH", title="A <title> & more", mx=[{"cert": {"names": ["<b>.example"]}}])
    svg = drawing(world)
    assert "<b>" not in svg
    assert "A &lt;title&gt; &amp; more" in svg
    assert svg.count("<style>") == 1
    assert "<style>" not in drawing(world, alone=False)
    assert not re.search(r"https?:(?!//www\.w3\.org/2000/svg)", svg)


def test_long_words_are_cut() -> None:
    assert shortened("mx1.example", 20) == "mx1.example"
    assert shortened("mx1.example", 5) == "mx1.…"


def test_a_name_that_is_too_long_gets_smaller_then_broken_and_is_cut_at_last() -> None:
    name = "mx1.a-provider-with-a-name.example"
    wide = TITLE.width(name)
    assert fitted(name, TITLE, most=wide).lines == (name,)
    assert fitted(name, TITLE, most=wide * 0.9).narrow
    broken = fitted(name, TITLE, most=wide / 2)
    assert (broken.lines, broken.cut) == (("mx1.a-provider-with-", "a-name.example"), False)
    assert fitted(name, TITLE, most=wide / 2, lines=1).lines[0].endswith("…")


def test_hardly_a_name_is_cut() -> None:
    assert [each.id for each in SUITE if "…</text>" in _drawn(each.id)] == ["long-host", "many-mx"]
