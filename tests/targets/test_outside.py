"""Products that danelab does not run: told by wire, by bounce, by silence; and a stand-in for a real appliance."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.isolation.launch import command_inside, passed_environment, possible
from harness.report import RunReport
from harness.report.json import read
from harness.scenario.models import Need
from harness.scenario.suite import load_suite
from harness.targets.packages import Unavailable
from harness.verdict import Verdict
from tests.support.fixtures import available
from tests.targets import appliance

pytestmark = [pytest.mark.namespace, pytest.mark.quiet]

ROOT = Path(__file__).resolve().parents[2]
PLACE = f"submission:{appliance.WIRE.cell_ipv4}:2525"
CHANCE = {"equal-pref", "equal-pref-one-bad"}
"""Which of several hosts is tried first is left to chance (RFC 5321 section 5.1)."""
UNSEEN = {"data-empty"}
"""Postfix breaks at this one, which its log tells and the wire does not."""


def _ready() -> None:
    if reason := possible():
        raise Unavailable(f"this machine allows no network namespace: {reason}")
    appliance.fetched()


def report_of(command: list[str], out: Path) -> RunReport:
    done = subprocess.run(
        command,
        env=passed_environment(dict(os.environ)),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (out / "report.json").exists(), done.stderr + done.stdout
    return read((out / "report.json").read_text(encoding="utf-8"))


def _told(report: RunReport) -> dict[str, tuple[Verdict, str]]:
    """What came of each scenario. The managed one declares its choices, so that what is allowed is usual for it."""
    same = {Verdict.ALLOWED: Verdict.PASS}
    return {result.scenario: (same.get(result.verdict, result.verdict), result.outcome) for result in report.results}


def test_an_appliance_driven_by_submission_gets_the_verdicts_of_the_managed_one(tmp_path: Path) -> None:
    available(_ready)
    arguments = [str(tmp_path / "out"), "-t", PLACE, "--listen", appliance.WIRE.lab_ipv4, "--quiet-period", "4"]
    arguments += ["--resolver", "target"]
    inside = [sys.executable, "-P", "-m", "tests.targets.appliance", *arguments]
    outside = report_of(command_inside(inside), tmp_path / "out")
    own = [sys.executable, "-P", "-m", "harness.cli", "run", "-q", "-t", "postfix:dane", "--out", str(tmp_path / "own")]
    # The appliance has a resolver of its own, of which no scenario can say that it fails.
    own.append("!resolver-*")
    inside_report = report_of(own, tmp_path / "own")
    verdicts, wanted = _told(outside), _told(inside_report)
    both = set(verdicts) & set(wanted)
    # What a cache still holds is for the clock to say, and the two are not equally fast.
    both -= {entry.id for entry in load_suite() if Need.CACHE in entry.scenario.needs}
    assert len(both) > 400
    differing = {key: (verdicts[key], wanted[key]) for key in both - CHANCE - UNSEEN if verdicts[key] != wanted[key]}
    assert differing == {}
