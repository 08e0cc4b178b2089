"""Pydantic's errors in the words of the scenario language: what is wrong at which key, and the nearest right word."""

from __future__ import annotations

import re
import types
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Union, get_args, get_origin

from pydantic_core import ErrorDetails

from .base import Table
from .models import Scenario
from .source import KeyPath, Problem, dotted
from .words import did_you_mean, nearest

_UNION_MEMBERS = ("Certificate", "str")
_WANTED = {
    "string_type": ("text", "put it in quotes"),
    "int_type": ("a whole number", "write it without quotes or fraction"),
    "int_from_float": ("a whole number", "write it without quotes or fraction"),
    "bool_type": ("true or false", "write it in lower case without quotes"),
    "tuple_type": ("a list", "put it in [square brackets]"),
    "model_type": ("a table", "write a [table] or an { inline table }"),
    "dict_type": ("a table", "write a [table] or an { inline table }"),
    "is_instance_of": ("text", "put it in quotes"),
}
_KINDS = {str: "text", bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "a table"}


def problems(errors: list[ErrorDetails], tables: Mapping[str, Any]) -> list[Problem]:
    """One problem for each error, in the order of the errors.

    Several about one value of two kinds become one, and so does a missing key whose misspelling is there.
    """
    found: dict[tuple[KeyPath, str], Problem] = {}
    misspelt = {
        (*path[:-1], nearest(str(path[-1]), _keys(path[:-1])))
        for path, _ in (
            _without_members(error["loc"], tables) for error in errors if error["type"] == "extra_forbidden"
        )
    }
    for error in errors:
        path, member = _without_members(error["loc"], tables)
        value = _value(tables, path)
        if member == "str" and isinstance(value, dict):
            continue
        if member == "Certificate" and error["type"] == "model_type":
            continue
        if error["type"] == "missing" and path in misspelt:
            continue
        problem = _problem(error, path, either=member == "str")
        found.setdefault((problem.path, problem.text), problem)
    return list(found.values())


def _without_members(location: tuple[int | str, ...], tables: Mapping[str, Any]) -> tuple[KeyPath, str]:
    """The path in the file, without what pydantic adds for the kinds a value may be of, and the last of these."""
    path: KeyPath = ()
    member = ""
    value: Any = tables
    for part in location:
        known = isinstance(value, dict) and part in value
        if part == "[key]":
            continue
        if part in _UNION_MEMBERS and not known:
            member = str(part)
            continue
        path = (*path, part)
        value = _value(value, (part,))
    return path, member


def _value(tables: Any, path: KeyPath) -> Any:
    for part in path:
        try:
            tables = tables[part]
        except (KeyError, IndexError, TypeError):
            return None
    return tables


def _problem(error: ErrorDetails, path: KeyPath, *, either: bool) -> Problem:
    kind, value, context = error["type"], error["input"], error.get("ctx", {})
    if kind == "extra_forbidden":
        return _unknown_key(path)
    if kind == "missing":
        return Problem(path, "is missing", _add(path))
    if kind in _WANTED:
        wanted, remedy = ("text or a table", "name one, or write a table") if either else _WANTED[kind]
        if wanted == "a list" and isinstance(value, dict):
            remedy = f"write [[{dotted(path)}]] with two brackets"
        return Problem(path, f"is {_kind(value)} where {wanted} is wanted", remedy)
    if kind == "enum":
        enum = _type_at(path)
        words = [str(member) for member in enum] if isinstance(enum, type) and issubclass(enum, StrEnum) else []
        return Problem(path, f"{value!r} is no word for this", did_you_mean(str(value), words))
    if kind == "string_pattern_mismatch":
        return _mismatch(path, str(value), str(context["pattern"]))
    if kind == "value_error":
        return Problem(path, str(context["error"]))
    return Problem(path, *_size(kind, value, context, error["msg"]))


