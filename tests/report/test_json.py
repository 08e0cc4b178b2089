"""The report for programs, its schema, and that both are what is published."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from pydantic import ValidationError

from harness.report.json import read, render, schema, schema_text

from .runs import ROOT, conforming, golden, mixed, unaware

PUBLISHED = ROOT / "docs" / "report.schema.json"


def test_a_mixed_run_is_reported_to_the_letter() -> None:
    text = render(mixed())
    assert text == golden("mixed.json", text)


def test_a_report_holds_what_programs_rely_on() -> None:
    told = json.loads(render(mixed()))
    assert told["version"] == 1
    assert set(told["run"]) >= {"lab", "resolver", "seed", "duration", "scenarios", "targets"}
    assert told["summary"] == {"pass": 2, "allowed": 2, "fail": 3, "inconclusive": 1, "unsupported": 0, "error": 1}
    assert sum(told["summary"].values()) == len(told["results"])
    wanted = {"target", "scenario", "verdict", "grade", "outcome", "expected", "requirements", "reason", "leaked"}
    assert all(set(result) >= wanted for result in told["results"])


@pytest.mark.parametrize("run", [mixed, unaware, conforming])
def test_reports_conform_to_the_schema_and_can_be_read_back(run: object) -> None:
    assert callable(run)
    text = render(run())
    jsonschema.validate(json.loads(text), schema(), cls=jsonschema.Draft202012Validator)
    assert read(text) == run()


def test_the_schema_refuses_what_is_no_report() -> None:
    told = json.loads(render(mixed()))
    for spoil in ({"version": 2}, {"surprise": 1}, {"results": [{"verdict": "fine"}]}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(told | spoil, schema(), cls=jsonschema.Draft202012Validator)
        with pytest.raises(ValidationError):
            read(json.dumps(told | spoil))


def published(file: Path) -> None:
    assert file.read_text(encoding="utf-8") == schema_text(), (
        f"{file.name} is out of date; write it anew with: "
        "python -c 'from harness.report.json import *; print(schema_text(), end=\"\")' > docs/report.schema.json"
    )


def test_the_published_schema_is_current() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    published(PUBLISHED)


def test_an_outdated_schema_is_noticed(tmp_path: Path) -> None:
    old = tmp_path / "report.schema.json"
    old.write_text(PUBLISHED.read_text(encoding="utf-8").replace("verdict", "finding"), encoding="utf-8")
    with pytest.raises(AssertionError, match="out of date"):
        published(old)
