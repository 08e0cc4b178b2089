"""`danelab serve`: says where the lab is, watches what is sent by whatever means, judges it."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.report.json import read
from harness.verdict import Verdict

from .danelab import environment

pytestmark = pytest.mark.loopback


class Served:
    """The lab, kept open on loopback for two scenarios, and where it is."""

    def __init__(self, out: Path, *more: str) -> None:
        self.out = out
        command = [sys.executable, "-m", "harness.cli", "serve", "-q", "ee-311", "ee-mismatch", "-o", str(out), *more]
        self.process = subprocess.Popen(
            command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        told = ""
        while "recipients " not in told:
            line = self.process.stdout.readline()
            assert line, self.process.communicate()
            told += line
        self.resolver = re.findall(r"resolver +(\S+)", told)[0]
        self.port = re.findall(r"mail hosts +port (\d+)", told)[0]

    def send(self, recipient: str, message: Path) -> None:
        """By hand, as it were: with the built-in sender."""
        where = ["--resolver", self.resolver, "--port", self.port]
        subprocess.run(
            [sys.executable, "-m", "harness.sender", *where, "postmaster@sender.example", recipient, str(message)],
            env=environment(),
            capture_output=True,
            check=False,
            timeout=60,
        )


def test_what_is_sent_by_hand_is_judged_by_wire_and_by_silence(tmp_path: Path) -> None:
    message = tmp_path / "message"
    message.write_text("Subject: by hand\r\n\r\nhello\r\n")
    served = Served(tmp_path / "out", "--quiet-period", "1")
    recipients = (served.out / "recipients.txt").read_text().split()
    assert recipients == ["user@ee-311.example", "user@ee-mismatch.example"]
    for recipient in recipients:
        served.send(recipient, message)
    served.process.communicate(timeout=60)
    assert served.process.returncode == 0
    results = read((served.out / "report.json").read_text(encoding="utf-8")).results
    assert [(each.scenario, each.verdict, each.outcome) for each in results] == [
        ("ee-311", Verdict.PASS, "AUTH"),
        ("ee-mismatch", Verdict.PASS, "DEFER"),
    ]


def test_it_is_reported_as_a_run_is(tmp_path: Path) -> None:
    message, baseline, page = tmp_path / "message", tmp_path / "known.toml", tmp_path / "page.html"
    message.write_text("Subject: by hand\r\n\r\nhello\r\n")
    baseline.write_text('[[failure]]\ntarget = "manual"\nscenario = "ee-311"\nreason = "once it failed"\n')
    served = Served(tmp_path / "out", "--quiet-period", "1", "--baseline", str(baseline), "--report", f"html={page}")
    for recipient in (served.out / "recipients.txt").read_text().split():
        served.send(recipient, message)
    stdout, _ = served.process.communicate(timeout=60)
    assert served.process.returncode == 1, "what is known to fail and passes is not as expected"
    assert "take the entry out" in stdout
    assert "once it failed" in page.read_text(encoding="utf-8")
    assert "EHLO" in page.read_text(encoding="utf-8"), "what happened is in it"


def test_where_nothing_is_judged_nothing_is_reported(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "harness.cli", "serve", "--only", "ee-311", "-r", f"html={tmp_path / 'page'}"]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert "--only judges nothing" in done.stderr


def test_an_interrupt_ends_the_waiting_and_what_came_so_far_is_judged(tmp_path: Path) -> None:
    message = tmp_path / "message"
    message.write_text("Subject: by hand\r\n\r\nhello\r\n")
    served = Served(tmp_path / "out")
    served.send("user@ee-311.example", message)
    time.sleep(0.5)
    served.process.send_signal(signal.SIGINT)
    _, stderr = served.process.communicate(timeout=60)
    assert "no more is waited for" in stderr
    report = read((served.out / "report.json").read_text(encoding="utf-8"))
    verdicts = {each.scenario: each.verdict for each in report.results}
    assert verdicts == {"ee-311": Verdict.PASS, "ee-mismatch": Verdict.INCONCLUSIVE}
    assert not report.run.complete


def test_the_files_for_a_product_that_validates_by_itself_are_written(tmp_path: Path) -> None:
    served = Served(tmp_path / "out")
    served.process.send_signal(signal.SIGINT)
    served.process.communicate(timeout=60)
    assert " DS " in (served.out / "root.ds").read_text()
    assert " DNSKEY 257 " in (served.out / "root.dnskey").read_text()
    assert "NS" in (served.out / "root.hints").read_text()
