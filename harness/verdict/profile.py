"""What a target is meant to do: its mode in the run, and the choices it declares."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from harness.journal import RunStarted
from harness.scenario.choices import Positions
from harness.scenario.models import Expect, Mode
from harness.scenario.outcomes import Permitted


@dataclass(frozen=True)
class Profile:
    """The rule by which a target is judged.

    `choices` holds the positions that the target declares where the RFCs leave it a choice. It is held to them: one
    that says it knows SHA-512 and goes on without authentication has broken its word.
    """

    mode: Mode
    judged_as: Mode
    choices: Positions = field(default_factory=dict)

    @classmethod
    def of(cls, mode: Mode, *, choices: Positions | None = None) -> Profile:
        """The profile of a run in this mode. A target without DANE is judged as if it had it: what does it lack?"""
        return cls(mode, Mode.OPPORTUNISTIC if mode is Mode.UNAWARE else mode, choices or {})

    @classmethod
    def told(cls, started: RunStarted) -> Profile:
        """The profile that the journal names."""
        return cls(Mode(started.mode), Mode(started.judged_as), started.choices)

    def towards(self, mode: Mode | None) -> Profile:
        """The rule for a destination that the administrator has given a mode of its own (None: he has not)."""
        return self if mode is None else replace(self, judged_as=mode)

    def permitted(self, expect: Expect) -> Permitted:
        """What the RFCs permit in the mode judged by."""
        return permitted_in(self.judged_as, expect)


def permitted_in(mode: Mode, expect: Expect) -> Permitted:
    """The permitted outcomes for one mode."""
    match mode:
        case Mode.OPPORTUNISTIC:
            return expect.opportunistic
        case Mode.MANDATORY:
            return expect.mandatory
        case Mode.UNAWARE:
            return expect.unaware
