"""Every line of the catalogue has its scenarios, or stands among what is not covered."""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from harness.errors import ExitCode, ScenarioError
from harness.scenario.catalogue import CATALOGUE, Catalogue, load_catalogue
from harness.scenario.suite import Suite, load_suite, own_scenarios
from harness.scenario.words import did_you_mean

LATER = {"R", "S"}
"""MTA-STS and TLSRPT."""
GOOD = """\
[A]
title = "Baseline"

[A.runs]
a-keys = 2

[A.lines]
a-keys = "RSA and ECDSA keys"
a-plain = "no TLSA"
"""


@cache
def _catalogue() -> Catalogue:
    return load_catalogue(own_scenarios() / CATALOGUE)


@cache
def _suite() -> Suite:
    return load_suite()


def test_the_catalogue_has_the_417_lines_of_groups_a_to_q_and_t_and_the_55_of_r_and_s() -> None:
    lines = _catalogue().lines.values()
    assert sum(line.group not in LATER for line in lines) == 417
    assert sum(line.group in LATER for line in lines) == 55
    assert "".join(_catalogue().groups) == "ABCDEFGHIJKLMNOPQRST"


def test_every_line_has_as_many_scenarios_as_it_asks_for() -> None:
    have = Counter(entry.scenario.catalogue for entry in _suite())
    short = {
        line.slug: f"{have[line.slug]} of {line.runs}"
        for line in _catalogue().lines.values()
        if line.group not in LATER and have[line.slug] < line.runs
    }
    # The catalogue asks for two, and not-covered.toml says why there is one.
    assert short == {"c-name-banner": "1 of 2"}


def test_dnssec_faults_are_applied_to_mx_address_and_tlsa_in_turn() -> None:
    lines = [line for line in _catalogue().lines.values() if line.group == "F"]
    assert [line.slug for line in lines if line.runs != 3] == ["f-sig-expires-in-run"]


def test_every_scenario_names_a_line_that_there_is() -> None:
    known = _catalogue().lines
    wrong = {
        entry.id: did_you_mean(str(entry.scenario.catalogue), known)
        for entry in _suite()
        # Those that go beyond the catalogue name none.
        if entry.scenario.catalogue and entry.scenario.catalogue not in known
    }
    assert wrong == {}


def _load(path: Path, text: str) -> Catalogue:
    file = path / "catalogue.toml"
    file.write_text(text)
    return load_catalogue(file)


def test_a_line_knows_its_group_and_how_many_runs_it_asks_for(tmp_path: Path) -> None:
    lines = _load(tmp_path, GOOD).lines
    assert {slug: (line.group, line.runs) for slug, line in lines.items()} == {"a-keys": ("A", 2), "a-plain": ("A", 1)}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (GOOD.replace("title", "titel"), r"catalogue\.toml:2: A\.titel: there is no key 'titel' here; did you mean 't"),
        (GOOD.replace('title = "Baseline"', ""), r"A\.title: is missing; add title = "),
        (GOOD.replace("a-plain", "b-plain"), r"A\.lines\.b-plain: stands in group A; begin it with a-"),
        (GOOD.replace("a-keys = 2", "a-key = 2"), r"A\.runs\.a-key: has no line; did you mean 'a-keys'"),
        (GOOD.replace("a-keys = 2", "a-keys = 1"), r"A\.runs\.a-keys: input should be greater than or equal to 2"),
        (GOOD.replace("a-plain", "A_plain"), r"'A_plain' is not of the right form"),
        (GOOD.replace("[A]", "[one]"), r"'one' is not of the right form"),
    ],
)
def test_a_wrong_catalogue_is_told_by_file_key_and_remedy(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ScenarioError, match=says) as caught:
        _load(tmp_path, text)
    assert caught.value.exit_code is ExitCode.USAGE
    assert "\n" not in str(caught.value)
