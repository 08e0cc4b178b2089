"""Worlds with several messages on the bench: carried out and judged as in a run."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Any

import pytest

from harness.scenario.load import Entry
from harness.scenario.models import Mode
from harness.scenario.suite import load_suite
from harness.targets import BuiltinSender, Kind, named
from harness.targets.mutants import mutant_kind
from harness.verdict import Profile, Result, Verdict
from harness.worldgen.bench import bench
from harness.worldgen.entries import CONTROL, Label, Maker

pytestmark = pytest.mark.loopback

OTHER_KEY: dict[str, Any] = {"mx": [{"tlsa": ["3 1 1 other-key"]}]}
CEASES: dict[str, Any] = {"steps": [{"send": ["domain"]}, {"change": OTHER_KEY}, {"wait": "1s"}, {"send": ["domain"]}]}
TWO_DOMAINS: dict[str, Any] = {
    "zones": {"second": {"records": ["@ MX 10 {mx1}"]}},
    "certs": {"ca": {"ca": True}},
    "mx": [{"tlsa": ["2 1 1"], "cert": {"issuer": "ca", "names": ["{domain}"]}}],
    "steps": [{"send": ["domain"]}, {"send": ["second"]}],
}
REPEATED: dict[str, Any] = {"mx": [{"smtp": {"starttls": False}}], "steps": [{"send": ["domain"], "times": 3}]}


def _made(*worlds: dict[str, Any]) -> list[Entry]:
    explain = "A world that nobody has written, with several messages in it."
    labels = [Label(id=f"made-{number}", title="A made-up world", explain=explain) for number, _ in enumerate(worlds)]
    return [Maker().make(world, label) for world, label in zip(worlds, labels, strict=True)]


def _tried(kind: Kind, *worlds: dict[str, Any]) -> list[Result]:
    profile = Profile(Mode.OPPORTUNISTIC, Mode.OPPORTUNISTIC)
    with bench(load_suite()[CONTROL], kind, profile, seed="tests", limit=60) as attempt:
        return attempt(_made(*worlds))


def test_every_message_of_a_world_is_sent_and_judged() -> None:
    results = _tried(BuiltinSender.kind(), CEASES, {}, TWO_DOMAINS, REPEATED)
    assert [result.outcome for result in results] == [
        "AUTH then DEFER",
        "AUTH",
        "AUTH then DEFER",
        "DEFER then DEFER then DEFER",
    ]
    assert {result.verdict for result in results} == {Verdict.PASS}


def test_a_connection_that_is_kept_open_ends_with_the_world_it_was_made_in() -> None:
    kept, reused = _tried(mutant_kind("connection-reused-by-host"), CEASES, TWO_DOMAINS)
    assert (kept.verdict, kept.outcome) == (Verdict.PASS, "AUTH then DEFER")
    assert (reused.verdict, reused.outcome) == (Verdict.FAIL, "AUTH then TLS")


def test_a_command_is_started_anew_for_each_message(tmp_path: Path) -> None:
    log = tmp_path / "log"
    script = "import sys, time; print(time.time(), *sys.argv[2:], file=open(sys.argv[1], 'a')); sys.exit(75)"
    line = shlex.join([sys.executable, "-c", script, str(log), "{recipient}", "{message}"])
    _tried(named(f"command:{line}"), CEASES, REPEATED)
    sent = [line.split() for line in log.read_text(encoding="utf-8").splitlines()]
    changed = [float(at) for at, recipient, _ in sent if recipient == "user@made-0.example"]
    assert len(changed) == 2
    # It might keep answers somewhere, and is waited for.
    assert changed[1] - changed[0] >= 1
    assert sum(recipient == "user@made-1.example" for _, recipient, _ in sent) == 3
