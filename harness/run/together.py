"""Several targets at once, each in a process of its own: so that every core has something to do, and none disturbs
another."""

from __future__ import annotations

import contextlib
import gc
import os
import pickle
import selectors
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from harness.errors import DanelabError, HarnessError
from harness.isolation.namespaces import die_with_parent

from .plan import Contender

Work = Callable[[Contender, Callable[[int], None]], None]
"""To be done for one target; tells how many of its scenarios have been decided."""

_PATIENCE = 10.0
"""How long a process may take to end once it was asked to, in seconds."""
_BETWEEN = 0.1
"""Time between two words of a process about how far it has come, in seconds."""


@dataclass
class _Worker:
    """A process that has a target in its care."""

    contender: Contender
    pid: int
    pipe: int
    done: int = 0
    held: bytes = b""
    error: BaseException | None = None
    finished: bool = False


def side_by_side(contenders: Sequence[Contender], work: Work, *, at_once: int, progress: Callable[[int], None]) -> None:
    """Do the work for each of them, for so many at once, and return when all of it is done.

    Raises the first DanelabError that any of them raises, when the others have been ended; HarnessError where a process
    ends that should not. To be called in a process with a single thread and no event loop.
    """
    gc.freeze()
    workers: list[_Worker] = []
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        _through(list(contenders), workers, work, at_once=at_once, progress=progress)
    finally:
        for worker in workers:
            _end(worker)
        signal.signal(signal.SIGTERM, before)
        gc.unfreeze()
    for worker in workers:
        if worker.error is not None:
            raise worker.error
    broken = next((worker for worker in workers if not worker.finished), None)
    if broken is not None:
        raise HarnessError(f"the lab of {broken.contender.name} ended before its time")


def _start(contender: Contender, work: Work) -> _Worker:
    sys.stdout.flush()
    sys.stderr.flush()
    reading, writing = os.pipe()
    us = os.getpid()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        _do(contender, work, writing, parent=us)
    os.close(writing)
    os.set_blocking(reading, False)
    return _Worker(contender, pid, reading)


def _do(contender: Contender, work: Work, writing: int, *, parent: int) -> None:
    """In the new process; never returns."""

    def tell(kind: str, value: Any) -> None:
        told = pickle.dumps((kind, value))
        os.write(writing, len(told).to_bytes(4, "big") + told)

    status = 1
    try:
        if sys.platform.startswith("linux"):
            die_with_parent(parent)
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        work(contender, _now_and_then(lambda done: tell("done", done), most=len(contender.picked.entries)))
        tell("finished", None)
        status = 0
    except DanelabError as error:
        tell("error", error)
    except KeyboardInterrupt:
        pass
    except BaseException as error:
        if os.environ.get("DANELAB_DEBUG") == "1":
            traceback.print_exc()
        said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        tell("error", HarnessError(f"the lab of {contender.name} failed ({said}); DANELAB_DEBUG=1 shows where"))
    finally:
        os._exit(status)


def _now_and_then(tell: Callable[[int], None], *, most: int) -> Callable[[int], None]:
    """The same, but not so often that those who are told have no time for anything else; `most` is always told."""
    before = -_BETWEEN

    def seldom(done: int) -> None:
        nonlocal before
        now = time.monotonic()
        if done == most or now - before >= _BETWEEN:
            before = now
            tell(done)

    return seldom


def _through(
    waiting: list[Contender],
    workers: list[_Worker],
    work: Work,
    *,
    at_once: int,
    progress: Callable[[int], None],
) -> None:
    """Until all have ended, or one has failed. `workers` gets those that are started."""
    with selectors.DefaultSelector() as pipes:
        while waiting or pipes.get_map():
            while waiting and len(pipes.get_map()) < at_once:
                worker = _start(waiting.pop(0), work)
                workers.append(worker)
                pipes.register(worker.pipe, selectors.EVENT_READ, worker)
            for key, _ in pipes.select():
                worker = key.data
                data = os.read(worker.pipe, 1 << 16)
                if not data:
                    pipes.unregister(worker.pipe)
                    if not worker.finished:
                        return
                    # Of hundreds of workers none is left lying about until the last has ended.
                    os.waitpid(worker.pid, 0)
                _hear(worker, data)
            progress(sum(worker.done for worker in workers))


def _hear(worker: _Worker, data: bytes) -> None:
    worker.held += data
    while len(worker.held) >= 4:
        end = 4 + int.from_bytes(worker.held[:4], "big")
        if len(worker.held) < end:
            return
        kind, value = pickle.loads(worker.held[4:end])
        worker.held = worker.held[end:]
        match kind:
            case "done":
                worker.done = value
            case "finished":
                worker.finished = True
            case "error":
                worker.error = value


def _end(worker: _Worker) -> None:
    """Ask it to end if it has not, and wait for it; make it, where it takes too long."""
    if not worker.finished and worker.error is None:
        _signal(worker, signal.SIGTERM)
    until = time.monotonic() + _PATIENCE
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(worker.pid, os.WNOHANG)[0] == 0:
            if time.monotonic() > until:
                _signal(worker, signal.SIGKILL)
                os.waitpid(worker.pid, 0)
                break
            time.sleep(0.005)
    os.close(worker.pipe)


def _signal(worker: _Worker, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(worker.pid, number)
