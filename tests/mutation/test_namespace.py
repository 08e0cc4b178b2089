"""A mutant that shows only where mail hosts may be at any port."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.isolation.launch import possible
from harness.targets.packages import Unavailable
from harness.verdict.result import Grade
from tests.run.danelab import run
from tests.support.fixtures import available

pytestmark = pytest.mark.namespace


def _ready() -> None:
    if reason := possible():
        raise Unavailable(f"this machine allows no network namespace: {reason}")


def test_a_sender_that_knows_port_25_only_is_caught_in_a_namespace(tmp_path: Path) -> None:
    available(_ready)
    words = ("-t", "mutant:custom-port-not-asked-for", "--lab", "namespace", "--resolver", "simulated")
    done = run(*words, "custom-port-mismatch", "-q", out=tmp_path)
    assert done.status == 1
    assert done.result("custom-port").grade is None
    caught = done.result("custom-port-mismatch")
    assert caught.grade is Grade.SECURITY
    assert "7672-2.2.3-2" in caught.requirements
