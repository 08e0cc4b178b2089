"""Carrying a plan out: every target let loose in a lab of its own, all at once, and then the judge."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from harness.isolation import links
from harness.journal import Event, decode, decode_own
from harness.lab.recorder import Recorder
from harness.report import RunReport, build
from harness.targets import Network
from harness.verdict import judge
from harness.world.addresses import BENCHMARKING

from .places import sources
from .plan import Contender, Plan
from .together import side_by_side
from .trial import Trial
from .worlds import made_of

_GARBAGE = 50_000
"""How many objects may be made before Python looks for garbage: worlds and journals grow, and hold none."""


@dataclass(frozen=True)
class Progress:
    """How far a run has come: scenarios decided, out of how many; one counts once for each target."""

    done: int
    total: int


def run(plan: Plan, *, progress: Callable[[Progress], None] | None = None) -> RunReport:
    """Carry the plan out. Raises DanelabError for what cannot be done; what a target does wrong is in the report.

    A plan for a namespace has to be carried out in one of our own (`harness.isolation.launch.enter`).
    """
    with _little_collecting():
        return _run(plan, progress=progress)


def _run(plan: Plan, *, progress: Callable[[Progress], None] | None) -> RunReport:
    began = time.time()
    total = sum(len(each.picked.entries) for each in plan.contenders)
    tell = (lambda done: progress(Progress(done, total))) if progress else (lambda _: None)
    if plan.journal is not None:
        plan.journal.write_bytes(b"")
    if len(plan.contenders) == 1:
        events = _alone(plan, plan.contenders[0], now=int(began), progress=tell)
    else:
        events = _together(plan, now=int(began), progress=tell)
    return _report(plan, events, started=datetime.fromtimestamp(began, UTC).isoformat(timespec="seconds"))


@contextlib.contextmanager
def _little_collecting() -> Iterator[None]:
    before = gc.get_threshold()
    gc.set_threshold(_GARBAGE, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def judged(plan: Plan) -> RunReport:
    """The report of a run of this plan that was broken off, from its journal. Raises ScenarioError, OSError."""
    assert plan.journal is not None
    with plan.journal.open(encoding="utf-8") as lines:
        return _report(plan, list(decode(lines, file=str(plan.journal))), started="")


def _report(plan: Plan, events: Sequence[Event], *, started: str) -> RunReport:
    plan.recorded(events)
    results = judge(
        [entry.scenario for entry in plan.entries],
        None,
        events,
        requirements=plan.requirements,
        groups={entry.id: entry.group for entry in plan.entries},
        choices=plan.choices,
    )
    return build(events, results, started=started, choices=plan.choices, sources=sources(plan.entries))


def _alone(plan: Plan, contender: Contender, *, now: int, progress: Callable[[int], None]) -> list[Event]:
    _own_network(plan)
    recorder = Recorder(plan.journal, target=contender.name)
    try:
        _carry_out(Trial(plan, contender, recorder=recorder, now=now, progress=progress))
    finally:
        recorder.close()
    return recorder.events


def _together(plan: Plan, *, now: int, progress: Callable[[int], None]) -> list[Event]:
    """Each in a process of its own; they write to one journal."""
    made = made_of(plan, now=now) if plan.network is not Network.LOOPBACK else None
    start = time.monotonic()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="danelab-")))
        journal = plan.journal or folder / "journal.ndjson"

        def one(contender: Contender, tell: Callable[[int], None]) -> None:
            _own_network(plan, anew=True)
            recorder = Recorder(journal, target=contender.name, start=start)
            trial = Trial(plan, contender, recorder=recorder, now=now, made=made, progress=tell)
            try:
                _carry_out(trial)
            finally:
                recorder.close()

        side_by_side(plan.contenders, one, at_once=plan.side_by_side, progress=progress)
        with journal.open(encoding="utf-8") as lines:
            return list(decode_own(lines))


def _own_network(plan: Plan, *, anew: bool = False) -> None:
    if plan.network is not Network.NAMESPACE:
        return
    if anew:
        links.own_network()
    links.loopback_up()
    links.make_local(str(BENCHMARKING.ipv4), str(BENCHMARKING.ipv6))


def _carry_out(trial: Trial) -> None:
    async def to_the_end() -> None:
        _end_at_sigterm()
        await trial.carry_out()

    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(to_the_end())


def _end_at_sigterm() -> None:
    """End as at Ctrl-C: with every process ended that was started."""
    # Outside the main thread no signal can be handled, and none comes.
    with contextlib.suppress(ValueError, RuntimeError):
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, signal.raise_signal, signal.SIGINT)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop
