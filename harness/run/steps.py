"""The steps of a scenario, carried out one after the other with whatever is tested."""

from __future__ import annotations

import asyncio
from typing import Protocol

from harness.journal import Reported, Scene, Status
from harness.lab.lab import Lab
from harness.lab.recorder import Recorder
from harness.scenario.base import seconds
from harness.scenario.models import Need, Scenario
from harness.scenario.stages import stages
from harness.targets import Checks, Mail, Resolves, Target

from .recipients import steps_of
from .worlds import names


class Send(Protocol):
    """Lets the target send one message, check or resolve; says whether something may be left for a later attempt."""

    async def __call__(self, scenario: Scenario, words: tuple[str, ...], number: int, /, *, changed: bool) -> bool: ...


async def take_steps(
    scenario: Scenario, *, lab: Lab, recorder: Recorder, target: Target | Checks | Resolves, send: Send
) -> None:
    """Carry the scenario's steps out. `send` is told the world as it then is, the words for the recipients, the number
    of the send, and whether the world has changed since the beginning."""
    _scene(scenario, lab, recorder)
    changed = {stage.step: stage.scenario for stage in stages(scenario)}
    now = scenario
    words: tuple[str, ...] = ()
    number = 0
    pending = True
    for index, step in enumerate(steps_of(scenario)):
        if step.change is not None:
            now = changed[index]
            await lab.change(now)
            _scene(scenario, lab, recorder)
        elif step.wait is not None:
            await asyncio.sleep(seconds(step.wait) if is_kept(scenario, target) else 0)
        else:
            words = words if step.retry else step.send
            for time in range(step.times):
                number += 1
                # A message that has left the target's queue is not tried again.
                if (pending or not step.retry) and (time == 0 or target.repeats):
                    pending = await send(now, words, number, changed=now is not scenario)


def is_kept(scenario: Scenario, target: Target | Checks | Resolves) -> bool:
    """Whether somebody may still have answers from before a change, and has to be waited for."""
    return target.keeps_answers or Need.CACHE in scenario.needs


async def hand_over(mail: Mail, *, target: Target, recorder: Recorder) -> bool:
    """Let the target send the message, and record what it says; whether something is left for a later attempt."""
    told = await target.send(mail)
    for word in told:
        recorder.record(
            Reported, scenario=mail.scenario, recipient=word.recipient, status=word.status, reason=word.reason
        )
    return not all(word.status is Status.DELIVERED for word in told)


def _scene(scenario: Scenario, lab: Lab, recorder: Recorder) -> None:
    recorder.record(Scene, scenario=scenario.id, names=names(lab.internet.world(scenario.id)))
