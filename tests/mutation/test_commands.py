"""`danelab mutants`, as people meet it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness import cli
from harness.commands.mutants import chosen_mutants


def _danelab(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert isinstance(ended.value.code, int)
    return ended.value.code


@pytest.mark.loopback
def test_mutants_are_tried_and_told_in_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "fates.json"
    assert _danelab("mutants", "tlsa-failure-means-*", "--json", str(file), "-j", "2", "-q") == 0
    told = capsys.readouterr().out
    assert "2 caught" in told
    assert "tlsa-failure-means-may" in told
    fates = json.loads(file.read_text(encoding="utf-8"))
    assert [fate["ending"] for fate in fates] == ["caught", "caught"]
    assert "7672-2.1.2-5" in fates[0]["catches"][0]["requirements"]


def test_the_list_says_what_each_does_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    assert _danelab("mutants", "--list", "theme:agility") == 0
    told = capsys.readouterr().out
    assert "no-agility (warning, opportunistic): A weaker digest counts beside a stronger one. [7671-9-6, " in told


def test_a_pattern_may_mean_a_theme_a_harm_or_a_requirement() -> None:
    assert {each.theme for each in chosen_mutants(["theme:agility"])} == {"agility"}
    assert {each.harm for each in chosen_mutants(["harm:warning"])} == {"warning"}
    assert all("7505-3-2" in each.breaks for each in chosen_mutants(["breaks:7505-3-2"]))
    assert [each.name for each in chosen_mutants(["no-agility", "clear-retry"])] == ["no-agility", "clear-retry"]


def test_a_pattern_that_means_none_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert _danelab("mutants", "no-agilty") == 2
    assert "no mutant is meant by 'no-agilty'; did you mean 'no-agility'" in capsys.readouterr().err


def test_a_mutant_is_a_target_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert _danelab("run", "-t", "mutant:no-agilty", "ee-311", "-q") == 2
    assert "there is no mutant 'no-agilty'" in capsys.readouterr().err


@pytest.mark.loopback
def test_a_mutant_can_be_run_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert _danelab("run", "-t", "mutant:clear-retry", "handshake-alert", "-q", "--lab", "loopback") == 1
    assert "handshake-alert" in capsys.readouterr().out
