"""Journals as text: one JSON object a line (NDJSON), `kind` naming the record."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import MISSING, fields
from enum import StrEnum
from typing import Any

from pydantic import TypeAdapter, ValidationError

from harness.errors import ScenarioError

from .events import AnyEvent, Asked, Event, Found, Reported
from .words import Opinion, Status, Where

_ADAPTER: TypeAdapter[AnyEvent] = TypeAdapter(AnyEvent)
_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_DEFAULTS: dict[type[Event], dict[str, Any]] = {
    kind: {each.name: {} if each.default_factory is not MISSING else each.default for each in fields(kind)}
    for kind in Event.__subclasses__()
}
"""The fields of each kind of event in their order, with their defaults; what has none equals nothing."""

_WORDS: dict[type[Event], dict[str, Callable[[str], StrEnum]]] = {
    Reported: {"status": Status},
    Found: {"finding": Opinion},
    Asked: {"where": Where},
}
"""The fields that hold one of a few words."""


def encode(event: Event) -> str:
    """One line of a journal, without the line end. Fields at their defaults are left out."""
    defaults = _DEFAULTS[type(event)]
    brief: dict[str, Any] = {"kind": defaults["kind"]}
    for name, default in defaults.items():
        value = getattr(event, name)
        if value != default:
            brief[name] = value
    return _JSON.encode(brief)


def decode(lines: Iterable[str], *, file: str = "journal") -> Iterator[AnyEvent]:
    """Read a journal. A last line that was cut short by the end of the run is passed over.

    Raises ScenarioError, naming the line, for anything else that is no event.
    """
    held: tuple[int, str] | None = None
    for number, line in enumerate(lines, 1):
        if held is not None:
            yield _event(held[1], held[0], file)
        held = (number, line) if line.strip() else None
    if held is not None and held[1].endswith("\n"):
        yield _event(held[1], held[0], file)


def decode_own(lines: Iterable[str]) -> Iterator[Event]:
    """Read a journal that this same process has had written, which makes checking it unnecessary; several times faster
    than `decode`."""
    kinds: dict[str, type[Event]] = {_DEFAULTS[kind]["kind"]: kind for kind in _DEFAULTS}
    for line in lines:
        told = json.loads(line)
        kind = kinds[told.pop("kind")]
        lists = [name for name, value in told.items() if type(value) is list]
        for name in lists:
            told[name] = tuple(told[name])
        if kind in _WORDS:
            for name, word in _WORDS[kind].items():
                told[name] = word(told[name])
        yield kind(**told)


def _event(line: str, number: int, file: str) -> AnyEvent:
    try:
        return _ADAPTER.validate_json(line)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ScenarioError(f"line {number} is no event: {first['msg']}", file=file, key=where) from None
