"""The parts of a managed target's definition: how it is started, fed and read, and what it needs of its user."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from harness.journal import Status
from harness.scenario.base import Table

Text = str
"""A text with `{{ name }}` in it (`harness.targets.templates`)."""


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
    lethal: tuple[str, ...] = ()
    """Ids of scenarios that it is known to die of, or to drop what else it is about. They go first, and nothing goes
    beside them that could be lost with them; what it does there is judged as it is anywhere."""
    statuses: dict[str, Status] = Field(default_factory=dict)
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
    trying: str = ""
    """Regular expression of a line, with `recipient` or `token`, that tells that it goes on: what has not settled yet
    counts no more.
    """
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
        _compile(self.trying)
        return self
