"""Targets that do nothing, break, or hang: no verdict in their favour, and no harm to other scenarios."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from harness.journal import Died, Reported, Status
from harness.run import LOOPBACK_OFFERS, Contender, Plan, pick, run
from harness.scenario.models import Mode
from harness.scenario.suite import load_suite
from harness.targets import BuiltinSender
from harness.verdict import Profile, Verdict
from tests.targets.ended import await_end

from .danelab import SENDER, Done, environment, only, shell
from .danelab import run as danelab

pytestmark = pytest.mark.loopback
MANY = ("group:baseline", "group:ee", "group:lookup-failures", "!tlsa-transient")
FEW = ("ee-mismatch", "ee-one-bit", "starttls-stripped", "tlsa-servfail")
WORST = "ee-one-bit"
"""The scenario at which targets crash."""

CHILD = f"""\
import json, os, sys
from harness.sender import batch, __main__
read = batch.read_job
def deadly(line):
    job = read(line)
    if any("{WORST}" in each for each in job.recipients):
        print("out of luck", file=sys.stderr, flush=True)
        os._exit(70)
    return job
batch.read_job = deadly
sys.exit(__main__.main())
"""
"""A sender of batches that is gone, in the middle of everything, when it sees one recipient."""


@pytest.mark.parametrize(
    ("script", "patterns"), [("exit 75", MANY), ("exit 0", MANY), ("exit 127", FEW), ("exit 1", FEW), ("kill $$", FEW)]
)
def test_a_sender_that_never_connects_gets_no_pass_at_all(
    script: str, patterns: tuple[str, ...], tmp_path: Path
) -> None:
    done = danelab("--target", shell(script), *patterns, out=tmp_path)
    assert done.status == 4
    assert len(done.results) > (50 if patterns is MANY else 4)
    assert only(done.results, (Verdict.INCONCLUSIVE, Verdict.UNSUPPORTED)) == []
    assert "That allows no conclusion." in done.words


def test_a_sender_that_hangs_gets_no_pass_and_is_ended(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    done = danelab("-t", shell(f"echo $$ >> {pids}; sleep 600"), "--limit", "0.3", *FEW, out=tmp_path / "out")
    assert done.status == 4
    assert only(done.results, (Verdict.INCONCLUSIVE,)) == []
    assert {event.status for event in done.events if isinstance(event, Reported)} == {Status.TIMED_OUT}
    started = [int(line) for line in pids.read_text().split()]
    assert len(started) == len(done.results) == len(FEW) + 1
    await_end(started)


def test_a_command_that_crashes_at_one_scenario_spoils_only_that_one(tmp_path: Path) -> None:
    script = f"case $1 in *@{WORST}.*) kill -SEGV $$;; esac; exec {SENDER} me@sender.example $1 $2"
    done = danelab("-t", shell(script), *FEW, out=tmp_path)
    spoils_only_the_worst(done)
    (died,) = (event for event in done.events if isinstance(event, Died))
    assert (died.scenario, died.reason) == (WORST, "ended by SIGSEGV")


def spoils_only_the_worst(done: Done) -> None:
    verdicts = done.verdicts()
    assert verdicts.pop(WORST) not in (Verdict.PASS, Verdict.ALLOWED)
    assert set(verdicts.values()) == {Verdict.PASS}
    assert len(verdicts) == len(FEW)
    said = [event for event in done.events if isinstance(event, Reported) and event.scenario == WORST]
    assert [event.status for event in said] == [Status.CRASHED]


def test_a_batch_that_dies_at_one_scenario_spoils_only_that_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", environment()["PYTHONPATH"])
    kind = BuiltinSender.kind(name="deadly", command=(sys.executable, "-c", CHILD))
    profile = Profile.of(Mode.OPPORTUNISTIC)
    journal = tmp_path / "journal.ndjson"
    picked = pick(load_suite(), FEW, profile=profile, offers=LOOPBACK_OFFERS | kind.offers)
    deadly = Contender(name="deadly", kind=kind, profile=profile, picked=picked)
    report = run(Plan(contenders=(deadly,), journal=journal))
    (tmp_path / "report.json").write_text(report.model_dump_json(), encoding="utf-8")
    done = Done(report.exit_code, "", "", tmp_path)
    spoils_only_the_worst(done)
    deaths = [event for event in done.events if isinstance(event, Died)]
    # Once with all in flight, and once more alone, which shows whose fault it was.
    assert [event.reason for event in deaths] == ["ended with status 70: out of luck"] * 2
    assert {event.target for event in deaths} == {"deadly"}
