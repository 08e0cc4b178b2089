"""Any target, tested by `danelab run` in a process of its own: a real mail server gets its network there, and whatever
goes wrong stays there."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from harness.errors import ExitCode, HarnessError, UsageError
from harness.journal import decode
from harness.report import RunReport
from harness.report.json import read
from harness.report.plain import plain
from harness.verdict import Result, Verdict

from .open import Events
from .telling import OURS, clear, conclude, failed

_LAST = 3
"""How many lines of what `danelab run` complains of are told: the last is the error, and those before may say why."""


class Ran:
    """A run that has ended."""

    def __init__(self, report: RunReport, events: Events, *, asked: Iterable[str]) -> None:
        """`asked`: ids of the scenarios that the run was about."""
        self.report = report
        """The report that `--report json=FILE` writes."""
        self.events = events
        """Its journal."""
        self._asked = frozenset(asked)

    @property
    def results(self) -> tuple[Result, ...]:
        """Everything judged, what was run along with the rest too."""
        return self.report.results

    @clear
    def result(self, scenario: str = "", *, target: str = "") -> Result:
        """The one result of that scenario and target; both may be left out where there is one only."""
        of = [each for each in self.results if each.scenario in ({scenario} if scenario else self._asked)]
        found = [each for each in of if not target or each.target == target]
        if len(found) == 1:
            return found[0]
        there = ", ".join(f"{each.scenario} / {each.target}" for each in found or self.results)
        raise UsageError(f"{'several results are' if found else 'no result is'} of that; say which one of: {there}")

    def outcome(self, scenario: str = "", *, target: str = "") -> str:
        """What was seen there, as a code word."""
        return self.result(scenario, target=target).outcome

    @property
    def concluded(self) -> bool:
        """Whether anything followed from the run: not so where the target was dead."""
        return any(each.verdict is not Verdict.INCONCLUSIVE for each in self.results)

    @clear
    def check(self) -> Ran:
        """This, where all that was asked for is `pass` or `allowed`; otherwise as `OpenLab.check` raises."""
        asked = [each for each in self.results if each.scenario in self._asked]
        first = failed(asked)
        for result in [first] if first is not None else asked:
            self._conclude(result)
        return self

    @clear
    def conclude(self, scenario: str) -> Result:
        """The one result of that scenario, if it is good news; otherwise as `check` raises."""
        return self._conclude(self.result(scenario))

    def errors(self, scenario: str) -> str:
        """What danelab itself failed at in that scenario; empty where it did not."""
        wrong = [each for each in self.results if each.scenario == scenario and each.verdict is Verdict.ERROR]
        return "\n".join(f"{OURS}: {each.scenario}: {plain(each.reason)}" for each in wrong)

    def _conclude(self, result: Result) -> Result:
        others = (each for each in self.results if each is not result and each.target == result.target)
        return conclude(result, others)


def run(
    scenarios: Sequence[str],
    *,
    targets: Sequence[str],
    mode: str,
    files: Iterable[Path] = (),
    seed: str = "danelab",
    limit: float = 60.0,
) -> Ran:
    """Let the targets loose in the scenarios, ids or patterns, and in those that their verdicts rest on.

    `files` hold scenarios beside danelab's own. Raises UsageError for what cannot be done, a scenario file that is
    wrong among it, and HarnessError where danelab fails.
    """
    option_like = next((word for word in scenarios if word.startswith("-")), None)
    if option_like is not None:
        raise UsageError(f"{option_like!r} is no id or pattern of a scenario; `danelab list` shows them")
    with tempfile.TemporaryDirectory(prefix="danelab-") as folder:
        out = Path(folder)
        command = [sys.executable, "-P", "-m", "harness.cli", "run", "--quiet", "--out", folder, "--mode", mode]
        command += ["--seed", seed, "--limit", str(limit)]
        for option, values in (("--target", targets), ("--scenarios", map(str, files))):
            for value in values:
                command += [option, value]
        done = subprocess.run(
            [*command, *scenarios],
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            stdin=subprocess.DEVNULL,
            env=_environment(),
        )
        file = out / "report.json"
        if not file.is_file():
            raise _why(done)
        report = read(file.read_text(encoding="utf-8"))
        with (out / "journal.ndjson").open(encoding="utf-8") as lines:
            events = Events(decode(lines))
    along = _along(report, scenarios)
    return Ran(report, events, asked=[each.scenario for each in report.results if each.scenario not in along])


def _along(report: RunReport, patterns: Sequence[str]) -> frozenset[str]:
    """Ids of those that nobody asked for. Nothing can be told of patterns on fields: all are asked for then."""
    from fnmatch import fnmatchcase

    if any(":" in pattern or pattern.startswith("!") for pattern in patterns):
        return frozenset()
    ids = {each.scenario for each in report.results}
    return frozenset(each for each in ids if not any(fnmatchcase(each, pattern) for pattern in patterns))


def _environment() -> dict[str, str]:
    """Where this same danelab is found, wherever the tests have it from."""
    here = str(Path(__file__).parents[2])
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (os.environ.get("PYTHONPATH"), here)))}


def _why(done: subprocess.CompletedProcess[str]) -> UsageError | HarnessError:
    """Why there is no report."""
    lines = [
        line.removeprefix("danelab: ").removeprefix("Error: ") for line in done.stderr.splitlines() if line.strip()
    ]
    said = "; ".join(lines[-_LAST:]) if lines else f"exit status {done.returncode} and not a word"
    if done.returncode in (ExitCode.USAGE, ExitCode.NOTHING_CONCLUDED):
        return UsageError(said)
    return HarnessError(f"{OURS}: {said}")
