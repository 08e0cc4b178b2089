"""Whether a message that was withheld proves anything: DESIGN's second principle, the rule of the twin."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from harness.journal import Reported, Status

from .finding import Finding
from .observation import Observation
from .result import Verdict

SILENT = "the target connected to no mail server in the whole run, so nothing can be concluded"


def chain(key: str, observations: Mapping[str, Observation]) -> Iterator[str]:
    """The scenario's twin, the twin's twin and so on, as far as they took part in the run."""
    passed = {key}
    twin = observations[key].scenario.twin
    while twin and twin in observations and twin not in passed:
        yield twin
        passed.add(twin)
        twin = observations[twin].scenario.twin


class Support:
    """Knows what was observed of one target in all scenarios of a run, and what each amounts to by itself."""

    def __init__(self, observations: Mapping[str, Observation], findings: Mapping[str, Sequence[Finding]]) -> None:
        self._observations = observations
        self._findings = findings
        self._connected = any(observation.ever_connected for observation in observations.values())
        self._delivered = any(observation.ever_delivered for observation in observations.values())

    def settle(self, key: str, finding: Finding) -> Finding:
        """The finding as it stands once the twin and the signs of a decision have been looked at."""
        if finding.verdict is Verdict.UNSUPPORTED:
            return finding
        if not self._connected:
            return replace(finding, verdict=Verdict.INCONCLUSIVE, grade=None, reason=SILENT, said="", leaks=())
        if not finding.withheld:
            return finding
        lacking = self._lacking(key, ())
        if lacking:
            reason = f"{finding.reason}, which proves nothing: {lacking}"
            return replace(finding, verdict=Verdict.INCONCLUSIVE, reason=reason)
        return self._vacuous(key, finding)

    def _lacking(self, key: str, seen: tuple[str, ...]) -> str:
        """What is missing for a withheld message to count; empty when nothing is."""
        observation = self._observations[key]
        if not _decided(observation):
            return "there is no sign that the target took a decision"
        twin = observation.scenario.twin
        if twin is None:
            return "" if self._delivered else "the target delivered nothing in the whole run"
        if twin not in self._observations:
            return f"its twin {twin} was not run"
        if twin in seen:
            return f"its twin {twin} is its own twin"
        other = self._observations[twin]
        if other.delivered:
            return ""
        if other.spoilt:
            return f"danelab failed in its twin {twin}"
        for found in self._findings[twin]:
            if not found.withheld and found.verdict not in (Verdict.PASS, Verdict.ALLOWED):
                return f"its twin {twin} was not delivered either ({found.reason})"
        beyond = self._lacking(twin, (*seen, key))
        return f"its twin {twin} was withheld as well, and {beyond}" if beyond else ""

    def _vacuous(self, key: str, finding: Finding) -> Finding:
        """Where a twin was withheld by a permitted choice, this is a consequence of that choice, and no merit."""
        for twin in chain(key, self._observations):
            if self._observations[twin].delivered:
                break
            by_choice = next((found for found in self._findings[twin] if found.expected.allows_delivery), None)
            if by_choice is not None:
                note = f"its twin {twin} was withheld as well, which is permitted"
                choice = finding.choice or by_choice.choice
                notes = (*finding.notes, note)
                return replace(finding, verdict=Verdict.ALLOWED, choice=choice, notes=notes, idle=True)
        return finding


def _decided(observation: Observation) -> bool:
    """Whether every message that was withheld shows a decision: a question, a connection, or a report of it."""
    return all(
        sending.seen_working or any(_reports(observation, fate.reported) for fate in sending.fates)
        for sending in observation.sendings
        if not all(fate.delivered for fate in sending.fates)
    )


def _reports(observation: Observation, line: int | None) -> bool:
    event = observation.events.get(line) if line is not None else None
    return isinstance(event, Reported) and event.status in (Status.DEFERRED, Status.BOUNCED)
