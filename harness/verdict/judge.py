"""The judge: scenarios, profile and journal in, verdicts out. A pure function; an old run can be judged again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from heapq import merge

from harness.journal import Died, Event, HarnessFault, RunStarted, Scene
from harness.scenario.choices import Choices
from harness.scenario.models import Mode, Scenario
from harness.scenario.requirements import Requirement

from .belief import Judged, disproved, inactive, tells
from .broken_off import ended, undecided
from .checking import is_checker, judge_checker
from .fates import Fate, Numbered
from .finding import UNPROVED, Finding, weigh
from .lab_resolver import let_down, noted
from .observation import Observation, Sending, observe
from .profile import Profile
from .resolving import is_resolver, judge_resolver
from .result import Grade, Position, Result, Verdict
from .standing import Standing, Tellings, is_steady, tellings
from .story import quoted, story, trail
from .support import Support

_WORST_FIRST = (
    (Verdict.ERROR, None),
    (Verdict.FAIL, Grade.SECURITY),
    (Verdict.FAIL, Grade.DELIVERY),
    (Verdict.FAIL, Grade.WARNING),
    (Verdict.INCONCLUSIVE, None),
    (Verdict.UNSUPPORTED, None),
    (Verdict.ALLOWED, None),
    (Verdict.PASS, None),
)


def judge(
    scenarios: Iterable[Scenario],
    profile: Profile | None,
    events: Iterable[Event],
    *,
    requirements: Mapping[str, Requirement] | None = None,
    groups: Mapping[str, str] | None = None,
    choices: Choices | None = None,
) -> list[Result]:
    """One result for each target of the run and each of the scenarios that took part in it, in their order.

    `profile` is what all targets are judged by; None: by what the journal says of each.
    `requirements` gives failures the words of the rule; `groups` names the group of each scenario, by id;
    with `choices` it is read off where each target stands on them, and a target is held to what it declares.
    Events that name no target belong to the only one, and to none where there are several; scenes belong to all.
    An event that makes no sense makes its scenario an error of ours, and no other.
    """
    numbered = list(enumerate(events, 1))
    listed = list(scenarios)
    starts = {event.target: event for _, event in numbered if isinstance(event, RunStarted)}
    named = dict.fromkeys(event.target for _, event in numbered if event.target)
    targets = tuple(starts) or tuple(named) or ("",)
    told_of = tellings((scenario.id for scenario in listed), choices or {})
    results: list[Result] = []
    by_target: dict[str, list[Numbered]] = {}
    for line, event in numbered:
        by_target.setdefault(event.target, []).append((line, event))
    for target in targets:
        started = starts.get(target)
        chosen = None if started is None else frozenset(started.scenarios)
        ran = [scenario for scenario in listed if chosen is None or scenario.id in chosen]
        common = by_target.get("", []) if target else []
        own = by_target.get(target, [])
        unplaced = faults(event for _, event in merge(common, own, key=_line))
        rule = profile or (Profile.told(started) if started else Profile.of(Mode.OPPORTUNISTIC))
        mine = _sort_out(own, common, alone=len(targets) == 1)
        other = None
        if any(map(is_checker, mine.values())):
            other = judge_checker
        elif any(is_resolver(started, each) for each in mine.values()):
            other = judge_resolver
        if other is not None:
            told = other(target, ran, mine, requirements=requirements or {}, groups=groups or {})
            if other is judge_checker:
                told = [let_down(result, mine.get(result.scenario, ())) for result in told]
            results.extend(_excused(result, unplaced) for result in told)
            continue
        observations = {scenario.id: observe(scenario, target, mine.get(scenario.id, mine[""])) for scenario in ran}
        bench = _Bench(observations, rule, requirements or {}, groups or {}, told_of)
        told = [bench.result(scenario.id) for scenario in ran]
        if started is not None and not ended((event for _, event in (*common, *own)), target):
            told = [undecided(result, observations[result.scenario]) for result in told]
        told = [noted(let_down(result, mine.get(result.scenario, ())), started) for result in told]
        results.extend(_excused(result, unplaced) for result in told)
    return results


def judge_scenario(
    scenario: Scenario,
    profile: Profile,
    observations: Mapping[str, Observation],
    *,
    requirements: Mapping[str, Requirement] | None = None,
) -> Result:
    """The result of one scenario, given what was observed of one target in all scenarios of the run, by their ids."""
    return _Bench(observations, profile, requirements or {}, {}, {}).result(scenario.id)


def faults(events: Iterable[Event]) -> tuple[str, ...]:
    """Failures of danelab that belong to no single scenario."""
    return tuple(event.problem for event in events if isinstance(event, HarnessFault) and not event.scenario)


def _line(numbered: Numbered) -> int:
    return numbered[0]


def _sort_out(own: Sequence[Numbered], common: Sequence[Numbered], *, alone: bool) -> dict[str, list[Numbered]]:
    """The events of one target by scenario: its own, and what those that name no target have to say of it.

    Deaths that name no scenario go to all of them.
    """
    told = [item for item in common if alone or isinstance(item[1], HarnessFault | Scene)]
    mine = list(merge(told, own, key=_line)) if told else own
    deaths: list[Numbered] = [(line, event) for line, event in mine if isinstance(event, Died) and not event.scenario]
    found: dict[str, list[Numbered]] = {"": deaths}
    for line, event in mine:
        if event.scenario:
            found.setdefault(event.scenario, []).append((line, event))
    return {key: list(merge(of, deaths, key=_line)) if key and deaths else of for key, of in found.items()}


def _excused(result: Result, problems: Sequence[str]) -> Result:
    """Nobody knows what a failure of danelab's touched that names no scenario, so only good news is believed then."""
    if not problems or result.verdict not in (Verdict.FAIL, Verdict.INCONCLUSIVE):
        return result
    reason = f"danelab failed during the run: {'; '.join(dict.fromkeys(problems))}"
    note = f"without that: {result.verdict}, {result.reason}"
    return result.model_copy(
        update={
            "verdict": Verdict.ERROR,
            "grade": None,
            "reason": reason,
            "leaked": (),
            "story": None,
            "notes": (*result.notes, note),
        }
    )


