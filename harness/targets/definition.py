"""What a managed target is, in one small file: packages, accounts, configuration, how to start it, feed it and read it.

Texts are templates (`harness.targets.templates`). docs/targets.md tells users how to write a definition.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, ValidationError, model_validator

from harness.errors import ScenarioError, UsageError
from harness.scenario.base import Table
from harness.scenario.choices import CHOICES, load_choices, misdeclared
from harness.scenario.models import Mode, Need
from harness.scenario.suite import own_scenarios
from harness.scenario.words import did_you_mean

from . import arrangements
from .arrangements import Lines
from .complaints import complaint
from .definition_parts import Observe, Rootless, Service, Source, Submit, Text
from .templates import NAMES, unknown
from .templates import fill as fill


class ModeDefinition(Table):
    """One way of configuring the target."""

    mode: Mode
    """What it is meant to do about DANE in this way."""
    title: str = ""
    """What this way is, in a few words: `smtp_tls_security_level = dane`."""
    variables: dict[str, str] = {}
    """Names for the templates."""
    choices: dict[str, str] = {}
    """Positions that the target declares in this mode where the RFCs leave it a choice: `sha-512 = "supported"`."""


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
    choices: dict[str, str] = {}
    """The same for all modes; what a mode says of its own comes first."""
    default: str
    """The mode taken where none is named."""
    offers: tuple[Need, ...] = ()
    """Needs of scenarios that the target meets by itself."""
    files: dict[str, Text] = {}
    """Files in its root, by absolute name."""
    destinations: tuple[Lines, ...] = ()
    """Where what is settled for single destinations stands in its files."""
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
            known: tuple[str, ...] = (*NAMES, *definition.variables)
            for where, text in texts.items():
                if name := unknown(text, known):
                    there = f"{where}: in mode {mode} there is no {name!r}"
                    raise ValueError(f"{there}; {did_you_mean(name, known)}")
            known = (*known, *arrangements.NAMES)
            for number, place in enumerate(self.destinations):
                if name := unknown(place.line, known):
                    there = f"destinations.{number}.line: in mode {mode} there is no {name!r}"
                    raise ValueError(f"{there}; {did_you_mean(name, known)}")

    def offered(self, mode: Mode) -> frozenset[Need]:
        """The needs of scenarios that it meets by itself in this mode."""
        return frozenset(self.offers) | arrangements.needs_met(self.places(mode))

    def places(self, mode: Mode) -> tuple[Lines, ...]:
        """Where what is settled for single destinations is written: without DANE, nothing about it is."""
        return arrangements.without_dane(self.destinations) if mode is Mode.UNAWARE else self.destinations


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
        definition = Definition.model_validate(tables)
    except ValidationError as error:
        first = complaint(error.errors(include_url=False), Definition)
        key = ".".join(map(str, first.path))
        raise ScenarioError(first.text, file=file, key=key, remedy=first.remedy) from None
    _check_choices(definition, file)
    return definition


def _check_choices(definition: Definition, file: Path) -> None:
    declaring = {f"modes.{name}.choices": mode.choices for name, mode in definition.modes.items()}
    declaring["choices"] = definition.choices
    known = load_choices(own_scenarios() / CHOICES) if any(declaring.values()) else {}
    for where, positions in declaring.items():
        for name, position in positions.items():
            if problem := misdeclared(name, position, known):
                raise ScenarioError(problem, file=file, key=f"{where}.{name}")


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
    """The definition and mode behind `postfix:dane` or `my-mta.toml:strict`. Raises UsageError.

    Where a mode takes a build of its own, as `sendmail:dane` does, it is that: `sendmail-dane`.
    """
    word, _, mode = name.partition(":")
    if word.endswith(".toml"):
        definition = load(Path(word))
    else:
        known = definitions(*folders)
        if word not in known:
            raise UsageError(f"there is no target {word!r}; {did_you_mean(word, known)}")
        definition = load(known[word])
        if mode not in {"", *definition.modes} and f"{word}-{mode}" in known:
            definition = load(known[f"{word}-{mode}"])
    mode = mode or definition.default
    if mode not in definition.modes:
        raise UsageError(f"{word} has no mode {mode!r}; {did_you_mean(mode, definition.modes)}")
    return definition, mode
