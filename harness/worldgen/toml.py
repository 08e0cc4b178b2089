"""Tables as the text of a TOML file, in the style of the scenarios that people write."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def write(tables: Mapping[str, Any]) -> str:
    """The file: plain keys first, then each table under its header. `tomllib` reads the same tables from it."""
    return "\n".join(_document(tables)) + "\n"


def _document(tables: Mapping[str, Any]) -> Iterator[str]:
    headed = {key: value for key, value in tables.items() if _has_header(value)}
    for key, value in tables.items():
        if key not in headed:
            yield f"{_key(key)} = {_text(value) if key == 'explain' else _inline(value)}"
    for key, value in headed.items():
        if isinstance(value, list):
            for each in value:
                yield from ("", f"[[{_key(key)}]]", *_pairs(each))
        elif value and all(isinstance(inner, dict) for inner in value.values()):
            for name, inner in value.items():
                yield from ("", f"[{_key(key)}.{_key(name)}]", *_pairs(inner))
        else:
            yield from ("", f"[{_key(key)}]", *_pairs(value))


def _has_header(value: Any) -> bool:
    if isinstance(value, list):
        return bool(value) and all(isinstance(each, dict) for each in value)
    return isinstance(value, dict)


def _pairs(table: Mapping[str, Any]) -> Iterator[str]:
    for key, value in table.items():
        yield f"{_key(key)} = {_inline(value)}"


def _text(value: str) -> str:
    if value.endswith("\n") and '"""' not in value and "\\" not in value:
        return f'"""\n{value}"""'
    return _inline(value)


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(key)} = {_inline(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_inline, value)) + "]"
    # Strings, numbers and booleans are written in TOML as in JSON, DEL apart.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else json.dumps(key, ensure_ascii=False)
