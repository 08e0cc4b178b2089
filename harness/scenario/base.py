"""What every part of a scenario file has in common: strict tables, frozen values, spans of time."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict

_SPAN = re.compile(r"([+-]?)(\d+)(ms|s|m|h|d|y)")
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "y": 365 * 86400}


class Table(BaseModel):
    """A TOML table: unknown keys are errors, values do not change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


def seconds(span: str) -> float:
    """The length of a span such as `30s`, `-1d` or `+1y`, in seconds; a year has 365 days."""
    found = _SPAN.fullmatch(span)
    if found is None:
        raise ValueError(f"{span!r} is not a span of time: write a number and a unit (ms, s, m, h, d, y), as in '-1d'")
    sign, number, unit = found.groups()
    return (-1 if sign == "-" else 1) * int(number) * _SECONDS[unit]


def _span(value: str) -> str:
    seconds(value)
    return value


def _length(value: str) -> str:
    if seconds(value) < 0:
        raise ValueError(f"{value!r} is negative: a length of time is wanted here")
    return value


Span = Annotated[str, AfterValidator(_span)]
"""A moment relative to the start of the run: `-1d` is yesterday, `+1y` next year."""

Length = Annotated[str, AfterValidator(_length)]
"""A length of time: `500ms`, `5s`, `30m`."""

Template = str
"""Text with placeholders: `{mx1}`, `{domain}`, `{mx1.ipv4}`, `{mx1.spki.sha256}` and so on."""
