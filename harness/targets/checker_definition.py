"""What a checker is, in one small file: packages, command line, how its output is read, what it cannot do.

Words of `argv`, files and environment are templates (`harness.targets.templates`) with these names: `resolver` (its
address; the port is 53), `host_name` (the checker's own machine), `trust_anchor` and `root_hints` (as master files),
`ca_file` (the publicly trusted CA's certificate), `python` (that reads its packages). `{domain}`, `{host}` and `{port}`
in `argv` stand for what is to be checked.
"""

from __future__ import annotations

import re
import tomllib
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, ValidationError, field_validator, model_validator

from harness.errors import ScenarioError, UsageError
from harness.journal import Opinion
from harness.scenario.base import Table
from harness.scenario.complaints import problems
from harness.scenario.words import did_you_mean

Text = str
"""A text with `{{ name }}` in it."""


class Ability(StrEnum):
    """What a scenario may ask of a checker; a definition declares those that its tool lacks."""

    STARTTLS = "starttls"
    """Speaks SMTP up to STARTTLS. Every scenario asks it."""
    MX = "mx"
    """Looks the domain's MX records up: the scenario's point lies in them."""
    IMPLICIT_MX = "implicit-mx"
    """Takes a domain without MX records, or an address, for its own mail host (RFC 5321 section 5.1)."""
    EVERY_HOST = "every-host"
    """Looks at every MX host and not at the first alone."""
    MATCH = "match"
    """Holds TLSA records against the certificate, instead of listing them."""
    DNSSEC = "dnssec"
    """Tells secure answers from insecure ones."""
    FAILED_LOOKUP = "failed-lookup"
    """Tells a TLSA lookup that failed from one that found that there are no records."""
    ANY_RECORD = "any-record"
    """Understands TLSA records of all kinds, and not `3 1 1` alone."""
    WITHOUT_TLS = "without-tls"
    """Tells that there is no DANE even where no TLS session can be had."""
    DOMAIN_NAME = "domain-name"
    """Accepts the recipient domain's name in a certificate, which takes knowing it (RFC 7672 section 3.2.2)."""
    ALIASES = "aliases"
    """Follows a host name's aliases to the TLSA base domain (RFC 7672 section 2.2.2)."""
    IPV6 = "ipv6"
    """Connects over IPv6."""
    NEXT_ADDRESS = "next-address"
    """Tries the host's next address when one cannot be reached."""


class Takes(StrEnum):
    """What a checker is told."""

    DOMAIN = "domain"
    """The recipient domain."""
    HOST = "host"
    """A mail host: it is given the first MX host."""


class Reading(Table):
    """A piece of output that tells a finding."""

    pattern: str
    """Regular expression, searched in all of the output; `^` and `$` match at lines."""
    finding: Opinion
    status: int | None = None
    """Exit status that has to go with it; None: any."""

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, value: str) -> str:
        try:
            re.compile(value, re.MULTILINE)
        except re.error as error:
            raise ValueError(f"{value!r} is no regular expression: {error}") from None
        return value

    @field_validator("finding")
    @classmethod
    def _readable(cls, value: Opinion) -> Opinion:
        told = (Opinion.PASS, Opinion.FAIL, Opinion.NONE, Opinion.UNSURE)
        if value not in told:
            raise ValueError(f"write one of {', '.join(told)}")
        return value


class CheckerDefinition(Table):
    """A checker."""

    name: Annotated[str, Field(pattern="^[a-z][a-z0-9-]*$")]
    title: str
    packages: tuple[str, ...] = ()
    """Debian packages that are unpacked for it, with what they need."""
    python: tuple[str, ...] = ()
    """Requirements from PyPI, `name==version`, that are unpacked for it, with what they need."""
    python_at_least: Annotated[str, Field(pattern=r"^3\.\d+$")] = "3.11"
    """Oldest Python that these work with."""
    takes: Takes
    argv: Annotated[tuple[Text, ...], Field(min_length=1)]
    reads: Annotated[tuple[Reading, ...], Field(min_length=1)]
    """The first that fits tells the finding; where none does, it is `unsure`."""
    cannot: dict[Ability, str] = Field(default_factory=dict)
    """What it cannot do, each with a few words on how that shows: such scenarios are unsupported."""
    files: dict[str, Text] = Field(default_factory=dict)
    """Files in its root, by absolute name; those below /usr are laid over the machine's."""
    accounts: dict[str, int] = Field(default_factory=dict)
    """Users, each with a group of its name and number."""
    groups: dict[str, int] = Field(default_factory=dict)
    """Groups without a user."""
    environment: dict[str, Text] = Field(default_factory=dict)
    at_once: Annotated[int, Field(ge=1)] = 4
    """How many checks at a time."""
    limit: Annotated[float, Field(gt=0)] = 20.0
    """How long one check may take, in seconds."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        undeclared = [each for each in (Ability.MX, Ability.EVERY_HOST) if each not in self.cannot]
        if self.takes is Takes.HOST and undeclared:
            raise ValueError(f"a checker that takes a host cannot do {undeclared[0]!r} either: say so under 'cannot'")
        return self

    def finding(self, output: str, *, status: int) -> tuple[Opinion, str]:
        """What the output says, and the words that say it."""
        if status < 0:
            return Opinion.CRASHED, f"ended by signal {-status}: {_end(output)}"
        for reading in self.reads:
            found = re.search(reading.pattern, output, re.MULTILINE)
            if found is not None and reading.status in (None, status):
                return reading.finding, _around(output, found.span()) or f"exit status {status}"
        if "Traceback (most recent call last)" in output:
            return Opinion.CRASHED, _end(output)
        return Opinion.UNSURE, f"exit status {status}: {_end(output)}"


_LONGEST = 400
_LAST_LINES = 3


def _around(output: str, span: tuple[int, int]) -> str:
    """The whole lines in which something was found."""
    start = output.rfind("\n", 0, span[0]) + 1
    end = output.find("\n", max(span[1] - 1, span[0]))
    return " ".join(output[start : end if end >= 0 else None].split())[:_LONGEST]


def _end(output: str) -> str:
    lines = [" ".join(line.split()) for line in output.splitlines() if line.strip()]
    return " / ".join(lines[-_LAST_LINES:])[-_LONGEST:] or "no output"


def own_checkers() -> Path:
    """The folder of the definitions that come with danelab."""
    return Path(__file__).resolve().parent / "checkers"


def known_checkers(*folders: Path) -> dict[str, Path]:
    """Definition files by the names of their checkers; later folders come last and do not replace."""
    found: dict[str, Path] = {}
    for folder in (*folders, own_checkers()):
        for file in sorted(folder.glob("*.toml")):
            found.setdefault(file.stem, file)
    return found


def load_checker(file: Path) -> CheckerDefinition:
    """Read a definition. Raises ScenarioError that names file, key and remedy."""
    try:
        tables = tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise ScenarioError(error.strerror or "cannot be read", file=file) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ScenarioError(f"is no TOML: {error}", file=file) from None
    tables.setdefault("name", file.stem)
    try:
        return CheckerDefinition.model_validate(tables)
    except ValidationError as error:
        first = problems(error.errors(include_url=False), tables)[0]
        key = ".".join(map(str, first.path))
        raise ScenarioError(first.text, file=file, key=key, remedy=first.remedy) from None


def find_checker(name: str, *folders: Path) -> CheckerDefinition:
    """The definition behind a name. Raises UsageError."""
    known = known_checkers(*folders)
    if name not in known:
        raise UsageError(f"there is no checker {name!r}; {did_you_mean(name, known)}")
    return load_checker(known[name])
