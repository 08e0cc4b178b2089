"""Definitions of checkers: read from files, with errors that help, and their reading of output."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import ScenarioError, UsageError
from harness.journal import Opinion
from harness.targets.checker_definition import CheckerDefinition, find_checker, known_checkers, load_checker

_WORDS = 'title = "A checker"\ntakes = "domain"\nargv = ["look", "{domain}"]\n'


def _written(folder: Path, text: str) -> Path:
    file = folder / "own.toml"
    file.write_text(text, encoding="utf-8")
    return file


def _reading(*reads: tuple[str, str]) -> CheckerDefinition:
    return CheckerDefinition.model_validate(
        {
            "name": "own",
            "title": "A checker",
            "takes": "domain",
            "argv": ["look", "{domain}"],
            "reads": [{"pattern": pattern, "finding": finding} for pattern, finding in reads],
        }
    )


@pytest.mark.parametrize("name", sorted(known_checkers()))
def test_every_definition_that_comes_along_can_be_read(name: str) -> None:
    definition = find_checker(name)
    assert definition.name == name
    assert any("{domain}" in word or "{host}" in word for word in definition.argv)
    assert definition.reads[0].finding in Opinion


def test_the_first_reading_that_fits_tells_the_finding_in_the_checkers_own_line() -> None:
    definition = _reading(("^bad", "fail"), ("^good", "pass"))
    assert definition.finding("well\ngood at all\n", status=0) == (Opinion.PASS, "good at all")
    assert definition.finding("good\nbad luck\n", status=0) == (Opinion.FAIL, "bad luck")


def test_output_that_nothing_fits_is_unsure_and_quoted() -> None:
    assert _reading(("^good", "pass")).finding("what\n", status=3) == (Opinion.UNSURE, "exit status 3: what")


def test_a_checker_ended_by_a_signal_has_crashed_whatever_it_said() -> None:
    finding, text = _reading(("^good", "pass")).finding("good\n", status=-11)
    assert (finding, text) == (Opinion.CRASHED, "ended by signal 11: good")


def test_a_stack_trace_that_nothing_fits_is_a_crash() -> None:
    output = "Traceback (most recent call last):\n  File x\nValueError: no\n"
    assert _reading(("^good", "pass")).finding(output, status=1)[0] is Opinion.CRASHED


def test_a_pattern_that_is_no_regular_expression_is_told(tmp_path: Path) -> None:
    file = _written(tmp_path, _WORDS + 'reads = [{ pattern = "(", finding = "pass" }]\n')
    with pytest.raises(ScenarioError, match="no regular expression"):
        load_checker(file)


def test_a_finding_that_output_cannot_tell_is_refused(tmp_path: Path) -> None:
    file = _written(tmp_path, _WORDS + 'reads = [{ pattern = "x", finding = "crashed" }]\n')
    with pytest.raises(ScenarioError, match="write one of pass, fail, none, unsure"):
        load_checker(file)


def test_who_takes_a_host_has_to_say_that_he_does_not_look_mx_up(tmp_path: Path) -> None:
    text = _WORDS.replace('"domain"', '"host"') + 'reads = [{ pattern = "x", finding = "pass" }]\n'
    with pytest.raises(ScenarioError, match="say so under 'cannot'"):
        load_checker(_written(tmp_path, text))


def test_an_unknown_name_gets_the_nearest_one() -> None:
    with pytest.raises(UsageError, match="ldns-dane"):
        find_checker("ldns-dan")


def test_own_folders_come_first(tmp_path: Path) -> None:
    folder = tmp_path / "checkers"
    folder.mkdir()
    (folder / "tlsa.toml").write_text(_WORDS + 'reads = [{ pattern = "x", finding = "pass" }]\n', encoding="utf-8")
    assert find_checker("tlsa", folder).title == "A checker"
