"""Judging checkers: the expected finding takes the place of the expected delivery. A pure function, as the judge is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from harness.journal import Asked, Died, Event, Found, Handshake, HarnessFault, Opinion, Sent
from harness.scenario.models import Scenario
from harness.scenario.requirements import Requirement

from .evidence import evidence, shortened
from .fates import Numbered
from .result import Evidence, Grade, Result, Story, Verdict
from .sends import made

NOT_CHECKED = "not checked"
"""Stands for a finding where the checker was never pointed at the domain."""

_MEANING = {
    Opinion.PASS: "DANE verifies",
    Opinion.FAIL: "DANE is there and does not verify",
    Opinion.NONE: "there is no DANE",
    Opinion.UNSURE: "a question of taste: any finding will do",
}

_WORST_FIRST = (
    (Verdict.FAIL, Grade.SECURITY),
    (Verdict.FAIL, Grade.DELIVERY),
    (Verdict.FAIL, Grade.WARNING),
    (Verdict.INCONCLUSIVE, None),
    (Verdict.UNSUPPORTED, None),
    (Verdict.PASS, None),
)


@dataclass(frozen=True, kw_only=True)
class Check:
    """One domain at one time: what should be found, and what was."""

    number: int
    """Number of the send."""
    recipient: str
    expected: Opinion
    severity: str
    line: int | None = None
    """Line of the journal that holds the finding; None: there is none."""
    finding: Opinion | None = None
    text: str = ""
    handed: bool = True
    """Whether the checker was pointed at the domain at all."""

    @property
    def said(self) -> str:
        return str(self.finding or NOT_CHECKED)


@dataclass(frozen=True, kw_only=True)
class Weighed:
    """What is held of one check."""

    check: Check
    verdict: Verdict
    reason: str
    grade: Grade | None = None

    @property
    def badness(self) -> int:
        return _WORST_FIRST.index((self.verdict, self.grade))


def is_checker(events: Iterable[Numbered]) -> bool:
    """Whether these are the events of a target that finds out, and delivers nothing."""
    return any(isinstance(event, Found) for _, event in events)


def judge_checker(
    target: str,
    scenarios: Sequence[Scenario],
    events: Mapping[str, Sequence[Numbered]],
    *,
    requirements: Mapping[str, Requirement],
    groups: Mapping[str, str],
) -> list[Result]:
    """One result for each scenario. `events` are the target's by scenario; under the empty id, those of none."""
    bench = _Bench(scenarios, {each.id: list(events.get(each.id, events.get("", ()))) for each in scenarios})
    return [bench.result(each, target, requirements, group=groups.get(each.id, "")) for each in scenarios]


def checks(scenario: Scenario, events: Sequence[Numbered]) -> list[Check]:
    """What should be found of each domain, where anything should, and what was."""
    handed = {event.step: (line, event) for line, event in reversed(events) if isinstance(event, Sent)}
    found: list[Check] = []
    for send in made(scenario, handed):
        line, recipients = 0, ("",) * len(send.zones)
        if send.number in handed:
            line, recipients = handed[send.number][0], handed[send.number][1].recipients
        until = min((other for other, _ in handed.values() if other > line), default=None)
        for zone, recipient in zip(send.zones, recipients, strict=False):
            expect = send.expected(zone)
            if expect.checker is None:
                continue
            check = Check(
                number=send.number,
                recipient=recipient,
                expected=Opinion(expect.checker),
                severity=expect.severity,
                handed=send.number in handed,
            )
            found.append(_with_finding(check, events, since=line, until=until) if check.handed else check)
    return found


def _with_finding(check: Check, events: Sequence[Numbered], *, since: int, until: int | None) -> Check:
    for line, event in events:
        if not isinstance(event, Found) or line < since or (until is not None and line > until):
            continue
        if event.recipient.lower() == check.recipient.lower():
            return replace(check, line=line, finding=event.finding, text=event.text)
    return check


