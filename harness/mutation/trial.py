"""One mutant in the suite: first in the scenarios that are about what it does wrong, then in all, if need be."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from harness.run import LOOPBACK_OFFERS, Contender, Plan, pick, run
from harness.run.plan import has_ipv6
from harness.scenario.choices import Choices
from harness.scenario.models import Mode, Need
from harness.scenario.requirements import Requirement
from harness.scenario.suite import Suite
from harness.targets import Kind
from harness.targets.mutants import MutantFacts
from harness.verdict import Profile, Result, Verdict

from .fates import Catch, Ending, Fate, catches, ending


@dataclass(frozen=True, kw_only=True)
class Trials:
    """What all mutants are tried with."""

    suite: Suite
    requirements: Mapping[str, Requirement]
    choices: Choices = field(default_factory=dict)
    """What the RFCs leave to a sender; each mutant is held to what the sender without a mutation declares."""
    whole: bool = False
    """Whether each mutant is let loose in all scenarios, though fewer would show that it is caught."""
    mode: Mode | None = None
    """The mode for all of them; null: the one in which each shows."""
    seed: str = "danelab"
    limit: float = 60.0
    """How long a message may take, in seconds."""

    def contender(self, kind: Kind, mutant: MutantFacts, *, whole: bool) -> Contender:
        """The mutant with the scenarios that are about what it breaks, or with all."""
        mode = self.mode or mutant.mode
        profile = Profile(mode, mode, kind.choices)
        offers = kind.met(LOOPBACK_OFFERS if has_ipv6() else LOOPBACK_OFFERS - {Need.IPV6}, mode)
        ids = () if whole else self.about(mutant)
        return Contender(
            name=kind.name, kind=kind, profile=profile, picked=pick(self.suite, ids, profile=profile, offers=offers)
        )

    def about(self, mutant: MutantFacts) -> tuple[str, ...]:
        """The scenarios that cover a requirement which the mutant breaks."""
        wanted = frozenset(mutant.breaks)
        return tuple(entry.id for entry in self.suite if wanted.intersection(entry.scenario.covers))

    def results(self, contender: Contender) -> tuple[Result, ...]:
        """The verdicts on it, in a lab of its own on the loopback interface."""
        plan = Plan(
            contenders=(contender,),
            seed=self.seed,
            limit=self.limit,
            requirements=self.requirements,
            choices=self.choices,
        )
        return run(plan).results

    def fate(self, kind: Kind, mutant: MutantFacts) -> Fate:
        """What becomes of the mutant. A mutant that has been argued for has to pass in all scenarios."""
        began = time.monotonic()
        whole = self.whole or bool(mutant.argument) or not self._narrow(kind, mutant)
        results = self.results(self.contender(kind, mutant, whole=whole))
        found = catches(mutant, results)
        if not whole and ending(mutant, found) is not Ending.CAUGHT and not _problems(results):
            whole = True
            results = self.results(self.contender(kind, mutant, whole=True))
            found = catches(mutant, results)
        return self._told(mutant, results, found, whole=whole, seconds=time.monotonic() - began)

    def _narrow(self, kind: Kind, mutant: MutantFacts) -> bool:
        """Whether any scenario that is about it can be run here."""
        about = frozenset(self.about(mutant))
        return any(entry.id in about for entry in self.contender(kind, mutant, whole=True).picked.entries)

    def _told(
        self,
        mutant: MutantFacts,
        results: tuple[Result, ...],
        found: tuple[Catch, ...],
        *,
        whole: bool,
        seconds: float,
    ) -> Fate:
        problems = _problems(results)
        return Fate(
            mutant=mutant,
            mode=self.mode or mutant.mode,
            ending=Ending.BROKEN if problems else ending(mutant, found),
            catches=found,
            tried=len(results),
            whole=whole,
            seconds=round(seconds, 2),
            problems=problems,
        )


def _problems(results: Iterable[Result]) -> tuple[str, ...]:
    return tuple(f"{each.scenario}: {each.reason}" for each in results if each.verdict is Verdict.ERROR)
