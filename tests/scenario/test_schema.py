"""The published schema: current, true to the models, and helpful."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from harness.scenario.docs import member_docs
from harness.scenario.schema import schema, schema_text
from harness.scenario.suite import SCHEMA, own_scenarios, scenario_files
from harness.scenario.zones import What

from .files import BAD_DIGEST, GOOD


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    Draft202012Validator.check_schema(schema())
    return Draft202012Validator(schema())


def errors(validator: Draft202012Validator, text: str) -> list[str]:
    return [error.message for error in validator.iter_errors(tomllib.loads(text))]


def test_the_published_schema_is_current() -> None:
    assert (own_scenarios() / SCHEMA).read_text(encoding="utf-8") == schema_text(), "run: danelab schema --write"


@pytest.mark.parametrize("file", scenario_files(own_scenarios()), ids=lambda file: str(file.stem))
def test_every_scenario_file_fits_the_schema(validator: Draft202012Validator, file: Path) -> None:
    assert errors(validator, file.read_text(encoding="utf-8")) == []


def test_a_whole_scenario_and_a_matrix_fit(validator: Draft202012Validator) -> None:
    assert errors(validator, BAD_DIGEST) == []
    without_title = GOOD.split("\n", 1)[1].replace('unaware = "OPP"\n', "")
    variant = '[[matrix]]\nsuffix = "a"\ntitle = "A variant"\nexpect.unaware = "OPP"\n'
    assert errors(validator, without_title + variant) == []


@pytest.mark.parametrize(
    "text",
    [
        'id = "x"\n' + GOOD,
        GOOD.split("\n", 1)[1],
        GOOD.replace('unaware = "OPP"\n', ""),
        GOOD + "[mxx]\n",
        GOOD + "[[matrix]]\ntitle = 'No suffix here'\n",
        GOOD + "[[matrix]]\nsuffix = 'a'\ntitel = 'Misspelt'\n",
        GOOD + "[[steps]]\n[steps.change]\ntitle = 'Another title'\n",
        GOOD + "[zones.Bad]\n",
        GOOD.replace('"AUTH"', '"AUT"'),
        GOOD + "[[mx]]\npreference = '10'\n",
        GOOD + "[[mx]]\nsmtp.after_220 = 'hangs'\n",
    ],
)
def test_what_loading_refuses_the_schema_refuses(validator: Draft202012Validator, text: str) -> None:
    assert errors(validator, text) != []


def test_the_help_of_keys_and_words_reaches_the_editor() -> None:
    made: dict[str, Any] = json.loads(schema_text())
    fault = made["$defs"]["What"]
    place = fault["enum"].index("servfail")
    assert fault["x-taplo"]["docs"]["enumValues"][place] == "Answered with RCODE 2."
    assert fault["markdownEnumDescriptions"][place] == "Answered with RCODE 2."
    assert "Base domain" in made["$defs"]["Mx"]["properties"]["tlsa_at"]["description"]


def test_every_word_of_every_enum_is_explained() -> None:
    assert set(member_docs(What)) == {what.value for what in What}
    made: dict[str, Any] = schema()
    silent = [
        f"{name}: {word}"
        for name, definition in made["$defs"].items()
        if "enum" in definition
        for word, said in zip(definition["enum"], definition["markdownEnumDescriptions"], strict=True)
        if not said
    ]
    assert silent == []
