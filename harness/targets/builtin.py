"""The built-in sender as a target: a process of its own, fed with jobs and read line by line."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import Sequence
from typing import Any, Self

from harness.errors import HarnessError
from harness.journal import Status
from harness.scenario.models import Mode

from .base import Mail, Surroundings, Word

_LINE_LIMIT = 1 << 20
_FAREWELL = 5.0
"""How long the process may take to end once its input has ended, in seconds."""


class BuiltinSender:
    """Runs `python -m harness.sender --batch`, or any program that speaks the same language on standard input.

    When the process dies, it is started anew and what it had not finished is given to it again, one message at a
    time: the one it dies of is reported as crashed, the others are not.
    """

    has_routes = True
    keeps_answers = False

    def __init__(
        self,
        around: Surroundings,
        *,
        name: str = "builtin",
        command: Sequence[str] = (sys.executable, "-m", "harness.sender"),
        arguments: Sequence[str] = (),
    ) -> None:
        self.name = name
        self._around = around
        self._command = (*command, "--batch", "--resolver", around.resolver, "--port", str(around.smtp_port))
        self._command += ("--mode", around.mode, *arguments)
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._waiting: dict[str, _Job] = {}
        self._alone = asyncio.Lock()
        self._ending = False

    async def __aenter__(self) -> Self:
        await self._start()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._ending = True
        process = self._process
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), _FAREWELL)
        except TimeoutError:
            process.kill()
            await process.wait()
        if self._reader is not None:
            await self._reader

    async def send(self, mail: Mail) -> list[Word]:
        job = _Job(mail)
        try:
            self._hand_over(job)
            return await job.done
        except _LostError:
            return await self._send_alone(mail)
        finally:
            self._waiting.pop(mail.id, None)

    async def _send_alone(self, mail: Mail) -> list[Word]:
        """Once more, with nothing else in flight, to see whether this message is the one that kills."""
        async with self._alone:
            if self._process is None:
                await self._start()
            job = _Job(mail)
            try:
                self._hand_over(job)
                return await job.done
            except _LostError as lost:
                return [
                    Word(recipient=recipient, status=Status.CRASHED, reason=str(lost))
                    for recipient in mail.recipients
                    if recipient not in job.words
                ] + list(job.words.values())
            finally:
                self._waiting.pop(mail.id, None)

    def _hand_over(self, job: _Job) -> None:
        process = self._process
        if process is None or process.stdin is None or process.stdin.is_closing():
            raise _LostError("the sender's process is gone")
        self._waiting[job.mail.id] = job
        process.stdin.write(json.dumps(_described(job.mail)).encode() + b"\n")

    async def _start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=_LINE_LIMIT,
        )
        self._reader = asyncio.create_task(self._read(self._process))

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        assert process.stderr is not None
        errors = asyncio.create_task(process.stderr.read())
        async for line in process.stdout:
            with contextlib.suppress(ValueError, KeyError, TypeError):
                self._heard(json.loads(line))
        status = await process.wait()
        said = (await errors).decode(errors="replace").strip().splitlines()
        if self._ending and not self._waiting:
            return
        reason = f"ended with status {status}" + (f": {said[-1]}" if said else "")
        self._around.died(reason)
        self._process = None
        waiting, self._waiting = self._waiting, {}
        for job in waiting.values():
            if not job.done.done():
                job.done.set_exception(_LostError(reason))

    def _heard(self, result: dict[str, Any]) -> None:
        job = self._waiting.get(result["id"])
        if job is None:
            return
        word = Word(recipient=result["recipient"], status=Status(result["status"]), reason=result.get("reason") or "")
        if not word.recipient:
            raise HarnessError(f"the built-in sender understood no job: {word.reason}")
        job.words[word.recipient] = word
        if len(job.words) == len(job.mail.recipients) and not job.done.done():
            job.done.set_result(list(job.words.values()))


class _LostError(Exception):
    """The process ended before it was done with the message."""


class _Job:
    def __init__(self, mail: Mail) -> None:
        self.mail = mail
        self.words: dict[str, Word] = {}
        self.done: asyncio.Future[list[Word]] = asyncio.get_running_loop().create_future()


def _described(mail: Mail) -> dict[str, object]:
    job: dict[str, object] = {
        "id": mail.id,
        "sender": mail.sender,
        "recipients": mail.recipients,
        "message": mail.text,
    }
    routes = {"relay": mail.relay, "fallback_relay": mail.fallback_relay}
    job.update((key, value) for key, value in routes.items() if value is not None)
    modes: set[Mode] = set(mail.modes.values())
    if len(modes) == 1 and len(mail.modes) == len(mail.recipients):
        job["mode"] = modes.pop()
    return job
