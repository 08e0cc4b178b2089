"""A managed target: the lab unpacks, configures, starts, feeds and reads it, in a cell of its own."""

from __future__ import annotations

import asyncio
import contextlib
import re
import smtplib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from harness.errors import HarnessError
from harness.isolation.jail import Jail, Program
from harness.isolation.links import Wire
from harness.isolation.rootfs import Account, Root
from harness.journal import Status

from .base import Mail, Word
from .definition import Definition, Source, fill

CA_FILE = "/etc/ssl/certs/danelab-public-ca.pem"
_POLL = 0.01


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a managed target runs."""

    wire: Wire
    scratch: Path
    """A folder for its mount point and the output of its programs."""
    prefix: Path | None
    """Its packages, unpacked."""
    webpki: str
    """Certificate of the CA that is trusted publicly, in PEM."""
    host_name: str
    sender_domain: str
    died: Callable[[str], None]
    fake_ids: bool = False
    """Whether changes of uid and owner have to be pretended."""


class Managed:
    """A target made from a definition."""

    has_routes = False

    def __init__(self, definition: Definition, mode: str, place: Place) -> None:
        self.name = f"{definition.name}:{mode}"
        self.keeps_answers = definition.keeps_answers
        self._definition = definition
        self._mode = definition.modes[mode]
        self._place = place
        self._root = place.scratch / "root"
        self._jail = Jail(wire=place.wire, scratch=place.scratch, heard=self._heard)
        self._service: Program | None = None
        self._tail: asyncio.Task[None] | None = None
        self._free = asyncio.Semaphore(definition.submit.at_once)
        self._waiting: dict[str, asyncio.Future[Word]] = {}
        self._lines = [(re.compile(line.pattern), line.status) for line in definition.observe.lines]
        self._stack = contextlib.AsyncExitStack()

    @property
    def _values(self) -> dict[str, object]:
        place = self._place
        return {
            "resolver": place.wire.lab_ipv4,
            "host_name": place.host_name,
            "ipv4": place.wire.cell_ipv4,
            "ipv6": place.wire.cell_ipv6,
            "sender_domain": place.sender_domain,
            "ca_file": CA_FILE,
            **self._mode.variables,
        }

    def _filled(self, text: str) -> str:
        return fill(text, self._values, where=self.name)

    async def __aenter__(self) -> Self:
        definition, place = self._definition, self._place
        place.scratch.mkdir(parents=True, exist_ok=True)
        async with contextlib.AsyncExitStack() as stack:
            await stack.enter_async_context(self._jail)
            accounts = [Account(name=name, uid=uid) for name, uid in definition.accounts.items()]
            accounts += [Account(name=name, uid=uid, group_only=True) for name, uid in definition.groups.items()]
            root = Root(
                at=self._root,
                prefix=place.prefix,
                host_name=place.host_name,
                resolver=place.wire.lab_ipv4,
                accounts=tuple(accounts),
            )
            files = {name: self._filled(text) for name, text in definition.files.items()}
            await self._jail.build(root, files={**files, CA_FILE: place.webpki})
            for line in definition.prepare:
                done = await self._jail.run(["/bin/sh", "-ec", self._filled(line)], fake_ids=place.fake_ids)
                if done.status:
                    raise HarnessError(f"{self.name}: preparing it failed: {done.output.strip() or line}")
            if definition.observe.source is Source.FILE:
                self._tail = asyncio.create_task(self._follow(definition.observe.file))
                stack.callback(self._tail.cancel)
            await self._start()
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def _start(self) -> None:
        service = self._definition.service
        if service is None:
            return
        argv = [self._filled(word) for word in service.argv]
        output = self._place.scratch / "service.log"
        program = await self._jail.start(
            argv, output=output, fake_ids=self._place.fake_ids, environment=self._environment()
        )
        try:
            async with asyncio.timeout(service.limit):
                if service.forks:
                    status = await program.ended
                    if status:
                        said = output.read_text("utf-8", "replace").strip()
                        raise HarnessError(f"{self.name}: {argv[0]} ended with status {status}: {said}")
                if service.ready_port is not None:
                    await self._listening(service.ready_port)
                while service.ready_file is not None and not self._inside(service.ready_file).exists():
                    await asyncio.sleep(_POLL)
        except TimeoutError:
            said = output.read_text("utf-8", "replace").strip()
            raise HarnessError(f"{self.name}: not ready within {service.limit:g} s: {said}") from None
        if not service.forks:
            self._service = program

    def _environment(self) -> dict[str, str]:
        return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C", "HOME": "/root", **self._definition.environment}

    async def _listening(self, port: int) -> None:
        while True:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection(self._place.wire.cell_ipv4, port)
                writer.close()
                return
            await asyncio.sleep(_POLL)

    def _inside(self, name: str) -> Path:
        """A file of the target's root, as seen from here: its mount namespace is another."""
        pid = self._jail.first_process
        return Path(f"/proc/{pid}/root{self._root}") / name.lstrip("/")

    async def _follow(self, name: str) -> None:
        file = self._inside(name)
        while not file.exists():
            await asyncio.sleep(_POLL)
        held = ""
        with file.open(encoding="utf-8", errors="replace") as log:
            while True:
                held += log.read()
                *lines, held = held.split("\n")
                for line in lines:
                    self._heard(line)
                if not lines:
                    await asyncio.sleep(_POLL)

    def _heard(self, line: str) -> None:
        for pattern, status in self._lines:
            found = pattern.search(line)
            if found is None:
                continue
            groups = found.groupdict()
            recipient = groups.get("recipient", "")
            waiting = self._waiting.get(recipient.lower())
            if waiting is not None and not waiting.done():
                word = Word(recipient=recipient, status=status, reason=groups.get("reason") or line)
                waiting.set_result(word)
            return

    async def send(self, mail: Mail) -> list[Word]:
        waiting = {each: self._expect(each) for each in mail.recipients}
        try:
            async with self._free:
                said = await self._submit(mail)
            await asyncio.wait(waiting.values(), timeout=self._definition.observe.limit)
            undecided = Word(recipient="", status=Status.TIMED_OUT, reason=said or "no decision was told")
            return [
                future.result() if future.done() else replace(undecided, recipient=each)
                for each, future in waiting.items()
            ]
        finally:
            for each in mail.recipients:
                self._waiting.pop(each.lower(), None)

    def _expect(self, recipient: str) -> asyncio.Future[Word]:
        future: asyncio.Future[Word] = asyncio.get_running_loop().create_future()
        self._waiting[recipient.lower()] = future
        return future

    async def _submit(self, mail: Mail) -> str:
        submit = self._definition.submit
        if submit.port is not None:
            return await asyncio.to_thread(self._by_smtp, mail, submit.port)
        argv = [
            word.replace("{sender}", mail.sender).replace("{recipient}", " ".join(mail.recipients))
            for word in map(self._filled, submit.argv)
        ]
        done = await self._jail.run(
            argv, text=mail.text, environment=self._environment(), fake_ids=self._place.fake_ids
        )
        if self._definition.observe.source is Source.OUTPUT:
            for line in done.output.splitlines():
                self._heard(line)
        meaning = submit.statuses.get(str(done.status))
        if meaning is not None:
            for each in mail.recipients:
                waiting = self._waiting.get(each.lower())
                if waiting is not None and not waiting.done():
                    waiting.set_result(Word(recipient=each, status=meaning, reason=done.output.strip()))
        return done.output.strip()

    def _by_smtp(self, mail: Mail, port: int) -> str:
        with smtplib.SMTP(self._place.wire.cell_ipv4, port, timeout=20) as session:
            session.sendmail(mail.sender, mail.recipients, mail.text.encode())
        return ""
