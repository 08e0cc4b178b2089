"""A real validating resolver in a cell of its own: it walks down from the lab's root, with the lab's trust anchor."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Self

from harness.errors import HarnessError
from harness.isolation.jail import Jail, Program
from harness.isolation.links import Wire
from harness.isolation.rootfs import Root
from harness.world.internet import Internet

from . import bind, knot, powerdns, unbound
from .files import root_files
from .probe import validates
from .software import ROOT_FILES, Recipe, ResolverSoftware

PORT = 53
RESOLVER_WIRE = Wire(number=127)
"""The last one that its range of addresses has room for; targets are counted from 0."""
_HOST_NAME = "resolver.sender.example"
_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
_POLL = 0.01
_TOLD = 5
"""Lines of its log that go into an error."""


def recipe(software: ResolverSoftware) -> Recipe:
    """How a real resolver is run. Raises KeyError for what is no program."""
    return {
        ResolverSoftware.UNBOUND: unbound.RECIPE,
        ResolverSoftware.BIND: bind.RECIPE,
        ResolverSoftware.KNOT: knot.RECIPE,
        ResolverSoftware.POWERDNS: powerdns.RECIPE,
    }[software]


class RealResolver:
    """A resolver that answers at port 53 of its cell's address. An async context manager.

    Enter it in a process that is root in its own network namespace, when the authoritative servers already answer.
    Raises HarnessError on entry when it does not give a validated answer within `limit` seconds.
    """

    def __init__(
        self,
        software: ResolverSoftware,
        *,
        internet: Internet,
        wire: Wire,
        prefix: Path | None,
        scratch: Path,
        died: Callable[[str], None] | None = None,
        limit: float = 10.0,
    ) -> None:
        """`prefix` is where the packages of `recipe(software)` lie unpacked, None for the machine's own program;
        `scratch` a folder for its log.

        `died` is told, once, when the program ends without having been asked to; its text is one line.
        """
        self.software = software
        self.address = wire.cell_ipv4
        self.log = scratch / f"{software}.log"
        """What it has said, and says."""
        self._recipe = recipe(software)
        self._internet = internet
        self._prefix = prefix
        self._root = scratch / f"root-{software}"
        self._scratch = scratch
        self._died = died or (lambda _: None)
        self._limit = limit
        self._jail = Jail(wire=wire, scratch=scratch)
        self.program: Program | None = None
        self._stack = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        self._scratch.mkdir(parents=True, exist_ok=True)
        async with contextlib.AsyncExitStack() as stack:
            await stack.enter_async_context(self._jail)
            files = {f"{ROOT_FILES}/{name}": text for name, text in root_files(self._internet).items()}
            files |= self._recipe.files
            # Writing a file is what makes a folder.
            files |= {f"{folder}/.made": "" for folder in self._recipe.folders}
            root = Root(at=self._root, prefix=self._prefix, host_name=_HOST_NAME, resolver="127.0.0.1")
            await self._jail.build(root, files=files)
            self.program = await self._jail.start(self._recipe.argv, output=self.log, environment=self._environment)
            stack.push_async_callback(self.program.stop)
            await self._ready(self.program)
            watch = asyncio.create_task(self._watch(self.program))
            stack.callback(watch.cancel)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    @property
    def alive(self) -> bool:
        """Whether the program runs."""
        return self.program is not None and not self.program.ended.done()

    @property
    def _environment(self) -> dict[str, str]:
        return {"PATH": _PATH, "LANG": "C", **self._recipe.environment}

    async def forget(self) -> None:
        """Let it look everything up anew. Raises HarnessError where it cannot."""
        for command in self._recipe.flush:
            await self._command(command)

    async def forget_below(self, names: Iterable[str], *, newly_signed: bool = False) -> None:
        """Let it look these names up anew, and all names below them; other names' answers stay.

        `newly_signed`: one of them had no DS record, and has one now; whoever cannot forget just that forgets all.
        Raises HarnessError where it cannot.
        """
        if newly_signed and self._recipe.keeps_upper_denials:
            await self.forget()
            return
        for name in names:
            for command in self._recipe.flush_below:
                await self._command(tuple(word.replace("{name}", name) for word in command))

    async def _command(self, argv: tuple[str, ...]) -> None:
        if not self.alive:
            raise HarnessError(f"the resolver {self.software} is not running")
        done = await self._jail.run(argv, environment=self._environment, limit=self._limit)
        if done.status:
            raise HarnessError(f"the resolver {self.software}: {' '.join(argv)}: {done.output.strip()}")

    async def _ready(self, program: Program) -> None:
        why = "it gave no answer"
        try:
            async with asyncio.timeout(self._limit):
                while not program.ended.done():
                    why = await validates(self.address, port=PORT)
                    if not why:
                        return
                    await asyncio.sleep(_POLL)
        except TimeoutError:
            raise HarnessError(
                f"the resolver {self.software} does not serve within {self._limit:g} s: {why}; {self._said()}"
            ) from None
        raise HarnessError(self._end(program))

    async def _watch(self, program: Program) -> None:
        with contextlib.suppress(HarnessError):
            await asyncio.shield(program.ended)
            self._died(self._end(program))

    def _end(self, program: Program) -> str:
        return f"the resolver {self.software} ended with status {program.ended.result()}: {self._said()}"

    def _said(self) -> str:
        lines = self.log.read_text("utf-8", "replace").splitlines() if self.log.exists() else []
        return " | ".join(lines[-_TOLD:]) or "it said nothing"
