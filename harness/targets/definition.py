"""What a managed target is, in one small file: packages, accounts, configuration, how to start it, feed it and read it.

Texts are templates (`harness.targets.templates`). docs/targets.md tells users how to write a definition.
"""

from __future__ import annotations

import re
import tomllib
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, ValidationError, model_validator

from harness.errors import ScenarioError, UsageError
from harness.journal import Status
from harness.scenario.base import Table
from harness.scenario.models import Choice, Mode, Need
from harness.scenario.outcomes import Code
from harness.scenario.words import did_you_mean

from .complaints import complaint
from .templates import NAMES, unknown
from .templates import fill as fill

Text = str
"""A text with `{{ name }}` in it."""


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


class Rootless(StrEnum):
    """What the target needs of a machine where an ordinary user has one uid only and no subordinate ones."""

    PLAIN = "plain"
    """Nothing."""
    FAKE_IDS = "fake-ids"
    """Changes of uid and owner that are pretended (`harness.isolation.fakeid`)."""
    ROOT_ACCOUNTS = "root-accounts"
    """The same, and its users have the uid of root: it looks whom files belong to."""
    NESTED = "nested"
    """A user namespace of its own, in which its programs are `user` and not root."""
    NEVER = "never"
    """It cannot be done: the target looks at its uid again and refuses."""


class Source(StrEnum):
    """Where the target says what it has decided."""

    SYSLOG = "syslog"
    """Lines written to /dev/log."""
    FILE = "file"
    """Lines of a log file in its root."""
    OUTPUT = "output"
    """What the submitting program prints, and its exit status."""


