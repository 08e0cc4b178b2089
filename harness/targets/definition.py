"""What a managed target is, in one small file: packages, accounts, configuration, how to start it, feed it and read it.

Texts are Jinja templates with these names: `resolver` (address, port 53), `host_name` (the target's own), `ipv4` and
`ipv6` (its addresses), `sender_domain`, `ca_file` (certificate of the publicly trusted CA), and the mode's variables.
"""

from __future__ import annotations

import re
import tomllib
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

import jinja2
from pydantic import Field, ValidationError, model_validator

from harness.errors import ScenarioError, UsageError
from harness.journal import Status
from harness.scenario.base import Table
from harness.scenario.complaints import problems
from harness.scenario.models import Choice, Mode
from harness.scenario.outcomes import Code
from harness.scenario.words import did_you_mean

Text = str
"""A Jinja template."""


class ModeDefinition(Table):
    """One way of configuring the target."""

    mode: Mode
    """What it is meant to do about DANE in this way."""
    title: str = ""
    """What this way is, in a few words: `smtp_tls_security_level = dane`."""
    variables: dict[str, str] = {}
    """Names for the templates."""
    choices: dict[Choice, tuple[Code, ...]] = {}
    """Choices that the target declares for this mode, with the outcomes they lead to."""


class Source(StrEnum):
    """Where the target says what it has decided."""

    SYSLOG = "syslog"
    """Lines written to /dev/log."""
    FILE = "file"
    """Lines of a log file in its root."""
    OUTPUT = "output"
    """What the submitting program prints, and its exit status."""


class Line(Table):
    """A line that tells a decision."""

    pattern: str
    """Regular expression; a group `recipient` names whom it is about, `reason` why."""
    status: Status

    @model_validator(mode="after")
    def _compiles(self) -> Self:
        try:
            re.compile(self.pattern)
        except re.error as error:
            raise ValueError(f"pattern {self.pattern!r} is no regular expression: {error}") from None
        return self


class Service(Table):
    """A program that runs all the time."""

    argv: tuple[Text, ...]
    ready_port: int | None = None
    """It is ready when something listens there, at its own address."""
    ready_file: str | None = None
    """... when this file is there."""
    forks: bool = False
    """The program puts itself into the background: it is ready when it ends."""
    limit: float = 10.0
    """How long it may take to be ready, in seconds."""


class Submit(Table):
    """How a message is handed over: by SMTP to a port of its own, or to a program."""

    port: int | None = None
    argv: tuple[Text, ...] = ()
    """Program with `{sender}` and `{recipient}` in its words; the message is on its standard input."""
    at_once: Annotated[int, Field(ge=1)] = 16
    """How many messages at a time."""
    statuses: dict[str, Status] = {}
    """What exit statuses of the program mean, where they mean anything."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.port is None) == (not self.argv):
            raise ValueError("submit needs a port or an argv, and not both")
        return self


class Observe(Table):
    """How it is known what the target has decided."""

    source: Source
    file: str = ""
    lines: Annotated[tuple[Line, ...], Field(min_length=1)]
    limit: float = 30.0
    """How long it may take to decide about one message, in seconds."""


class Definition(Table):
    """A managed target."""

    name: Annotated[str, Field(pattern="^[a-z][a-z0-9-]*$")]
    title: str
    packages: tuple[str, ...] = ()
    """Debian packages that are unpacked for it, with what they need."""
    build: str = ""
    """Name of a recipe that builds it, where no package has it."""
    accounts: dict[str, int] = {}
    """Users, each with a group of its name and number."""
    groups: dict[str, int] = {}
    """Groups without a user."""
    modes: Annotated[dict[str, ModeDefinition], Field(min_length=1)]
    default: str
    """The mode taken where none is named."""
    files: dict[str, Text] = {}
    """Files in its root, by absolute name."""
    prepare: tuple[Text, ...] = ()
    """Shell commands run as root in its root, before the service starts."""
    service: Service | None = None
    submit: Submit
    observe: Observe
    environment: dict[str, str] = {}
    rootless: Annotated[str, Field(pattern="^(plain|fake-ids|nested|never)$")] = "fake-ids"
    """What an ordinary user without subordinate ids needs: nothing, pretended changes of uid, a nested user namespace;
    or it cannot be done."""
    keeps_answers: bool = True

    @model_validator(mode="after")
    def _default_known(self) -> Self:
        if self.default not in self.modes:
            raise ValueError(f"default: {did_you_mean(self.default, self.modes)}")
        return self


def own_definitions() -> Path:
    """The folder of the definitions that come with danelab."""
    return Path(__file__).resolve().parent / "definitions"


def load(file: Path) -> Definition:
    """Read a definition. Raises ScenarioError that names file, key and remedy."""
    try:
        tables = tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise ScenarioError(error.strerror or "cannot be read", file=file) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ScenarioError(f"is no TOML: {error}", file=file) from None
    tables.setdefault("name", file.stem)
    try:
        return Definition.model_validate(tables)
    except ValidationError as error:
        first = problems(error.errors(include_url=False), tables)[0]
        key = ".".join(map(str, first.path))
        raise ScenarioError(first.text, file=file, key=key, remedy=first.remedy) from None


def find(name: str, *folders: Path) -> tuple[Definition, str]:
    """The definition and mode behind `postfix:dane` or `my-mta.toml:strict`. Raises UsageError."""
    word, _, mode = name.partition(":")
    if word.endswith(".toml"):
        definition = load(Path(word))
    else:
        known = {file.stem: file for folder in (*folders, own_definitions()) for file in sorted(folder.glob("*.toml"))}
        if word not in known:
            raise UsageError(f"there is no target {word!r}; {did_you_mean(word, known)}")
        definition = load(known[word])
    mode = mode or definition.default
    if mode not in definition.modes:
        raise UsageError(f"{word} has no mode {mode!r}; {did_you_mean(mode, definition.modes)}")
    return definition, mode


def fill(text: str, values: dict[str, object], *, where: str) -> str:
    """Fill in a template. Raises UsageError that says where and what is wrong."""
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True, autoescape=False)
    try:
        return environment.from_string(text).render(values)
    except jinja2.TemplateError as error:
        raise UsageError(f"{where}: {error}; known names: {', '.join(sorted(values))}") from None
