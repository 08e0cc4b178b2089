"""`danelab run` in a process of its own, with danelab's real scenarios, and what it left behind."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from harness.journal import AnyEvent, decode
from harness.report import RunReport
from harness.report.json import read
from harness.verdict import Result, Verdict

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "examples"
SENDER = f"{sys.executable} -m harness.sender --resolver $DANELAB_RESOLVER --port $DANELAB_SMTP_PORT"
"""The built-in sender as a shell command for one message."""


def environment(**more: str) -> dict[str, str]:
    """For a process that has to find danelab, on a terminal of the usual width."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "80", **more}


@dataclass(frozen=True)
class Done:
    """A run that has ended."""

    status: int
    stdout: str
    stderr: str
    out: Path

    @cached_property
    def report(self) -> RunReport:
        return read((self.out / "report.json").read_text(encoding="utf-8"))

    @cached_property
    def events(self) -> list[AnyEvent]:
        with (self.out / "journal.ndjson").open(encoding="utf-8") as lines:
            return list(decode(lines))

    @property
    def results(self) -> tuple[Result, ...]:
        return self.report.results

    @property
    def words(self) -> str:
        """What was printed, however it was broken into lines."""
        return " ".join(self.stdout.split())

    def result(self, scenario: str) -> Result:
        return next(result for result in self.results if result.scenario == scenario)

    def verdicts(self) -> dict[str, Verdict]:
        return {result.scenario: result.verdict for result in self.results}


def run(*arguments: str, out: Path, cwd: Path | None = None, **variables: str) -> Done:
    """Run `danelab run ... --out OUT` to its end."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "harness.cli", "run", *arguments, "--out", str(out)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        cwd=cwd,
        env=environment(**variables),
    )
    return Done(done.returncode, done.stdout, done.stderr, out)


def shell(script: str) -> str:
    """A `--target` that runs this shell script once a message; `$1` is the recipient, `$2` the message's file."""
    return f"command:sh -c '{script}' sh {{recipient}} {{message}}"


def only(results: Iterable[Result], verdicts: Sequence[Verdict]) -> list[str]:
    """The scenarios whose verdict is none of these."""
    return [f"{each.scenario}: {each.verdict}, {each.reason}" for each in results if each.verdict not in verdicts]
