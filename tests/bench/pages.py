"""The HTML report of a large run: how long it takes to make, how large it is, how soon a browser shows it."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from harness.journal import Event, decode_own
from harness.report import RunReport
from harness.report.html import text
from harness.report.json import read, render
from harness.scenario.requirements import load_requirements
from harness.scenario.suite import REQUIREMENTS, load_suite, own_scenarios
from tests.bench.measure import CHECKOUT, Effort
from tests.bench.rows import Aim, Of, Row, compared, missing
from tests.support.browser import chromium
from tests.support.packages import Unavailable
from tests.support.processes import ServerFailed

SCENARIOS = 400
COPIES = 3
"""How often each of the two targets of the recorded run stands in the report: one that enforces DANE, one that does
not."""
SECTION = f"HTML report of {SCENARIOS} scenarios with {2 * COPIES} targets"
_LIMIT = 300
_EMPTY = "<!doctype html><title>empty</title>"


@dataclass(frozen=True, kw_only=True)
class Recording:
    """A run and its journal."""

    report: RunReport
    events: tuple[Event, ...]

    @property
    def journal(self) -> str:
        """What identifies it in a sentence."""
        return f"{len(self.report.results)} results, {len(self.events)} events"


def measure(effort: Effort) -> Iterator[Row]:
    """Making, size, and opening."""
    try:
        recording = _multiplied(_recorded(effort.patterns))
    except (ServerFailed, OSError, ValueError) as problem:
        yield missing(SECTION, "all", reason=str(problem))
        return
    suite, rules = load_suite(), load_requirements(own_scenarios() / REQUIREMENTS)
    ours: list[float] = []
    theirs: list[float] = []
    page = json = ""
    for _ in range(effort.runs):
        began = time.perf_counter()
        page = text(recording.report, events=recording.events, scenarios=suite.scenarios, requirements=rules)
        ours.append(time.perf_counter() - began)
        began = time.perf_counter()
        json = render(recording.report)
        theirs.append(time.perf_counter() - began)
    yield compared(SECTION, "making (theirs: JSON)", ours=ours, theirs=theirs, unit="s", note=recording.journal)
    size = Aim(at_most=10, of=Of.OURS, unit="MB")
    sizes = [len(page.encode()) / 1e6], [len(json.encode()) / 1e6]
    yield compared(SECTION, "size (theirs: JSON)", ours=sizes[0], theirs=sizes[1], unit="MB", aim=size)
    yield _opened(page, rounds=effort.rounds)


def _recorded(patterns: tuple[str, ...]) -> Recording:
    with TemporaryDirectory(prefix="danelab-bench-") as scratch:
        out = Path(scratch, "out")
        targets = ("-t", "builtin", "-t", "builtin:unaware")
        command = [sys.executable, "-m", "harness.cli", "run", "--quiet", *targets, "--out", str(out), *patterns]
        ended = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=_LIMIT, check=False)
        if ended.returncode not in (0, 1):
            raise ServerFailed(f"danelab run ended with status {ended.returncode}: {ended.stderr[-300:]}")
        with (out / "journal.ndjson").open(encoding="utf-8") as lines:
            events = tuple(decode_own(lines))
        return Recording(report=read((out / "report.json").read_text(encoding="utf-8")), events=events)


def _multiplied(once: Recording) -> Recording:
    """The same with each target several times, in no more than so many scenarios."""
    kept = set(list(dict.fromkeys(result.scenario for result in once.report.results))[:SCENARIOS])
    results = [result for result in once.report.results if result.scenario in kept]
    tags = [f"-{number}" for number in range(1, COPIES + 1)]
    facts = once.report.run
    targets = tuple(each.model_copy(update={"name": each.name + tag}) for tag in tags for each in facts.targets)
    return Recording(
        report=once.report.model_copy(
            update={
                "run": facts.model_copy(update={"targets": targets, "scenarios": len(kept)}),
                "results": tuple(
                    each.model_copy(update={"target": each.target + tag}) for tag in tags for each in results
                ),
            }
        ),
        events=tuple(
            replace(event, target=event.target + tag)
            for tag in tags
            for event in once.events
            if event.scenario in kept and event.target
        ),
    )


def _opened(page: str, *, rounds: int) -> Row:
    """Until the browser has loaded and painted it, in a window of its own each time."""
    what = "opening in chromium (theirs: an empty page)"
    try:
        found = chromium()
    except Unavailable as problem:
        return missing(SECTION, what, reason=problem.reason)
    from playwright.sync_api import Error

    ours: list[float] = []
    theirs: list[float] = []
    try:
        with TemporaryDirectory(prefix="danelab-bench-") as scratch, found.started() as browser:
            for _ in range(rounds):
                for source, times in ((page, ours), (_EMPTY, theirs)):
                    file = Path(scratch, "page.html")
                    file.write_text(source, encoding="utf-8")
                    tab = browser.new_page(viewport={"width": 1440, "height": 1000})
                    began = time.perf_counter()
                    tab.goto(file.as_uri())
                    tab.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
                    times.append(time.perf_counter() - began)
                    tab.close()
    except Error as problem:
        return missing(SECTION, what, reason=problem.message.splitlines()[0])
    return compared(SECTION, what, ours=ours, theirs=theirs, unit="s", aim=Aim(at_most=2, of=Of.OURS, unit="s"))
