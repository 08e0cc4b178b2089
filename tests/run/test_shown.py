"""What a person sees of a run: progress, files, the way it ends."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness import cli
from tests.targets.ended import await_end

from .danelab import environment, run, shell

pytestmark = pytest.mark.loopback


def on_a_terminal(*arguments: str, **variables: str) -> str:
    """What `danelab run` shows on a terminal of 80 columns."""
    ours, theirs = pty.openpty()
    variables = {"TERM": "xterm-256color", **variables}
    process = subprocess.Popen(
        [sys.executable, "-m", "harness.cli", "run", *arguments],
        stdin=theirs, stdout=theirs, stderr=theirs, env=environment(**variables), start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    shown = b""
    try:
        while chunk := os.read(ours, 65536):
            shown += chunk
    except OSError:
        pass  # Linux says EIO when the last process has closed its side.
    process.wait(timeout=60)
    os.close(ours)
    return shown.decode()


def test_a_terminal_shows_a_bar_and_colours() -> None:
    shown = on_a_terminal("ee-mismatch", COLUMNS="80")
    assert "2/2" in shown
    assert "\x1b[32m" in shown
    assert "danelab: 2 of 2" not in shown


def test_no_color_is_honoured() -> None:
    shown = on_a_terminal("ee-mismatch", "-q", COLUMNS="80", NO_COLOR="1")
    assert not re.search(r"\x1b\[[0-9;]*3[0-9][;m]", shown)
    assert "2 pass" in shown


def test_quiet_means_no_progress(tmp_path: Path) -> None:
    assert run("--quiet", "ee-311", out=tmp_path).stderr == ""


def test_what_ran_along_and_what_was_written_is_said(tmp_path: Path) -> None:
    out, also = tmp_path / "out", tmp_path / "also.json"
    done = run("ee-mismatch", "--report", f"json={also}", out=out)
    assert done.status == 0
    assert "Run along, since verdicts on the others rest on them: ee-311." in done.words
    for file in (out / "journal.ndjson", out / "report.json", also):
        assert str(file) in done.stdout.replace("\n", "")
    assert also.read_text() == (out / "report.json").read_text()


@pytest.mark.parametrize(
    ("target", "number"),
    [("builtin", signal.SIGINT), ("command", signal.SIGINT), ("command", signal.SIGTERM)],
    ids=["builtin, Ctrl-C", "command, Ctrl-C", "command, SIGTERM"],
)
def test_an_interrupted_run_leaves_no_process_behind(target: str, number: signal.Signals, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    # The hanging scenario keeps the built-in sender busy for seconds.
    arguments = ["starttls-220-hang", "-q", "--out", str(tmp_path / "out")]
    if target == "command":
        arguments += ["-t", shell(f"echo $$ >> {pids}; sleep 600 & wait")]
    process = subprocess.Popen(
        [sys.executable, "-m", "harness.cli", "run", *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(),
    )  # fmt: skip
    journal = tmp_path / "out" / "journal.ndjson"
    await_line(journal, '"sent"', process)
    if target == "command":
        await_line(pids, "\n", process)
    children = descendants(process.pid)
    assert children
    process.send_signal(number)
    stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stdout, stderr.strip()) == (cli.INTERRUPTED, "", "danelab: interrupted")
    await_end(children)


def await_line(file: Path, text: str, process: subprocess.Popen[str]) -> None:
    """Wait until the file holds the text."""
    while not (file.exists() and text in file.read_text(encoding="utf-8")):
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)


def descendants(pid: int) -> list[int]:
    """The processes that a process has started, and those that they have; one that ends meanwhile has none."""
    found = []
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in map(int, (task / "children").read_text().split()):
                found += [child, *descendants(child)]
    return found


def test_help_shows_targets_examples_and_exit_codes() -> None:
    text = " ".join(CliRunner().invoke(cli.danelab, ["run", "--help"]).stdout.split())
    for part in ("{recipient}", "DANELAB_RESOLVER", "danelab run --mode unaware", "4 nothing ran"):
        assert part in text
