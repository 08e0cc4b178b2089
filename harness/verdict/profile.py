"""What a target is meant to do: its mode in the run, and the choices it declares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from harness.journal import RunStarted
from harness.scenario.models import Choice, Expect, Mode
from harness.scenario.outcomes import Code, Permitted


@dataclass(frozen=True)
class Profile:
    """The rule by which a target is judged.

    `choices` holds, for a choice that the target declares, the outcome codes it leads to. Where a declared code is
    among the permitted ones, only declared ones conform: a target that says it knows SHA-512 and goes on without
    authentication has broken its word. Where none is, the declaration does not bear on the scenario.
    """

    mode: Mode
    judged_as: Mode
    choices: Mapping[Choice, frozenset[Code]] = field(default_factory=dict)

    @classmethod
    def of(cls, mode: Mode, *, choices: Mapping[Choice, frozenset[Code]] | None = None) -> Profile:
        """The profile of a run in this mode. A target without DANE is judged as if it had it: what does it lack?"""
        return cls(mode, Mode.OPPORTUNISTIC if mode is Mode.UNAWARE else mode, choices or {})

    @classmethod
    def told(cls, started: RunStarted) -> Profile:
        """The profile that the journal names."""
        choices = {Choice(key): frozenset(map(Code, codes)) for key, codes in started.choices.items()}
        return cls(Mode(started.mode), Mode(started.judged_as), choices)

    def towards(self, mode: Mode | None) -> Profile:
        """The rule for a destination that the administrator has given a mode of its own (None: he has not)."""
        return self if mode is None else replace(self, judged_as=mode)

    def permitted(self, expect: Expect) -> Permitted:
        """What the RFCs permit in the mode judged by."""
        return permitted_in(self.judged_as, expect)

    def declared(self, expect: Expect) -> Permitted:
        """What of that agrees with the declared choices."""
        permitted = self.permitted(expect)
        codes = self.choices.get(expect.choice) if expect.choice else None
        kept = tuple(outcome for outcome in permitted.outcomes if codes and outcome.code in codes)
        return Permitted(kept) if kept else permitted


def permitted_in(mode: Mode, expect: Expect) -> Permitted:
    """The permitted outcomes for one mode."""
    match mode:
        case Mode.OPPORTUNISTIC:
            return expect.opportunistic
        case Mode.MANDATORY:
            return expect.mandatory
        case Mode.UNAWARE:
            return expect.unaware
