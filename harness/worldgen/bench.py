"""A lab and a target that are kept for many worlds: raising them anew for each would take all the time."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import cast

from cryptography.hazmat.primitives.serialization import Encoding

from harness.errors import DanelabError
from harness.journal import Died, Event, HarnessFault, RunEnded, RunStarted, Sent
from harness.lab.lab import Lab
from harness.lab.recorder import Recorder
from harness.run.letters import letter
from harness.run.recipients import address
from harness.run.steps import hand_over, take_steps
from harness.run.worlds import work_out
from harness.scenario.load import Entry
from harness.scenario.models import Scenario
from harness.targets import Kind, Mail, Surroundings, Target
from harness.verdict import Profile, Result, judge

Try = Callable[[Iterable[Entry]], list[Result]]

_SETTLE = 0.02
"""How long the last connections are given to end once every message has been decided, in seconds."""


@contextlib.contextmanager
def bench(control: Entry, kind: Kind, profile: Profile, *, seed: str, limit: float) -> Iterator[Try]:
    """A function that tries the target in some worlds, and says what the judge makes of it in each, in their order.

    The control is a scenario that has to be delivered; without it a target that withholds everything could not be told
    from one that does right. Ids must not come twice in the life of a bench.
    Raises DanelabError where lab or target cannot be raised.
    """
    standing = _Bench(control, kind, profile, seed=seed, limit=limit)
    with asyncio.Runner() as runner:
        runner.run(standing.raise_up())
        try:
            yield lambda entries: runner.run(standing.try_in(tuple(entries)))
        finally:
            runner.run(standing.take_down())


class _Bench:
    _lab: Lab
    _target: Target

    def __init__(self, control: Entry, kind: Kind, profile: Profile, *, seed: str, limit: float) -> None:
        self._control = control
        self._kind = kind
        self._profile = profile
        self._seed = seed
        self._limit = limit
        self._recorder = Recorder(target=kind.name)
        self._stack = contextlib.AsyncExitStack()
        self._of_control: list[Event] = []

    async def raise_up(self) -> None:
        """Raise lab and target, and send the control's message."""
        async with contextlib.AsyncExitStack() as stack:
            self._lab = await stack.enter_async_context(
                Lab(
                    [(self._control.scenario, "")],
                    recorder=self._recorder,
                    seed=self._seed,
                    now=int(time.time()),
                    target=self._kind.name,
                )
            )
            scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="danelab-")))
            self._target = cast("Target", self._kind.make(self._surroundings(scratch)))
            await stack.enter_async_context(self._target)
            await self._take(self._control.scenario)
            self._of_control = list(self._recorder.events)
            self._stack = stack.pop_all()

    async def take_down(self) -> None:
        """End target and lab."""
        await self._stack.aclose()

    async def try_in(self, entries: tuple[Entry, ...]) -> list[Result]:
        """Let the target send the messages of these scenarios, all at once, and judge it."""
        self._recorder.events.clear()
        # All of them are worked out beforehand: the lab answers at once then, also on a busy machine.
        sound = [entry for entry in entries if self._let_in(entry)]
        await asyncio.gather(*(self._take(entry.scenario) for entry in sound))
        await asyncio.sleep(_SETTLE)
        scenarios = (self._control.scenario, *(entry.scenario for entry in entries))
        events = [self._started(scenarios), *self._of_control, *self._recorder.events, RunEnded(at=self._recorder.now)]
        return judge(scenarios, self._profile, events)[1:]

    def _let_in(self, entry: Entry) -> bool:
        try:
            self._lab.internet.add(entry.scenario)
            work_out(self._lab.internet, entry)
        except DanelabError as error:
            self._recorder.record(HarnessFault, scenario=entry.id, problem=str(error))
            return False
        return True

    async def _take(self, scenario: Scenario) -> None:
        await take_steps(scenario, lab=self._lab, recorder=self._recorder, target=self._target, send=self._send)

    async def _send(self, scenario: Scenario, words: tuple[str, ...], number: int, /, *, changed: bool) -> bool:
        del changed
        world = self._lab.internet.world(scenario.id)
        recipients = tuple(address(world, word) for word in words)
        self._recorder.record(Sent, scenario=scenario.id, recipients=recipients, step=number)
        mail = letter(scenario, world, recipients=recipients, number=number, sender=self._lab.sender)
        return await hand_over(mail, target=self._target, recorder=self._recorder)

    def _surroundings(self, scratch: Path) -> Surroundings:
        internet = self._lab.internet
        return Surroundings(
            resolver=self._lab.resolver_at,
            smtp_port=self._lab.smtp_port,
            mode=self._profile.mode,
            webpki=internet.around.webpki.certificate.public_bytes(Encoding.PEM).decode(),
            limit=self._limit,
            died=self._died,
            seed=self._seed,
            scratch=scratch,
            host_name=f"mta.{internet.sender_domain}",
            sender_domain=internet.sender_domain,
            trust_anchor=internet.trust_anchor(),
            root_hints=internet.root_hints(),
        )

    def _died(self, reason: str, mail: Mail | None) -> None:
        self._recorder.record(Died, scenario=mail.scenario if mail else "", reason=reason)

    def _started(self, scenarios: Iterable[Scenario]) -> RunStarted:
        return RunStarted(
            at=0.0,
            target=self._kind.name,
            mode=self._profile.mode,
            judged_as=self._profile.judged_as,
            resolver="simulated",
            lab="loopback",
            seed=self._seed,
            scenarios=tuple(scenario.id for scenario in scenarios),
        )
