"""From the tables of a made-up world to a scenario like any other, with what the oracle expects of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from harness.errors import DanelabError
from harness.oracle.reach import Beyond, beyond
from harness.oracle.words import expectation, requirements
from harness.run.recipients import address, steps_of
from harness.scenario.checks import check
from harness.scenario.load import Entry
from harness.scenario.models import Expect, Need, Scenario, Step, WireRule
from harness.scenario.names import all_servers
from harness.scenario.source import Source
from harness.scenario.stages import examine_stages, stages, validated
from harness.survey import survey
from harness.world.addresses import LOOPBACK
from harness.world.internet import Internet

from .toml import write

CONTROL = "ee-311"
"""The scenario that a made-up one is the twin of: the healthy world, which lacks whatever its defect is."""

_NOW = 1_767_225_600
"""When made-up worlds are surveyed: the start of 2026. Dates in scenarios are relative, so that any time would do."""

ALWAYS = (
    WireRule.NO_STARTTLS_INSIDE_TLS,
    WireRule.NOTHING_IN_CLEAR_AFTER_STARTTLS,
    WireRule.ONLY_OFFERED_INSIDE_TLS,
)
"""What senders MUST and MUST NOT say on the wire, whatever the world (RFC 3207 section 4)."""

_SAID = ("title", "covers", "twin", "importance", "explain", "expect")
_NEEDS = {Need.ROUTE: "relay", Need.FALLBACK_RELAY: "fallback_relay"}
"""What a target has to be told of, by the key under [route]."""

_PLACEHOLDER = {"opportunistic": "AUTH", "mandatory": "AUTH", "unaware": "OPP"}


@dataclass(frozen=True, kw_only=True)
class Label:
    """What is said about a made-up scenario, beside its world."""

    id: str
    title: str
    explain: str
    importance: str = "minor"
    twin: str = CONTROL
    """The scenario that is delivered when this one is not."""


class UnusableError(Exception):
    """No scenario can be made of the tables: they contradict themselves, or the oracle does not speak about them."""


class Maker:
    """Makes scenarios, each under an id of its own, and asks the oracle about them in one fake Internet."""

    def __init__(self, *, folder: str = "generated") -> None:
        """`folder` is where the files would lie; it names their group."""
        self._folder = Path(folder)
        self._internet = Internet(seed="oracle", now=_NOW, plan=LOOPBACK)

    def make(self, tables: Mapping[str, Any], label: Label) -> Entry:
        """The scenario of these tables, with the oracle's expectation of each message. Raises UnusableError.

        Where there are steps, each send has one recipient. What the tables expect already is not heeded.
        """
        world = world_of(tables)
        draft = _scenario({**world, "expect": _PLACEHOLDER}, label, covers=("7672-2.2-1",))
        told = tuple(self._ask(draft))
        *earlier, last = (each.expect for each in told)
        expect = last.model_copy(update={"wire": ALWAYS})
        # What matters most is what the story ends with.
        covers = tuple(dict.fromkeys(each for one in reversed(told) for each in one.covers))
        said: dict[str, Any] = {"title": label.title, "covers": list(covers)}
        if not all(map(_always_delivered, (*earlier, last))) and label.twin != label.id:
            said["twin"] = label.twin
        told_of = (need for need, key in _NEEDS.items() if key in world.get("route", {}))
        needs = list(dict.fromkeys((*world.pop("needs", ()), *told_of)))
        written = {
            **said,
            "importance": label.importance,
            **({"needs": needs} if needs else {}),
            "explain": f"{label.explain}\n",
            **world,
            "expect": _written(expect),
        }
        if "steps" in world:
            expects = {each.step: _written(each.expect) for each in told if each.expect != last}
            steps = enumerate(world["steps"])
            written["steps"] = [{**step, **({"expect": expects[n]} if n in expects else {})} for n, step in steps]
        scenario = _scenario(written, label, covers=covers)
        return Entry(scenario, Source(self._folder / f"{label.id}.toml", write(written), written))

    def _ask(self, draft: Scenario) -> Iterator[_Told]:
        """What the oracle says of each message that is sent. Raises UnusableError where it says nothing of one."""
        made = stages(draft)
        for stage in made:
            reason = beyond(stage.scenario) or _left_behind(draft, stage.scenario)
            if reason is not None:
                raise UnusableError(reason)
        changed = {stage.step: stage.scenario for stage in made}
        now = draft
        try:
            self._internet.add(draft)
            for index, step in enumerate(steps_of(draft)):
                if index in changed:
                    now = changed[index]
                    self._internet.replace(now)
                elif step.send:
                    yield self._told(now, index, step)
        except (DanelabError, ValueError) as error:
            raise UnusableError(str(error)) from None

    def _told(self, scenario: Scenario, index: int, step: Step) -> _Told:
        world = self._internet.world(scenario.id)
        (word,) = step.send
        facts = survey(self._internet, scenario, recipient=address(world, word))
        said = expectation(facts, hosts=world.hosts.keys())
        if isinstance(said, Beyond):
            raise UnusableError(said)
        return _Told(step=index, expect=said, covers=requirements(facts))


@dataclass(frozen=True, kw_only=True)
class _Told:
    """What the oracle says of a message."""

    step: int
    """Index of the step that sends it."""
    expect: Expect
    covers: tuple[str, ...]
    """Requirements that it goes by."""


def world_of(tables: Mapping[str, Any]) -> dict[str, Any]:
    """The tables less what is said about their scenario: the world, and what is done in it."""
    world = {key: value for key, value in tables.items() if key not in _SAID}
    if "steps" in world:
        world["steps"] = [{key: value for key, value in step.items() if key != "expect"} for step in world["steps"]]
    return world


def _written(expect: Expect) -> dict[str, Any]:
    return expect.model_dump(mode="json", exclude_none=True, exclude_defaults=True)


def _left_behind(scenario: Scenario, now: Scenario) -> Beyond | None:
    """Why the oracle does not speak about messages after the first: a server has learned something from that."""
    several = sum(step.times for step in steps_of(scenario) if step.send) > 1
    learns = any(server.smtp.starttls_after_cleartext for _, server in all_servers(now))
    return Beyond.EARLIER_SESSIONS if several and learns else None


def _scenario(tables: Mapping[str, Any], label: Label, *, covers: tuple[str, ...]) -> Scenario:
    whole = {"title": label.title, "explain": label.explain, "covers": list(covers), **tables, "id": label.id}
    try:
        scenario = validated(whole)
    except ValidationError as error:
        raise UnusableError(str(error)) from None
    made, wrong = examine_stages(scenario)
    problem = next(chain(wrong, check(made)), None)
    if problem is not None:
        raise UnusableError(problem.text)
    return scenario


def _always_delivered(expect: Expect) -> bool:
    return all(each.usual.is_delivery for each in (expect.opportunistic, expect.mandatory, expect.unaware))
