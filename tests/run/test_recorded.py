"""Journals of real MTAs, recorded once, judged by the judge of today: on every machine, whatever is installed there."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from harness.report import RunReport
from harness.run.again import Rejudged, judge_again
from harness.run.reading import events_of
from harness.scenario.requirements import load_requirements
from harness.scenario.suite import REQUIREMENTS, Suite, load_suite, own_scenarios

from .danelab import ROOT, environment
from .record import TARGETS, journal, listed, verdicts

ENOUGH = 0.8
"""Scenarios change; where fewer than this part of the recorded ones still stand, the journal is to be recorded anew."""


@pytest.fixture(scope="module")
def suite() -> Suite:
    return load_suite()


def judged(name: str, suite: Suite) -> Rejudged:
    requirements = load_requirements(own_scenarios() / REQUIREMENTS)
    return judge_again(events_of(journal(name)), suite, requirements=requirements)


def differing(name: str, report: RunReport) -> list[str]:
    """Verdicts that are not the stored ones, of scenarios that are judged today."""
    stored = dict(line.split(" ", 1) for line in verdicts(name).read_text(encoding="utf-8").splitlines())
    now = dict(line.split(" ", 1) for line in listed(report).splitlines())
    assert len(now) >= ENOUGH * len(stored), "record it anew: python -m tests.run.record"
    return [f"{key}: {stored.get(key)} when recorded, {now[key]} now" for key in now if stored.get(key) != now[key]]


@pytest.mark.parametrize("name", TARGETS)
def test_recorded_runs_come_to_the_verdicts_that_are_stored(name: str, suite: Suite) -> None:
    report = judged(name, suite).report
    if os.environ.get("DANELAB_GOLDEN") == "write":
        verdicts(name).write_text(listed(report), encoding="utf-8")
    assert report.run.complete
    assert [target.name for target in report.run.targets] == [TARGETS[name]]
    assert differing(name, report) == []


def test_a_verdict_that_has_changed_is_noticed(suite: Suite) -> None:
    report = judged("postfix", suite).report
    first = report.results[0].model_copy(update={"outcome": "CLEAR"})
    spoilt = report.model_copy(update={"results": (first, *report.results[1:])})
    assert [line.split(":")[0] for line in differing("postfix", spoilt)] == [first.scenario]


def test_the_command_reads_packed_journals() -> None:
    words = [sys.executable, "-W", "error", "-m", "harness.cli", "judge", str(journal("sendmail"))]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False, env=environment(), cwd=ROOT)
    assert done.returncode == 1, done.stderr
    assert "DANE is not active in this configuration (sendmail:unaware)." in " ".join(done.stdout.split())
