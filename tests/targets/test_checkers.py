"""Real checkers in cells of their own: each tells the plain good domain from the plain bad one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from harness.isolation.launch import command_inside, passed_environment, possible
from harness.targets.checker import fetched
from harness.targets.checker_definition import Ability, find_checker, known_checkers
from harness.targets.packages import Unavailable
from tests.support.fixtures import available

CHECKERS = sorted(known_checkers())
_SCENARIOS = ("ee-311", "ee-mismatch", "none-signed", "tlsa-bogus")


def _ready(name: str) -> None:
    reason = possible()
    if reason:
        raise Unavailable(f"this machine allows no network namespace: {reason}")
    fetched(find_checker(name))


def _found(name: str, folder: Path, *scenarios: str) -> dict[str, str]:
    command = [sys.executable, "-P", "-m", "tests.targets.checking_run", str(folder), name, ",".join(scenarios)]
    environment = passed_environment()
    told = subprocess.run(
        command_inside(command),
        env=environment,
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    rows = [json.loads(line) for line in told.stdout.splitlines()]
    return {row["scenario"]: row["finding"] for row in rows}


@pytest.mark.parametrize("name", CHECKERS)
def test_a_checker_tells_good_from_bad_from_none(name: str, tmp_path: Path) -> None:
    available(_ready, name)
    definition = find_checker(name)
    found = _found(name, tmp_path, *_SCENARIOS)
    if Ability.MATCH in definition.cannot:
        assert {found["ee-311"], found["ee-mismatch"]} == {"unsupported"}
    else:
        assert (found["ee-311"], found["ee-mismatch"]) == ("pass", "fail")
    # Some say in one breath that there is no record and that the lookup failed.
    assert found["none-signed"] in ("none", "unsure")
    assert found["tlsa-bogus"] != "pass"


def test_what_a_checker_is_declared_not_to_do_it_is_not_asked(tmp_path: Path) -> None:
    available(_ready, "ldns-dane")
    assert _found("ldns-dane", tmp_path, "all-dane-good", "mx-bogus") == dict.fromkeys(
        ("all-dane-good", "mx-bogus"), "unsupported"
    )
