"""A run that was broken off: what the target had not yet decided is not held against it, nor to its credit."""

from __future__ import annotations

from collections.abc import Iterable

from harness.journal import Connected, Event, Left, RunEnded

from .observation import Observation
from .result import Grade, Result, Verdict

REASON = "the run was broken off before this was decided"


def ended(events: Iterable[Event], target: str) -> bool:
    """Whether the journal tells of the target's run to its end."""
    return any(isinstance(event, RunEnded) and event.target in ("", target) for event in events)


def undecided(result: Result, observation: Observation) -> Result:
    """The result of a scenario in a run that was broken off. What has been given away stays given away."""
    if result.verdict is Verdict.ERROR or result.grade is Grade.SECURITY or _decided(observation):
        return result
    nothing = {"grade": None, "story": None, "choice": None, "positions": ()}
    return result.model_copy(update={"verdict": Verdict.INCONCLUSIVE, "reason": REASON, **nothing})


def _decided(observation: Observation) -> bool:
    """Whether every message was handed over and was delivered, or the target has said what became of it and has taken
    its leave of every server: what it may still have to say there is QUIT."""
    events = observation.events.values()
    still_there = {each.session for each in events if isinstance(each, Connected)}
    still_there -= {each.session for each in events if isinstance(each, Left)}
    return all(
        fate.delivered or (sending.handed is not None and fate.status is not None and not still_there)
        for sending in observation.sendings
        for fate in sending.fates
    )
