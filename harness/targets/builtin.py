"""The built-in sender as a target: a process of its own, fed with jobs and read line by line."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any, Self

from harness.errors import HarnessError
from harness.journal import Status
from harness.scenario.models import Mode, Need

from .base import Kind, Mail, Surroundings, Word, timed_out
from .builtin_choices import DECLARED

_LINE_LIMIT = 1 << 20
_FAREWELL = 5.0
"""How long the process may take to end once its input has ended, in seconds."""
_PATIENCE = "30"
"""How long the sender waits for a connection or a reply, in seconds: so long that a busy machine changes no verdict."""

_BUILTIN = (
    sys.executable,
    # Not `-m`, which would find whatever is called harness in the directory where danelab was started.
    *("-P", "-c"),
    "import sys; sys.path.append(sys.argv.pop(1)); from harness.sender.__main__ import main; sys.exit(main())",
    str(Path(__file__).parents[2]),
    *("--connect-timeout", _PATIENCE, "--reply-timeout", _PATIENCE, "--dns-timeout", _PATIENCE, "--concurrency", "256"),
)


class BuiltinSender:
    """Runs the built-in sender, or any `command` that speaks the same language on standard input.

    When the process dies, it is started anew, and from then on it gets one message at a time, first of all those
    that it had not finished: the one it dies of is reported as crashed, the others are not.
    """

    keeps_answers = False
    repeats = True

    def __init__(
        self,
        around: Surroundings,
        *,
        name: str = "builtin",
        command: Sequence[str] = _BUILTIN,
        arguments: Sequence[str] = (),
    ) -> None:
        """`arguments` are further ones for the command, behind those that say where the lab is."""
        self.name = name
        self._around = around
        where = ("--resolver", around.resolver, "--port", str(around.smtp_port), "--mode", around.mode)
        self._command = (*command, "--batch", *where, "--seed", around.seed, *arguments)
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._waiting: dict[str, _Job] = {}
        self._alone = asyncio.Lock()
        self._has_died = False
        self._ending = False

    @classmethod
    def kind(
        cls,
        *,
        name: str = "builtin",
        command: Sequence[str] = _BUILTIN,
        arguments: Sequence[str] = (),
        mode: Mode | None = None,
    ) -> Kind:
        """Such a target, before there is a lab."""
        return Kind(
            name=f"{name}:{mode}" if mode else name,
            offers=frozenset({Need.ROUTE, Need.ROOTED_ROUTE, Need.FALLBACK_RELAY, Need.SMTPUTF8}),
            # It keeps REQUIRETLS by DANE alone.
            offers_with_dane=frozenset({Need.REQUIRETLS, Need.DESTINATION_POLICY, Need.AUDIT}),
            make=lambda around: cls(around, name=name, command=command, arguments=arguments),
            has_cell=False,
            mode=mode,
            choices=DECLARED if command == _BUILTIN else {},
        )

    async def __aenter__(self) -> Self:
        await self._start()
        return self

    async def __aexit__(self, *failure: object) -> None:
        self._ending = True
        process, reader = self._process, self._reader
        if process is not None:
            if failure[0] is None and process.stdin is not None:
                process.stdin.close()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(process.wait(), _FAREWELL)
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        if reader is not None:
            await reader

    async def send(self, mail: Mail) -> list[Word]:
        if not self._has_died:
            with contextlib.suppress(_LostError):
                return await self._decided(mail)
        async with self._alone:
            await self._revive()
            job = _Job(mail)
            try:
                return await self._decided(mail, job)
            except _LostError as lost:
                crashed = [each for each in mail.recipients if each not in job.words]
                words = [Word(recipient=each, status=Status.CRASHED, reason=str(lost)) for each in crashed]
                return [*job.words.values(), *words]

    async def _decided(self, mail: Mail, job: _Job | None = None) -> list[Word]:
        """Hand the message over and wait for what becomes of it. Raises _LostError when the process ends before."""
        job = job or _Job(mail)
        process = self._process
        if process is None or process.stdin is None or process.stdin.is_closing():
            raise _LostError("the sender's process is gone")
        self._waiting[mail.id] = job
        try:
            process.stdin.write(json.dumps(_described(mail)).encode() + b"\n")
            async with asyncio.timeout(self._around.limit):
                await job.done
        except TimeoutError:
            undecided = (each for each in mail.recipients if each not in job.words)
            return [*job.words.values(), *timed_out(undecided, self._around.limit)]
        finally:
            self._waiting.pop(mail.id, None)
        return list(job.words.values())

    async def _revive(self) -> None:
        """Make sure of a process, also where the last one is gone and its end has not been told yet."""
        process, reader = self._process, self._reader
        if process is not None and reader is not None and process.stdin is not None and process.stdin.is_closing():
            await asyncio.wait({reader}, timeout=self._around.limit)
        if self._process is None:
            await self._start()

    async def _start(self) -> None:
        # A file for what it says on standard error: a pipe might be held open by what it leaves behind.
        errors = tempfile.TemporaryFile()  # noqa: SIM115 (closed by _read, at the end of the process)
        try:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=errors.fileno(),
                limit=_LINE_LIMIT,
                # Ctrl-C at the terminal is danelab's affair, and danelab ends the process.
                start_new_session=True,
            )
        except OSError as error:
            errors.close()
            raise HarnessError(f"cannot start the sender {self._command[0]}: {error.strerror}") from None
        self._reader = asyncio.create_task(self._read(self._process, errors))

    async def _read(self, process: asyncio.subprocess.Process, errors: IO[bytes]) -> None:
        assert process.stdout is not None
        with contextlib.suppress(ValueError):
            # A line beyond all measure ends the listening; who is not answered has run out of time.
            async for line in process.stdout:
                with contextlib.suppress(ValueError, KeyError, TypeError, AttributeError):
                    self._heard(json.loads(line))
        status = await process.wait()
        errors.seek(0)
        said = errors.read().decode(errors="replace").strip().splitlines()
        errors.close()
        if self._ending:
            return
        reason = f"ended with status {status}" + (f": {said[-1]}" if said else "")
        self._process = None
        self._has_died = True
        self._around.died(reason, None)
        waiting, self._waiting = self._waiting, {}
        for job in waiting.values():
            if not job.done.done():
                job.done.set_exception(_LostError(reason))

    def _heard(self, result: dict[str, Any]) -> None:
        job = self._waiting.get(result["id"])
        if job is None or job.done.done():
            return
        recipient, reason = result["recipient"], result.get("reason") or ""
        if not recipient:
            job.done.set_exception(HarnessError(f"the sender did not understand its job: {reason}"))
            return
        job.words[recipient] = Word(recipient=recipient, status=_status(result["status"]), reason=str(reason))
        if job.words.keys() >= set(job.mail.recipients):
            job.done.set_result(None)


class _LostError(Exception):
    """The process ended before it was done with the message."""


class _Job:
    def __init__(self, mail: Mail) -> None:
        self.mail = mail
        self.words: dict[str, Word] = {}
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()


def _status(word: object) -> Status:
    try:
        return Status(str(word))
    except ValueError:
        return Status.UNKNOWN


def _described(mail: Mail) -> dict[str, object]:
    """The job as the sender reads it (harness/sender/batch.py)."""
    job: dict[str, object] = {
        "id": mail.id,
        "sender": mail.sender,
        "recipients": mail.recipients,
        "message": mail.text,
    }
    routes = {"relay": mail.relay, "fallback_relay": mail.fallback_relay}
    job.update((key, value) for key, value in routes.items() if value is not None)
    job.update({key: True for key, wanted in (("audit", mail.audit_only), ("requiretls", mail.requiretls)) if wanted})
    modes = {mail.modes.get(recipient.rpartition("@")[2]) for recipient in mail.recipients}
    mode = modes.pop() if len(modes) == 1 else None
    if mode is not None:
        job["mode"] = mode
    return job
