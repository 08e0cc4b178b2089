"""Scenarios as files: what is written is what is read."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from harness.worldgen.matrix import cells
from harness.worldgen.toml import write


@pytest.mark.parametrize(
    "tables",
    [
        {"title": 'a "quoted" \\ word', "count": 3, "yes": True, "list": ["a", "b"], "none": []},
        {"explain": "two\nlines\n"},
        {"explain": 'with """ in it\n'},
        {"explain": "with a \\ in it\n"},
        {"text": "m\u00fcller \x7f \x00"},
        {"mx": [{"smtp": {"starttls": False}, "tlsa": ["3 1 1"]}, {}]},
        {"zones": {"domain": {"signed": False}, "other": {}}},
        {"route": {"relay": "[{relay}]"}, "resolver": {}},
        {"servers": {"real": {"cert_by_name": {"{mx1}": "first"}}}},
        {"mx": [], "title": "plain keys come before tables"},
    ],
)
def test_what_is_written_is_read(tables: dict[str, Any]) -> None:
    assert tomllib.loads(write(tables)) == tables


def test_every_world_of_the_cross_is_read_as_it_was_made() -> None:
    for cell in cells():
        tables = cell.tables()
        assert tomllib.loads(write(tables)) == tables
