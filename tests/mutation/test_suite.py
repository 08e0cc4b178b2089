"""The suite catches the mutants: a sample of them each time, and all with DANELAB_WHOLE=1."""

from __future__ import annotations

import hashlib
import os

import pytest

from harness.errors import HarnessError
from harness.mutation import rounds
from harness.mutation.fates import SOUND, Ending, Fate
from harness.mutation.rounds import tried
from harness.mutation.trial import Trials
from harness.scenario.choices import CHOICES, load_choices
from harness.scenario.models import Mode
from harness.scenario.requirements import load_requirements
from harness.scenario.suite import REQUIREMENTS, load_suite, own_scenarios
from harness.targets import Kind
from harness.targets.mutants import MutantFacts, known_mutants, mutant_kind, unbroken_kind

pytestmark = pytest.mark.loopback

SHARE = 24
"""One mutant in so many is tried each time."""
WHOLE = os.environ.get("DANELAB_WHOLE") == "1"
AT_ONCE = os.cpu_count() or 1


@pytest.fixture(scope="module")
def trials() -> Trials:
    requirements = load_requirements(own_scenarios() / REQUIREMENTS)
    choices = load_choices(own_scenarios() / CHOICES)
    return Trials(suite=load_suite(requirements=requirements.keys()), requirements=requirements, choices=choices)


def _sample() -> list[MutantFacts]:
    """The same ones everywhere, whatever their order."""
    return [each for each in known_mutants().values() if WHOLE or _number(each.name) % SHARE == 0]


def _number(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big")


def test_every_mutant_is_caught_for_the_right_reason_or_argued_for(trials: Trials) -> None:
    sample = _sample()
    assert len(sample) > 300 if WHOLE else len(sample) > 8
    fates = tried(sample, trials, at_once=AT_ONCE)
    unsound = [(fate.mutant.name, fate.ending, fate.problems) for fate in fates if fate.ending not in SOUND]
    assert unsound == []
    assert {fate.ending for fate in fates} == SOUND


def _alone(trials: Trials, mutant: MutantFacts, kind: Kind) -> Fate:
    return trials.fate(kind, mutant)


def test_a_sender_that_keeps_every_rule_is_missed(trials: Trials) -> None:
    claimed = known_mutants()["ee-always-matches"]
    fate = _alone(trials, claimed, unbroken_kind())
    assert (fate.ending, fate.whole, fate.catches) == (Ending.MISSED, True, ())
    assert fate.tried > 400


def test_an_argument_is_outdated_once_the_mutant_fails(trials: Trials) -> None:
    argued = known_mutants()["ee-always-matches"].model_copy(update={"argument": "Nobody can see it."})
    assert _alone(trials, argued, mutant_kind("ee-always-matches")).ending is Ending.OUTDATED


def test_failing_elsewhere_is_not_being_caught(trials: Trials) -> None:
    claimed = known_mutants()["ee-always-matches"].model_copy(update={"breaks": ("5321-5.1-3",)})
    assert _alone(trials, claimed, mutant_kind("ee-always-matches")).ending is Ending.MISJUDGED


def test_nothing_counts_while_the_sender_itself_fails(trials: Trials, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "unbroken_kind", lambda: mutant_kind("ee-never-matches"))
    with pytest.raises(HarnessError, match="the sender without a mutation fails in"):
        tried([known_mutants()["ee-always-matches"]], trials, at_once=AT_ONCE)


def test_one_mode_can_be_asked_for(trials: Trials) -> None:
    mandatory = Trials(
        suite=trials.suite, requirements=trials.requirements, choices=trials.choices, mode=Mode.MANDATORY
    )
    fate = mandatory.fate(mutant_kind("ee-always-matches"), known_mutants()["ee-always-matches"])
    assert (fate.mode, fate.ending) == ("mandatory", Ending.CAUGHT)
