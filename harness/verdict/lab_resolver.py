"""What is the doing of the resolver that serves a target, and not the target's own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeGuard

from harness.journal import Asked, Event, RunStarted

from .fates import Numbered
from .result import Grade, Result, Verdict


def let_down(result: Result, events: Iterable[Numbered]) -> Result:
    """Nothing is held against a target that the lab's resolver refused an answer which the world has: that it then
    keeps the mail is right. What it gave away all the same stays given away, unless the resolver vouched for it."""
    events = list(events)
    if result.verdict is Verdict.FAIL and (vouched := [each for _, each in events if _is_overlong(each)]):
        told = ", ".join(dict.fromkeys(f"{each.overlong} for {each.name} {each.type}" for each in vouched))
        return _open(result, f"the lab's resolver vouched for an answer too long: {told}")
    if result.verdict is not Verdict.FAIL or result.grade is Grade.SECURITY or result.leaked:
        return result
    failed = [event for _, event in events if isinstance(event, Asked) and event.unreasonable]
    if not failed:
        return result
    told = ", ".join(dict.fromkeys(f"{each.unreasonable} for {each.name} {each.type}" for each in failed))
    return _open(result, f"the lab's resolver failed without a reason: {told}")


def _is_overlong(event: Event) -> TypeGuard[Asked]:
    return isinstance(event, Asked) and bool(event.overlong)


def _open(result: Result, reason: str) -> Result:
    """The result as one from which nothing follows."""
    note = f"without that: {result.verdict}, {result.reason}"
    update = {"verdict": Verdict.INCONCLUSIVE, "grade": None, "story": None, "reason": reason, "positions": ()}
    return result.model_copy(update={**update, "notes": (*result.notes, note)})


def noted(result: Result, started: RunStarted | None) -> Result:
    """With a note where the resolver that served the target is known to see something else than a correct one."""
    known = dict(each.split(" ", 1) for each in started.departures) if started else {}
    if started is None or result.scenario not in known or result.verdict in (Verdict.PASS, Verdict.ALLOWED):
        return result
    note = f"this may be the resolver's doing: of {started.resolver} is known that {known[result.scenario]}"
    story = result.story and result.story.model_copy(update={"seen": f"{result.story.seen}; {note}"})
    return result.model_copy(update={"notes": (*result.notes, note), "story": story})
