"""All scenarios together: what they say of each other, and which of them are meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import ScenarioError, UsageError
from harness.scenario.models import Mode
from harness.scenario.selection import select
from harness.scenario.suite import Suite, examine, load_suite

from .files import BAD_DIGEST, GOOD, REQUIREMENTS, with_lines, write


def suite_of(folder: Path) -> Suite:
    return load_suite(folder, own=False, requirements=REQUIREMENTS)


def lines_of(folder: Path) -> list[str]:
    """Everything wrong in the folder, without its name."""
    errors = examine(folder, own=False, requirements=REQUIREMENTS).errors
    return [str(error).replace(f"{folder}/", "") for error in errors]


def test_scenarios_are_sorted_by_id_and_grouped_by_directory(tmp_path: Path) -> None:
    write(tmp_path, group="b", good=GOOD)
    write(tmp_path, group="a", zz=GOOD, bad=BAD_DIGEST)
    suite = suite_of(tmp_path)
    assert [(entry.id, entry.group) for entry in suite] == [("bad", "a"), ("good", "b"), ("zz", "a")]
    assert suite["good"].scenario.title == "A digest that matches"


def test_an_unknown_id_names_the_nearest(tmp_path: Path) -> None:
    write(tmp_path, good=GOOD)
    with pytest.raises(UsageError, match=r"there is no scenario 'god'; did you mean 'good'\?"):
        suite_of(tmp_path)["god"]


def test_a_file_named_twice_is_taken_once(tmp_path: Path) -> None:
    place = write(tmp_path, good=GOOD)
    assert load_suite(tmp_path, place, place / "good.toml", own=False, requirements=REQUIREMENTS).ids == ("good",)


def test_danelabs_own_scenarios_are_sound() -> None:
    assert [str(error) for error in examine().errors] == []


def test_a_directory_without_scenarios_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no scenario in this directory"):
        suite_of(tmp_path)


def test_two_scenarios_with_one_id_are_told_with_both_files(tmp_path: Path) -> None:
    write(tmp_path, group="a", good=GOOD)
    write(tmp_path, group="b", good=GOOD)
    (line,) = lines_of(tmp_path)
    assert line == "b/good.toml: the id 'good' is also that of a/good.toml; rename one of the files"


def test_a_twin_that_does_not_exist_is_told_with_the_nearest(tmp_path: Path) -> None:
    write(tmp_path, good=GOOD, bad=BAD_DIGEST.replace('"good"', '"goood"'))
    assert lines_of(tmp_path) == ["g/bad.toml:3: twin: there is no scenario 'goood'; did you mean 'good'?"]


def test_a_twin_whose_file_is_broken_is_not_also_missing(tmp_path: Path) -> None:
    write(tmp_path, good="title = ", bad=BAD_DIGEST)
    (line,) = lines_of(tmp_path)
    assert line.startswith("g/good.toml:1: is not TOML")


def test_a_circle_of_twins_is_spelled_out_once(tmp_path: Path) -> None:
    texts = {name: with_lines(GOOD, f'twin = "{twin}"') for name, twin in (("a", "b"), ("b", "c"), ("c", "a"))}
    write(tmp_path, **texts, d=with_lines(GOOD, 'twin = "a"'), e=with_lines(GOOD, 'twin = "e"'))
    lines = lines_of(tmp_path)
    assert [line.split("; ")[0] for line in lines] == [
        "g/a.toml:5: twin: the twins form a circle: a -> b -> c -> a",
        "g/e.toml:5: twin: the twins form a circle: e -> e",
    ]


def test_a_negative_scenario_needs_a_twin(tmp_path: Path) -> None:
    write(tmp_path, bad=BAD_DIGEST.replace('twin = "good"\n', ""))
    (line,) = lines_of(tmp_path)
    assert line.startswith("g/bad.toml: twin: is missing")


def test_a_twin_has_to_be_delivered(tmp_path: Path) -> None:
    write(tmp_path, good=GOOD, bad=BAD_DIGEST, worse=BAD_DIGEST.replace('"good"', '"bad"'))
    (line,) = lines_of(tmp_path)
    assert line.startswith("g/worse.toml:3: twin: 'bad' is not delivered either in mode opportunistic")


def test_in_other_modes_the_twins_twin_may_stand_in(tmp_path: Path) -> None:
    unusable = with_lines(GOOD, 'twin = "good"').replace('"AUTH"\nmandatory = "AUTH"', '"TLS"\nmandatory = "DEFER"')
    stripped = BAD_DIGEST.replace('"good"', '"unusable"')
    write(tmp_path, good=GOOD, unusable=unusable, stripped=stripped)
    suite = suite_of(tmp_path)
    assert [entry and entry.id for entry in (suite.twin("stripped", mode=mode) for mode in Mode)] == [
        "unusable",
        "good",
        "unusable",
    ]
    write(tmp_path, unusable=unusable.replace('twin = "good"\n', ""))
    (line,) = lines_of(tmp_path)
    assert "'unusable' is not delivered either in mode mandatory" in line


def test_an_unknown_requirement_is_told_with_the_nearest(tmp_path: Path) -> None:
    write(tmp_path, good=GOOD.replace("7672-2.2-1", "7672-2.2-11"))
    assert lines_of(tmp_path) == [
        "g/good.toml:2: covers[0]: there is no requirement '7672-2.2-11'; did you mean '7672-2.2-1'?"
    ]


def test_loading_stops_at_the_first_error_and_counts_the_others(tmp_path: Path) -> None:
    broken = GOOD.replace("7672-2.2-1", "x")
    write(tmp_path, one=broken, two=broken)
    with pytest.raises(ScenarioError, match=r"one\.toml:2: covers\[0\]: .* \(1 more: danelab lint lists it\)$"):
        suite_of(tmp_path)


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    write(tmp_path, group="a", good=with_lines(GOOD, 'needs = ["ipv6"]'), other=GOOD)
    write(tmp_path, group="b", bad_digest=BAD_DIGEST, bad_key=BAD_DIGEST.replace("d-ee-mismatch", "d-other"))
    return suite_of(tmp_path)


@pytest.mark.parametrize(
    ("patterns", "chosen", "twins"),
    [
        ([], "bad-digest bad-key good other", ""),
        (["good"], "good", ""),
        (["bad-*"], "bad-digest bad-key", "good"),
        (["bad-*", "good"], "bad-digest bad-key good", ""),
        (["group:a"], "good other", ""),
        (["covers:7672-2.2-2"], "bad-digest bad-key", "good"),
        (["covers:7672-2.2*"], "bad-digest bad-key good other", ""),
        (["importance:critical", "!*-key"], "bad-digest", "good"),
        (["!bad-*"], "good other", ""),
        (["!good", "group:a"], "other", ""),
        (["need:ipv6"], "good", ""),
        (["catalogue:d-ee-mismatch"], "bad-digest", "good"),
    ],
)
def test_patterns_select_and_twins_come_along(suite: Suite, patterns: list[str], chosen: str, twins: str) -> None:
    selection = select(suite, patterns)
    assert " ".join(entry.id for entry in selection.chosen) == chosen
    assert " ".join(entry.id for entry in selection.twins) == twins


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("goood", "goood: no scenario matches; did you mean 'good'?"),
        ("!goood", "!goood: no scenario matches; did you mean 'good'?"),
        ("bad_digest*", "did you mean 'bad-digest'?"),
        ("group:c", "group:c: no scenario matches; known: a or b"),
        ("need:ipv4", "did you mean 'ipv6'?"),
        ("cover:x", "there is no field 'cover' to select by; did you mean 'covers'?"),
    ],
)
def test_a_pattern_that_matches_nothing_is_an_error_with_the_nearest(suite: Suite, pattern: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        select(suite, ["good", pattern])
    assert said in str(caught.value)


def test_taking_everything_away_is_an_error(suite: Suite) -> None:
    with pytest.raises(UsageError, match="nothing is left of good !good"):
        select(suite, ["good", "!good"])
