"""Lists that come with the scenarios: read, checked, and complained of in one line."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, RootModel, ValidationError
from pydantic_core import ErrorDetails

from .base import Table
from .source import KeyPath, Problem, Source
from .words import did_you_mean

Model = TypeVar("Model", bound=BaseModel)


def read_list(file: Path, model: type[Model]) -> tuple[Source, Model]:
    """The file as the model describes it, and its source for errors about it.

    Raises ScenarioError, naming file, key and remedy, for the first thing that the model does not allow.
    """
    source = Source.read(file)
    try:
        return source, model.model_validate(source.tables)
    except ValidationError as error:
        raise source.error(_problem(error, model)) from None


def _problem(error: ValidationError, model: type[BaseModel]) -> Problem:
    """The first error; a key that is not known comes before one that is missing, which it may be meant for."""
    errors = error.errors(include_url=False)
    first = next((each for each in errors if each["type"] == "extra_forbidden"), errors[0])
    path = tuple(part for part in first["loc"] if part != "[key]")
    key = str(path[-1]) if path else ""
    if first["type"] == "extra_forbidden":
        return Problem(path, f"there is no key {key!r} here", did_you_mean(key, _keys(model, path[:-1])))
    if first["type"] == "missing":
        return Problem(path, "is missing", f"add {key} = ...")
    if first["type"] == "string_pattern_mismatch":
        return Problem(path, f"{first['input']!r} is not of the right form", "write it as its neighbours are written")
    return Problem(path, _said(first), "mend this value")


def _said(error: ErrorDetails) -> str:
    text = str(error["ctx"]["error"]) if error["type"] == "value_error" else error["msg"]
    return text[:1].lower() + text[1:]


def _keys(model: type[BaseModel], path: KeyPath) -> tuple[str, ...]:
    """The keys of the table at the path."""
    here: Any = model.model_fields["root"].annotation if issubclass(model, RootModel) else model
    for part in path:
        if isinstance(here, type) and issubclass(here, BaseModel):
            field = here.model_fields.get(str(part))
            here = field.annotation if field else None
        else:
            here = next((each for each in reversed(get_args(here)) if each is not ...), None)
    return tuple(here.model_fields) if isinstance(here, type) and issubclass(here, Table) else ()
