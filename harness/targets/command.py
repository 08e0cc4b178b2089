"""Any command as a target: run once a message, judged by what reaches the mail hosts and by its exit status."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shlex
import shutil
import signal
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from harness.errors import UsageError
from harness.isolation.jail import Jail
from harness.journal import Status

from .base import STANDS_BACK, Kind, Mail, Surroundings, Word, timed_out

_PLACEHOLDER = re.compile(r"\{(sender|recipient|message)\}")
_EXAMPLE = "command:'my-mta {sender} {recipient} {message}'"

_CANNOT = 127
_PERMANENT = frozenset({64, 65, 66, 67, 68, 69, 76, 77})
"""sysexits(3): usage, data, no input, no user, no host, unavailable, protocol, permission."""
_READ = 4096
"""How much of the end of its output is looked at for a reason, in octets."""


class CommandTarget:
    """A command line with `{sender}`, `{recipient}` and `{message}` (the name of a file).

    The environment says where the lab is: DANELAB_RESOLVER (address and port), DANELAB_SMTP_PORT, DANELAB_MODE,
    DANELAB_CAFILE. Exit status: 0 delivered, 127 cannot do this, 64 to 69, 76, 77 given up for good; any other means
    kept for later, an end by signal a crash. docs/command-target.md tells this to users.
    """

    keeps_answers = True
    repeats = True
    _folder: tempfile.TemporaryDirectory[str]

    def __init__(self, words: Sequence[str], around: Surroundings, *, jobs: int = 8) -> None:
        """`jobs` messages are in work at a time."""
        self.name = f"command:{Path(words[0]).name}"
        self._words = tuple(words)
        self._around = around
        self._free = asyncio.Semaphore(jobs)
        self._environment: dict[str, str] = {}

    @classmethod
    def kind(cls, line: str) -> Kind:
        """Such a target, from its command line. Raises UsageError for one that cannot be run."""
        words = _parsed(line)
        return Kind(
            name=f"command:{Path(words[0]).name}",
            offers=frozenset(),
            make=lambda around: cls(words, around) if around.wire is None else CommandInCell(words, around),
        )

    async def __aenter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="danelab-", ignore_cleanup_errors=True)
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
        self._folder.cleanup()

    async def send(self, mail: Mail) -> list[Word]:
        message = Path(self._folder.name) / f"{mail.id}.eml"
        message.write_bytes(mail.text.encode())
        return [await self._send(mail, recipient, message) for recipient in mail.recipients]

    async def _send(self, mail: Mail, recipient: str, message: Path) -> Word:
        values = {"sender": mail.sender, "recipient": recipient, "message": str(message)}
        words = [_PLACEHOLDER.sub(lambda found: values[found[1]], word) for word in self._words]
        async with self._free:
            status, said = await self._run(words)
        if status is None:
            return timed_out([recipient], self._around.limit)[0]
        lines = [line.strip() for line in said.splitlines() if line.strip()]
        ended = f"exit status {status}" if status >= 0 else f"ended by {_signal(-status)}"
        reason = ended + (f": {lines[-1]}" if lines else "")
        if status < 0:
            self._around.died(reason, mail)
        return Word(recipient=recipient, status=_meaning(status), reason=reason)

    async def _run(self, words: Sequence[str]) -> tuple[int | None, str]:
        """Its exit status, None where it did not end in time, and the end of what it printed."""
        # A file and no pipe: what the command leaves running behind it may hold its output open.
        with tempfile.TemporaryFile(dir=self._folder.name) as output:
            status = await self._started(words, output=output.fileno())
            output.seek(max(0, output.seek(0, os.SEEK_END) - _READ))
            return status, output.read().decode(errors="replace")

    async def _started(self, words: Sequence[str], *, output: int) -> int | None:
        starting = asyncio.create_task(
            asyncio.create_subprocess_exec(
                *words,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=self._environment,
                start_new_session=True,
            )
        )
        try:
            # Shielded: a run that is interrupted right now still has to learn what it has started.
            process = await asyncio.shield(starting)
        except asyncio.CancelledError:
            await _end(await starting)
            raise
        except OSError as error:
            raise UsageError(f"cannot run {words[0]}: {error.strerror}; try it by hand") from None
        try:
            async with asyncio.timeout(self._around.limit):
                return await process.wait()
        except TimeoutError:
            return None
        finally:
            await _end(process)


class CommandInCell(CommandTarget):
    """The same with a network of its own: resolv.conf names the lab's resolver, and mail hosts are at port 25."""

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        assert self._around.wire is not None
        self._jail = Jail(
            wire=self._around.wire, scratch=self._around.scratch, nice=STANDS_BACK, refused=self._around.refused
        )
        await self._jail.__aenter__()
        try:
            await self._jail.resolve_with(self._around.wire.lab_ipv4)
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *failure: object) -> None:
        await self._jail.__aexit__(*failure)
        await super().__aexit__(*failure)

    async def _run(self, words: Sequence[str]) -> tuple[int | None, str]:
        try:
            ended = await self._jail.run(words, environment=self._environment, limit=self._around.limit, inside=False)
        except TimeoutError:
            return None, ""
        return ended.status, ended.output[-_READ:]


def _parsed(line: str) -> tuple[str, ...]:
    try:
        words = tuple(shlex.split(line))
    except ValueError as error:
        raise UsageError(f"command:{line}: {str(error).lower()}; quote it as for a shell") from None
    if not words:
        raise UsageError(f"command: names no command; write {_EXAMPLE}")
    if not any("{recipient}" in word for word in words):
        raise UsageError(f"command:{line}: says nowhere {{recipient}}, whom it is to write to; write {_EXAMPLE}")
    if shutil.which(words[0]) is None:
        remedy = "make it so with chmod +x" if Path(words[0]).is_file() else "check its name and path"
        raise UsageError(f"command:{line}: {words[0]} is no program that can be run; {remedy}")
    return words


def _meaning(status: int) -> Status:
    if status == 0:
        return Status.DELIVERED
    if status == _CANNOT:
        return Status.UNSUPPORTED
    if status < 0:
        return Status.CRASHED
    return Status.BOUNCED if status in _PERMANENT else Status.DEFERRED


def _signal(number: int) -> str:
    with contextlib.suppress(ValueError):
        return signal.Signals(number).name
    return f"signal {number}"


async def _end(process: asyncio.subprocess.Process) -> None:
    """End the command and what it has started, which are a process group of their own, unless it has ended itself."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