class _Bench:
    """One target before the judge: all its observations, since no scenario is judged without its twin."""

    def __init__(
        self,
        observations: Mapping[str, Observation],
        profile: Profile,
        requirements: Mapping[str, Requirement],
        groups: Mapping[str, str],
        told: Tellings,
    ) -> None:
        self._observations = observations
        self._profile = profile
        self._requirements = requirements
        self._groups = groups
        weighed = {key: _weighed(observation, profile, believed=True) for key, observation in observations.items()}
        self._disproved = disproved(observations, weighed, profile)
        active = not inactive(weighed, profile)
        steady = is_steady(row for rows in weighed.values() for row in rows)
        self._standing = Standing(profile=profile, tellings=told, active=active, steady=steady)
        if not active:
            self._disproved = dict.fromkeys(observations, ("all that a sender with DANE withholds was",))
        for key in self._disproved:
            weighed[key] = _weighed(observations[key], profile, believed=False)
        self._weighed = weighed
        self._support = Support(observations, {key: [found for *_, found in rows] for key, rows in weighed.items()})

    def result(self, key: str) -> Result:
        """The verdict on one scenario: the worst of its sends and recipients counts."""
        observation = self._observations[key]
        scenario = observation.scenario
        rows, positions = self._settled(key)
        sending, fate, worst = min(rows, key=lambda row: _badness(row[2]))
        if observation.spoilt:
            worst = _ours(observation, worst)
        place = _place(observation, sending, fate)
        shown = trail(observation, sending, fate, also=worst.lines)
        against = self._disproved.get(key, ())
        doubt = f"AUTH is not proved: {_few(against)} delivered as well"
        said = [note for *_, found in rows for note in found.notes]
        notes = [doubt if note == UNPROVED else note for note in said]
        failed = worst.verdict is Verdict.FAIL
        twin = self._observations.get(scenario.twin) if scenario.twin else None
        return Result(
            target=observation.target,
            scenario=key,
            title=scenario.title,
            group=self._groups.get(key, ""),
            importance=scenario.importance,
            verdict=worst.verdict,
            grade=worst.grade if failed else None,
            outcome=_joined(observation, {id(fate): found.outcome for _, fate, found in rows}),
            expected=_joined(observation, {id(fate): str(found.expected) for _, fate, found in rows}),
            requirements=scenario.covers,
            reason=place + worst.reason + quoted(worst),
            choice=worst.choice,
            positions=() if observation.spoilt else positions,
            delivered=observation.delivered,
            tells=any(tells(self._profile, sending, fate) for sending, fate, _ in rows),
            leaked=() if observation.spoilt else tuple(leak for *_, found in rows for leak in found.leaks),
            evidence=shown,
            notes=tuple(dict.fromkeys(notes)),
            duration=observation.duration,
            story=story(
                scenario,
                worst,
                shown,
                twin=twin.scenario if twin else None,
                requirements=self._requirements,
                place=place,
            )
            if failed
            else None,
        )

    def _settled(self, key: str) -> tuple[list[Judged], tuple[Position, ...]]:
        """The findings as they stand in the end, and what they tell about choices."""
        rows: list[Judged] = []
        told: dict[Position, None] = {}
        for sending, fate, weighed in self._weighed[key]:
            found = self._support.settle(key, weighed)
            believed = key not in self._disproved
            found, read = self._standing.settle(self._observations[key], sending, fate, found, believed=believed)
            told |= dict.fromkeys(read)
            rows.append((sending, fate, found))
        return rows, tuple(told)


def _weighed(observation: Observation, profile: Profile, *, believed: bool) -> list[Judged]:
    return [
        (sending, fate, weigh(sending, fate, profile, authenticates=believed))
        for sending in observation.sendings
        for fate in sending.fates
    ]


def _badness(finding: Finding) -> int:
    return _WORST_FIRST.index((finding.verdict, finding.grade if finding.verdict is Verdict.FAIL else None))


def _ours(observation: Observation, finding: Finding) -> Finding:
    """danelab failed in this scenario, so nothing is held against the target."""
    events = [observation.events[line] for line in observation.faults]
    told = [event.problem for event in events if isinstance(event, HarnessFault)]
    problems = "; ".join(dict.fromkeys((*told, *observation.senseless)))
    return replace(finding, verdict=Verdict.ERROR, grade=None, reason=f"danelab failed: {problems}", said="", leaks=())


def _place(observation: Observation, sending: Sending, fate: Fate) -> str:
    """Which send and which recipient, where there are several."""
    send = f"send {sending.send.number}" if len(observation.sendings) > 1 else ""
    recipient = f"for {fate.recipient or fate.zone}" if len(sending.fates) > 1 else ""
    return " ".join(filter(None, (send, recipient))) + ": " if send or recipient else ""


def _joined(observation: Observation, words: Mapping[int, str]) -> str:
    return " then ".join(" and ".join(words[id(fate)] for fate in sending.fates) for sending in observation.sendings)


def _few(names: Sequence[str]) -> str:
    """Some names, and how many more there are."""
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more
