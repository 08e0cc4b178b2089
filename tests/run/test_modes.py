"""The built-in sender through all scenarios in each of its modes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from harness.commands.choices import enter_lists
from harness.errors import UsageError
from harness.journal import RunEnded, RunStarted
from harness.report import build
from harness.run.places import sources
from harness.scenario.choices import CHOICES, load_choices
from harness.scenario.models import Mode, Scenario
from harness.scenario.outcomes import Code
from harness.scenario.requirements import load_requirements
from harness.scenario.suite import REQUIREMENTS, Suite, load_suite, own_scenarios
from harness.targets.builtin import BuiltinSender
from harness.targets.builtin_choices import DECLARED
from harness.verdict import Grade, Profile, Result, Verdict, judge

from .danelab import ROOT, Done, only, run

pytestmark = pytest.mark.loopback
GOOD = (Verdict.PASS, Verdict.ALLOWED)
Runs = Callable[[str], Done]
CHOICE_DATA = load_choices(own_scenarios() / CHOICES)


@pytest.fixture(scope="module")
def suite() -> Suite:
    return load_suite()


def judged_again(done: Done, suite: Suite, profile: Profile) -> list[Result]:
    """The verdicts on the journal's file, by today's judge and without any lab."""
    return judge(
        suite.scenarios,
        profile,
        done.events,
        requirements=load_requirements(own_scenarios() / REQUIREMENTS),
        groups={entry.id: entry.group for entry in suite},
        choices=CHOICE_DATA,
    )


def is_about_security(scenario: Scenario) -> bool:
    """Whether a sender without DANE may give away what one with DANE has to withhold."""
    sends = [scenario.expect, *(step.expect for step in scenario.steps if step.expect)]
    return any(not expect.opportunistic.allows_delivery and expect.unaware.allows_delivery for expect in sends)


def may_wait(scenario: Scenario) -> bool:
    """Whether a sender without DANE may withhold it as well, as a cut connection invites it to."""
    return any(outcome.code is Code.DEFER for outcome in scenario.expect.unaware.outcomes)


@pytest.mark.parametrize("mode", ["opportunistic", "mandatory"])
def test_a_dane_sender_passes_every_scenario(mode: str, mode_run: Runs) -> None:
    done = mode_run(mode)
    assert only(done.results, GOOD) == []
    assert done.status == 0, done.stderr
    assert done.report.run.targets[0].mode == mode
    assert len(done.results) >= 150


def test_a_sender_without_dane_fails_every_security_scenario_and_it_is_told_what_leaked_to_whom(
    mode_run: Runs, suite: Suite
) -> None:
    done = mode_run("unaware")
    ran = {result.scenario for result in done.results}
    telling = [scenario for scenario in suite.scenarios if scenario.id in ran and is_about_security(scenario)]
    withheld = [each.id for each in telling if may_wait(each) and done.result(each.id).outcome == "DEFER"]
    assert len(telling) - len(withheld) >= 60
    for key in (each.id for each in telling if each.id not in withheld):
        result = done.result(key)
        assert (result.verdict, result.grade) == (Verdict.FAIL, Grade.SECURITY), result.reason
        assert result.leaked, key
        assert all(leak.to_whom and leak.how for leak in result.leaked)
        assert key in done.words
    assert done.status == 1
    assert "leaked: the whole message to anyone on the path, in cleartext" in done.words
    assert "DANE is not active in this configuration (builtin)." in done.stdout


def test_a_sender_without_dane_passes_when_it_is_judged_as_one(mode_run: Runs, suite: Suite) -> None:
    results = judged_again(mode_run("unaware"), suite, Profile(Mode.UNAWARE, Mode.UNAWARE))
    assert only(results, GOOD) == []
    assert len(results) >= 150


def test_what_a_target_is_judged_by_can_be_said_on_the_command_line(tmp_path: Path) -> None:
    done = run("-m", "unaware", "--judge-as", "unaware", "ee-mismatch", "starttls-stripped", out=tmp_path)
    assert only(done.results, GOOD) == []
    assert (done.status, done.report.run.targets[0].judged_as) == (0, Mode.UNAWARE)


@pytest.mark.parametrize("mode", ["opportunistic", "unaware"])
def test_judging_the_journal_again_gives_the_same_report(mode: str, mode_run: Runs, suite: Suite) -> None:
    done = mode_run(mode)
    again = judged_again(done, suite, Profile.of(Mode(mode), choices=DECLARED))
    assert tuple(again) == done.results
    started = done.report.run.started
    assert build(done.events, again, started=started, choices=CHOICE_DATA, sources=sources(suite)) == done.report


def test_what_a_run_learns_of_the_built_in_sender_is_what_it_declares(mode_run: Runs) -> None:
    told = mode_run("opportunistic").report.run.targets[0].profile
    declared = {each.choice: each.declared for each in told if each.declared}
    learned = {each.choice: each.position for each in told if each.declared and each.taken}
    assert declared == DECLARED
    # Which of two equal hosts is tried first is left to chance, and only a failing one tells what comes next.
    assert set(declared) - set(learned) <= {"equal-preference"}
    assert learned == {name: declared[name] for name in learned}
    assert [each.choice for each in told if len(each.taken) > 1] == ["first-of-equals"]


def test_where_mandatory_dane_leaves_no_choice_none_is_claimed(mode_run: Runs) -> None:
    told = {each.choice: each for each in mode_run("mandatory").report.run.targets[0].profile}
    assert told["dane-at-insecure-mx"].taken == ()
    assert told["sha-512"].is_kept
    assert [each.choice for each in told.values() if each.is_broken] == []


def test_of_a_sender_without_dane_nothing_about_dane_is_claimed(mode_run: Runs) -> None:
    told = mode_run("unaware").report.run.targets[0].profile
    seen = {each.choice for each in told if each.taken}
    tells = {name for name, choice in CHOICE_DATA.items() if any(telling.any_sender for telling in choice.tells)}
    assert seen <= tells
    assert "cleartext-fallback" in seen


def test_the_built_in_sender_prints_the_choices_that_are_declared_for_it() -> None:
    command = (sys.executable, "-P", "-m", "harness.sender", "--choices")
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert json.loads(printed)["positions"] == DECLARED


def test_a_choice_declared_on_the_command_line_and_not_kept_to_is_a_failure(tmp_path: Path) -> None:
    done = run("--choice", "sha-512=unusable", "ee-312-mismatch", out=tmp_path)
    result = done.result("ee-312-mismatch")
    assert (done.status, result.verdict, result.grade) == (1, Verdict.FAIL, Grade.DELIVERY)
    assert "declares sha-512=unusable, did supported" in done.words
    assert isinstance(done.events[0], RunStarted)
    assert done.events[0].choices["sha-512"] == "unusable"


def test_a_checker_declares_no_choices(suite: Suite) -> None:
    looker = replace(BuiltinSender.kind(), name="looker", checks=True)
    with pytest.raises(UsageError, match="looker is a checker, and checkers declare no choices"):
        enter_lists(
            [looker],
            suite,
            ["ee-311"],
            mode=Mode.OPPORTUNISTIC,
            judge_as=None,
            offers=frozenset(),
            declared={"sha-512": "supported"},
        )


def test_a_choice_that_there_is_not_is_refused_with_the_nearest_word(tmp_path: Path) -> None:
    done = run("--choice", "sha512=supported", "ee-311", out=tmp_path)
    assert done.status == 2
    assert "there is no choice 'sha512'; did you mean 'sha-512'?" in done.stderr


def test_the_journal_holds_the_run_from_its_beginning_to_its_end(mode_run: Runs) -> None:
    events = mode_run("opportunistic").events
    assert isinstance(events[0], RunStarted)
    assert any(isinstance(event, RunEnded) for event in events[-20:])


@pytest.mark.parametrize("mode", ["opportunistic", "unaware"])
def test_the_json_report_is_what_its_schema_says_and_holds_what_is_promised(mode: str, mode_run: Runs) -> None:
    done = mode_run(mode)
    written = json.loads((done.out / "report.json").read_text(encoding="utf-8"))
    schema = json.loads((ROOT / "docs" / "report.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(written)
    assert written["version"] == 1
    assert {"lab", "targets", "resolver", "seed", "duration", "scenarios"} <= written["run"].keys()
    assert sum(written["summary"].values()) == written["run"]["scenarios"] == len(written["results"])
    promised = {
        "target", "scenario", "verdict", "grade", "outcome", "expected", "requirements", "reason", "leaked",
    }  # fmt: skip
    assert all(promised <= result.keys() for result in written["results"])


def test_the_run_shows_its_progress_on_stderr_and_says_how_long_it_took(mode_run: Runs) -> None:
    done = mode_run("opportunistic")
    number = len(done.results)
    assert done.stderr.splitlines()[-1] == f"danelab: {number} of {number} scenarios"
    assert "danelab: " not in done.stdout.partition("\n")[2]
    assert re.search(rf"{number} scenarios in \d+\.\d s: \d+ pass", done.words)
    assert done.words.endswith("As expected.")
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert "\x1b" not in done.stdout


def test_what_was_left_out_and_why_is_said(mode_run: Runs, suite: Suite) -> None:
    done = mode_run("opportunistic")
    missing = [entry for entry in suite if entry.id not in done.verdicts()]
    assert missing
    assert all(entry.scenario.needs for entry in missing)
    assert "for want of validating-resolver" in done.words
