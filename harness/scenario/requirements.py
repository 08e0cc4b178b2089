"""The requirements: what the RFCs ask, one statement each, as `scenarios/requirements.toml` lists them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError

from .base import Table
from .source import Problem, Source
from .words import did_you_mean, one_of


class Level(StrEnum):
    """How strongly a statement binds (RFC 2119)."""

    MUST = "MUST"
    """An absolute requirement."""
    MUST_NOT = "MUST NOT"
    """An absolute prohibition."""
    SHOULD = "SHOULD"
    """To be done unless there are good reasons against it."""
    SHOULD_NOT = "SHOULD NOT"
    """To be left undone unless there are good reasons for it."""
    MAY = "MAY"
    """A choice."""


class Role(StrEnum):
    """Whom a statement binds."""

    SENDER = "sender"
    """The sending MTA."""
    RESOLVER = "resolver"
    """The resolver on which the sender relies."""
    RECEIVER = "receiver"
    """The operator of the receiving domain; here, the lab itself."""


class Requirement(Table):
    """One normative statement of one RFC, in our own words."""

    id: Annotated[str, Field(pattern=r"^[0-9]+-[0-9A-Z][0-9A-Za-z.]*-[0-9]+$")]
    """RFC, section and number: `7672-2.2-1`."""
    rfc: Annotated[int, Field(ge=1)]
    section: Annotated[str, Field(min_length=1)]
    level: Level
    role: Role
    summary: Annotated[str, Field(min_length=10)]
    """What is asked, in one or two sentences."""
    observable: str = ""
    """How it shows from outside."""
    positive: str = ""
    """Scenarios in which a conforming target delivers."""
    negative: str = ""
    """Scenarios in which a conforming target does not."""
    verified: bool = False
    """Whether it was held against the text of the RFC."""

    @property
    def place(self) -> str:
        """Where it stands: `RFC 7672 section 2.2`."""
        kind = "section" if self.section[0].isdigit() else "appendix"
        return f"RFC {self.rfc} {kind} {self.section}"

    def __str__(self) -> str:
        return f"{self.place}, {self.level}: {self.summary}"


def load_requirements(path: Path) -> Mapping[str, Requirement]:
    """The requirements of a file by their ids, in the order of the file.

    Raises ScenarioError, naming file, key and remedy, for a file that cannot be read, holds anything but
    `[[requirement]]` tables, or gives one id to two of them.
    """
    source = Source.read(path)
    listed = source.tables.get("requirement")
    for key in source.tables:
        if key != "requirement":
            raise source.error(Problem((key,), f"there is no key {key!r} here", "write [[requirement]] tables only"))
    if not isinstance(listed, list) or not listed:
        raise source.error(Problem(("requirement",), "lists no requirement", "write [[requirement]] tables"))
    found: dict[str, Requirement] = {}
    for number, table in enumerate(listed):
        try:
            requirement = Requirement.model_validate(table)
        except ValidationError as error:
            raise source.error(_problem(error, table, number)) from None
        if requirement.id in found:
            raise source.error(
                Problem(("requirement", number, "id"), f"{requirement.id!r} is given twice", "give this one its own id")
            )
        found[requirement.id] = requirement
    return found


def _problem(error: ValidationError, table: Any, number: int) -> Problem:
    """The first error in the words of the file; a key that is not known comes before one that is missing."""
    errors = error.errors()
    first = next((each for each in errors if each["type"] == "extra_forbidden"), errors[0])
    path = ("requirement", number, *first["loc"])
    key = str(first["loc"][0]) if first["loc"] else ""
    known = list(Requirement.model_fields)
    named = f" (of {table['id']!r})" if isinstance(table, dict) and isinstance(table.get("id"), str) else ""
    kind = first["type"]
    if kind == "extra_forbidden":
        return Problem(path, f"there is no key {key!r} here{named}", did_you_mean(key, known))
    if kind == "missing":
        return Problem(path, f"is missing{named}", f"add {key} = ...")
    if kind == "enum":
        words = list(Level) if key == "level" else list(Role)
        return Problem(path, f"{first['input']!r} is no word for this{named}", f"write {one_of(words)}")
    if kind == "string_pattern_mismatch":
        return Problem(path, f"{first['input']!r} is no id", "write RFC-SECTION-NUMBER, as in '7672-2.2-1'")
    return Problem(path, first["msg"][:1].lower() + first["msg"][1:] + named, "mend this value")
