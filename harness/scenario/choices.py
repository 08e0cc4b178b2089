"""The choices that the RFCs leave to a sender: the positions there are on each, and what in a run tells which one is
taken. They stand in `scenarios/choices.toml`; no Python knows any of them by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, ValidationError, model_validator

from harness.errors import ScenarioError, UsageError

from .base import Table
from .models import Choice
from .outcomes import Outcome, Permitted
from .source import Source, dotted
from .words import did_you_mean

CHOICES = "choices.toml"

Choices = Mapping[str, "PermittedChoice"]
"""The choices by their names."""
Positions = Mapping[str, str]
"""Names of choices, and the position taken or declared on each."""

_Word = Annotated[str, Field(pattern="^[a-z0-9]+(-[a-z0-9]+)*$")]
_Outcome = Annotated[str, Field(pattern=r"^(AUTH|TLS|OPP|CLEAR|DEFER|BOUNCE|NEXT|any)(@[a-z0-9-]+)?$")]


class Fact(StrEnum):
    """Something seen on the wire while a message was in work."""

    AAAA_ASKED = "aaaa-asked"
    """An IPv6 address of an MX host was asked for."""
    AAAA_NOT_ASKED = "aaaa-not-asked"
    """Addresses of the MX hosts were asked for, and no IPv6 ones."""
    TLSA_FIRST = "tlsa-first"
    """The first TLSA question came before the first connection."""
    CONNECTED_FIRST = "connected-first"
    """The first connection came before the first TLSA question."""
    CONNECTED = "connected"
    """A mail server was connected to."""
    NOT_CONNECTED = "not-connected"
    """No mail server was connected to."""
    SEVERAL_ADDRESSES = "several-addresses"
    """Mail servers at more than one address were connected to."""
    SNI = "sni"
    """Every ClientHello named the server."""
    NO_SNI = "no-sni"
    """No ClientHello named the server."""
    RAW_PUBLIC_KEY = "raw-public-key"
    """A ClientHello offered to take a raw public key."""
    NO_RAW_PUBLIC_KEY = "no-raw-public-key"
    """There was a ClientHello, and none offered to take a raw public key."""


class Telling(Table):
    """What some scenarios tell about a choice."""

    scenarios: Annotated[tuple[str, ...], Field(alias="in", min_length=1)]
    """Ids, or patterns of ids such as `starttls-*`."""
    when: Fact | None = None
    """What has to be seen on the wire for it to tell anything."""
    outcomes: Annotated[dict[_Outcome, _Word], Field(alias="is", min_length=1)]
    """The position that each permitted outcome shows: a code, a code at a host (`AUTH@mx2`), `NEXT` for any delivery
    by a less preferred host, or `any`. They tell something only while the mode leaves more than one of them open; a
    single one, while it permits something else besides, or what is seen on the wire tells it."""
    any_sender: bool = False
    """Whether it holds of senders without DANE as well."""

    def about(self, scenario: str) -> bool:
        """Whether that scenario tells it."""
        return any(fnmatchcase(scenario, pattern) for pattern in self.scenarios)

    def position(self, outcome: Outcome) -> str | None:
        """What a permitted outcome shows."""
        place = f"@{outcome.at}" if outcome.at else ""
        keys = (outcome.code + place, "NEXT" if outcome.next else "", outcome.code.value, "any")
        return next((self.outcomes[key] for key in keys if key in self.outcomes), None)

    def is_open(self, permitted: Permitted) -> bool:
        """Whether what is permitted leaves the choice open, so that what was done tells anything."""
        if len(set(self.outcomes.values())) == 1:
            return self.when is not None or len(permitted.outcomes) > 1
        return len({found for outcome in permitted.outcomes if (found := self.position(outcome))}) > 1


class PermittedChoice(Table):
    """One choice, which is made either way without fault."""

    about: Annotated[str, Field(min_length=8)]
    """What is left to the sender, and by which section of which RFC."""
    choice: Choice | None = None
    """The name under which scenarios speak of it; several may have to do with one."""
    catalogue: tuple[str, ...] = ()
    """Where the catalogue of scenarios speaks of it: `5.6` for section 5, number 6, or an item of section 3's list."""
    positions: dict[_Word, Annotated[str, Field(min_length=4)]] = {}
    """The positions there are, each in a few words."""
    tells: tuple[Telling, ...] = ()
    unseen: str = ""
    """Why the lab cannot see which position is taken."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.unseen:
            if self.tells or self.positions:
                raise ValueError("what the lab cannot see has no positions; leave `unseen` or the others out")
            return self
        if len(self.positions) < 2 or not self.tells:
            raise ValueError("a choice has two positions or more and something that tells them, or `unseen`")
        told = {position for telling in self.tells for position in telling.outcomes.values()}
        for word in sorted(told - self.positions.keys()):
            raise ValueError(f"there is no position {word!r}; {did_you_mean(word, self.positions)}")
        for word in sorted(self.positions.keys() - told):
            raise ValueError(f"nothing tells the position {word!r}; name a scenario that does, or leave it out")
        return self


def load_choices(file: Path) -> Choices:
    """The choices of a file by their names, in its order. Raises ScenarioError that names file, key and remedy."""
    source = Source.read(file)
    found: dict[str, PermittedChoice] = {}
    for name, table in source.tables.items():
        try:
            found[name] = PermittedChoice.model_validate(table)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = (name, *(part for part in first["loc"] if isinstance(part, str | int)))
            text = first["msg"].removeprefix("Value error, ")
            known = [field.alias or key for key, field in PermittedChoice.model_fields.items()]
            remedy = did_you_mean(str(where[-1]), known) if first["type"] == "extra_forbidden" else ""
            raise ScenarioError(text, file=file, key=dotted(where), remedy=remedy) from None
    return found


def declared(words: Iterable[str], choices: Choices) -> dict[str, str]:
    """The positions that `sha-512=supported` and the like declare; the last word on a choice counts.

    Raises UsageError for a word of another form, and for names that there are not.
    """
    found: dict[str, str] = {}
    for word in words:
        name, equals, position = word.partition("=")
        if not equals:
            raise UsageError(f"--choice {word}: write NAME=POSITION, as in sha-512=supported")
        if problem := misdeclared(name, position, choices):
            raise UsageError(f"--choice {word}: {problem}")
        found[name] = position
    return found


def misdeclared(name: str, position: str, choices: Choices) -> str:
    """What is wrong with declaring that position, and what would be right; empty if nothing is."""
    seen = {key: each for key, each in choices.items() if not each.unseen}
    if name in choices and name not in seen:
        return f"whether {name} is kept to cannot be seen: {choices[name].unseen}"
    if name not in seen:
        return f"there is no choice {name!r}; {did_you_mean(name, seen)}"
    if position not in seen[name].positions:
        return f"{name} has no position {position!r}; {did_you_mean(position, seen[name].positions)}"
    return ""
