"""What is wrong with a definition file, in one line: the key, and the nearest right word."""

from __future__ import annotations

import types
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from harness.scenario.base import Table
from harness.scenario.source import KeyPath, Problem
from harness.scenario.words import did_you_mean

_WANTED = {
    "string_type": "text in quotes",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "tuple_type": "a list in [square brackets]",
    "dict_type": "a table",
    "model_type": "a table",
}


def complaint(errors: list[ErrorDetails], model: type[BaseModel]) -> Problem:
    """The problem to tell first: a misspelt key rather than the missing one that it leaves behind."""
    error = next((each for each in errors if each["type"] == "extra_forbidden"), errors[0])
    path = tuple(part for part in error["loc"] if part != "[key]")
    kind, value, context = error["type"], error["input"], error.get("ctx", {})
    if kind == "extra_forbidden":
        return Problem(path, f"there is no key {str(path[-1])!r} here", did_you_mean(str(path[-1]), _keys(path, model)))
    if kind == "missing":
        return Problem(path, "is missing", f"add {path[-1]} = ...")
    if kind in _WANTED:
        return Problem(path, f"{value!r} stands where {_WANTED[kind]} is wanted", f"write {_WANTED[kind]}")
    if kind == "enum":
        enum = _type_at(path, model)
        words = [str(each) for each in enum] if isinstance(enum, type) and issubclass(enum, StrEnum) else []
        return Problem(path, f"{value!r} is no word for this", did_you_mean(str(value), words))
    if kind == "value_error":
        problem, _, remedy = str(context["error"]).partition("; ")
        return Problem(path, problem, remedy)
    return Problem(path, _plain(error["msg"], context), "see docs/targets.md")


def _plain(said: str, context: Mapping[str, Any]) -> str:
    if "pattern" in context:
        return f"is not written as it has to be: it matches {context['pattern']}"
    return said[:1].lower() + said[1:]


def _keys(path: KeyPath, model: type[BaseModel]) -> list[str]:
    table = _type_at(path[:-1], model)
    return list(table.model_fields) if isinstance(table, type) and issubclass(table, Table) else []


def _type_at(path: KeyPath, model: type[BaseModel]) -> Any:
    current: Any = model
    for part in path:
        if isinstance(current, type) and issubclass(current, BaseModel):
            field = current.model_fields.get(str(part))
            current = _inner(field.annotation) if field else None
        elif get_origin(current) in (dict, tuple):
            current = _inner(get_args(current)[-1] if get_origin(current) is dict else get_args(current)[0])
        else:
            return None
    return current


def _inner(annotation: Any) -> Any:
    """The annotation without `None` and `Annotated`."""
    if get_origin(annotation) in (Union, types.UnionType):
        return _inner(next(kind for kind in get_args(annotation) if kind is not types.NoneType))
    if hasattr(annotation, "__metadata__"):
        return _inner(annotation.__origin__)
    return annotation
