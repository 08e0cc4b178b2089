"""A resolver is asked what a sender of this message may ask."""

from __future__ import annotations

from harness.journal import Resolved
from harness.lab.recorder import Recorder
from harness.scenario.models import Scenario
from harness.survey import Question, RightAnswer, questions, right_answer
from harness.targets import Resolves
from harness.targets.stub import Said
from harness.world.internet import Internet
from harness.world.resolution import Security

_FAILED = ("none", "SERVFAIL")


async def interview(
    target: Resolves,
    scenario: Scenario,
    *,
    internet: Internet,
    recorder: Recorder,
    recipients: tuple[str, ...],
    number: int,
    keeps: bool,
) -> None:
    """Ask the questions of all recipients, one after the other, and take down what is answered.

    `scenario` is the world's as it stands now, `number` that of the send; `keeps` says whether the world has changed
    and nobody could tell the resolver so.
    """
    asked = [each for one in recipients for each in questions(internet, scenario, recipient=one)]
    for question in dict.fromkeys(asked):
        right = right_answer(internet, question)
        said = await target.ask(question.name, question.kind)
        if said.rcode in _FAILED and right.security in (Security.SECURE, Security.INSECURE):
            # A sender tries again too, and so does a machine that was busy.
            _note(recorder, scenario.id, question, right, said, number=number, keeps=keeps)
            said = await target.ask(question.name, question.kind)
        _note(recorder, scenario.id, question, right, said, number=number, keeps=keeps)


def _note(
    recorder: Recorder, scenario: str, question: Question, right: RightAnswer, said: Said, *, number: int, keeps: bool
) -> None:
    recorder.record(
        Resolved,
        scenario=scenario,
        name=question.name,
        type=question.kind.name,
        step=number,
        rcode=said.rcode,
        authentic_data=said.authentic,
        answer=said.answer,
        standing=str(right.security),
        right_rcode=right.rcode,
        right_answer=right.answer,
        permits=right.permits,
        why=right.why,
        names=right.names,
        keeps=keeps,
    )
