"""A failure told in four lines, and the events that show it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from harness.journal import Asked, Connected, Died, Event, Handshake, Status
from harness.scenario.models import Scenario
from harness.scenario.outcomes import Code, Outcome, Permitted
from harness.scenario.requirements import Requirement

from .evidence import evidence
from .fates import Fate
from .finding import Finding
from .observation import Observation, Sending
from .result import Evidence, Story

_MEANING = {
    Code.AUTH: "accepted over TLS by an authenticated host",
    Code.TLS: "accepted over TLS",
    Code.OPP: "accepted over TLS or in cleartext",
    Code.CLEAR: "accepted, in cleartext if need be",
    Code.DEFER: "accepted nowhere, kept for a later attempt",
    Code.BOUNCE: "returned as undeliverable",
}


def trail(
    observation: Observation, sending: Sending, fate: Fate, *, also: tuple[int, ...] = ()
) -> tuple[Evidence, ...]:
    """The few events that decide: the lookup, the connection, the handshake, what was accepted or shown, the report.

    `also`: further lines that matter.
    """
    events = observation.events
    taken = [contact.line for contact in (*fate.taken, *fate.shown)]
    sessions = {session for line in taken if (session := _session(events[line]))}
    asked = _last(sending.asked, events, lambda event: isinstance(event, Asked) and event.type == "TLSA")
    lines = [*(asked or sending.asked[-1:])]
    lines += _last(sending.connected, events, lambda event: isinstance(event, Connected) and _within(event, sessions))
    lines += _last(sending.connected, events, lambda event: isinstance(event, Handshake) and _within(event, sessions))
    lines += taken
    if fate.reported is not None:
        lines.append(fate.reported)
    if fate.status is Status.CRASHED or sending.handed is None:
        lines += _last(tuple(events), events, lambda event: isinstance(event, Died))
    lines += (*also, *observation.faults)
    return tuple(evidence(line, events[line]) for line in sorted(set(lines)))


def _last(lines: tuple[int, ...], events: Mapping[int, Event], wanted: Callable[[Event], bool]) -> list[int]:
    return [line for line in lines if wanted(events[line])][-1:]


def _within(event: Event, sessions: set[str]) -> bool:
    return not sessions or _session(event) in sessions


def _session(event: Event) -> str:
    return str(getattr(event, "session", ""))


def story(
    scenario: Scenario,
    finding: Finding,
    shown: tuple[Evidence, ...],
    *,
    twin: Scenario | None,
    requirements: Mapping[str, Requirement],
    place: str = "",
) -> Story:
    """The four lines. `place` names the send where there are several."""
    world = scenario.title
    if twin is not None:
        world += f"; its twin {twin.id} lacks that: {twin.title}"
    breach = finding.breach
    covered = (breach.requirement if breach else "") or scenario.covers[0]
    rule = requirements.get(covered)
    seen = place + finding.reason + quoted(finding)
    if finding.leaks:
        seen += "; leaked: " + ", and ".join(map(str, finding.leaks))
    if finding.notes:
        seen += "; " + "; ".join(finding.notes)
    if shown:
        seen += " [journal " + "; ".join(map(str, shown)) + "]"
    return Story(
        world=world,
        rule=f"{rule} [{covered}]" if rule else f"requirement {covered}",
        expected=place + _expected(finding.expected) + (f"; {breach.wanted} ({breach.rule})" if breach else ""),
        seen=seen,
        requirement=covered,
    )


def quoted(finding: Finding) -> str:
    """The target's own words as the end of a sentence; empty where there are none."""
    return f"; the target says: {finding.said}" if finding.said else ""


def _expected(permitted: Permitted) -> str:
    return "; or ".join(f"{outcome} ({_meaning(outcome)})" for outcome in permitted.outcomes)


def _meaning(outcome: Outcome) -> str:
    where = f" by {outcome.at}" if outcome.at else " by a less preferred host" if outcome.next else ""
    return _MEANING[outcome.code] + where
