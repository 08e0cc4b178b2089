"""Judging resolvers: every answer by itself, the worst counts. A pure function, as the judge is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from harness.journal import Asked, Died, Event, HarnessFault, Resolved, RunStarted, Scene, Sent, Where, is_overlong
from harness.scenario.models import Choice, Scenario
from harness.scenario.requirements import Requirement, Role

from .answers import Answer, Weighed, expected, meant, question, said, shown, weigh_answer
from .evidence import evidence
from .fates import Numbered
from .result import Evidence, Grade, Result, Story, Verdict

NOT_ASKED = "not asked"
"""Stands for an answer where nothing was asked."""

NO_AD = "nothing was answered with AD in the whole run"
"""Why nothing can be concluded from errors."""

_WORST_FIRST = (
    (Verdict.FAIL, Grade.SECURITY),
    (Verdict.FAIL, Grade.DELIVERY),
    (Verdict.FAIL, Grade.WARNING),
    (Verdict.INCONCLUSIVE, None),
    (Verdict.ALLOWED, None),
    (Verdict.PASS, None),
)


def is_resolver(started: RunStarted | None, events: Iterable[Numbered]) -> bool:
    """Whether this is a target that answers questions, and delivers nothing."""
    return (started is not None and started.resolves) or any(isinstance(event, Resolved) for _, event in events)


def judge_resolver(
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


def weighed(events: Sequence[Numbered]) -> list[Weighed]:
    """Every question of a scenario, with what is held of the answer to it; the last one where it was asked twice."""
    rows: dict[tuple[int, str, str], Weighed] = {}
    before: dict[tuple[str, str], list[Resolved]] = {}
    faulty: set[tuple[str, str]] = set()
    for line, event in events:
        match event:
            case Scene():
                faulty.clear()
            case Asked() if event.faults and (event.where is Where.AUTHORITY or event.checking_disabled):
                faulty.add((event.name, event.type))
            case Resolved():
                met = any((name, event.type) in faulty for name in (event.name, *event.names))
                row = weigh_answer(line, event, met_the_fault=met)
                earlier = before.setdefault((event.name, event.type), [])
                if row.verdict is Verdict.FAIL and event.keeps:
                    kept = [found for each in earlier if (found := _remembered(row, each)) is not None]
                    row = next((each for each in kept if each.verdict is Verdict.ALLOWED), kept[0] if kept else row)
                earlier.append(event)
                key = (event.step, event.name, event.type)
                wrong = rows.get(key)
                if wrong is not None and wrong.verdict is Verdict.FAIL:
                    row = replace(row, before=tuple(dict.fromkeys((*wrong.before, wrong.reason))))
                rows[key] = row
    return list(rows.values())


def _remembered(row: Weighed, earlier: Resolved) -> Weighed | None:
    """The answer that was right before the world changed may still be given, while it may be kept."""
    event = row.event
    then = replace(
        event,
        standing=earlier.standing,
        right_rcode=earlier.right_rcode,
        right_answer=earlier.right_answer,
        permits=earlier.permits,
        # What it says of the time is looked at below.
        right_ttl=None,
    )
    if weigh_answer(row.line, then, met_the_fault=True).verdict is not Verdict.PASS:
        return None
    lasted = event.at - earlier.at
    if earlier.kept_for is not None and is_overlong(lasted, earlier.kept_for):
        late = f"that was right {lasted:.1f} s ago, and might be kept for {max(earlier.kept_for, 0):.0f} s"
        return replace(row, reason=f"{row.reason}; {late}")
    reason = f"{question(event)} gave {shown(event)}, which was right before the world changed"
    return Weighed(line=row.line, event=event, verdict=Verdict.ALLOWED, reason=reason, choice=Choice.REMEMBERED_ANSWER)


class _Bench:
    """One resolver before the judge: no error counts for it without a secure answer in the scenario's twin."""

    def __init__(self, scenarios: Sequence[Scenario], events: Mapping[str, Sequence[Numbered]]) -> None:
        self._scenarios = {each.id: each for each in scenarios}
        self._events = events
        self._rows = {key: weighed(events[key]) for key in self._scenarios}
        self._good = {row.event.type for rows in self._rows.values() for row in rows if row.good}

    def result(self, scenario: Scenario, target: str, requirements: Mapping[str, Requirement], *, group: str) -> Result:
        """The verdict on one scenario: the worst of its answers counts."""
        events = dict(self._events[scenario.id])
        rows = [self._settled(scenario.id, row, events) for row in self._rows[scenario.id]]
        worst = min(rows, key=_badness, default=None)
        verdict, grade, reason = _said(worst, events)
        shown_too = _shown(events, worst)
        breach = worst.breach if worst is not None and verdict is Verdict.FAIL else None
        rule = _rule(scenario, breach, requirements) if breach else ""
        return Result(
            target=target,
            scenario=scenario.id,
            title=scenario.title,
            group=group,
            importance=scenario.importance,
            verdict=verdict,
            grade=grade,
            outcome=_joined(rows, worst, lambda row: said(row.event)) or NOT_ASKED,
            expected=_joined(rows, worst, lambda row: expected(row.event)) or "nothing",
            requirements=tuple(dict.fromkeys((rule, *scenario.covers))) if rule else scenario.covers,
            reason=reason,
            choice=worst.choice if worst and verdict is Verdict.ALLOWED else None,
            evidence=shown_too,
            notes=tuple(_further(rows, worst)),
            duration=_duration(events.values()),
            story=self._story(scenario, worst, reason, shown_too, requirements, rule) if rule and worst else None,
        )

    def _settled(self, key: str, row: Weighed, events: Mapping[int, Event]) -> Weighed:
        """The answer once the twin has had its say, and the resolver's death."""
        seen = said(row.event)
        if seen is Answer.SILENCE and _is_dead(events):
            return _open(row, "the resolver died")
        if row.grade is Grade.DELIVERY and seen in (Answer.ERROR, Answer.SILENCE) and not self._good:
            return _open(row, NO_AD)
        lacking = self._lacking(key, row.event.type) if row.withheld else ""
        if lacking:
            return _open(row, f"that proves nothing, for {lacking}")
        return row

    def _lacking(self, key: str, kind: str) -> str:
        """What is missing for an error to count; empty when nothing is."""
        passed = {key}
        twin = self._scenarios[key].twin
        while twin and twin in self._scenarios and twin not in passed:
            wanted = [row for row in self._rows[twin] if row.event.type == kind and row.event.standing == "secure"]
            if wanted:
                good = any(row.good for row in wanted)
                return "" if good else f"its twin {twin} had no {kind} answer with AD either"
            passed.add(twin)
            twin = self._scenarios[twin].twin
        # No twin has a secure answer of that type to give.
        return "" if self._good else NO_AD

    def _story(
        self,
        scenario: Scenario,
        worst: Weighed,
        reason: str,
        shown_too: tuple[Evidence, ...],
        requirements: Mapping[str, Requirement],
        rule: str,
    ) -> Story:
        world = scenario.title
        twin = self._scenarios.get(scenario.twin or "")
        if twin is not None:
            world += f"; its twin {twin.id} lacks that: {twin.title}"
        known = requirements.get(rule)
        return Story(
            world=world,
            rule=f"{known} [{rule}]" if known else f"requirement {rule}",
            expected=f"{question(worst.event)}: {meant(worst.event)}",
            seen=reason + (f" [journal {'; '.join(map(str, shown_too))}]" if shown_too else ""),
        )


