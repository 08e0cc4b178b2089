"""A managed target: the lab unpacks, configures, starts, feeds and reads it, in a cell of its own."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import Self

from harness.errors import HarnessError, UsageError
from harness.isolation.jail import Ended, Jail
from harness.isolation.namespaces import SCRATCH, has_one_id
from harness.isolation.rootfs import Account, Root
from harness.journal import Status
from harness.scenario.models import Need

from .arrangements import written
from .base import STANDS_BACK, Kind, Mail, Network, Surroundings, Word
from .definition import Definition, find
from .definition_parts import Rootless, Source
from .feeding import ByProgram, by_smtp
from .handover import Counter
from .hearing import Hearing, Job
from .leftovers import Leftovers
from .place import Place as Place
from .programs import ended
from .provision import fetch_or_say, trees
from .service import Running
from .templates import fill
from .turns import Patience, Turns

CA_FILE = "/etc/ssl/certs/danelab-public-ca.pem"
_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
_POLL = 0.005
_RESTARTS = 30
"""After so many deaths it is not started again."""


class Managed:
    """A target made from a definition. An async context manager; enter it in the lab's namespace."""

    repeats = True

    def __init__(self, definition: Definition, mode: str, place: Place) -> None:
        self.name = f"{definition.name}:{mode}"
        self.keeps_answers = definition.keeps_answers
        self._definition = definition
        self._mode = definition.modes[mode]
        self._place = place
        self._scratch = place.scratch or SCRATCH / f"{definition.name}-{place.wire.number}"
        self._root = self._scratch / "root"
        spooled = definition.observe.spooled
        self._hearing = Hearing(
            definition.observe,
            crashed=place.died,
            log=place.log,
            leftovers=Leftovers(spooled, lambda: self.file("/")) if spooled else None,
        )
        self.jail = Jail(
            wire=place.wire,
            scratch=self._scratch,
            heard=self._hearing.heard,
            gone=self._gone,
            nice=STANDS_BACK,
            refused=place.refused,
        )
        self._service: Running | None = None
        self._tail: asyncio.Task[None] | None = None
        self._restart: asyncio.Task[None] | None = None
        self._turns = Turns(min(definition.submit.at_once, place.at_once))
        port = definition.submit.port
        self._counter = None if port is None else Counter(place.wire.cell_ipv4, port)
        self._programs = ByProgram(definition, self._run, hearing=self._hearing, died=place.died)
        self._patience = Patience(definition.submit.pause)
        self._begun: set[str] = set()
        """Scenarios that it has had a message of: what comes next of them is not made to wait for all others."""
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
        if self._counter is not None:
            self._counter.close()
        if self._service is not None:
            self._service.forget()
        for task in (self._restart, self._tail):
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
        settled = written(definition.places(self._mode.mode), place.arrangements, self._values, where=self.name)
        files |= {name: files.get(name, "") + lines for name, lines in settled.items()}
        await self.jail.build(root, files={**files, CA_FILE: place.webpki})
        script = "\n".join(self._filled(line) for line in definition.prepare)
        if script:
            done = await self._run(["/bin/sh", "-ec", script], limit=60)
            if done.status:
                raise HarnessError(f"{self.name}: preparing it failed: {done.output.strip() or script}")
        if definition.observe.source is Source.FILE:
            self._tail = asyncio.create_task(self._follow(self.file(definition.observe.file)))
        await self._start()
        self._turns.up()

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

        def fell(reason: str) -> None:
            self._fell(reason, Status.CRASHED)

        running = Running(service, name=self.name, jail=self.jail, file=self.file, fell=fell)
        argv = [self._filled(word) for word in service.argv]
        output = self._scratch / "service.log"
        await running.start(argv, output=output, environment=self._environment(), identity=self._identity())
        self._service = running

    def _gone(self, pid: int, status: int) -> None:
        if self._service is None or self._closing or not self._turns.is_up:
            return
        if not self._service.gone(pid, status) and status < 0 and self._definition.observe.spooled:
            self._hearing.broke(f"a part of it {ended(status, '')}")

    def _fell(self, reason: str, status: Status) -> None:
        """It has ended, or answers no more: what it had in its hands is lost; start it for the rest."""
        if self._closing or not self._turns.is_up:
            return
        if self._service is not None:
            self._service.forget()
        lost = self._hearing.lose(reason, status)
        culprit = lost[0] if len(lost) == 1 else None
        self._place.died(reason, culprit)
        self._turns.down(() if culprit else [mail.id for mail in lost])
        self._deaths += 1
        if self._deaths <= _RESTARTS:
            self._restart = asyncio.create_task(self._again())
        else:
            self._turns.up()

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
            self._turns.up()

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
        is_next = mail.scenario in self._begun
        self._begun.add(mail.scenario)
        alone = mail.scenario in self._definition.submit.lethal
        while True:
            await self._patience.wait(mail)
            async with self._turns.turn(mail.id, ahead=is_next, alone=alone):
                with self._hearing.about(mail) as job:
                    await self._give(job)
            if not job.lost:
                self._patience.decided(mail)
                return job.words()

    async def _give(self, job: Job) -> None:
        if self._deaths > _RESTARTS:
            job.decide_all(Status.CRASHED, "it had died too often to be started again")
        elif argv := self._submit_argv():
            await self._programs.give(job, tuple(map(self._filled, argv)))
        else:
            assert self._counter is not None
            limit = self._definition.observe.limit
            await by_smtp(job, self._counter, limit=limit, hangs=lambda reason: self._fell(reason, Status.TIMED_OUT))

    def _submit_argv(self) -> tuple[str, ...]:
        submit = self._definition.submit
        return submit.one_id_argv if submit.one_id_argv and has_one_id() else submit.argv


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
            at_once=around.at_once,
            refused=around.refused,
            arrangements=around.arrangements,
        )
        return Managed(definition, mode, place)

    return Kind(
        name=f"{definition.name}:{mode}",
        offers=definition.offered(meant.mode),
        lacks=frozenset({Need.REPETITION} if definition.submit.pause else ()),
        make=make,
        networks=frozenset({Network.NAMESPACE}),
        mode=meant.mode,
        choices={**definition.choices, **meant.choices},
        fetch=lambda: fetch_or_say(definition),
    )
