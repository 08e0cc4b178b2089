"""Any command as a target: run once a message, judged by what reaches the mail hosts and by its exit status."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import tempfile
from pathlib import Path
from typing import Self

from harness.errors import UsageError
from harness.journal import Status

from .base import Mail, Surroundings, Word

PLACEHOLDERS = ("{sender}", "{recipient}", "{message}")

_DELIVERED = 0
_CANNOT = 127
_TEMPORARY = 75
_PERMANENT = {64, 65, 66, 67, 68, 69, 76, 77}
"""sysexits(3): usage, data, no input, no user, no host, unavailable, protocol, permission."""


class CommandTarget:
    """A command line with `{sender}`, `{recipient}` and `{message}` (the name of a file).

    The environment says where the lab is: DANELAB_RESOLVER (address and port), DANELAB_SMTP_PORT, DANELAB_MODE,
    DANELAB_CAFILE. Exit status: 0 delivered, 75 kept for later, 127 cannot do this, 64 to 69, 76, 77 given up for
    good; anything else counts as kept for later, an end by signal as a crash.
    """

    has_routes = False
    keeps_answers = True

    def __init__(self, line: str, around: Surroundings, *, limit: float = 30.0, jobs: int = 8) -> None:
        """`limit` in seconds for one message, `jobs` messages at a time. Raises UsageError for a useless line."""
        try:
            self._words = shlex.split(line)
        except ValueError as error:
            raise UsageError(f"command:{line}: {error}; quote it as for a shell") from None
        if not self._words:
            raise UsageError("command: names no command; write command:'my-mta {sender} {recipient} {message}'")
        if "{recipient}" not in line:
            raise UsageError(f"command:{line}: says nowhere {{recipient}}, so it cannot know whom to write to")
        self.name = f"command:{Path(self._words[0]).name}"
        self._around = around
        self._limit = limit
        self._free = asyncio.Semaphore(jobs)
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    async def __aenter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="danelab-")
        ca = Path(self._folder.name) / "public-ca.pem"
        ca.write_text(self._around.webpki, encoding="ascii")
        self._environment = os.environ | {
            "DANELAB_RESOLVER": self._around.resolver,
            "DANELAB_SMTP_PORT": str(self._around.smtp_port),
            "DANELAB_MODE": self._around.mode,
            "DANELAB_CAFILE": str(ca),
        }
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._folder is not None:
            self._folder.cleanup()

    async def send(self, mail: Mail) -> list[Word]:
        return [await self._send(mail, recipient) for recipient in mail.recipients]

    async def _send(self, mail: Mail, recipient: str) -> Word:
        assert self._folder is not None
        message = Path(self._folder.name) / f"{mail.id}.eml"
        message.write_bytes(mail.text.encode())
        values = dict(zip(PLACEHOLDERS, (mail.sender, recipient, str(message)), strict=True))
        words = [_filled(word, values) for word in self._words]
        async with self._free:
            try:
                process = await asyncio.create_subprocess_exec(
                    *words,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=asyncio.subprocess.STDOUT,
                    env=self._environment,
                    start_new_session=True,
                )
            except OSError as error:
                raise UsageError(f"cannot run {words[0]}: {error.strerror}; give the full path of a program") from None
            try:
                output, _ = await asyncio.wait_for(process.communicate(), self._limit)
            except TimeoutError:
                _end(process)
                await process.wait()
                return Word(recipient=recipient, status=Status.TIMED_OUT, reason=f"no end after {self._limit:g} s")
        lines = [line for line in output.decode(errors="replace").splitlines() if line.strip()]
        status = process.returncode
        assert status is not None
        reason = f"exit status {status}" + (f": {lines[-1].strip()}" if lines else "")
        return Word(recipient=recipient, status=_meaning(status), reason=reason)


def _filled(word: str, values: dict[str, str]) -> str:
    for placeholder, value in values.items():
        word = word.replace(placeholder, value)
    return word


def _meaning(status: int) -> Status:
    if status == _DELIVERED:
        return Status.DELIVERED
    if status == _CANNOT:
        return Status.UNSUPPORTED
    if status < 0:
        return Status.CRASHED
    return Status.BOUNCED if status in _PERMANENT else Status.DEFERRED


def _end(process: asyncio.subprocess.Process) -> None:
    """End the command and what it has started, which are a process group of their own."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        process.kill()
