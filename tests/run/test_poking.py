"""`danelab serve --only ID`: one scenario, and commands that work as they are printed."""

from __future__ import annotations

import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness import cli
from harness.journal import Accepted, Asked, Connected, Event, Handshake, decode
from tests.support.fixtures import available
from tests.support.packages import Bundle, Program, program

from .danelab import environment

pytestmark = pytest.mark.loopback


class Kept:
    """A scenario that is kept up, and the commands that were printed."""

    def __init__(self, scenario: str, out: Path) -> None:
        self.out = out
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "harness.cli", "serve", "--only", scenario, "-o", str(out)],
            env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        self.commands: list[list[str]] = []
        while not self.commands or self.commands[-1][0] != "swaks":
            line = self.process.stdout.readline()
            assert line, self.process.communicate()
            if line.startswith(("dig ", "openssl ", "swaks ")):
                self.commands.append(shlex.split(line))

    def run(self, word: str, *, containing: str = "", instead: Program | None = None) -> str:
        """What the first such command prints; `instead` is the program where it is not the machine's own."""
        command = next(each for each in self.commands if each[0] == word and containing in " ".join(each))
        done = subprocess.run(
            [str(instead.path) if instead else word, *command[1:]],
            env=instead.environment() if instead else None,
            input="QUIT\r\n", capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        return done.stdout + done.stderr

    def end(self) -> list[Event]:
        """Ctrl-C, and what stands in the journal."""
        self.process.send_signal(signal.SIGINT)
        _, stderr = self.process.communicate(timeout=60)
        assert self.process.returncode == 0, stderr
        with (self.out / "journal.ndjson").open(encoding="utf-8") as lines:
            return list(decode(lines))


@pytest.fixture
def healthy(tmp_path: Path) -> Iterator[Kept]:
    kept = Kept("ee-311", tmp_path / "out")
    yield kept
    kept.process.kill()
    kept.process.communicate()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl")
def test_openssl_verifies_a_healthy_host_by_the_records_that_are_printed(healthy: Kept) -> None:
    said = healthy.run("openssl")
    assert "Verified peername" in said or "DANE TLSA 3 1 1" in said
    assert "Verify return code: 0 (ok)" in said or "Verification: OK" in said
    events = healthy.end()
    assert [each.server for each in events if isinstance(each, Connected)] == ["mx1"]
    assert [each.completed for each in events if isinstance(each, Handshake)] == [True]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl")
def test_openssl_refuses_an_impostor(tmp_path: Path) -> None:
    kept = Kept("evil-selfsigned", tmp_path / "out")
    try:
        said = kept.run("openssl")
        assert "Verification error" in said
    finally:
        kept.end()


@pytest.mark.validators
def test_dig_gets_a_validated_answer(healthy: Kept) -> None:
    said = healthy.run("dig", containing="TLSA", instead=available(program, "dig", bundle=Bundle.VALIDATORS))
    assert " ad;" in said
    assert "RRSIG\tTLSA" in said
    assert [each.type for each in healthy.end() if isinstance(each, Asked)] == ["TLSA"]


def test_swaks_delivers_over_tls(healthy: Kept) -> None:
    said = healthy.run("swaks", instead=available(program, "swaks", bundle=Bundle.SWAKS))
    taken = [each for each in healthy.end() if isinstance(each, Accepted)]
    assert [(each.recipients, each.tls) for each in taken] == [(("user@ee-311.example",), True)], said


def test_trust_anchor_and_hints_lie_in_the_folder(healthy: Kept) -> None:
    healthy.end()
    assert " DS " in (healthy.out / "root.ds").read_text()


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--only", "ee-311", "ee-312"], "stands alone"),
        (["--only", "ee-311", "--listen", "192.0.2.1"], "stands alone"),
        (["--only", "ee-31"], "ee-31"),
    ],
)
def test_what_makes_no_sense_is_one_clear_line(arguments: list[str], problem: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(cli.danelab, ["serve", *arguments, "-o", str(tmp_path)], standalone_mode=True)
    assert done.exit_code == 2
    assert problem in done.output
    assert len(done.output.splitlines()) == 1
