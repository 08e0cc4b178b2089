"""The choices that the RFCs leave to a sender: each has positions that scenarios tell, or a reason why not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.errors import ScenarioError, UsageError
from harness.scenario.choices import CHOICES, Choices, PermittedChoice, declared, load_choices
from harness.scenario.models import Choice, Mode
from harness.scenario.outcomes import Permitted
from harness.scenario.suite import Suite, load_suite, own_scenarios
from harness.verdict.profile import permitted_in
from harness.verdict.sends import sends

SECTION_5 = tuple(f"5.{number}" for number in range(1, 19))
SECTION_3 = (
    "DANE mode per destination", "audit-only", "SHA2-512 support", "IPv4/IPv6", "DANE at insecure MX",
    "MX-CNAME support", "CN fallback", "multi-label wildcards", "cleartext policy without TLSA", "Ed25519",
    "minimum TLS", "where DNSSEC is validated", "MTA-STS", "TLSRPT", "REQUIRETLS", "SMTPUTF8", "retry interval",
    "log or DSN access",
)  # fmt: skip
"""What the catalogue says that a sender may do either way, and what it wants to be told before a run."""

ONE = """
[colour]
about = "The colour of the shed"
positions = { red = "as barns are", green = "as leaves are" }
tells = [{ in = ["shed"], is = { AUTH = "red", DEFER = "green" } }]
[secret]
about = "What nobody can see"
unseen = "it is hidden"
"""


@pytest.fixture(scope="module")
def choices() -> Choices:
    return load_choices(own_scenarios() / CHOICES)


@pytest.fixture(scope="module")
def suite() -> Suite:
    return load_suite()


def written(folder: Path, text: str) -> Path:
    file = folder / "choices.toml"
    file.write_text(text, encoding="utf-8")
    return file


def permitted_of(suite: Suite, key: str) -> list[Permitted]:
    """What the RFCs permit in the messages of one scenario, in the two modes of DANE."""
    expects = [send.expected(zone) for send in sends(suite[key].scenario) for zone in send.zones]
    return [permitted_in(mode, expect) for expect in expects for mode in (Mode.OPPORTUNISTIC, Mode.MANDATORY)]


def test_all_that_the_catalogue_calls_a_choice_is_listed(choices: Choices) -> None:
    listed = {place for choice in choices.values() for place in choice.catalogue}
    assert listed == {*SECTION_5, *SECTION_3}


def test_every_choice_that_scenarios_name_has_positions_or_a_reason_why_they_cannot_be_seen(choices: Choices) -> None:
    assert {choice.choice for choice in choices.values() if choice.choice} == set(Choice)


def test_every_position_is_told_by_a_permitted_outcome_of_a_scenario_that_exists(
    choices: Choices, suite: Suite
) -> None:
    lacking = []
    for name, choice in choices.items():
        told: set[str | None] = set()
        for telling in choice.tells:
            keys = [entry.id for entry in suite if telling.about(entry.id)]
            lacking += [f"{name}: {pattern}" for pattern in telling.scenarios if not _any(pattern, keys)]
            for permitted in (each for key in keys for each in permitted_of(suite, key) if telling.is_open(each)):
                told |= {telling.position(outcome) for outcome in permitted.outcomes}
        lacking += [f"{name}={position}" for position in choice.positions if position not in told]
    assert lacking == []


def _any(pattern: str, keys: list[str]) -> bool:
    return any(re.fullmatch(pattern.replace("*", ".*"), key) for key in keys)


def test_of_the_scenarios_that_name_a_choice_one_at_least_tells_it(choices: Choices, suite: Suite) -> None:
    for choice in Choice:
        named = {entry.id for entry in suite if entry.scenario.expect.choice is choice}
        tells = [telling for each in choices.values() if each.choice is choice for telling in each.tells]
        assert not named or any(telling.about(key) for key in named for telling in tells), choice


def test_an_outcome_that_the_mode_leaves_no_choice_about_tells_nothing(choices: Choices) -> None:
    telling = choices["dane-at-insecure-mx"].tells[0]
    assert telling.is_open(Permitted.parse("DEFER / TLS / OPP"))
    assert not telling.is_open(Permitted.parse("DEFER"))


def test_positions_are_declared_by_their_names(choices: Choices) -> None:
    assert declared(["sha-512=supported", "sha-512=unusable"], choices) == {"sha-512": "unusable"}


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("sha-512", "write NAME=POSITION"),
        ("sha512=supported", "there is no choice 'sha512'; did you mean 'sha-512'?"),
        ("sha-512=suported", "sha-512 has no position 'suported'; did you mean 'supported'?"),
        ("sha-512=", "sha-512 has no position ''; known: supported or unusable"),
        ("audit=on", "whether audit is kept to cannot be seen"),
    ],
)
def test_a_wrong_declaration_is_refused_with_the_right_word(word: str, told: str, choices: Choices) -> None:
    with pytest.raises(UsageError, match=re.escape(told)):
        declared([word], choices)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('AUTH = "red"', 'AUTH = "rad"', "colour: there is no position 'rad'; did you mean 'red'?"),
        (', DEFER = "green"', "", "colour: nothing tells the position 'green'"),
        ("positions", "position", "colour.position"),
        ('unseen = "it is hidden"', "", "secret: a choice has two positions or more"),
        ('"The colour of the shed"', "7", "colour.about"),
    ],
)
def test_a_wrong_file_is_told_by_key_and_remedy(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert list(load_choices(written(tmp_path, ONE))) == ["colour", "secret"]
    with pytest.raises(ScenarioError) as caught:
        load_choices(written(tmp_path, ONE.replace(old, new)))
    assert told in str(caught.value)
    assert "choices.toml" in str(caught.value)


def test_what_cannot_be_seen_has_no_positions() -> None:
    with pytest.raises(ValueError, match="leave `unseen` or the others out"):
        PermittedChoice.model_validate({"about": "What nobody sees", "unseen": "x", "positions": {"a": "some"}})
