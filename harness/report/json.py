"""The report for programs: one JSON object, and the schema that describes it."""

from __future__ import annotations

import json
from typing import Any

from .model import RunReport


def render(report: RunReport) -> str:
    """The report as JSON text with a final line end. It conforms to `schema()`."""
    return report.model_dump_json(indent=2) + "\n"


def read(text: str) -> RunReport:
    """A report from its JSON text. Raises pydantic's ValidationError for anything else."""
    return RunReport.model_validate_json(text)


def schema() -> dict[str, Any]:
    """The JSON Schema of the report, as published in `docs/report.schema.json`."""
    described = RunReport.model_json_schema(mode="serialization")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **described,
        "title": "danelab report, version 1",
    }


def schema_text() -> str:
    """The text of `docs/report.schema.json`."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"
