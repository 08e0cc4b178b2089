"""A cell as the lab sees it: start it, give it orders, hear what comes back."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from harness.errors import HarnessError

from .launch import passed_environment
from .links import Wire
from .rootfs import Root

_LINE_LIMIT = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a program in a cell ended."""

    status: int
    """Exit status; negative: the signal that ended it."""
    output: str


class Jail:
    """One cell, in namespaces of its own, joined to the lab's network by a wire. An async context manager.

    Call it in a process that is root in its own network namespace (`launch.enter`).
    """

    def __init__(
        self,
        *,
        wire: Wire,
        scratch: Path,
        heard: Callable[[str], None] | None = None,
        gone: Callable[[int, int], None] | None = None,
        nice: int = 0,
        refused: Sequence[str] = (),
    ) -> None:
        """`scratch` is a folder for the output of programs; `heard` gets every line written to the cell's /dev/log.

        Connections to the addresses `refused` are refused: they end in the cell, where nothing listens.
        `nice` is how far its programs stand back behind the lab when all want to run (nice(2)).

        `gone` is told process id and exit status of every process that ends and was not started from here: daemons.
        """
        self.wire = wire
        self._scratch = scratch
        self._nice = nice
        self._refused = tuple(refused)
        self._heard = heard or (lambda _: None)
        self._gone = gone or (lambda _pid, _status: None)
        self._waiting: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._ends: dict[str, asyncio.Future[int]] = {}
        self._ready: asyncio.Future[None] | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._first: int | None = None
        self._orders = 0

    async def __aenter__(self) -> Self:
        self._ready = asyncio.get_running_loop().create_future()
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-S", "-P", "-m", "harness.isolation.cell", str(os.getpid()), str(self._nice)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=passed_environment(),
            limit=_LINE_LIMIT,
        )
        self._reader = asyncio.create_task(self._read())
        await self._ready
        await asyncio.to_thread(self.wire.lay, self._process.pid)
        await self._order(order="network", wire=self.wire.number, refused=self._refused)
        return self

    async def __aexit__(self, *_: object) -> None:
        process = self._process
        assert process is not None
        assert process.stdin is not None
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), 5)
        except TimeoutError:
            process.kill()
            await process.wait()
        assert self._reader is not None
        await self._reader

    @property
    def first_process(self) -> int:
        """Process id, in the lab's process namespace, of the process that serves in the cell."""
        assert self._process is not None
        assert self._first is not None
        return self._first

    async def build(self, root: Root, *, files: Mapping[str, str], binds: Mapping[str, str] | None = None) -> None:
        """Give the cell its private root, and files in it. Raises HarnessError."""
        described = asdict(root)
        described |= {"at": str(root.at), "prefix": str(root.prefix) if root.prefix else None}
        described["libraries"] = [str(each) for each in root.libraries]
        await self._order(order="root", root=described, files=dict(files), binds=dict(binds or {}))

    async def resolve_with(self, address: str) -> None:
        """For programs outside a private root: in the cell, let /etc/resolv.conf name this resolver, and let host names
        come from the DNS alone. Raises HarnessError where the machine has no such files."""
        await self._order(order="names", resolver=address, scratch=str(self._scratch))

    async def run(
        self,
        argv: Sequence[str],
        *,
        text: str | None = None,
        environment: Mapping[str, str] | None = None,
        limit: float | None = None,
        **options: Any,
    ) -> Ended:
        """Run a program to its end and give back its status and output.

        Raises TimeoutError after `limit` seconds, when the program has been killed; HarnessError where it cannot be
        started.
        """
        output = self._scratch / f"out-{self.wire.number}-{self._orders}"
        started = await self._start(argv, text=text, environment=environment, output=output, **options)
        try:
            async with asyncio.timeout(limit):
                status = await self._ends[started[0]]
        except (TimeoutError, asyncio.CancelledError):
            with contextlib.suppress(HarnessError):
                await self.signal(started[1], signal.SIGKILL, group=True)
            raise
        finally:
            self._ends.pop(started[0], None)
        said = output.read_text("utf-8", "replace") if output.exists() else ""
        output.unlink(missing_ok=True)
        return Ended(status=status, output=said)

    async def start(
        self,
        argv: Sequence[str],
        *,
        environment: Mapping[str, str] | None = None,
        output: Path | None = None,
        **options: Any,
    ) -> Program:
        """Start a program that goes on. Raises HarnessError where it cannot be started."""
        order, pid = await self._start(argv, text=None, environment=environment, output=output, **options)
        return Program(self, pid, self._ends[order], output)

    async def sweep(self) -> None:
        """End every process in the cell and take its root away, so that `build` can make it anew."""
        await self._order(order="sweep")

    async def signal(self, pid: int, number: int, *, group: bool = False) -> None:
        """Send a signal to a program of the cell, by its process id in there; one that has ended is passed over.

        With `group`, what it has started gets it too.
        """
        try:
            await self._order(order="signal", pid=pid, number=int(number), group=group)
        except HarnessError as error:
            if "ProcessLookupError" not in str(error):
                raise

    async def _start(
        self,
        argv: Sequence[str],
        *,
        text: str | None,
        environment: Mapping[str, str] | None,
        output: Path | None,
        **options: Any,
    ) -> tuple[str, int]:
        order = str(self._orders)
        self._ends[order] = asyncio.get_running_loop().create_future()
        answer = await self._order(
            order="start",
            argv=list(argv),
            input=text,
            environment=dict(environment) if environment is not None else None,
            output=str(output) if output else None,
            scratch=str(self._scratch),
            **options,
        )
        return order, answer["pid"]

    async def _order(self, **order: Any) -> dict[str, Any]:
        process = self._process
        assert process is not None
        assert process.stdin is not None
        number = str(self._orders)
        self._orders += 1
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        process.stdin.write(json.dumps({"id": number, **order}).encode() + b"\n")
        try:
            found: dict[str, Any] = await answer
        finally:
            self._waiting.pop(number, None)
        if "error" in found:
            raise HarnessError(f"cell {self.wire.number}: {order['order']}: {found['error']}")
        return found

    async def _read(self) -> None:
        process = self._process
        assert process is not None
        assert process.stdout is not None
        async for line in process.stdout:
            told = json.loads(line)
            if "log" in told:
                self._heard(told["log"])
            elif "ready" in told:
                assert self._ready is not None
                self._first = told["ready"]
                self._ready.set_result(None)
            elif "gone" in told:
                self._gone(told["gone"], told["status"])
            elif "status" in told:
                ended = self._ends.get(told["id"])
                if ended is not None and not ended.done():
                    ended.set_result(told["status"])
            elif told["id"] in self._waiting:
                self._waiting[told["id"]].set_result(told)
        gone = HarnessError(f"cell {self.wire.number} ended")
        unheard: list[asyncio.Future[Any]] = [*self._waiting.values(), *self._ends.values()]
        for future in (*unheard, *([self._ready] if self._ready else [])):
            if not future.done():
                future.set_exception(gone)
                future.exception()


@dataclass(frozen=True)
class Program:
    """A program that goes on in a cell."""

    jail: Jail
    pid: int
    """In the cell's process namespace."""
    ended: asyncio.Future[int]
    """Its exit status, once it has one."""
    output: Path | None

    async def stop(self, *, patience: float = 3.0) -> int:
        """Ask it to end, then make it; its exit status. `patience` in seconds."""
        await self.jail.signal(self.pid, signal.SIGTERM)
        try:
            return await asyncio.wait_for(asyncio.shield(self.ended), patience)
        except TimeoutError:
            await self.jail.signal(self.pid, signal.SIGKILL)
            return await self.ended
