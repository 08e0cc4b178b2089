"""A managed target: the lab unpacks, configures, starts, feeds and reads it, in a cell of its own."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import Any, Self

from harness.errors import HarnessError, UsageError
from harness.isolation.jail import Ended, Jail, Program
from harness.isolation.namespaces import SCRATCH, has_one_id
from harness.isolation.rootfs import Account, Root
from harness.journal import Status

from .base import STANDS_BACK, Kind, Mail, Network, Surroundings, Word
from .definition import Definition, Rootless, Source, find
from .handover import Refused, hand_over
from .hearing import Hearing, Job
from .place import Place as Place
from .programs import command_line, ended, said
from .provision import fetch_or_say, trees
from .templates import fill
from .turns import Turns

CA_FILE = "/etc/ssl/certs/danelab-public-ca.pem"
_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
_POLL = 0.005
_GRACE = 0.25
"""How long after the end of a program its log may come, in seconds."""
_RESTARTS = 30
"""After so many deaths it is not started again."""


class Managed:
    """A target made from a definition. An async context manager; enter it in the lab's namespace."""

    has_routes = False

    def __init__(self, definition: Definition, mode: str, place: Place) -> None:
        self.name = f"{definition.name}:{mode}"
        self.keeps_answers = definition.keeps_answers
        self._definition = definition
        self._mode = definition.modes[mode]
        self._place = place
        self._scratch = place.scratch or SCRATCH / f"{definition.name}-{place.wire.number}"
        self._root = self._scratch / "root"
        self._hearing = Hearing(definition.observe, crashed=place.died, log=place.log)
        self.jail = Jail(
            wire=place.wire, scratch=self._scratch, heard=self._hearing.heard, gone=self._gone, nice=STANDS_BACK
        )
        self._service: Program | None = None
        self._daemon: int | None = None
        self._watch: asyncio.Task[None] | None = None
        self._tail: asyncio.Task[None] | None = None
        self._restart: asyncio.Task[None] | None = None
        self._turns = Turns(definition.submit.at_once)
        self._deaths = 0
        self._closing = False
        self._stack = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        definition = self._definition
        if has_one_id() and definition.rootless is Rootless.NEVER:
            raise UsageError(
                f"{definition.name} runs as root or with subordinate ids only: {definition.rootless_reason}; "
                "see: danelab doctor"
            )
        self._scratch.mkdir(parents=True, exist_ok=True)
        async with contextlib.AsyncExitStack() as stack:
            await stack.enter_async_context(self.jail)
            stack.callback(self._leave)
            await self._raise()
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    def _leave(self) -> None:
        self._closing = True
        for task in (self._restart, self._watch, self._tail):
            if task is not None:
                task.cancel()

    async def _raise(self) -> None:
        """Build its root, prepare and start it. Raises HarnessError."""
        definition, place = self._definition, self._place
        as_root = has_one_id() and definition.rootless is Rootless.ROOT_ACCOUNTS
        accounts = [Account(name=name, uid=0 if as_root else uid) for name, uid in definition.accounts.items()]
        accounts += [Account(name=name, uid=uid, group_only=True) for name, uid in definition.groups.items()]
        root = Root(
            at=self._root,
            prefix=place.prefix,
            host_name=place.host_name,
            resolver=self._values["resolver"],
            accounts=tuple(accounts),
            libraries=place.libraries,
        )
        files = {name: self._filled(text) for name, text in definition.files.items()}
        await self.jail.build(root, files={**files, CA_FILE: place.webpki})
        script = "\n".join(self._filled(line) for line in definition.prepare)
        if script:
            done = await self._run(["/bin/sh", "-ec", script], limit=60)
            if done.status:
                raise HarnessError(f"{self.name}: preparing it failed: {done.output.strip() or script}")
        if definition.observe.source is Source.FILE:
            self._tail = asyncio.create_task(self._follow(self.file(definition.observe.file)))
        await self._start()
        await self._turns.up()

    @property
    def _values(self) -> dict[str, str]:
        place = self._place
        return {
            "resolver": place.resolver or place.wire.lab_ipv4,
            "host_name": place.host_name,
            "ipv4": place.wire.cell_ipv4,
            "ipv6": place.wire.cell_ipv6,
            "sender_domain": place.sender_domain,
            "ca_file": CA_FILE,
            "fake_ids": "yes" if has_one_id() else "no",
            **self._mode.variables,
        }

    def _filled(self, text: str) -> str:
        return fill(text, self._values, where=self.name)

    def _environment(self) -> dict[str, str]:
        own = {name: self._filled(text) for name, text in self._definition.environment.items()}
        return {"PATH": _PATH, "LANG": "C", "HOME": "/root", **own}

    def _identity(self) -> dict[str, object]:
        """What an ordinary user without subordinate ids needs to run its programs."""
        if not has_one_id():
            return {}
        kind = self._definition.rootless
        if kind is Rootless.NESTED:
            return {"user": self._definition.user}
        return {"fake_ids": kind in (Rootless.FAKE_IDS, Rootless.ROOT_ACCOUNTS)}

    async def _run(self, argv: list[str], *, text: str | None = None, limit: float) -> Ended:
        return await self.jail.run(argv, text=text, environment=self._environment(), limit=limit, **self._identity())

    async def _start(self) -> None:
        service = self._definition.service
        if service is None:
            return
        argv = [self._filled(word) for word in service.argv]
        output = self._scratch / "service.log"
        program = await self.jail.start(argv, output=output, environment=self._environment(), **self._identity())
        try:
            async with asyncio.timeout(service.limit):
                if service.forks:
                    status = await program.ended
                    if status:
                        raise HarnessError(f"{self.name}: {argv[0]} ended with status {status}: {said(output)}")
                while not await self._ready(program):
                    await asyncio.sleep(_POLL)
        except TimeoutError:
            raise HarnessError(f"{self.name}: not ready within {service.limit:g} s: {said(output)}") from None
        if service.pid_file is not None:
            self._daemon = int(self.file(service.pid_file).read_text().split()[0])
        if not service.forks:
            self._service = program
            self._watch = asyncio.create_task(self._await_end(program))

    async def _ready(self, program: Program) -> bool:
        service = self._definition.service
        assert service is not None
        if program.ended.done() and not service.forks:
            status = program.ended.result()
            raise HarnessError(f"{self.name}: {service.argv[0]} ended with status {status}: {said(program.output)}")
        if service.ready_file is not None and not self.file(service.ready_file).exists():
            return False
        if service.ready_port is not None:
            try:
                _, writer = await asyncio.open_connection(self._place.wire.cell_ipv4, service.ready_port)
            except OSError:
                return False
            writer.close()
        return service.pid_file is None or self.file(service.pid_file).exists()

    async def _await_end(self, program: Program) -> None:
        status = await program.ended
        self._fell(ended(status, said(program.output)), Status.CRASHED)

    def _gone(self, pid: int, status: int) -> None:
        if pid == self._daemon:
            self._fell(ended(status, ""), Status.CRASHED)

    def _fell(self, reason: str, status: Status) -> None:
        """It has ended, or answers no more: what it had in its hands is lost; start it for the rest."""
        if self._closing or not self._turns.is_up:
            return
        self._daemon = self._service = None
        culprit = self._hearing.lose(reason, status)
        self._place.died(reason, culprit)
        self._turns.down(culprit_known=culprit is not None)
        self._deaths += 1
        if self._deaths <= _RESTARTS:
            self._restart = asyncio.create_task(self._again())
        else:
            self._restart = asyncio.create_task(self._turns.up())

    async def _again(self) -> None:
        if self._tail is not None:
            self._tail.cancel()
        await self.jail.sweep()
        try:
            await self._raise()
        except HarnessError as error:
            if self._closing:
                return
            self._deaths = _RESTARTS + 1
            self._place.died(f"it cannot be started again: {error}", None)
            await self._turns.up()

    def file(self, name: str) -> Path:
        """A file of the target's root, as seen from here: its mount namespace is another."""
        return Path(f"/proc/{self.jail.first_process}/root{self._root}") / name.lstrip("/")

    async def _follow(self, file: Path) -> None:
        while not file.exists():
            await asyncio.sleep(_POLL)
        held = b""
        with file.open("rb") as log:
            while True:
                held += log.read()
                *lines, held = held.split(b"\n")
                for line in lines:
                    self._hearing.heard(line.decode("utf-8", "replace"))
                await asyncio.sleep(_POLL)

    async def send(self, mail: Mail) -> list[Word]:
        """Hand the message over and wait for a word about each recipient.

        What the target lost with others when it died is given to it again, among fewer: so that only the message it
        dies of is reported as crashed.
        """
        while True:
            async with self._turns.turn():
                with self._hearing.about(mail) as job:
                    await self._give(job)
            if not job.lost:
                return job.words()

    async def _give(self, job: Job) -> None:
        if self._deaths > _RESTARTS:
            job.decide_all(Status.CRASHED, "it had died too often to be started again")
        elif argv := self._submit_argv():
            await self._by_program(job, argv)
        else:
            await self._by_smtp(job)

    def _submit_argv(self) -> tuple[str, ...]:
        submit = self._definition.submit
        return submit.one_id_argv if submit.one_id_argv and has_one_id() else submit.argv

    async def _by_smtp(self, job: Job) -> None:
        limit, port = self._definition.observe.limit, self._definition.submit.port
        assert port is not None
        handing = asyncio.create_task(hand_over(job.mail, address=self._place.wire.cell_ipv4, port=port))
        try:
            waiting: set[asyncio.Future[None]] = {handing, job.decided}
            done, _ = await asyncio.wait(waiting, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
            if not done:
                self._fell(f"took no message within {limit:g} s", Status.TIMED_OUT)
            if handing in done:
                await handing
                await asyncio.wait({job.decided}, timeout=limit)
        except Refused as reply:
            status = Status.BOUNCED if reply.permanent else Status.DEFERRED
            job.decide_all(status, f"the target did not take the message: {reply}")
        except OSError as error:
            # The end of its process may be told a moment later than the end of the connection.
            await asyncio.wait({job.decided}, timeout=1)
            job.decide_all(Status.CRASHED, f"the target did not take the message: {error}")
        finally:
            handing.cancel()
        job.decide_all(Status.TIMED_OUT, f"no decision within {limit:g} s")

    async def _by_program(self, job: Job, words: tuple[str, ...]) -> None:
        submit, limit = self._definition.submit, self._definition.observe.limit
        argv = list(command_line(map(self._filled, words), job.mail))
        running = asyncio.create_task(self._run(argv, text=job.mail.text, limit=limit))
        try:
            if submit.resident:
                either: set[asyncio.Future[Any]] = {running, job.decided}
                await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
                if not running.done():
                    return
            end = await running
        except TimeoutError:
            job.decide_all(Status.TIMED_OUT, f"no decision within {limit:g} s")
            return
        finally:
            if not running.done():
                running.cancel()
                await asyncio.wait({running})
        if self._definition.observe.source is Source.OUTPUT:
            for line in end.output.splitlines():
                self._hearing.heard(line, job)
        elif not job.decided.done():
            keeps_it = self._definition.service is not None and end.status == 0
            await asyncio.wait({job.decided}, timeout=limit if keeps_it else _GRACE)
            if keeps_it:
                job.decide_all(Status.TIMED_OUT, f"no decision within {limit:g} s")
        self._conclude(job, end, argv[0])

    def _conclude(self, job: Job, end: Ended, program: str) -> None:
        """What a program's end says of recipients that no line of its log was about."""
        if job.decided.done():
            return
        reason = ended(end.status, end.output)
        meaning = self._definition.submit.statuses.get(str(end.status), Status.UNKNOWN)
        if end.status < 0:
            meaning = Status.CRASHED
            self._place.died(f"{Path(program).name} {reason}", job.mail)
        job.decide_all(meaning, reason)


def managed_kind(word: str) -> Kind:
    """What `postfix:dane` or `./my-mta.toml:strict` means. Raises UsageError, or ScenarioError for a bad definition."""
    definition, mode = find(word)
    meant = definition.modes[mode]

    def make(around: Surroundings) -> Managed:
        assert around.wire is not None
        found = trees(definition)
        place = Place(
            wire=around.wire,
            scratch=around.scratch,
            prefix=found[0] if found else None,
            libraries=found[1:],
            webpki=around.webpki,
            host_name=around.host_name,
            sender_domain=around.sender_domain,
            died=around.died,
        )
        return Managed(definition, mode, place)

    return Kind(
        name=f"{definition.name}:{mode}",
        offers=frozenset(definition.offers),
        make=make,
        networks=frozenset({Network.NAMESPACE}),
        mode=meant.mode,
        choices=meant.choices,
        fetch=lambda: fetch_or_say(definition),
    )
