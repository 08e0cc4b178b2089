"""The whole of `danelab run`, as a user starts it: where its time goes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.measure import CHECKOUT, Effort, family, process_seconds
from tests.bench.rows import Aim, Of, Row, compared, missing
from tests.support.processes import ServerFailed

SECTION = "danelab run (theirs: its processor time, spread over all cores)"
_AIM = Aim(at_most=10, of=Of.OURS, unit="s")
_STEP = 0.02
_LIMIT = 300.0
_SLOWEST = 4


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run; all in seconds."""

    wall: float
    set_up: float
    """From the start of the command until the lab stood: imports, scenarios, servers."""
    sending: float
    """Until the last message was decided."""
    report: float
    """Judging, printing, ending."""
    lab_cpu: float
    sender_cpu: float
    scenarios: int
    slowest: tuple[tuple[str, float], ...]

    @property
    def cpu(self) -> float:
        """Processor time of lab and sender together."""
        return self.lab_cpu + self.sender_cpu


def measure(effort: Effort) -> Iterator[Row]:
    """Wall time of several runs, one after the other."""
    try:
        runs = [_run(effort.patterns) for _ in range(effort.runs)]
    except (ServerFailed, OSError, ValueError) as problem:
        yield missing(SECTION, "all", reason=str(problem))
        return
    cores = os.cpu_count() or 1
    slowest = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in runs[-1].slowest)
    yield compared(
        SECTION,
        f"{runs[0].scenarios} scenarios",
        ours=[run.wall for run in runs],
        theirs=[run.cpu / cores for run in runs],
        unit="s",
        aim=_AIM,
        note=f"slowest: {slowest}",
    )
    wall = [run.wall for run in runs]
    for what in ("set_up", "sending", "report"):
        part = [getattr(run, what) for run in runs]
        yield compared(SECTION, f"  {what.replace('_', '-')} : all", ours=part, theirs=wall, unit="s")
    for what in ("lab_cpu", "sender_cpu"):
        part = [getattr(run, what) for run in runs]
        words = f"  processor time of the {what.partition('_')[0]} : all"
        yield compared(SECTION, words, ours=part, theirs=wall, unit="s")


def _run(patterns: tuple[str, ...]) -> Run:
    with TemporaryDirectory(prefix="danelab-bench-") as scratch:
        out = Path(scratch, "out")
        output = Path(scratch, "output")
        command = [sys.executable, "-m", "harness.cli", "run", "--quiet", "--out", str(out), *patterns]
        began, began_at = time.perf_counter(), time.time()
        with output.open("wb") as sink:
            process = subprocess.Popen(
                command, cwd=CHECKOUT, stdin=subprocess.DEVNULL, stdout=sink, stderr=subprocess.STDOUT
            )
            sender_cpu = _watch(process.pid, deadline=began + _LIMIT)
            _, status, used = os.wait4(process.pid, 0)
            wall = time.perf_counter() - began
            process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in (0, 1):
            ending = output.read_text(encoding="utf-8", errors="replace").splitlines()[-1:]
            raise ServerFailed(f"danelab run ended with status {process.returncode}: {' '.join(ending)}")
        journal = out / "journal.ndjson"
        events = [json.loads(line) for line in journal.read_text(encoding="utf-8").splitlines()]
        # The journal's clock began when its last event was written, less that event's own time.
        zero = journal.stat().st_mtime - events[-1]["at"] - began_at
    started = next(event["at"] for event in events if event["kind"] == "run-started")
    ended = next(event["at"] for event in events if event["kind"] == "run-ended")
    cpu = used.ru_utime + used.ru_stime
    return Run(
        wall=wall,
        set_up=zero + started,
        sending=ended - started,
        report=wall - zero - ended,
        lab_cpu=cpu - sender_cpu,
        sender_cpu=sender_cpu,
        scenarios=len(next(event["scenarios"] for event in events if event["kind"] == "run-started")),
        slowest=_slowest(events),
    )


def _watch(pid: int, *, deadline: float) -> float:
    """Wait for the command to end, without reaping it; the processor time of its last known descendants."""
    seen: dict[int, float] = {}
    while os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        for member in family(pid)[1:]:
            try:
                seen[member] = process_seconds(member)
            except OSError:
                continue
        if time.perf_counter() > deadline:
            os.kill(pid, 9)
            raise ServerFailed(f"danelab run did not end within {_LIMIT:g} s")
        time.sleep(_STEP)
    return sum(seen.values())


def _slowest(events: list[dict[str, object]]) -> tuple[tuple[str, float], ...]:
    begun: dict[str, float] = {}
    over: dict[str, float] = {}
    for event in events:
        name, at = str(event.get("scenario", "")), float(str(event["at"]))
        if event["kind"] == "sent":
            begun.setdefault(name, at)
        elif event["kind"] == "reported":
            over[name] = at
    took = {name: end - begun[name] for name, end in over.items() if name in begun}
    longest = sorted(took.items(), key=lambda item: -item[1])
    return tuple(longest[:_SLOWEST])
