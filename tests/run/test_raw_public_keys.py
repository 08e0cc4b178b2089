"""Senders that take raw public keys, from the DNS to the verdict."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from harness.journal import Handshake
from harness.verdict import Grade, Verdict

from .danelab import Done, run

pytestmark = pytest.mark.loopback

ASKED_IN_VAIN = ("ee-rpk-not-offered-301", "ee-rpk-not-offered-201")


def sent(manner: str, *scenarios: str, out: Path) -> Done:
    command = f"{sys.executable} -m tests.run.raw_sender {manner} {{sender}} {{recipient}} {{message}}"
    return run("-t", f"command:{command}", *scenarios, out=out)


def shown_bare(done: Done) -> set[str]:
    """The scenarios in which a bare key was shown."""
    shakes = [event for event in done.events if isinstance(event, Handshake)]
    return {shake.scenario for shake in shakes if "raw public key shown" in shake.offered}


def test_a_bare_key_that_the_record_names_is_authenticated(tmp_path: Path) -> None:
    done = sent("always", "ee-rpk", "ee-311", "ee-mismatch", out=tmp_path)
    assert done.status == 0, done.stdout
    assert {
        key: (done.result(key).verdict, done.result(key).outcome) for key in ("ee-rpk", "ee-311", "ee-mismatch")
    } == {
        "ee-rpk": (Verdict.PASS, "AUTH"),
        "ee-311": (Verdict.PASS, "AUTH"),
        "ee-mismatch": (Verdict.PASS, "DEFER"),
    }
    assert shown_bare(done) == {"ee-rpk"}
    assert "raw-public-keys" in done.words
    assert [(each.choice, each.position) for each in done.result("ee-rpk").positions] == [
        ("raw-public-keys", "offered")
    ]


def test_mail_held_because_a_bare_key_was_asked_for_in_vain_is_a_warning(tmp_path: Path) -> None:
    done = sent("always", *ASKED_IN_VAIN, out=tmp_path)
    assert done.status == 0, done.stdout
    for key in ASKED_IN_VAIN:
        found = done.result(key)
        assert (found.verdict, found.grade, found.outcome) == (Verdict.FAIL, Grade.WARNING, "DEFER")
        assert "7671-5.1-3" in done.words
    assert shown_bare(done) == set(ASKED_IN_VAIN)


def test_mail_that_goes_though_a_bare_key_was_asked_for_in_vain_is_a_warning_too(tmp_path: Path) -> None:
    done = sent("careless", *ASKED_IN_VAIN, out=tmp_path)
    for key in ASKED_IN_VAIN:
        found = done.result(key)
        assert (found.verdict, found.grade, found.outcome) == (Verdict.FAIL, Grade.WARNING, "AUTH")
        assert "a raw public key was asked for" in found.reason


def test_whoever_asks_for_a_bare_key_only_where_a_record_could_name_it_passes(tmp_path: Path) -> None:
    done = sent("wise", "ee-rpk", "ee-rpk-not-offered-301", out=tmp_path)
    assert done.status == 0, done.stdout
    assert done.verdicts() == {"ee-rpk": Verdict.PASS, "ee-rpk-not-offered-301": Verdict.PASS}
    assert shown_bare(done) == {"ee-rpk"}
