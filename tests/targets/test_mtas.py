"""Real mail servers, each in each mode: mail to a good host arrives, and with DANE none goes to an impostor."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from harness.isolation.launch import command_inside, passed_environment
from harness.journal import Status
from harness.scenario.models import Mode
from harness.targets.definition import definitions, find, load
from harness.targets.provision import fetch
from tests.isolation.inside import namespaces
from tests.support.fixtures import available
from tests.support.packages import Unavailable

pytestmark = pytest.mark.namespace

WITHHOLDS_ALL = {
    "mx-connect:native": "mx-connect 2.0.0 reads other names than Node.js gives TLSA records",
}
"""Modes that are known not to deliver to a good host, and why."""

_ALL = [f"{name}:{mode}" for name, file in sorted(definitions().items()) for mode in load(file).modes]
_ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    """What became of the messages, by target."""
    available(namespaces)
    reasons: dict[str, str] = {}
    for name, file in definitions().items():
        try:
            fetch(load(file))
        except Unavailable as problem:
            reasons[name] = problem.reason
    done = subprocess.run(
        command_inside([sys.executable, "-m", "tests.targets.mtas", *_ALL]),
        env=passed_environment(),
        cwd=_ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    for each, about in found.items():
        if "reason" in about:
            about["reason"] = reasons.get(each.partition(":")[0], about["reason"])
    return found


def _of(target: str, told: dict[str, Any]) -> dict[str, Any]:
    """Raises Unavailable where the target cannot be had."""
    about: dict[str, Any] = told[target]
    if "reason" in about:
        raise Unavailable(f"{target}: {about['reason']}")
    return about


@pytest.mark.parametrize("target", _ALL)
def test_a_good_host_gets_its_mail_and_an_impostor_only_from_a_sender_without_dane(
    target: str, told: dict[str, Any]
) -> None:
    about = available(_of, target, told)
    definition, mode = find(target)
    expected = ["ee-311"]
    if definition.modes[mode].mode is Mode.UNAWARE:
        expected.append("ee-mismatch")
    if target in WITHHOLDS_ALL:
        expected = []
    assert about["taken"] == expected, about
    for scenario, (status, reason) in about["words"].items():
        assert status == (Status.DELIVERED if scenario in expected else Status.DEFERRED), reason
    assert about["died"] == []


@pytest.mark.parametrize(
    ("target", "status", "said"),
    [
        ("postfix:dane", 0, "It does what its mode says: it delivers to ee-311 and withholds from ee-mismatch"),
        ("mx-connect:native", 1, "It did not deliver to ee-311, where nothing is wrong"),
    ],
)
def test_the_check_command_says_whether_a_target_does_what_its_mode_says(
    target: str, status: int, said: str, told: dict[str, Any]
) -> None:
    available(_of, target, told)
    command = [sys.executable, "-m", "harness.cli", "targets", "check", target]
    done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == status, done.stdout + done.stderr
    assert said in done.stdout
