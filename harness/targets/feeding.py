"""How a message gets into a target's hands, and what follows from that: by SMTP, or by a program run for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from harness.isolation.jail import Ended
from harness.journal import Status

from .base import Mail
from .definition import Definition
from .definition_parts import Source
from .handover import Counter, Refused
from .hearing import Hearing, Job
from .programs import command_line, ended

_GRACE = 0.25
"""How long after the end of a program its log may come, in seconds; or the reply to a message after its decision."""


class Run(Protocol):
    """Runs a program in the target's root to its end. Raises TimeoutError."""

    async def __call__(self, argv: list[str], *, text: str, limit: float) -> Ended: ...


def _no_decision(limit: float) -> str:
    return f"no decision within {limit:g} s"


async def by_smtp(job: Job, counter: Counter, *, limit: float, hangs: Callable[[str], None]) -> None:
    """Hand the message over and wait until it is decided, `limit` seconds at most; `hangs`: it does not take it."""
    handing = asyncio.create_task(counter.hand_over(job.mail))
    try:
        waiting: set[asyncio.Future[None]] = {handing, job.decided}
        done, _ = await asyncio.wait(waiting, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
        if not done:
            hangs(f"took no message within {limit:g} s")
        if job.decided.done():
            await asyncio.wait({handing}, timeout=_GRACE)
        if handing.done():
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
    job.decide_all(Status.TIMED_OUT, _no_decision(limit))


class ByProgram:
    """Runs the program of `submit.argv` for each message."""

    def __init__(
        self, definition: Definition, run: Run, *, hearing: Hearing, died: Callable[[str, Mail | None], None]
    ) -> None:
        self._definition = definition
        self._run = run
        self._hearing = hearing
        self._died = died

    async def give(self, job: Job, words: tuple[str, ...]) -> None:
        """Run these words, with sender and recipients filled in, and wait until the message is decided."""
        submit, limit = self._definition.submit, self._definition.observe.limit
        argv = list(command_line(words, job.mail))
        running = asyncio.create_task(self._run(argv, text=job.mail.text, limit=limit))
        try:
            if submit.resident:
                either: set[asyncio.Future[Any]] = {running, job.decided}
                await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
                if not running.done():
                    return
            end = await running
        except TimeoutError:
            job.decide_all(Status.TIMED_OUT, _no_decision(limit))
            return
        finally:
            if not running.done():
                running.cancel()
                await asyncio.wait({running})
        await self._read(job, end)
        self._conclude(job, end, argv[0])

    async def _read(self, job: Job, end: Ended) -> None:
        observe = self._definition.observe
        if observe.source is Source.OUTPUT:
            for line in end.output.splitlines():
                self._hearing.heard(line, job)
        elif not job.decided.done():
            keeps_it = self._definition.service is not None and end.status == 0
            await asyncio.wait({job.decided}, timeout=observe.limit if keeps_it else _GRACE)
            if keeps_it:
                job.decide_all(Status.TIMED_OUT, _no_decision(observe.limit))

    def _conclude(self, job: Job, end: Ended, program: str) -> None:
        """What a program's end says of recipients that no line of its log was about."""
        if job.decided.done():
            return
        reason = ended(end.status, end.output)
        meaning = self._definition.submit.statuses.get(str(end.status), Status.UNKNOWN)
        if end.status < 0:
            meaning = Status.CRASHED
            self._died(f"{Path(program).name} {reason}", job.mail)
        job.decide_all(meaning, reason)