class _Bench:
    """One checker before the judge: no failing is believed of a domain whose twin is not known to be found good."""

    def __init__(self, scenarios: Sequence[Scenario], events: Mapping[str, Sequence[Numbered]]) -> None:
        self._scenarios = {each.id: each for each in scenarios}
        self._events = events
        self._checks = {key: checks(each, events[key]) for key, each in self._scenarios.items()}
        rows = [check for found in self._checks.values() for check in found]
        self._any_good = any(check.finding is Opinion.PASS for check in rows)
        self._tells_apart = any(check.finding in (Opinion.PASS, Opinion.FAIL, Opinion.UNSURE) for check in rows)

    def result(self, scenario: Scenario, target: str, requirements: Mapping[str, Requirement], *, group: str) -> Result:
        """The verdict on one scenario: the worst of its checks counts."""
        rows = self._checks[scenario.id]
        events = dict(self._events[scenario.id])
        problems = [event.problem for event in events.values() if isinstance(event, HarnessFault)]
        weighed = [self._weigh(scenario.id, check) for check in rows]
        worst = min(weighed, key=lambda each: each.badness, default=None)
        verdict, grade = (worst.verdict, worst.grade) if worst else (Verdict.UNSUPPORTED, None)
        reason = _place(rows, worst) + worst.reason if worst else "nothing is expected of a checker here"
        if problems:
            verdict, grade = Verdict.ERROR, None
            reason = f"danelab failed: {'; '.join(dict.fromkeys(problems))}"
        shown = _shown(events, worst.check if worst else None)
        failed = verdict is Verdict.FAIL and worst is not None
        return Result(
            target=target,
            scenario=scenario.id,
            title=scenario.title,
            group=group,
            importance=scenario.importance,
            verdict=verdict,
            grade=grade,
            outcome=_joined(rows, [check.said for check in rows]) or NOT_CHECKED,
            expected=_joined(rows, [str(check.expected) for check in rows]) or "nothing",
            requirements=scenario.covers,
            reason=reason,
            evidence=shown,
            duration=_duration(events.values()),
            story=self._story(scenario, worst, reason, shown, requirements) if failed and worst else None,
        )

    def _weigh(self, key: str, check: Check) -> Weighed:
        found = _by_itself(check)
        if found.verdict is not Verdict.PASS or check.expected is Opinion.UNSURE:
            return found
        lacking = ""
        if check.finding is Opinion.FAIL:
            lacking = self._lacking(key, (key,))
        elif check.finding is Opinion.NONE and not self._tells_apart:
            lacking = "nothing else was found in the whole run"
        if lacking:
            return replace(
                found, verdict=Verdict.INCONCLUSIVE, reason=f"{found.reason}, which proves nothing: {lacking}"
            )
        return found

    def _lacking(self, key: str, seen: tuple[str, ...]) -> str:
        """What is missing for a domain found bad to count; empty when nothing is."""
        twin = self._scenarios[key].twin
        if twin is None or twin in seen:
            return "" if self._any_good else "no domain was found good in the whole run"
        if twin not in self._scenarios:
            return f"its twin {twin} was not run"
        rows = self._checks[twin]
        good = [check for check in rows if check.expected is Opinion.PASS]
        if rows and all(check.finding is Opinion.PASS for check in good or rows):
            return ""
        amiss = next((check for check in good if check.finding not in (Opinion.PASS, Opinion.UNSUPPORTED)), None)
        if amiss is not None:
            return f"its twin {twin} was not found good either ({amiss.said})"
        # The twin is not meant to be found good, or this checker cannot tell: its own twin has to serve.
        return self._lacking(twin, (*seen, twin))

    def _story(
        self,
        scenario: Scenario,
        worst: Weighed,
        reason: str,
        shown: tuple[Evidence, ...],
        requirements: Mapping[str, Requirement],
    ) -> Story:
        world = scenario.title
        twin = self._scenarios.get(scenario.twin or "")
        if twin is not None:
            world += f"; its twin {twin.id} lacks that: {twin.title}"
        rule = requirements.get(scenario.covers[0])
        expected = worst.check.expected
        return Story(
            world=world,
            rule=f"{rule} [{scenario.covers[0]}]" if rule else f"requirement {scenario.covers[0]}",
            expected=f"{expected} ({_MEANING[expected]})",
            seen=reason + (f" [journal {'; '.join(map(str, shown))}]" if shown else ""),
        )


