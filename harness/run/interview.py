"""A resolver is asked what a sender of this message may ask."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from harness.journal import Resolved
from harness.lab.recorder import Recorder
from harness.scenario.models import Scenario
from harness.survey import Question, kept_for, questions, right_answer, right_ttl
from harness.targets import Resolves
from harness.targets.stub import Said
from harness.world.internet import Internet
from harness.world.resolution import Security

_AGAIN = (0.1, 0.4, 1.0)
"""Seconds after which a question is asked again that failed, or lost its AD, and should not have: a sender tries again
too, and a resolver whose keys have just run out or been flushed, in the middle of a lookup, does better the next time.
"""


_IN_VAIN = 8
"""Questions that were asked again and again in vain, after which no more is hoped of a resolver."""


class Hopes:
    """Knows whether asking again has helped in this run."""

    def __init__(self) -> None:
        self._vain = 0

    @property
    def pauses(self) -> tuple[float, ...]:
        """Seconds before each further time that a question is asked."""
        return _AGAIN if self._vain < _IN_VAIN else ()

    def disappointed(self) -> None:
        """A question was asked for the last time, in vain."""
        self._vain += 1


@dataclass(frozen=True, kw_only=True)
class Interview:
    """The questions of one message."""

    target: Resolves
    scenario: Scenario
    """The world's as it stands now."""
    internet: Internet
    recorder: Recorder
    number: int
    """Of the send."""
    hopes: Hopes
    keeps: bool
    """Whether the world has changed and nobody has told the resolver so."""

    async def of(self, recipients: tuple[str, ...]) -> None:
        """Ask what delivery to all recipients depends on, in the order in which senders do, and take the answers down.

        What no answer can be had for comes last and at once, for that takes long.
        """
        asked = [each for one in recipients for each in questions(self.internet, self.scenario, recipient=one)]
        late = []
        for question in dict.fromkeys(asked):
            if right_answer(self.internet, question).security is Security.FAILED:
                late.append(question)
            else:
                await self._ask(question)
        await asyncio.gather(*map(self._ask, late))

    def _times(self, question: Question, said: Said) -> dict[str, float | None]:
        """How long the answer may outlive a change, and what is said of that; nobody asks where nothing changes."""
        if all(step.change is None for step in self.scenario.steps):
            return {}
        at = self.recorder.now
        return {
            "kept_for": kept_for(self.internet, self.scenario, question, at=at),
            "ttl": said.ttl,
            "right_ttl": right_ttl(self.internet, question, at=at),
        }

    async def _ask(self, question: Question) -> None:
        for pause in self.hopes.pauses:
            if not await self._once(question):
                return
            await asyncio.sleep(pause)
        if await self._once(question):
            self.hopes.disappointed()

    async def _once(self, question: Question) -> bool:
        """Whether less was answered than there is."""
        right = right_answer(self.internet, question)
        said = await self.target.ask(question.name, question.kind)
        self.recorder.record(
            Resolved,
            scenario=self.scenario.id,
            name=question.name,
            type=question.kind.name,
            step=self.number,
            rcode=said.rcode,
            authentic_data=said.authentic,
            answer=said.answer,
            standing=str(right.security),
            right_rcode=right.rcode,
            right_answer=right.answer,
            permits=right.permits,
            why=right.why,
            names=right.names,
            keeps=self.keeps,
            **self._times(question, said),
        )
        if said.rcode == "none":
            # Whoever was silent for so long was asked several times already.
            return False
        lost = right.security is Security.SECURE and not said.authentic
        return lost or (right.security is Security.INSECURE and said.rcode == "SERVFAIL")
