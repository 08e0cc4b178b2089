"""What is concluded about one scenario for one target."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from harness.scenario.models import Choice, Importance


class Record(BaseModel):
    """A value that is handed from one module to the next and ends up in the reports."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Verdict(StrEnum):
    """What is held of a target in one scenario."""

    PASS = "pass"
    """A usual outcome."""
    ALLOWED = "allowed"
    """A permitted, less usual choice; it is named."""
    FAIL = "fail"
    """An outcome that no reading of the RFC permits; it has a grade."""
    INCONCLUSIVE = "inconclusive"
    """What was seen proves nothing: the twin did not deliver, or there is no sign of a decision."""
    UNSUPPORTED = "unsupported"
    """The target says that it cannot do what the scenario asks."""
    ERROR = "error"
    """danelab itself failed; nothing is held against the target."""


class Grade(StrEnum):
    """How bad a failure is."""

    SECURITY = "security"
    """Mail in clear, or to a peer that was not authenticated, where that is forbidden; or cleartext mixed up with what
    is said inside TLS (RFC 3207 section 4)."""
    DELIVERY = "delivery"
    """Mail withheld that had to go, bounced where it had to wait, or lost."""
    WARNING = "warning"
    """A SHOULD was not followed, or a server approached in vain that should have been left alone."""


class Exposed(StrEnum):
    """What of a mail was seen."""

    MESSAGE = "message"
    """All of it."""
    ENVELOPE = "envelope"
    """Sender or recipient."""
    TEXT = "text"
    """A part of the message text."""


class Leak(Record):
    """Something that was seen by someone who should not have seen it."""

    what: Exposed
    to_whom: str
    """`anyone on the path`, `the attacker's server mx1`, ..."""
    how: str
    """`in cleartext`, `over TLS, unauthenticated`."""
    line: int
    """Line of the journal that shows it."""

    @property
    def amount(self) -> str:
        """What was seen, in words."""
        return {Exposed.MESSAGE: "the whole message", Exposed.TEXT: "part of the text"}.get(self.what, "the envelope")

    def __str__(self) -> str:
        return f"{self.amount} to {self.to_whom}, {self.how}"


class Evidence(Record):
    """One event of the journal that shows what happened."""

    line: int
    """Line of the journal, from 1."""
    text: str
    """The event in a few words. What the target or the peer said is quoted as it came."""

    def __str__(self) -> str:
        return f"{self.line}: {self.text}"


class Position(Record):
    """Where the target stands on a choice that the RFCs leave to it."""

    choice: str
    """Name of the choice, as in `scenarios/choices.toml`."""
    position: str
    """Name of the position that was seen."""


class Story(Record):
    """A failure, told in four lines."""

    world: str
    """What the world was."""
    rule: str
    """What the rule is: RFC, section, level, own words."""
    expected: str
    """What was expected."""
    seen: str
    """What was seen, with the journal lines that show it."""
    requirement: str = ""
    """The rule's id; empty in reports written before it was told."""


class Result(Record):
    """The verdict on one target in one scenario, and what it rests on."""

    target: str
    scenario: str
    title: str
    group: str = ""
    """Group of scenarios it belongs to; empty where none was named."""
    importance: Importance = Importance.MAJOR
    verdict: Verdict
    grade: Grade | None = None
    """Given for failures only."""
    outcome: str
    """What was observed, in outcome codes; several sends joined by ` then `, several recipients by ` and `."""
    expected: str
    """What is permitted, in the same words; the usual outcome first."""
    requirements: tuple[str, ...]
    """Requirements that the scenario exercises, by id; the one that matters most first."""
    reason: str
    choice: Choice | None = None
    """The choice that decides between several permitted outcomes; `outcome` says how it was made."""
    positions: tuple[Position, ...] = ()
    """What it tells about choices that the RFCs leave to the sender."""
    delivered: bool = False
    """Whether the last message sent was accepted somewhere."""
    tells: bool = False
    """Whether a sender with DANE has to withhold here what one without DANE has to deliver."""
    leaked: tuple[Leak, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    notes: tuple[str, ...] = ()
    duration: float = 0.0
    """Seconds from the first message handed over to the last event."""
    story: Story | None = None
    """Given for failures only."""
