"""Carrying a plan out: the lab, the target, every scenario at once, and then the judge."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.hazmat.primitives.serialization import Encoding

from harness.errors import DanelabError, ScenarioError, UsageError
from harness.journal import Died, HarnessFault, Reported, RunEnded, RunStarted, Scene, Sent
from harness.lab.lab import Lab
from harness.lab.recorder import Recorder
from harness.report import RunReport, build
from harness.scenario.base import seconds
from harness.scenario.load import Entry
from harness.scenario.models import Scenario
from harness.scenario.source import shown
from harness.scenario.stages import stages
from harness.targets import Mail, Surroundings, Target
from harness.verdict import judge

from .letters import letter
from .plan import Plan
from .worlds import address, names, steps_of, work_out

_SETTLE = 0.05
"""How long the last connections are given to end once every message has been decided, in seconds."""


@dataclass(frozen=True)
class Progress:
    """How far a run has come: scenarios decided, out of how many."""

    done: int
    total: int


def run(plan: Plan, *, progress: Callable[[Progress], None] | None = None) -> RunReport:
    """Carry the plan out. Raises DanelabError for what cannot be done; what a target does wrong is in the report."""
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(_Run(plan, progress).carry_out())


class _Run:
    _lab: Lab
    _target: Target
    _recorder: Recorder

    def __init__(self, plan: Plan, progress: Callable[[Progress], None] | None) -> None:
        self._plan = plan
        self._progress = progress
        self._done = 0

    async def carry_out(self) -> RunReport:
        _end_at_sigterm()
        entries = self._plan.picked.entries
        began = time.time()
        self._recorder = Recorder(self._plan.journal)
        try:
            async with contextlib.AsyncExitStack() as stack:
                self._lab = await stack.enter_async_context(
                    Lab(
                        [(entry.scenario, shown(entry.file)) for entry in entries],
                        recorder=self._recorder,
                        seed=self._plan.seed,
                        now=int(began),
                        ports=self._plan.ports,
                    )
                )
                self._target = self._plan.target.make(self._surroundings())
                self._start()
                await stack.enter_async_context(self._target)
                # The target starts up in its own process meanwhile.
                sound = self._worlds()
                async with asyncio.TaskGroup() as tasks:
                    for entry in sorted(sound, key=_patience, reverse=True):
                        tasks.create_task(self._scenario(entry.scenario))
                await asyncio.sleep(_SETTLE)
                self._recorder.record(RunEnded)
        except* DanelabError as group:
            raise _first(group) from None
        finally:
            self._recorder.close()
        return self._report(began)

    def _report(self, began: float) -> RunReport:
        entries = self._plan.picked.entries
        results = judge(
            [entry.scenario for entry in entries],
            self._plan.profile,
            self._recorder.events,
            requirements=self._plan.requirements,
            groups={entry.id: entry.group for entry in entries},
        )
        started = datetime.fromtimestamp(began, UTC).isoformat(timespec="seconds")
        return build(self._recorder.events, results, started=started)

    def _worlds(self) -> list[Entry]:
        """Work every world out; those that danelab itself fails at are left to the judge, who calls that an error."""
        sound: list[Entry] = []
        wrong: list[ScenarioError] = []
        for entry in self._plan.picked.entries:
            try:
                work_out(self._lab.internet, entry)
                sound.append(entry)
            except ScenarioError as error:
                wrong.append(error)
            except Exception as error:
                self._fault(entry.id, error)
        if wrong:
            first, more = wrong[0], f" ({len(wrong) - 1} more: danelab lint lists them)" if len(wrong) > 1 else ""
            raise ScenarioError(first.problem, file=first.file, key=first.key, remedy=first.remedy + more)
        return sound

    def _start(self) -> None:
        self._recorder.record(
            RunStarted,
            mode=self._plan.profile.mode,
            judged_as=self._plan.profile.judged_as,
            resolver="simulated",
            seed=self._plan.seed,
            scenarios=tuple(entry.id for entry in self._plan.picked.entries),
            targets=(self._target.name,),
        )

    def _surroundings(self) -> Surroundings:
        lab = self._lab
        return Surroundings(
            resolver=lab.resolver_at,
            smtp_port=lab.smtp_port,
            mode=self._plan.profile.mode,
            webpki=lab.internet.around.webpki.certificate.public_bytes(Encoding.PEM).decode(),
            limit=self._plan.limit,
            died=self._died,
            seed=self._plan.seed,
        )

    def _died(self, reason: str, mail: Mail | None) -> None:
        scenario = mail.scenario if mail else ""
        self._recorder.record(Died, scenario=scenario, target=self._target.name, reason=reason)

    def _fault(self, scenario: str, error: Exception) -> None:
        problem = f"{type(error).__name__}: {error}" if str(error) else repr(error)
        self._recorder.record(HarnessFault, scenario=scenario, problem=problem)

    async def _scenario(self, scenario: Scenario) -> None:
        try:
            await self._steps(scenario)
        except UsageError:
            raise
        except Exception as error:
            # Whatever breaks here is ours; it must not stop the other scenarios, nor count against the target.
            self._fault(scenario.id, error)
        self._done += 1
        if self._progress is not None:
            self._progress(Progress(self._done, len(self._plan.picked.entries)))

    def _scene(self, scenario: str) -> None:
        self._recorder.record(Scene, scenario=scenario, names=names(self._lab.internet.world(scenario)))

    async def _steps(self, scenario: Scenario) -> None:
        self._scene(scenario.id)
        changed = {stage.step: stage.scenario for stage in stages(scenario)} if scenario.steps else {}
        now = scenario
        words: tuple[str, ...] = ()
        number = 0
        for index, step in enumerate(steps_of(scenario)):
            if step.change is not None:
                now = changed[index]
                self._lab.change(now)
                self._scene(scenario.id)
            elif step.wait is not None:
                await asyncio.sleep(seconds(step.wait) if self._target.keeps_answers else 0)
            else:
                words = words if step.retry else step.send
                number += 1
                await self._send(now, words, number)

    async def _send(self, scenario: Scenario, words: tuple[str, ...], number: int) -> None:
        world = self._lab.internet.world(scenario.id)
        recipients = tuple(address(world, word) for word in words)
        mail = letter(scenario, world, recipients=recipients, number=number, sender=self._lab.sender)
        name = self._target.name
        self._recorder.record(Sent, scenario=scenario.id, target=name, recipients=recipients, step=number)
        for word in await self._target.send(mail):
            self._recorder.record(
                Reported,
                scenario=scenario.id,
                target=name,
                recipient=word.recipient,
                status=word.status,
                reason=word.reason,
            )


def _patience(entry: Entry) -> tuple[int, float]:
    """Roughly how long a scenario keeps a target busy; a run lasts as long as its slowest, so that one goes first."""
    scenario = entry.scenario
    servers = (*scenario.mx, *scenario.hosts, *scenario.servers.values())
    pauses = [seconds(server.smtp.delay_handshake) for server in servers]
    pauses += [seconds(server.smtp.hang_limit) for server in servers if "hang_limit" in server.smtp.model_fields_set]
    return len(scenario.steps), max(pauses, default=0)


def _first(group: BaseExceptionGroup[DanelabError]) -> DanelabError:
    found = group.exceptions[0]
    return _first(found) if isinstance(found, BaseExceptionGroup) else found


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
