"""The JSON Schema of a scenario file, made from the models, for editors and for those who write files by program.

What the models' docstrings say goes into it, member by member of each enum, so that an editor shows it while typing.
"""

from __future__ import annotations

import copy
import json
from enum import StrEnum
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from .docs import member_docs
from .models import Expect, Scenario
from .stages import CHANGEABLE

Schema = dict[str, Any]


class _Plain(GenerateJsonSchema):
    """Without the titles that repeat each key's name."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002
        return False


def schema() -> Schema:
    """The schema of one scenario file."""
    made = Scenario.model_json_schema(schema_generator=_Plain)
    definitions: dict[str, Schema] = made["$defs"]
    for enum in _enums(Scenario):
        _explain_members(definitions[enum.__name__], enum)
    for table in (made, *definitions.values()):
        for field in table.get("properties", {}).values():
            _drop_long_default(field)
            _drop_null(field)
            if "patternProperties" in field:
                field["additionalProperties"] = False
    properties: dict[str, Schema] = made["properties"]
    del properties["id"]
    required = [name for name in made["required"] if name != "id"]
    definitions["PartOfExpect"] = _part_of(definitions["Expect"])
    properties["expect"] = {**properties["expect"], "$ref": "#/$defs/PartOfExpect"}
    definitions["Change"] = _table("What a step changes in the world.", {name: properties[name] for name in CHANGEABLE})
    _replace_change(definitions["Step"]["properties"])
    suffix = {"type": "string", "minLength": 1, "description": "Completes the id: the file's name, a hyphen, and this."}
    definitions["Variant"] = _table(
        "One scenario of several in a file: its keys are merged over the file's own.",
        {"suffix": suffix, **copy.deepcopy(properties)},
        required=["suffix"],
    )
    whole = {"required": required, "properties": {"expect": {"required": list(_required(Expect))}}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A danelab scenario",
        "description": made["description"],
        "type": "object",
        "additionalProperties": False,
        "properties": {
            **properties,
            "matrix": {
                "type": "array",
                "minItems": 1,
                "items": {"$ref": "#/$defs/Variant"},
                "description": "Makes one scenario of each entry; the file alone is then none.",
            },
        },
        "if": {"not": {"required": ["matrix"]}},
        "then": whole,
        "$defs": dict(sorted(definitions.items())),
    }


def schema_text() -> str:
    """The schema as it stands in `scenarios/schema.json`."""
    return json.dumps(schema(), indent=1, ensure_ascii=False) + "\n"


def _table(description: str, properties: dict[str, Schema], *, required: list[str] | None = None) -> Schema:
    made: Schema = {
        "type": "object",
        "description": description,
        "additionalProperties": False,
        "properties": properties,
    }
    return {**made, "required": required} if required else made


def _part_of(table: Schema) -> Schema:
    """The table with no key required: a matrix may complete it."""
    return {key: value for key, value in table.items() if key != "required"}


def _required(model: type[BaseModel]) -> list[str]:
    return [name for name, field in model.model_fields.items() if field.is_required()]


def _explain_members(definition: Schema, enum: type[StrEnum]) -> None:
    docs = member_docs(enum)
    said = [docs.get(member.value, "") for member in enum]
    definition["markdownEnumDescriptions"] = said
    definition["x-taplo"] = {"docs": {"enumValues": said}}


def _drop_long_default(field: Schema) -> None:
    """A default that is a whole table says nothing to a reader and would have to be kept current."""
    default = field.get("default")
    if isinstance(default, dict) or (isinstance(default, list) and any(isinstance(part, dict) for part in default)):
        del field["default"]


def _drop_null(field: Schema) -> None:
    """TOML has no null: a key that may be absent is left out."""
    if "anyOf" in field and {"type": "null"} in field["anyOf"]:
        others = [kind for kind in field.pop("anyOf") if kind != {"type": "null"}]
        field.update(others[0] if len(others) == 1 else {"anyOf": others})
        del field["default"]


def _replace_change(step: dict[str, Schema]) -> None:
    step["change"] = {"$ref": "#/$defs/Change", "description": step["change"]["description"]}


def _enums(model: type[BaseModel]) -> list[type[StrEnum]]:
    """Every enum that the model or its parts use."""
    found: dict[str, type[StrEnum]] = {}
    waiting: list[Any] = [model]
    seen: set[int] = set()
    while waiting:
        kind = waiting.pop()
        if id(kind) in seen:
            continue
        seen.add(id(kind))
        if isinstance(kind, type) and issubclass(kind, StrEnum):
            found[kind.__name__] = kind
        elif isinstance(kind, type) and issubclass(kind, BaseModel):
            waiting += [field.annotation for field in kind.model_fields.values()]
        waiting += getattr(kind, "__args__", ())
    return [found[name] for name in sorted(found)]
