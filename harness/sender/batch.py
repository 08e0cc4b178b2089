"""Many jobs at once: NDJSON jobs in, NDJSON results out."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from typing import IO

from harness.sender.delivery import Job, Sender
from harness.sender.policy import Mode
from harness.sender.result import Result, Status

_KEYS = {"id", "sender", "recipients", "message", "relay", "fallback_relay", "mode", "audit", "requiretls"}


def read_job(line: str | bytes) -> Job:
    """The job on one line. Raises `ValueError` and `KeyError` for anything else."""
    fields = json.loads(line)
    if not isinstance(fields, dict):
        raise ValueError("a job is a JSON object")
    unknown = fields.keys() - _KEYS
    if unknown:
        raise ValueError(f"unknown keys in a job: {', '.join(sorted(unknown))}")
    mode = fields.get("mode")
    return Job(
        id=str(fields["id"]),
        sender=str(fields["sender"]),
        recipients=tuple(str(each) for each in fields["recipients"]),
        message=str(fields["message"]).encode("utf-8", "surrogateescape"),
        relay=fields.get("relay"),
        fallback_relay=fields.get("fallback_relay"),
        mode=Mode(mode) if mode is not None else None,
        audit=bool(fields.get("audit", False)),
        requiretls=bool(fields.get("requiretls", False)),
    )


async def run(sender: Sender, *, lines: IO[bytes], write: Callable[[str], None], concurrency: int) -> None:
    """Run the jobs read from `lines` until its end, `concurrency` of them at a time.

    `write` gets one line for each recipient as soon as its fate is known. A line that is no job gives
    a crashed result without recipient.
    """
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[bytes | None] = asyncio.Queue()

    def read() -> None:
        # A thread, because a regular file cannot be waited for by an event loop.
        for line in lines:
            loop.call_soon_threadsafe(queue.put_nowait, line)
        loop.call_soon_threadsafe(queue.put_nowait, None)

    def report(result: Result) -> None:
        write(result.to_json())

    async def work(line: bytes) -> None:
        try:
            job = read_job(line)
        except (ValueError, KeyError, TypeError) as error:
            reason = f"not a job: {type(error).__name__}: {error}"
            report(Result(id=_id_of(line), recipient="", status=Status.CRASHED, reason=reason))
        else:
            await sender.send(job, report=report)
        finally:
            free.release()

    threading.Thread(target=read, daemon=True).start()
    free = asyncio.Semaphore(concurrency)
    async with asyncio.TaskGroup() as tasks:
        while (line := await queue.get()) is not None:
            if line.strip():
                await free.acquire()
                tasks.create_task(work(line))


def _id_of(line: bytes) -> str:
    try:
        return str(json.loads(line)["id"])
    except (ValueError, KeyError, TypeError):
        return ""
