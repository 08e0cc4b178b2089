"""What the scenarios cover, what they do not, and what is said of a list of exceptions that is wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli import danelab
from harness.errors import ScenarioError
from harness.report.coverage import REGENERATE, markdown, render_json
from harness.scenario.catalogue import Catalogue, Line
from harness.scenario.coverage import BINDING, Coverage, cover, own_coverage
from harness.scenario.requirements import Level, Requirement, Role
from harness.scenario.suite import Suite, load_suite

from .files import GOOD, with_lines, write

PAGE = Path(__file__).parents[2] / "docs" / "coverage.md"
WHY = "It is about the log, which is written where nobody but the administrator looks."
ENTRY = f"""
[[requirement]]
id = "1-1-2"
observable = false
reason = "{WHY}"
"""
LINE = f"""
[[line]]
slug = "a-two"
reason = "{WHY}"
"""


@cache
def _own() -> Coverage:
    return own_coverage()


def test_every_observable_must_must_not_and_should_is_exercised() -> None:
    missing = [row.requirement.id for row in _own().rows if row.counted and not row.scenarios]
    assert missing == []
    total = _own().total()
    assert total.covered == total.wanted > 240


def test_nothing_lacks_both_a_scenario_and_a_reason() -> None:
    assert _own().unexplained == ()


def test_few_requirements_are_called_not_observable() -> None:
    unseen = [row.requirement.id for row in _own().rows if not row.observable and row.requirement.level in BINDING]
    assert len(unseen) <= 8, unseen


def test_only_sts_and_tlsrpt_come_later() -> None:
    assert {row.requirement.rfc for row in _own().rows if row.later} == {8460, 8461}


def test_reasons_are_given_one_by_one() -> None:
    """Only the three about names for numbers in RFC 7218 are alike, and say so each for itself."""
    reasons = [row.reason for row in _own().rows if row.reason and not row.later]
    assert len(set(reasons)) == len(reasons)


def test_reasons_name_scenarios_that_there_are() -> None:
    ids = set(load_suite().ids)
    reasons = [row.reason for row in _own().rows] + [row.reason for row in _own().lines]
    named = {word for reason in reasons for word in re.findall(r"\b[a-z0-9]+(?:-[a-z0-9]+)+\b", reason)}
    named -= {"non-word"}
    looks_like_one = {word for word in named if word in ids or any(each.startswith(word) for each in ids)}
    assert {"mx-forged-insecure", "insecure-mx-match", "tlsa-transient", "null-mx", "nsec3-iter-1"} <= looks_like_one
    assert looks_like_one <= ids


def test_the_page_in_docs_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == markdown(_own()), f"run: {REGENERATE}"


def test_json_and_page_tell_the_same() -> None:
    told = json.loads(render_json(_own()))
    page = markdown(_own())
    assert f"**{told['counted']['covered']} of {told['counted']['wanted']} requirements" in page
    for each in told["requirements"]:
        assert f"| {each['id']} |" in page
        assert each["scenarios"] or each["reason"]
        assert ", ".join(each["scenarios"]) in page
    assert {each["rfc"] for each in told["requirements"]} >= {7672, 7671, 6698, 4035, 5321, 8460}


def _requirement(name: str, level: Level = Level.MUST, role: Role = Role.SENDER) -> Requirement:
    return Requirement(id=name, rfc=1, section="1", level=level, role=role, summary="Something is asked of somebody.")


REQUIREMENTS: Mapping[str, Requirement] = {
    each.id: each
    for each in (
        _requirement("1-1-1"),
        _requirement("1-1-2", Level.SHOULD),
        _requirement("1-1-3", role=Role.RECEIVER),
        _requirement("1-1-4", Level.MAY),
    )
}
CATALOGUED = Catalogue(
    {"a-one": Line("a-one", "A", "one thing", 1), "a-two": Line("a-two", "A", "two things", 2)}, {"A": "All"}
)


def _suite(folder: Path) -> Suite:
    text = with_lines(GOOD.replace('"7672-2.2-1"', '"1-1-1"'), 'catalogue = "a-one"')
    more = text.replace("a-one", "a-two")
    return load_suite(write(folder, one=text, two=more), own=False, requirements=REQUIREMENTS)


def _cover(folder: Path, text: str) -> Coverage:
    file = folder / "not-covered.toml"
    file.write_text(text)
    return cover(_suite(folder / "own"), requirements=REQUIREMENTS, catalogue=CATALOGUED, uncovered=file)


def test_a_requirement_and_a_line_without_scenario_or_reason_are_found(tmp_path: Path) -> None:
    found = _cover(tmp_path, "# nothing\n")
    assert found.unexplained == ("1-1-2", "1-1-4", "a-two")
    assert str(found.total()) == "1 of 2"
    assert found.receivers == 1
    assert "**none, and no reason given**" in markdown(found)
    assert "1 of 2 runs" in markdown(found)


def test_a_reason_answers_for_what_is_missing(tmp_path: Path) -> None:
    found = _cover(tmp_path, ENTRY + ENTRY.replace("1-1-2", "1-1-4") + LINE)
    assert found.unexplained == ()
    assert str(found.total()) == "1 of 1"
    assert WHY in markdown(found)


def test_what_is_observable_and_not_covered_counts_as_missing(tmp_path: Path) -> None:
    assert str(_cover(tmp_path, ENTRY.replace("false", "true")).total()) == "1 of 2"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            ENTRY.replace("1-1-2", "1-1-9"),
            r"not-covered\.toml:3: requirement\[0\]\.id: there is no requirement '1-1-9'",
        ),
        (ENTRY.replace("1-1-2", "1-1-1"), r"'1-1-1' is covered after all; remove this entry"),
        (ENTRY.replace("1-1-2", "1-1-3"), r"'1-1-3' binds receivers"),
        (ENTRY + ENTRY, r"requirement\[1\]\.id: '1-1-2' is given twice"),
        (ENTRY.replace(f'reason = "{WHY}"', ""), r"requirement\[0\]\.reason: is missing; add reason = "),
        (ENTRY.replace(WHY, "no"), r"requirement\[0\]\.reason: string should have at least 30 characters"),
        (ENTRY.replace("observable = false", ""), r"requirement\[0\]\.observable: is missing"),
        (ENTRY.replace("reason", "raeson"), r"there is no key 'raeson' here; did you mean 'reason'"),
        (LINE.replace("a-two", "a-too"), r"line\[0\]\.slug: there is no line 'a-too'; did you mean 'a-two'"),
        (LINE.replace("a-two", "a-one"), r"'a-one' is covered after all"),
        (LINE + LINE, r"line\[1\]\.slug: 'a-two' is given twice"),
        (f'[[later]]\ngroup = "B"\nrfc = 1\nreason = "{WHY}"', r"later\[0\]\.group: there is no group 'B'"),
        (f'[[later]]\ngroup = "A"\nrfc = 2\nreason = "{WHY}"', r"later\[0\]\.rfc: no requirement is of RFC 2"),
        ("[[lines]]\n", r"there is no key 'lines' here; did you mean 'line'"),
    ],
)
def test_a_wrong_list_is_told_by_file_key_and_remedy(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ScenarioError, match=says) as caught:
        _cover(tmp_path, text)
    assert "\n" not in str(caught.value)


def test_a_part_of_a_line_can_be_left_out_only_where_the_rest_is_there(tmp_path: Path) -> None:
    part = LINE.replace("a-two", "a-one") + 'part = "the other half"\n'
    assert [(row.line.slug, row.part) for row in _cover(tmp_path, part).lines] == [
        ("a-one", "the other half"),
        ("a-two", ""),
    ]


def test_the_command_writes_the_page(tmp_path: Path) -> None:
    file = tmp_path / "coverage.md"
    done = CliRunner().invoke(danelab, ["coverage", "--output", str(file), "--check"])
    assert done.exit_code == 0, done.output
    assert file.read_text(encoding="utf-8") == PAGE.read_text(encoding="utf-8")


def test_the_command_narrows_to_an_rfc_and_to_what_is_missing() -> None:
    done = CliRunner().invoke(danelab, ["coverage", "--format", "json", "--rfc", "7218", "--uncovered"])
    told = json.loads(done.output)
    assert [each["id"] for each in told["requirements"]] == ["7218-2.1-1", "7218-2.2-1", "7218-2.3-1"]
    one = CliRunner().invoke(danelab, ["coverage", "--rfc", "7766"]).output
    assert re.findall(r"^## .*", one, re.MULTILINE) == ["## RFC 7766"]


def test_check_fails_where_something_is_unexplained(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found = _cover(tmp_path, "# nothing\n")
    monkeypatch.setattr("harness.scenario.coverage.own_coverage", lambda: found)
    done = CliRunner().invoke(danelab, ["coverage", "--check"], standalone_mode=False)
    assert done.return_value == 1
    assert "1-1-2, 1-1-4, a-two" in done.stderr