def _open(row: Weighed, why: str) -> Weighed:
    """The answer as one from which nothing follows."""
    return replace(row, verdict=Verdict.INCONCLUSIVE, grade=None, breach=None, reason=f"{row.reason}; {why}")


def _badness(row: Weighed) -> int:
    return _WORST_FIRST.index((row.verdict, row.grade))


def _said(worst: Weighed | None, events: Mapping[int, Event]) -> tuple[Verdict, Grade | None, str]:
    problems = [event.problem for event in events.values() if isinstance(event, HarnessFault)]
    if problems:
        return Verdict.ERROR, None, f"danelab failed: {'; '.join(dict.fromkeys(problems))}"
    if worst is not None:
        return worst.verdict, worst.grade, worst.reason
    if any(isinstance(event, Sent) for event in events.values()) and not _is_dead(events):
        return Verdict.UNSUPPORTED, None, "nothing is looked up here"
    return Verdict.INCONCLUSIVE, None, "the resolver was never asked"


def _is_dead(events: Mapping[int, Event]) -> bool:
    return any(isinstance(event, Died) for event in events.values())


def _rule(scenario: Scenario, breach: str, requirements: Mapping[str, Requirement]) -> str:
    """The scenario's own rule for resolvers where it has one; else the one that this kind of answer breaks."""
    own = (key for key in scenario.covers if key in requirements and _binds(requirements[key]))
    return next(own, str(breach))


def _binds(requirement: Requirement) -> bool:
    return requirement.role is Role.RESOLVER and requirement.rfc != 7672 and requirement.level != "MAY"


def _further(rows: Sequence[Weighed], worst: Weighed | None) -> list[str]:
    """Further answers that are wrong, and wrong ones that were made good."""
    wrong = [row.reason for row in rows if row is not worst and row.verdict is Verdict.FAIL]
    made_good = [row.before[-1] for row in rows if row.before and row.verdict is not Verdict.FAIL]
    return wrong + [f"asked again, for {reason}" for reason in made_good]


def _shown(events: Mapping[int, Event], worst: Weighed | None) -> tuple[Evidence, ...]:
    """What decides: the name servers' last answer to that question, the resolver's, what went wrong."""
    lines = [line for line, event in events.items() if isinstance(event, Died | HarnessFault)]
    if worst is not None:
        names = {worst.event.name, *worst.event.names}
        told = [
            line
            for line, event in events.items()
            if line < worst.line
            and isinstance(event, Asked)
            and (event.where is Where.AUTHORITY and event.type == worst.event.type and event.name in names)
        ]
        lines += [*told[-1:], worst.line]
    return tuple(evidence(line, events[line]) for line in sorted(set(lines)))


def _joined(rows: Sequence[Weighed], worst: Weighed | None, word: Callable[[Weighed], str]) -> str:
    """The worst answer with its type, where it did not pass; else all kinds of answers there were."""
    if worst is not None and worst.verdict is not Verdict.PASS:
        return f"{worst.event.type} {word(worst)}"
    return " and ".join(dict.fromkeys(word(row) for row in rows))


def _duration(events: Iterable[Event]) -> float:
    times = [event.at for event in events if isinstance(event, Sent | Resolved)]
    return round(max(times) - min(times), 6) if times else 0.0