def _unknown_key(path: KeyPath) -> Problem:
    key = str(path[-1])
    if path == ("id",):
        return Problem(
            path, "the id is the file's name and is not written in it", "remove this line, or rename the file"
        )
    table = _type_at(path[:-1])
    if not (isinstance(table, type) and issubclass(table, Table)):
        return Problem(path, "is not a key of this table", "remove it")
    fields = _keys(path[:-1])
    for name in fields:
        inner = _type_at((*path[:-1], name))
        if isinstance(inner, type) and issubclass(inner, Table) and key in inner.model_fields and key not in fields:
            return Problem(path, f"there is no key {key!r} here", f"it belongs one level down: {name}.{key}")
    return Problem(path, f"there is no key {key!r} here", did_you_mean(key, fields))


def _keys(path: KeyPath) -> list[str]:
    """The keys that the table at the path may have."""
    table = _type_at(path)
    is_table = isinstance(table, type) and issubclass(table, Table)
    return [name for name in table.model_fields if name != "id"] if is_table else []


def _add(path: KeyPath) -> str:
    table = _type_at(path[:-1])
    field = table.model_fields.get(str(path[-1])) if isinstance(table, type) and issubclass(table, Table) else None
    meaning = (field.description or "") if field else ""
    sentence = re.split(r"(?<=[.:;])\s", meaning.replace("\n", " "))[0].rstrip(".:;")
    return f"add {path[-1]} = ..." + (f" ({sentence})" if sentence else "")


def _mismatch(path: KeyPath, value: str, pattern: str) -> Problem:
    if path == ("id",):
        return Problem(
            (), f"the file's name {value!r} is no id", "use a-z, 0-9 and inner hyphens, at most 40 characters in all"
        )
    words = re.fullmatch(r"\^\(([a-z|]+)\)\$", pattern)
    if words:
        return Problem(path, f"{value!r} is no word for this", did_you_mean(value, words[1].split("|")))
    allowed = {
        "^[a-z][a-z0-9_]{0,19}$": "a letter, then a-z, 0-9 and _, at most 20 in all",
        "^[a-z][a-z0-9-]*$": "a letter, then a-z, 0-9 and -",
        "^([0-9a-f]{2}){0,255}$": "pairs of 0-9 and a-f",
    }
    return Problem(path, f"{value!r} is not written as it has to be", f"write {allowed.get(pattern, pattern)}")


def _size(kind: str, value: Any, context: Mapping[str, Any], said: str) -> tuple[str, str]:
    if kind == "string_too_short":
        return f"has {len(value)} characters", f"at least {context['min_length']} are wanted"
    if kind == "string_too_long":
        return f"has {len(value)} characters", f"at most {context['max_length']} are wanted"
    if kind == "too_short":
        return "is empty", "at least one entry is wanted"
    if kind == "greater_than_equal":
        return f"is {value}", f"at least {context['ge']} is wanted"
    if kind == "less_than_equal":
        return f"is {value}", f"at most {context['le']} is wanted"
    return said[:1].lower() + said[1:], "see: danelab schema"


def _kind(value: Any) -> str:
    return _KINDS.get(type(value), "something else")


def _type_at(path: KeyPath) -> Any:
    """The type that the models give to the value at the path: a Table, an enum, or something else."""
    current: Any = Scenario
    for part in path:
        if isinstance(current, type) and issubclass(current, Table):
            field = current.model_fields.get(str(part))
            current = _inner(field.annotation) if field else None
        elif get_origin(current) in (dict, tuple):
            current = _inner(get_args(current)[-1] if get_origin(current) is dict else get_args(current)[0])
        else:
            return None
    return current


def _inner(annotation: Any) -> Any:
    """The annotation without `None`, `Annotated` and the plain text that may stand in a table's place."""
    if get_origin(annotation) in (Union, types.UnionType):
        others = [kind for kind in get_args(annotation) if kind is not types.NoneType]
        return _inner(next((kind for kind in others if isinstance(kind, type) and issubclass(kind, Table)), others[0]))
    if hasattr(annotation, "__metadata__"):
        return _inner(annotation.__origin__)
    return annotation
