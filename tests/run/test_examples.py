"""The worked examples of docs/command-target.md: the very files that users copy."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import pytest

from harness.journal import Handshake
from harness.targets import command
from harness.verdict import Grade, Verdict

from .danelab import EXAMPLES, ROOT, Done, only, run

pytestmark = pytest.mark.loopback
GUIDE = ROOT / "docs" / "command-target.md"
SMTPLIB, OPENSSL = EXAMPLES / "send_smtplib.py", EXAMPLES / "send_openssl.py"
SAFE = (
    "ee-301", "ee-311", "ee-312", "ta-201-int", "ta-201-root", "ta-202-root", "ta-211-int", "ee-wrong-name",
    "ee-expired", "multi-one-match", "unusable-plus-match",
)  # fmt: skip
"""Scenarios in which mail has to arrive, with usages 2 and 3."""
HOSTILE = (
    "ee-mismatch", "ee-one-bit", "ee-webpki-no-match", "starttls-stripped", "starttls-454", "evil-selfsigned",
    "tlsa-servfail", "tlsa-timeout", "tlsa-bogus", "tlsa-forged", "unusable-no-starttls", "dane-mismatch-then-dane",
)  # fmt: skip
"""Scenarios in which somebody is after it."""


def example(file: Path, *arguments: str, out: Path) -> Done:
    return run("-t", f"command:{sys.executable} {file} {{sender}} {{recipient}} {{message}}", *arguments, out=out)


def test_smtplib_is_judged_and_told_that_dane_is_not_active(tmp_path: Path) -> None:
    hostile = ("ee-mismatch", "starttls-stripped", "tlsa-servfail", "evil-selfsigned")
    done = example(SMTPLIB, "ee-311", "ta-201-int", *hostile, out=tmp_path)
    assert done.status == 1
    assert only([done.result("ee-311"), done.result("ta-201-int")], (Verdict.PASS, Verdict.ALLOWED)) == []
    for key in hostile:
        result = done.result(key)
        assert (result.verdict, result.grade) == (Verdict.FAIL, Grade.SECURITY), result.reason
        assert result.leaked
    assert "DANE is not active in this configuration" in done.stdout
    assert "mx1 took the mail in cleartext" in done.result("starttls-stripped").reason


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the openssl command")
def test_openssl_with_the_tlsa_data_passes_what_it_is_shown_to_pass(tmp_path: Path) -> None:
    done = example(OPENSSL, "--mode", "mandatory", *SAFE, *HOSTILE, out=tmp_path)
    assert done.status == 0, done.stdout
    assert only(done.results, (Verdict.PASS, Verdict.ALLOWED)) == []
    assert [done.result(key).outcome for key in SAFE] == ["AUTH"] * len(SAFE)
    withheld = [key for key in HOSTILE if key != "dane-mismatch-then-dane"]
    assert [done.result(key).outcome for key in withheld] == ["DEFER"] * len(withheld)
    assert done.result("dane-mismatch-then-dane").outcome.startswith("NEXT:AUTH")
    met = [event for event in done.events if isinstance(event, Handshake) and event.scenario == "ee-mismatch"]
    assert met, "openssl has to see the wrong certificate, and to turn away from it"


def test_the_guide_shows_these_examples_and_tells_the_same_exit_codes_and_variables() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    for file in (SMTPLIB, OPENSSL):
        assert f"docs/examples/{file.name}" in text
        shown = re.search(r"danelab run .*\{recipient\}.*", file.read_text(encoding="utf-8"))
        assert shown is not None
        assert shown[0].rstrip("\\ ") in text
    source = Path(command.__file__).read_text(encoding="utf-8")
    for variable in set(re.findall(r"DANELAB_[A-Z_]+", source)):
        assert f"`{variable}`" in text
    for placeholder in ("{sender}", "{recipient}", "{message}"):
        assert f"`{placeholder}`" in text
    for status in (0, 64, 69, 75, 76, 77, 127):
        assert str(status) in text
