"""One target let loose in every scenario at once, in a lab of its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding

from harness.errors import DanelabError, UsageError
from harness.isolation.links import Wire
from harness.journal import Died, Found, HarnessFault, RunEnded, RunStarted, Sent
from harness.lab.capture import Capture
from harness.lab.lab import Lab
from harness.lab.mail import Contexts
from harness.lab.namespace import NamespaceLab, Resolving, device_of
from harness.lab.recorder import Recorder
from harness.lab.resolvers import departures_of
from harness.scenario.base import seconds
from harness.scenario.fingerprint import fingerprint
from harness.scenario.load import Entry
from harness.scenario.models import Scenario
from harness.scenario.source import shown
from harness.targets import Arrangement, Checks, Mail, Network, Resolves, Surroundings, Target, bundle, subject
from harness.targets.packages import prefix_path

from .interview import Hopes, Interview
from .letters import arranged
from .plan import Contender, Plan
from .recipients import address
from .steps import hand_over, is_kept, take_steps
from .worlds import Made, all_worked_out

_SETTLE = 0.05
"""How long the last connections are given to end once every message has been decided, in seconds."""
_SOON = 0.1
"""How long events may wait to be written to the journal, in seconds."""
_TOO_LATE = 2.0
"""How long the lab may stand still before what it sees is no evidence against a target, in seconds."""
_AT_ONCE = 50
"""How many messages each core of the machine can have in work, all targets taken together."""
_LEAST = 8
"""How many a target has in work at least."""


class Trial:
    """A target's way through its scenarios."""

    _lab: Lab
    _target: Target | Checks | Resolves

    def __init__(
        self,
        plan: Plan,
        contender: Contender,
        *,
        recorder: Recorder,
        now: int,
        made: Made | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> None:
        """`progress` is told how many scenarios have been decided; `now` is in seconds since 1970.

        `made` is what was made beforehand, for several.
        """
        self._plan = plan
        self._contender = contender
        self._recorder = recorder
        self._now = now
        self._made = made
        self._contexts = made.contexts if made else Contexts()
        self._progress = progress or (lambda _: None)
        self._done = 0
        self._one_by_one = asyncio.Lock()
        self._hopes = Hopes()

    async def carry_out(self) -> None:
        """To the end. Raises DanelabError for what cannot be done; what the target does wrong is in the journal."""
        try:
            async with contextlib.AsyncExitStack() as stack:
                scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="danelab-")))
                await self._capture(stack)
                self._lab = await stack.enter_async_context(self._new_lab(scratch))
                self._plan.raised(self._lab.internet, self._lab.resolver_at)
                self._target = self._contender.kind.make(self._surroundings(scratch))
                self._start()
                await stack.enter_async_context(self._target)
                # The target starts up in its own process meanwhile.
                sound = self._sound()
                for watching in (self._write_soon(), self._mind_the_clock()):
                    stack.callback(asyncio.create_task(watching).cancel)
                async with asyncio.TaskGroup() as tasks:
                    for entry in sorted(sound, key=_patience, reverse=True):
                        tasks.create_task(self._scenario(entry.scenario))
                await asyncio.sleep(_SETTLE)
                self._recorder.record(RunEnded)
        except* DanelabError as group:
            raise _first(group) from None

    async def _capture(self, stack: contextlib.AsyncExitStack) -> None:
        if self._plan.capture is not None:
            packets, keys = self._plan.captured(self._contender)
            await stack.enter_async_context(Capture(packets, keys=keys, tell=self._plan.tell))
            self._contexts.log_keys(keys)

    def _sound(self) -> list[Entry]:
        """The scenarios whose worlds danelab can make; what it fails at is in the journal."""
        entries = self._contender.picked.entries
        if self._made is None:
            sound, wrong = all_worked_out(self._lab.internet, entries)
        else:
            wrong = dict(self._made.faults)
            sound = [entry for entry in entries if entry.id not in wrong]
        for entry in entries:
            if entry.id in wrong:
                self._fault(entry.id, wrong[entry.id])
        return sound

    async def _write_soon(self) -> None:
        """The journal is to be read while the run goes on, and when it is killed."""
        while True:
            await asyncio.sleep(_SOON)
            self._recorder.write()

    async def _mind_the_clock(self) -> None:
        """A lab that is kept from running is late with every answer, and targets run out of patience with it."""
        clock = asyncio.get_running_loop().time
        while True:
            before = clock()
            await asyncio.sleep(_SOON)
            late = clock() - before - _SOON
            if late > _TOO_LATE:
                self._fault("", f"the lab stood still for {late:.1f} s, as the machine is too busy: run less at once")

    def _new_lab(self, scratch: Path) -> Lab:
        plan = self._plan
        scenarios = [(entry.scenario, shown(entry.file)) for entry in self._contender.picked.entries]
        common: dict[str, Any] = {
            "recorder": self._recorder,
            "seed": plan.seed,
            "now": self._now,
            "ports": plan.ports,
            "target": self._contender.name,
            "internet": self._made.internet if self._made else None,
            "contexts": self._contexts,
        }
        if plan.network is Network.LOOPBACK:
            return Lab(scenarios, **common)
        tested = self._contender.kind.resolves
        prefix = prefix_path(bundle(tested)) if tested and tested.is_real else plan.resolver_prefix
        resolving = Resolving(software=tested or plan.resolver, prefix=prefix, scratch=scratch / "resolver")
        device = device_of(plan.listens) if plan.network is Network.OUTSIDE else ""
        died = partial(self._died, mail=None) if tested else partial(self._fault, "")
        return NamespaceLab(scenarios, resolving=resolving, device=device, resolver_died=died, **common)

    def _start(self) -> None:
        contender = self._contender
        picked = contender.picked
        self._recorder.record(
            RunStarted,
            mode=contender.profile.mode,
            judged_as=contender.profile.judged_as,
            resolver=contender.kind.resolves or self._plan.resolver,
            lab=self._plan.network,
            seed=self._plan.seed,
            scenarios=tuple(entry.id for entry in picked.entries),
            choices=dict(contender.profile.choices),
            departures=self._departures(),
            resolves=contender.kind.resolves is not None,
            along=picked.along,
            shard=picked.shard,
            worlds={entry.id: fingerprint(entry.scenario) for entry in picked.entries},
            began=datetime.fromtimestamp(self._now, UTC).isoformat(timespec="seconds"),
        )

    def _departures(self) -> tuple[str, ...]:
        if self._contender.kind.resolves is not None:
            return ()
        ran = {entry.id for entry in self._contender.picked.entries}
        known = departures_of(self._plan.resolver)
        return tuple(f"{key} {reason}" for key, reason in known.items() if key in ran)

    def _surroundings(self, scratch: Path) -> Surroundings:
        lab, internet = self._lab, self._lab.internet
        wired = self._plan.network is Network.NAMESPACE and self._contender.kind.has_cell
        wire = Wire(number=0) if wired else None
        return Surroundings(
            resolver=f"{wire.lab_ipv4}:53" if wire else lab.resolver_at,
            smtp_port=lab.smtp_port,
            mode=self._contender.profile.mode,
            webpki=internet.around.webpki.certificate.public_bytes(Encoding.PEM).decode(),
            limit=self._plan.limit,
            died=self._died,
            seed=self._plan.seed,
            scratch=scratch,
            host_name=f"mta.{internet.sender_domain}",
            sender_domain=internet.sender_domain,
            trust_anchor=internet.trust_anchor(),
            root_hints=internet.root_hints(),
            wire=wire,
            refused=lab.refused,
            at_once=_share(self._plan.side_by_side),
            arrangements=tuple(self._arrangements()),
            listen=self._recorder.listeners.append,
            quiet=self._plan.quiet,
            tell=self._plan.tell,
        )

    def _arrangements(self) -> Iterator[Arrangement]:
        for entry in self._contender.picked.entries:
            if "route" not in entry.scenario.model_fields_set:
                continue
            # A world that cannot be made is told when all are worked out.
            with contextlib.suppress(DanelabError, ValueError, OverflowError):
                yield from arranged(entry.scenario, self._lab.internet.world(entry.id))

    def _died(self, reason: str, mail: Mail | None) -> None:
        self._recorder.record(Died, scenario=mail.scenario if mail else "", reason=reason)

    def _fault(self, scenario: str, error: Exception | str) -> None:
        problem = str(error)
        if isinstance(error, Exception):
            problem = f"{type(error).__name__}: {error}" if str(error) else repr(error)
        self._recorder.record(HarnessFault, scenario=scenario, problem=problem)

    async def _scenario(self, scenario: Scenario) -> None:
        try:
            await take_steps(scenario, lab=self._lab, recorder=self._recorder, target=self._target, send=self._send)
        except UsageError:
            raise
        except Exception as error:
            # Whatever breaks here is ours; it must not stop the other scenarios, nor count against the target.
            self._fault(scenario.id, error)
        self._done += 1
        self._progress(self._done)

    async def _send(self, scenario: Scenario, words: tuple[str, ...], number: int, /, *, changed: bool) -> bool:
        """Let the target send a message, check or resolve; whether there may be something left for a later attempt."""
        lab, target = self._lab, self._target
        world = lab.internet.world(scenario.id)
        recipients = tuple(address(world, word) for word in words)
        self._recorder.record(Sent, scenario=scenario.id, recipients=recipients, step=number)
        if isinstance(target, Resolves):
            keeps = changed and is_kept(scenario, target)
            await Interview(
                target=target,
                scenario=scenario,
                internet=lab.internet,
                recorder=self._recorder,
                number=number,
                hopes=self._hopes,
                keeps=keeps,
            ).of(recipients)
            return True
        if isinstance(target, Checks):
            for each in dict.fromkeys(recipients):
                # One after the other, so that the lab gets to answer in between.
                async with self._one_by_one:
                    await asyncio.sleep(0)
                    looked_at = subject(lab.internet, each)
                found = await target.check(looked_at)
                self._recorder.record(
                    Found, scenario=scenario.id, recipient=each, finding=found.finding, text=found.text
                )
            return True
        mail = self._plan.letter(scenario, world, recipients=recipients, number=number, sender=lab.sender)
        return await hand_over(mail, target=target, recorder=self._recorder)


def _share(contenders: int) -> int:
    """How many messages each of so many targets may have in work."""
    return max(_LEAST, _AT_ONCE * (os.cpu_count() or 1) // contenders)


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
