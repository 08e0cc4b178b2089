"""A lab on a thread and an event loop of its own, so that a synchronous sender can be tested beside it."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Future
from typing import Any, TypeVar

from harness.errors import DanelabError, HarnessError, UsageError
from harness.journal import Connected, Left, Scene
from harness.lab.lab import Lab
from harness.lab.recorder import Recorder
from harness.run.worlds import names, work_out
from harness.scenario.load import Entry
from harness.scenario.models import Scenario
from harness.scenario.source import shown

T = TypeVar("T")

SENDER = "sender"
"""What the journal calls whatever a test lets loose in the lab."""

_TURN = 0.005
_PATIENCE = 0.5
"""How long the last connections are given to end by themselves, in seconds."""


class Raised:
    """A lab for these scenarios, up from construction until `down`. Its ports and keys are its own.

    Raises ScenarioError where a world cannot be made, HarnessError where danelab fails.
    """

    lab: Lab

    def __init__(self, entries: Sequence[Entry], *, recorder: Recorder, seed: str) -> None:
        self._entries = entries
        self._recorder = recorder
        self._seed = seed
        self._loop = asyncio.new_event_loop()
        self._ends = asyncio.Event()
        up: Future[None] = Future()
        self._ended: Future[None] = Future()
        self._thread = threading.Thread(target=self._serve, args=(up,), name="danelab", daemon=True)
        self._thread.start()
        try:
            up.result()
        except DanelabError:
            self._thread.join()
            raise
        except Exception as error:
            self._thread.join()
            raise HarnessError(f"the lab cannot be raised: {type(error).__name__}: {error}") from error

    def down(self) -> None:
        """End the lab, once the last connections have had time to end. To be called once."""
        with contextlib.suppress(RuntimeError):
            # Raised where the loop has ended by itself; why, the next line tells.
            self._loop.call_soon_threadsafe(self._ends.set)
        self._thread.join()
        self._ended.result()

    def change(self, scenario: Scenario) -> None:
        """Let the world of this scenario look different from now on."""
        self._do(self._change(scenario))

    def settle(self) -> None:
        """Return when every connection that the client has closed is in the journal as closed."""
        self._do(self._settle())

    def record(self, kind: Callable[..., Any], /, **values: Any) -> None:
        """Take down an event, between those of the lab."""
        self._do(self._record(kind, values))

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        if not self._thread.is_alive():
            work.close()
            raise UsageError("the lab is down: send within its with block")
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def _serve(self, up: Future[None]) -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
                runner.run(self._live(up))
        except BaseException as error:
            (self._ended if up.done() else up).set_exception(error)
        else:
            self._ended.set_result(None)

    async def _live(self, up: Future[None]) -> None:
        scenarios = [(entry.scenario, shown(entry.file)) for entry in self._entries]
        now = int(time.time())
        async with Lab(scenarios, recorder=self._recorder, seed=self._seed, now=now, target=SENDER) as self.lab:
            for entry in self._entries:
                work_out(self.lab.internet, entry)
                self._scene(entry.id)
            up.set_result(None)
            await self._ends.wait()
            await self._settle()

    async def _change(self, scenario: Scenario) -> None:
        await self.lab.change(scenario)
        self._scene(scenario.id)

    def _scene(self, scenario: str) -> None:
        self._recorder.record(Scene, scenario=scenario, names=names(self.lab.internet.world(scenario)))

    async def _record(self, kind: Callable[..., Any], values: dict[str, Any]) -> None:
        self._recorder.record(kind, **values)

    async def _settle(self) -> None:
        until = time.monotonic() + _PATIENCE
        await asyncio.sleep(_TURN)
        while self._open() and time.monotonic() < until:
            await asyncio.sleep(_TURN)

    def _open(self) -> bool:
        begun = {event.session for event in self._recorder.events if isinstance(event, Connected)}
        return not begun <= {event.session for event in self._recorder.events if isinstance(event, Left)}
