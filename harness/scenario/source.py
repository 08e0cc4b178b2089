"""A scenario file as it was written: its text, its tables, and the line on which a key stands."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from harness.errors import ScenarioError

KeyPath = tuple[str | int, ...]
"""The way to a value: `("mx", 0, "smtp", "banner")`."""

_LARGEST = 1_000_000
_KEY = r"(?:\"[^\"]*\"|'[^']*'|[A-Za-z0-9_-]+)"
_DOTTED = rf"\s*({_KEY}(?:\s*\.\s*{_KEY})*)\s*"
_HEADER = re.compile(rf"\s*(\[\[?){_DOTTED}\]")
_ASSIGNMENT = re.compile(rf"{_DOTTED}=")


def dotted(path: KeyPath) -> str:
    """The path for people: `mx[0].smtp.banner`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def shown(file: Path) -> str:
    """The file's name as short as it can be: relative to the working directory if it lies below."""
    here = Path.cwd()
    return str(file.relative_to(here)) if file.is_absolute() and file.is_relative_to(here) else str(file)


def id_of(file: Path) -> str:
    """The id that a file's name gives to its scenario: the name without `.toml`, or without `.danelab.toml`."""
    return file.stem.removesuffix(".danelab")


@dataclass(frozen=True)
class Problem:
    """Something wrong at one key of one scenario, before it is known in which file and line that is."""

    path: KeyPath
    text: str
    remedy: str = ""


@dataclass(frozen=True)
class Source:
    """One TOML file."""

    file: Path
    text: str
    tables: dict[str, Any]

    @classmethod
    def read(cls, file: Path) -> Source:
        """Read and parse the file. Raises ScenarioError, with the line where there is one."""
        name = shown(file)
        try:
            octets = file.read_bytes()
        except FileNotFoundError:
            raise ScenarioError("there is no such file", file=name, remedy="check the spelling") from None
        except IsADirectoryError:
            raise ScenarioError("is a directory", file=name, remedy="name a .toml file inside it") from None
        except OSError as error:
            raise ScenarioError(f"cannot be read: {error.strerror}", file=name, remedy="check its mode") from None
        if len(octets) > _LARGEST:
            raise ScenarioError(
                f"has {len(octets)} octets, which no scenario needs", file=name, remedy="a scenario is a few lines"
            )
        try:
            text = octets.decode("utf-8").replace("\r\n", "\n")
        except UnicodeDecodeError as error:
            line = octets.count(b"\n", 0, error.start) + 1
            raise ScenarioError("is not UTF-8 here", file=f"{name}:{line}", remedy="save the file as UTF-8") from None
        if not text.strip():
            raise ScenarioError("is empty", file=name, remedy="start from one made by: danelab new ID")
        try:
            tables = tomllib.loads(text)
        except RecursionError:
            raise ScenarioError("is nested too deeply", file=name, remedy="a scenario needs a few levels") from None
        except ValueError as error:
            raise _not_toml(error, text, name) from None
        return cls(file, text, tables)

    @cached_property
    def lines(self) -> dict[KeyPath, int]:
        """The line on which each table and key begins. What stands inside inline tables is not listed."""
        found: dict[KeyPath, int] = {}
        lists: dict[KeyPath, int] = {}
        here: KeyPath = ()
        inside = ""
        for number, line in enumerate(self.text.split("\n"), 1):
            if inside:
                inside = "" if inside in line else inside
                continue
            if header := _HEADER.match(line):
                here = _located(_parts(header[2]), lists)
                if header[1] == "[[":
                    lists[here] = lists.get(here, -1) + 1
                    here = (*here, lists[here])
                found.setdefault(here, number)
            elif assignment := _ASSIGNMENT.match(line):
                path = here
                for part in _parts(assignment[1]):
                    path = (*path, part)
                    found.setdefault(path, number)
            inside = next((quotes for quotes in ('"""', "'''") if line.count(quotes) % 2), "")
        return found

    def error(self, problem: Problem, *, variant: int | None = None) -> ScenarioError:
        """The problem as an error that names file, line and key; `variant` is the index in [[matrix]] it arose in."""
        path = problem.path
        if variant is not None:
            change: Any = self.tables["matrix"][variant]
            if path and _reaches(change, path):
                path = ("matrix", variant, *path)
        known = path
        while known and known not in self.lines:
            known = known[:-1]
        place = shown(self.file) + (f":{self.lines[known]}" if known else "")
        return ScenarioError(problem.text, file=place, key=dotted(path), remedy=problem.remedy)


def _not_toml(error: ValueError, text: str, name: str) -> ScenarioError:
    said = str(error)
    found = re.search(r" \(at line (\d+), column \d+\)$", said)
    if found:
        line, said = int(found[1]), said[: found.start()]
    else:
        line, said = len(text.rstrip().split("\n")), said.removesuffix(" (at end of document)")
        said += ", where the file ends" if "end of document" in str(error) else ""
    return ScenarioError(
        f"is not TOML: {said[:1].lower()}{said[1:]}", file=f"{name}:{line}", remedy="mend or complete this line"
    )


def _parts(dotted_key: str) -> KeyPath:
    return tuple(part.strip("\"'") for part in re.findall(_KEY, dotted_key))


def _located(parts: KeyPath, lists: dict[KeyPath, int]) -> KeyPath:
    """The header's path with the index of each list on the way to its last part."""
    here: KeyPath = ()
    for part in parts:
        if here in lists:
            here = (*here, lists[here])
        here = (*here, part)
    return here


def _reaches(value: Any, path: KeyPath) -> bool:
    """Whether the variant itself says something at the first two parts of the path."""
    first = isinstance(value, dict) and path[0] in value
    if not first or len(path) == 1 or isinstance(value[path[0]], list):
        return first
    return path[1] in value[path[0]] if isinstance(value[path[0]], dict) else True