def _by_itself(check: Check) -> Weighed:
    """One check before the twin has had its say."""
    finding, expected = check.finding, check.expected
    said = f": {shortened(check.text)}" if check.text else ""
    match finding:
        case None:
            reason = "the checker ended without a finding" if check.handed else "the checker was never pointed at it"
            return Weighed(check=check, verdict=Verdict.INCONCLUSIVE, reason=reason)
        case Opinion.UNSUPPORTED:
            return Weighed(check=check, verdict=Verdict.UNSUPPORTED, reason=f"the checker cannot do this{said}")
        case Opinion.CRASHED | Opinion.TIMED_OUT:
            how = "crashed" if finding is Opinion.CRASHED else "did not end in time"
            return Weighed(check=check, verdict=Verdict.INCONCLUSIVE, reason=f"the checker {how}{said}")
    if expected in (Opinion.UNSURE, finding):
        return Weighed(check=check, verdict=Verdict.PASS, reason=f"found {finding}{said}")
    reason = f"found {finding} where {expected} was expected{said}"
    if finding is Opinion.PASS:
        return Weighed(check=check, verdict=Verdict.FAIL, grade=Grade.SECURITY, reason=reason)
    if finding is Opinion.UNSURE and expected is not Opinion.PASS:
        reason = f"nothing that could be read as a finding{said}"
        return Weighed(check=check, verdict=Verdict.INCONCLUSIVE, reason=reason)
    grade = Grade.WARNING if check.severity == "should" else Grade.DELIVERY
    return Weighed(check=check, verdict=Verdict.FAIL, grade=grade, reason=reason)


def _shown(events: Mapping[int, Event], check: Check | None) -> tuple[Evidence, ...]:
    """The few events that decide: the TLSA lookup, the handshake, the finding, what went wrong."""
    limit = check.line if check is not None and check.line is not None else max(events, default=0)
    asked = [line for line, event in events.items() if isinstance(event, Asked) and event.type == "TLSA"]
    shaken = [line for line, event in events.items() if isinstance(event, Handshake)]
    lines = [*[line for line in asked if line < limit][-1:], *[line for line in shaken if line < limit][-1:]]
    lines += [line for line, event in events.items() if isinstance(event, Died | HarnessFault)]
    found = [evidence(line, events[line]) for line in lines]
    if check is not None and check.line is not None:
        text = f"the checker finds {check.finding}" + (f": {check.text}" if check.text else "")
        found.append(Evidence(line=check.line, text=shortened(text)))
    return tuple(sorted(found, key=lambda each: each.line))


def _place(rows: Sequence[Check], worst: Weighed | None) -> str:
    """Which send and which domain, where there are several."""
    if worst is None or len(rows) == 1:
        return ""
    number = f"send {worst.check.number} " if len({check.number for check in rows}) > 1 else ""
    domain = worst.check.recipient.rpartition("@")[2]
    return f"{number}for {domain}: " if domain else f"{number.strip()}: "


def _joined(rows: Sequence[Check], words: Sequence[str]) -> str:
    by_send: dict[int, list[str]] = {}
    for check, word in zip(rows, words, strict=True):
        by_send.setdefault(check.number, []).append(word)
    return " then ".join(" and ".join(each) for each in by_send.values())


def _duration(events: Iterable[Event]) -> float:
    times = [event.at for event in events if isinstance(event, Sent | Found)]
    return round(max(times) - min(times), 6) if times else 0.0