def _compile(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise ValueError(f"{pattern!r} is no regular expression: {error}; mend it") from None


class Line(Table):
    """A line that tells a decision."""

    pattern: str
    """Regular expression; a group `recipient` names whom it is about, `reason` why.

    A group `token` in its place is a name that the target gave the message (`observe.tokens`). With neither it is about
    whoever the program's message is for: with `submit.argv` and source `output` only.
    """
    status: Status
    settle: float = 0.0
    """It counts if no other line has come after this time, in seconds: another host may still be tried."""

    @model_validator(mode="after")
    def _compiles(self) -> Self:
        _compile(self.pattern)
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
    pid_file: str | None = None
    """File with the process id of a program that has put itself into the background."""
    limit: float = 10.0
    """How long it may take to be ready, in seconds."""


class Submit(Table):
    """How a message is handed over: by SMTP to a port of its own, or to a program."""

    port: int | None = None
    argv: tuple[Text, ...] = ()
    """Program with `{sender}` and `{recipient}` in its words; the message is on its standard input."""
    at_once: Annotated[int, Field(ge=1)] = 16
    """How many messages are in the target's hands at a time."""
    one_id_argv: tuple[Text, ...] = ()
    """Program used in place of the port where changes of uid are pretended."""
    pause: float = 0.0
    """How long a recipient is left alone after a decision about him, in seconds: some hold a second message back."""
    resident: bool = False
    """The program may stay after it has told its decision, to try again: it is ended then."""
    statuses: dict[str, Status] = {}
    """What exit statuses of the program mean, where they mean anything."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.port is None) == (not self.argv):
            raise ValueError("submit needs a port or an argv, and not both")
        if self.argv and not any("{recipient}" in word for word in self.argv):
            raise ValueError("submit.argv says nowhere {recipient}, whom the message is for")
        return self


class Observe(Table):
    """How it is known what the target has decided."""

    source: Source
    file: str = ""
    tokens: str = ""
    """Regular expression of a line that tells the name that the target gave a message: group `token`, and `recipient`
    or `message` (what stands in its Message-ID before the @). Later lines may name the token only.
    """
    lines: Annotated[tuple[Line, ...], Field(min_length=1)]
    crash: str = ""
    """Regular expression of a line that tells that a part of it broke, without saying at which message.

    The message that was in its hands then and of which it says no more is the one.
    """
    spooled: str = ""
    """Where the file of a message lies that it keeps for later, with `{token}` and `*`: one that lies there without a
    word, and is open in no process, after a part of the target has broken, is of the message that it broke at.
    """
    limit: float = 60.0
    """How long it may take to decide about one message, in seconds."""

    @model_validator(mode="after")
    def _file_named(self) -> Self:
        if (self.source is Source.FILE) != bool(self.file):
            raise ValueError("observe.file is needed with source 'file', and with no other")
        groups = set(_compile(self.tokens).groupindex)
        if self.tokens and not ("token" in groups and groups & {"recipient", "message"}):
            raise ValueError("observe.tokens needs groups (?P<token>...) and (?P<recipient>...) or (?P<message>...)")
        if self.spooled and not (self.tokens and "{token}" in self.spooled):
            raise ValueError("observe.spooled needs {token} in it, and observe.tokens; add what is missing")
        _compile(self.crash)
        return self


class Definition(Table):
    """A managed target."""

    name: Annotated[str, Field(pattern="^[a-z][a-z0-9-]*$")]
    title: str
    packages: tuple[str, ...] = ()
    """Debian packages that are unpacked for it, with what they need."""
    npm: tuple[str, ...] = ()
    """npm packages with their versions, as `nodemailer@7.0.0`; they lie below /usr/share/danelab/node_modules."""
    build: str = ""
    """Name of a recipe that builds it, where no package has it."""
    programs: tuple[str, ...] = ()
    """Programs of the machine that it needs, and what to do where they are missing."""
    accounts: dict[str, int] = {}
    """Users, each with a group of its name and number."""
    groups: dict[str, int] = {}
    """Groups without a user."""
    modes: Annotated[dict[str, ModeDefinition], Field(min_length=1)]
    default: str
    """The mode taken where none is named."""
    offers: tuple[Need, ...] = ()
    """Needs of scenarios that the target meets by itself."""
    files: dict[str, Text] = {}
    """Files in its root, by absolute name."""
    prepare: tuple[Text, ...] = ()
    """Shell commands run as root in its root, before the service starts."""
    service: Service | None = None
    submit: Submit
    observe: Observe
    environment: dict[str, Text] = {}
    rootless: Rootless = Rootless.FAKE_IDS
    rootless_reason: str = ""
    """Why an ordinary user cannot run it; one line."""
    user: int = 0
    """The uid that its programs have in a user namespace of their own, with `rootless = "nested"`."""
    keeps_answers: bool = True
    """Whether it may remember DNS answers, or a failed destination, from one message to the next."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.default not in self.modes:
            raise ValueError(f"default: {did_you_mean(self.default, self.modes)}")
        for name in self.files:
            if not name.startswith("/"):
                raise ValueError(f"files: {name!r} is not absolute; begin it with /")
        one_shot = self.submit.port is None and self.observe.source is Source.OUTPUT
        for line in self.observe.lines:
            named = "(?P<recipient>" in line.pattern or ("(?P<token>" in line.pattern and self.observe.tokens)
            if not named and not one_shot:
                raise ValueError(
                    f"observe.lines: {line.pattern!r} has no group (?P<recipient>...) that says whom it is about"
                )
        if self.submit.port is not None and self.observe.source is Source.OUTPUT:
            raise ValueError("observe.source 'output' goes with submit.argv; take 'syslog' or 'file' with a port")
        self._check_names()
        if self.rootless is Rootless.NEVER and not self.rootless_reason:
            raise ValueError("rootless_reason is needed with rootless = 'never'")
        return self

    def _check_names(self) -> None:
        texts = {f"files.{name}": text for name, text in self.files.items()}
        texts |= {"prepare": "\n".join(self.prepare), "environment": "\n".join(self.environment.values())}
        texts |= {"submit.argv": " ".join(self.submit.argv)}
        texts |= {"service.argv": " ".join(self.service.argv)} if self.service else {}
        for mode, definition in self.modes.items():
            known = (*NAMES, *definition.variables)
            for where, text in texts.items():
                if name := unknown(text, known):
                    there = f"{where}: in mode {mode} there is no {name!r}"
                    raise ValueError(f"{there}; {did_you_mean(name, known)}")


def own_definitions() -> Path:
    """The folder of the definitions that come with danelab."""
    return Path(__file__).resolve().parent / "definitions"


def load(file: Path) -> Definition:
    """Read a definition. Raises ScenarioError that names file, key and remedy.

    With `like = "NAME"` it begins as a copy of one of ours: keys that it has too take the other's place as a whole,
    but files are taken one by one.
    """
    tables = _tables(file)
    like = tables.pop("like", None)
    if like is not None:
        tables = _based(like, tables, file)
    tables["name"] = tables.get("name", file.stem) if like is None else file.stem
    try:
        return Definition.model_validate(tables)
    except ValidationError as error:
        first = complaint(error.errors(include_url=False), Definition)
        key = ".".join(map(str, first.path))
        raise ScenarioError(first.text, file=file, key=key, remedy=first.remedy) from None


def _tables(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise ScenarioError(error.strerror or "cannot be read", file=file) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ScenarioError(f"is no TOML: {error}", file=file) from None


def _based(like: object, tables: dict[str, Any], file: Path) -> dict[str, Any]:
    known = definitions()
    if not isinstance(like, str) or like not in known:
        raise ScenarioError(f"there is no {like!r}", file=file, key="like", remedy=did_you_mean(str(like), known))
    base = _tables(known[like])
    if "like" in base:
        raise ScenarioError(f"{like} is like another itself", file=file, key="like", remedy=f"name {base['like']!r}")
    files = {"files": base["files"] | tables["files"]} if "files" in base and "files" in tables else {}
    return base | tables | files


def definitions(*folders: Path) -> dict[str, Path]:
    """The files of all definitions, by name: those in the folders and our own, which take precedence."""
    return {file.stem: file for folder in (*folders, own_definitions()) for file in sorted(folder.glob("*.toml"))}


def find(name: str, *folders: Path) -> tuple[Definition, str]:
    """The definition and mode behind `postfix:dane` or `my-mta.toml:strict`. Raises UsageError."""
    word, _, mode = name.partition(":")
    if word.endswith(".toml"):
        definition = load(Path(word))
    else:
        known = definitions(*folders)
        if word not in known:
            raise UsageError(f"there is no target {word!r}; {did_you_mean(word, known)}")
        definition = load(known[word])
    mode = mode or definition.default
    if mode not in definition.modes:
        raise UsageError(f"{word} has no mode {mode!r}; {did_you_mean(mode, definition.modes)}")
    return definition, mode
