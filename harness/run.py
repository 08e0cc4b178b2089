"""A run: raise the lab, let the target loose in every scenario at once, judge what the journal holds."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from harness.errors import DanelabError, NothingConcluded, UsageError
from harness.journal import Died, HarnessFault, Reported, RunEnded, RunStarted, Sent, Status
from harness.lab.lab import Lab, Ports
from harness.lab.recorder import Recorder
from harness.report import RunReport, build
from harness.scenario.base import seconds
from harness.scenario.load import Entry
from harness.scenario.models import Mode, Need, Scenario, Step
from harness.scenario.requirements import Requirement
from harness.scenario.stages import stages
from harness.targets import Mail, Surroundings, Target, Word, make
from harness.verdict import Profile, judge
from harness.world.build import World

_SETTLE = 0.05
"""How long the last connections are given to end once every message has been decided, in seconds."""

_OFFERED = frozenset({Need.IPV6, Need.QUEUE})
"""Needs that a lab on the loopback interface with the simulated resolver meets."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is to be run."""

    entries: Sequence[Entry]
    mode: Mode = Mode.OPPORTUNISTIC
    judged_as: Mode | None = None
    """Default: the mode; a target without DANE is judged as an opportunistic DANE sender."""
    target: str = "builtin"
    seed: str = "danelab"
    ports: Ports = field(default_factory=Ports)
    limit: float = 60.0
    """How long a target may take to make up its mind about one message, in seconds."""
    journal: Path | None = None
    """Where to write the journal."""
    requirements: Mapping[str, Requirement] = field(default_factory=dict)

    @property
    def profile(self) -> Profile:
        """What the target is judged by."""
        usual = Profile.of(self.mode)
        return usual if self.judged_as is None else Profile(self.mode, self.judged_as, usual.choices)


@dataclass(frozen=True)
class Progress:
    """How far a run has come: scenarios decided, out of how many."""

    done: int
    total: int


def missing(scenario: Scenario, *, routes: bool) -> tuple[Need, ...]:
    """What the scenario needs and this kind of lab, or the target, does not offer."""
    offered = _OFFERED | ({Need.ROUTE} if routes else set())
    return tuple(need for need in scenario.needs if need not in offered)


def check_ipv6(entries: Iterable[Entry]) -> None:
    """Raise a ScenarioError where a scenario wants IPv6 and the machine has none."""
    wanting = next((entry for entry in entries if _ipv6_key(entry.scenario)), None)
    if wanting is None or _has_ipv6():
        return
    key = _ipv6_key(wanting.scenario)
    raise wanting.error(
        *key,
        text="asks for IPv6, which this machine does not have",
        remedy="switch IPv6 on, or leave such scenarios out with --no-ipv6",
    )


def wants_ipv6(scenario: Scenario) -> bool:
    """Whether any host of the scenario has an IPv6 address."""
    return bool(_ipv6_key(scenario))


def _ipv6_key(scenario: Scenario) -> tuple[str | int, ...]:
    for table, hosts in (("mx", scenario.mx), ("hosts", scenario.hosts)):
        for number, host in enumerate(hosts):
            if host.ipv6:
                return (table, number, "ipv6")
    return ()


def _has_ipv6() -> bool:
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as tried:
        tried.bind(("::1", 0))
        return True
    return False


def run(plan: Plan, *, progress: Callable[[Progress], None] | None = None) -> RunReport:
    """Carry the plan out. Raises DanelabError for what cannot be done; what a target does wrong is in the report."""
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(_Run(plan, progress).carry_out())


