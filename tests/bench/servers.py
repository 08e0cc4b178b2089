"""Real mail servers in the lab: what misbehaving costs against plain deliveries, and six of them at once."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from harness.errors import UsageError
from harness.isolation.launch import possible
from harness.scenario.base import seconds
from harness.scenario.mailhosts import After220, Tcp
from harness.scenario.models import Need, Scenario
from harness.scenario.suite import load_suite
from harness.scenario.zones import What
from harness.targets import named
from tests.bench.measure import CHECKOUT, Effort
from tests.bench.rows import Aim, Of, Row, compared, missing
from tests.support.processes import ServerFailed

SECTION = "mail servers (theirs: as many plain deliveries; wall time less the longest scenario)"
TOGETHER = "six mail servers at once (theirs: the slowest of them alone; aim: 15 s, and the longest that has to wait)"
SIX = ("postfix:dane", "postfix:dane-only", "exim:try", "exim:require", "sendmail-dane:dane", "opensmtpd")
_SIX_TAKE = 15.0
"""Seconds for all scenarios, but for those that wait by nature."""
_LIMIT = 600.0
_LEAST = 0.001
"""Seconds; a run that is as long as its longest scenario has cost nothing more."""
_PLAIN = """
title = "A healthy domain, one of many"
covers = ["7672-2.2-1"]
explain = "One of many that differ in their names only, to see what plain deliveries cost."

[expect]
opportunistic = "AUTH"
mandatory = "AUTH"
unaware = "OPP"
"""


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run; in seconds."""

    wall: float
    """From the start of the command to its end."""
    sending: float
    """From the first message to the last decision."""
    longest: float
    """What the slowest scenario took."""
    messages: int
    slowest: str


def measure(effort: Effort) -> Iterator[Row]:
    """Rows, or the reason why there are none."""
    try:
        _ready()
        with TemporaryDirectory(prefix="danelab-bench-") as scratch:
            plain = Path(scratch, "plain")
            yield _against_plain(effort, plain)
            yield _six(effort)
    except (ServerFailed, UsageError, OSError, ValueError) as problem:
        yield missing(SECTION, "all", reason=str(problem))


def _ready() -> None:
    if reason := possible():
        raise ServerFailed(f"no network namespaces here: {reason}")
    for word in SIX:
        named(word).fetch()


def _against_plain(effort: Effort, folder: Path) -> Row:
    runs = [_run(("postfix:dane",), effort.patterns) for _ in range(effort.runs)]
    folder.mkdir()
    for number in range(runs[0].messages):
        (folder / f"plain-{number}.toml").write_text(_PLAIN, encoding="utf-8")
    plain = [_run(("postfix:dane",), ("plain-*",), "--scenarios", str(folder)) for _ in range(effort.runs)]
    return compared(
        SECTION,
        f"Postfix, {runs[0].messages} scenarios",
        ours=[max(run.sending - run.longest, _LEAST) for run in runs],
        theirs=[run.sending for run in plain],
        unit="s",
        aim=Aim(at_most=1.3),
        note=f"longest: {runs[-1].slowest}",
    )


def _six(effort: Effort) -> Row:
    """All scenarios, and by themselves those that wait by nature: what the slowest of these takes is allowed on top."""
    together = _run(SIX, effort.patterns)
    alone = max((_run((word,), effort.patterns) for word in SIX), key=lambda run: run.wall)
    waiting = _run(SIX, _that_wait())
    return compared(
        TOGETHER,
        f"{together.messages} messages",
        ours=[together.wall],
        theirs=[alone.wall],
        unit="s",
        aim=Aim(at_most=round(_SIX_TAKE + waiting.longest, 1), of=Of.OURS, unit="s"),
        note=f"waiting by nature: {waiting.slowest}",
    )


def _that_wait() -> tuple[str, ...]:
    """Scenarios in which time has to pass: steps that wait, servers that hang, questions that nobody answers."""
    return tuple(entry.id for entry in load_suite().entries if _waits(entry.scenario))


def _waits(scenario: Scenario) -> bool:
    if {Need.CACHE, Need.PATIENCE} & set(scenario.needs):
        # Not asked here, where the resolver keeps nothing.
        return False
    servers = (*scenario.mx, *scenario.hosts, *scenario.servers.values())
    hangs = any(
        server.tcp is Tcp.BLACKHOLE or server.smtp.after_220 is After220.HANG or seconds(server.smtp.delay_handshake)
        for server in servers
    )
    return hangs or any(step.wait for step in scenario.steps) or any(f.what is What.DROP for f in scenario.faults)


def _run(targets: Sequence[str], patterns: Sequence[str], *more: str) -> Run:
    with TemporaryDirectory(prefix="danelab-bench-") as scratch:
        out = Path(scratch, "out")
        words = [word for target in targets for word in ("-t", target)]
        options = ("--quiet", "--resolver", "simulated", "--out", str(out))
        began = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "harness.cli", "run", *words, *options, *more, *patterns],
            cwd=CHECKOUT,
            capture_output=True,
            text=True,
            timeout=_LIMIT,
            check=False,
        )
        wall = time.perf_counter() - began
        if done.returncode not in (0, 1, 4):
            raise ServerFailed(f"danelab run ended with status {done.returncode}: {done.stderr.strip()[-200:]}")
        lines = (out / "journal.ndjson").read_text(encoding="utf-8").splitlines()
    return _measured([json.loads(line) for line in lines], wall)


def _measured(events: Sequence[dict[str, Any]], wall: float) -> Run:
    begun: dict[tuple[str, str], float] = {}
    over: dict[tuple[str, str], float] = {}
    messages = 0
    for event in events:
        key = (event.get("target", ""), event.get("scenario", ""))
        if event["kind"] == "sent":
            messages += 1
        elif event["kind"] in ("asked", "connected"):
            # Not from when it was sent: many wait for their turn.
            begun.setdefault(key, event["at"])
        elif event["kind"] == "reported":
            over[key] = event["at"]
    took = sorted(((over[key] - begun[key], key) for key in over if key in begun), reverse=True)
    named_ones = ", ".join(f"{scenario} {seconds:.1f} s ({target})" for seconds, (target, scenario) in took[:4])
    return Run(
        wall=wall,
        sending=max(over.values()) - min(begun.values()),
        longest=took[0][0],
        messages=messages,
        slowest=named_ones,
    )
