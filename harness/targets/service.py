"""A target's program that runs all the time: started, found ready, and its end noticed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.errors import HarnessError
from harness.isolation.jail import Jail, Program

from .definition_parts import Service
from .programs import ended, said

_POLL = 0.005


class Running:
    """The program of a definition's `service`, in the target's cell."""

    def __init__(
        self,
        service: Service,
        *,
        name: str,
        jail: Jail,
        file: Callable[[str], Path],
        fell: Callable[[str], None],
    ) -> None:
        """`file` finds a file of the target's root; `fell` is told how the program ended, if nobody asked it to."""
        self._service = service
        self._name = name
        self._jail = jail
        self._file = file
        self._fell = fell
        self._daemon: int | None = None
        self._watch: asyncio.Task[None] | None = None

    async def start(
        self, argv: Sequence[str], *, output: Path, environment: Mapping[str, str], identity: Mapping[str, Any]
    ) -> None:
        """Returns when it is ready. Raises HarnessError where it ends, or is not ready in time."""
        service = self._service
        program = await self._jail.start(argv, output=output, environment=environment, **identity)
        try:
            async with asyncio.timeout(service.limit):
                if service.forks:
                    status = await program.ended
                    if status:
                        raise HarnessError(f"{self._name}: {argv[0]} ended with status {status}: {said(output)}")
                while not await self._ready(program):
                    await asyncio.sleep(_POLL)
        except TimeoutError:
            raise HarnessError(f"{self._name}: not ready within {service.limit:g} s: {said(output)}") from None
        if service.pid_file is not None:
            self._daemon = int(self._file(service.pid_file).read_text().split()[0])
        if not service.forks:
            self._watch = asyncio.create_task(self._await_end(program))

    def forget(self) -> None:
        """Whatever becomes of it now is expected."""
        self._daemon = None
        if self._watch is not None:
            self._watch.cancel()

    def gone(self, pid: int, status: int) -> bool:
        """A process has ended that nobody started from here: whether it was the one that went into the background."""
        if pid != self._daemon:
            return False
        self._fell(ended(status, ""))
        return True

    async def _ready(self, program: Program) -> bool:
        service = self._service
        if program.ended.done() and not service.forks:
            status = program.ended.result()
            raise HarnessError(f"{self._name}: {service.argv[0]} ended with status {status}: {said(program.output)}")
        if service.ready_file is not None and not self._file(service.ready_file).exists():
            return False
        if service.ready_port is not None:
            try:
                _, writer = await asyncio.open_connection(self._jail.wire.cell_ipv4, service.ready_port)
            except OSError:
                return False
            writer.close()
        return service.pid_file is None or self._file(service.pid_file).exists()

    async def _await_end(self, program: Program) -> None:
        status = await program.ended
        self._fell(ended(status, said(program.output)))