class _Run:
    def __init__(self, plan: Plan, progress: Callable[[Progress], None] | None) -> None:
        self._plan = plan
        self._progress = progress
        self._done = 0

    async def carry_out(self) -> RunReport:
        plan = self._plan
        began = time.time()
        if not plan.entries:
            raise NothingConcluded("none of these scenarios can be run in this lab")
        self._recorder = Recorder(plan.journal)
        scenarios = [(entry.scenario, str(entry.file)) for entry in plan.entries]
        try:
            async with contextlib.AsyncExitStack() as stack:
                self._lab = await stack.enter_async_context(
                    Lab(scenarios, recorder=self._recorder, seed=plan.seed, now=int(began), ports=plan.ports)
                )
                target = make(plan.target, self._surroundings())
                self._recorder.record(
                    RunStarted,
                    mode=plan.mode,
                    judged_as=plan.profile.judged_as,
                    resolver="simulated",
                    seed=plan.seed,
                    scenarios=tuple(scenario.id for scenario, _ in scenarios),
                    targets=(target.name,),
                )
                self._target = await stack.enter_async_context(target)
                async with asyncio.TaskGroup() as tasks:
                    # Those with several steps take longest, so they go first.
                    for scenario, _ in sorted(scenarios, key=lambda some: -len(some[0].steps)):
                        tasks.create_task(self._scenario(scenario))
                await asyncio.sleep(_SETTLE)
                self._recorder.record(RunEnded)
        except* DanelabError as group:
            raise _first(group) from None
        finally:
            self._recorder.close()
        results = judge(
            [entry.scenario for entry in plan.entries],
            plan.profile,
            self._recorder.events,
            requirements=plan.requirements,
            groups={entry.id: entry.group for entry in plan.entries},
        )
        started = datetime.fromtimestamp(began, UTC).isoformat(timespec="seconds")
        return build(self._recorder.events, results, started=started)

    def _surroundings(self) -> Surroundings:
        lab = self._lab
        return Surroundings(
            resolver=lab.resolver_at,
            smtp_port=lab.smtp_port,
            mode=self._plan.mode,
            webpki=lab.internet.around.webpki.certificate.public_bytes(Encoding.PEM).decode(),
            died=lambda reason: self._died(reason),
        )

    def _died(self, reason: str) -> None:
        self._recorder.record(Died, target=self._target.name, reason=reason)

    async def _scenario(self, scenario: Scenario) -> None:
        try:
            await self._steps(scenario)
        except UsageError:
            raise
        except Exception as error:
            # Whatever breaks here is ours; it must not stop the other scenarios, nor count against the target.
            self._recorder.record(
                HarnessFault,
                scenario=scenario.id,
                problem=f"{type(error).__name__}: {error}" if str(error) else repr(error),
            )
        self._done += 1
        if self._progress is not None:
            self._progress(Progress(self._done, len(self._plan.entries)))

    async def _steps(self, scenario: Scenario) -> None:
        changed = {stage.step: stage.scenario for stage in stages(scenario)}
        now = scenario
        recipients: tuple[str, ...] = ()
        number = 0
        for index, step in enumerate(scenario.steps or (Step(send=(scenario.recipient,)),)):
            if step.change is not None:
                now = changed[index]
                self._lab.change(now)
            elif step.wait is not None:
                await asyncio.sleep(seconds(step.wait) if self._target.keeps_answers else 0)
            else:
                world = self._lab.internet.world(scenario.id)
                recipients = recipients if step.retry else tuple(_recipient(world, word) for word in step.send)
                number += 1
                await self._send(now, world, recipients, number)

    async def _send(self, scenario: Scenario, world: World, recipients: tuple[str, ...], number: int) -> None:
        mail = _mail(scenario, world, recipients=recipients, number=number, sender=self._lab.sender)
        name = self._target.name
        self._recorder.record(Sent, scenario=scenario.id, target=name, recipients=recipients, step=number)
        try:
            async with asyncio.timeout(self._plan.limit):
                words = await self._target.send(mail)
        except TimeoutError:
            reason = f"no decision within {self._plan.limit:g} s"
            words = [Word(recipient=each, status=Status.TIMED_OUT, reason=reason) for each in recipients]
        for word in words:
            self._recorder.record(
                Reported,
                scenario=scenario.id,
                target=name,
                recipient=word.recipient,
                status=word.status,
                reason=word.reason,
            )

    _lab: Lab
    _target: Target
    _recorder: Recorder


def _recipient(world: World, word: str) -> str:
    """An address: as written, or somebody's in the zone of that key."""
    if word in world.zone_names:
        return f"user@{world.zone_names[word][:-1]}"
    return world.expand(word)


def _mail(scenario: Scenario, world: World, *, recipients: tuple[str, ...], number: int, sender: str) -> Mail:
    route = scenario.route
    domain = sender.partition("@")[2]
    lines = [
        f"From: {sender}",
        f"To: {', '.join(recipients)}",
        f"Subject: danelab {scenario.id} {number}",
        f"Date: {format_datetime(datetime.fromtimestamp(world.around.now, UTC))}",
        f"Message-ID: <{scenario.id}.{number}@{domain}>",
        *scenario.message.headers,
        "",
        f"A test message of danelab: {scenario.title}",
        "",
    ]
    return Mail(
        id=f"{scenario.id}.{number}",
        sender=sender,
        recipients=recipients,
        text="\r\n".join(lines),
        relay=world.expand(route.relay) if route.relay else None,
        fallback_relay=world.expand(route.fallback_relay) if route.fallback_relay else None,
        modes={world.zone_names[zone][:-1]: mode for zone, mode in route.modes.items()},
    )


def _first(group: BaseExceptionGroup[DanelabError]) -> DanelabError:
    found = group.exceptions[0]
    return _first(found) if isinstance(found, BaseExceptionGroup) else found


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop
