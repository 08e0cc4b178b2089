"""Every report of a large run: 400 scenarios, six targets, a third of the verdicts failures."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator

from harness.report import RunReport
from harness.report.formats import FORMATS
from tests.bench.measure import Effort
from tests.bench.rows import Aim, Of, Row, compared
from tests.report.runs import mixed

SECTION = "reports (theirs: Python's json of the same run)"
TARGETS = 6
SCENARIOS = 400
_AIM = Aim(at_most=2, of=Of.OURS, unit="s")


def measure(effort: Effort) -> Iterator[Row]:
    """Each format in turns with the yardstick."""
    report = large()
    plain = report.model_dump(mode="json")
    for each in FORMATS.values():
        ours, theirs = [], []
        for _ in range(effort.runs):
            ours.append(_seconds(lambda form=each: form.text(report)))  # type: ignore[misc]
            theirs.append(_seconds(lambda: json.dumps(plain)))
        yield compared(SECTION, each.name, ours=ours, theirs=theirs, unit="s", aim=_AIM)


def large() -> RunReport:
    """The mixed run's results, over and over."""
    run = mixed()
    names = [f"target-{number}" for number in range(TARGETS)]
    results = tuple(
        run.results[number % len(run.results)].model_copy(update={"scenario": f"scenario-{number}", "target": name})
        for name in names
        for number in range(SCENARIOS)
    )
    tested = tuple(run.run.targets[0].model_copy(update={"name": name, "scenarios": SCENARIOS}) for name in names)
    facts = run.run.model_copy(update={"targets": tested, "scenarios": SCENARIOS})
    return run.model_copy(update={"run": facts, "results": results})


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
