"""Run a command in a network, mount and process namespace of its own, from which nothing survives.

`python -m harness.isolation.launch PARENT COMMAND...` is the far side; `enter` is the near one, and `enter_with` is
for what needs no command line of its own. Three processes stand there: one that unshares, the first process of the new
process namespace, which reaps, and the command.
When the near side dies, by any signal, the kernel kills the first process, and with it everything in the namespace.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from harness.errors import UsageError

from .namespaces import LAB, SCRATCH, die_with_parent, forget_outer_mounts, mount, unshare, unshare_as_user

REFUSED = 125
"""Exit status of the far side when the machine gives no namespaces; the reason is on its standard error."""

_PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def command_inside(command: Sequence[str]) -> list[str]:
    """The command line that runs a command in namespaces of its own; for a child of this process only.

    The kernel ends it all when the thread that starts it ends.
    """
    return [sys.executable, "-P", "-m", "harness.isolation.launch", str(os.getpid()), *command]


def passed_environment(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment, ours if none is given, in which a Python of the same kind finds this package."""
    given = dict(os.environ if environment is None else environment)
    package = str(Path(__file__).resolve().parents[2])
    inherited = given.get("PYTHONPATH", "")
    return given | {"PYTHONPATH": os.pathsep.join(filter(None, (package, inherited)))}


def enter(command: Sequence[str], *, environment: dict[str, str] | None = None) -> int:
    """Run the command in namespaces of its own and give back its exit status; input and output are ours.

    Raises UsageError, with the remedy, where the machine does not allow it.
    """
    process = subprocess.Popen(command_inside(command), env=passed_environment(environment))
    with _passing_on(process.pid):
        return _told(process.wait())


def enter_with(work: Callable[[], int]) -> int:
    """Do the work in namespaces of its own, in a process that parts from this one; its exit status is given back.

    To be called in a process with a single thread. Raises UsageError, with the remedy, where the machine does not
    allow it.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    us = os.getpid()
    other = os.fork()
    if other == 0:
        _far_side(us, lambda: _done(work))
    with _passing_on(other):
        _, status = os.waitpid(other, 0)
        return _told(os.waitstatus_to_exitcode(status))


@contextlib.contextmanager
def _passing_on(other: int) -> Iterator[None]:
    """While signals to this process are for that one."""
    before = {each: signal.signal(each, lambda number, _: os.kill(other, number)) for each in _PASSED_ON}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _told(status: int) -> int:
    if status == REFUSED:
        raise UsageError(
            "this machine allows no network namespace; run as root, or see what is missing with: danelab doctor"
        )
    return status if status >= 0 else 128 - status


def possible() -> str:
    """Why namespaces of one's own cannot be had; empty where they can."""
    tried = subprocess.run(
        command_inside(["true"]),
        env=passed_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    return "" if tried.returncode == 0 else tried.stderr.strip() or f"exit status {tried.returncode}"


def main() -> None:
    """The far side."""
    parent, *command = sys.argv[1:]
    _far_side(int(parent), lambda: os.execvp(command[0], command))


def _far_side(parent: int, begin: Callable[[], NoReturn]) -> NoReturn:
    """Unshare, begin what is to be done in there, and end with its exit status."""
    status = 1
    try:
        die_with_parent(parent)
        status = _unshared(begin)
    except OSError as error:
        print(f"danelab: {error}", file=sys.stderr, flush=True)
        status = REFUSED
    finally:
        os._exit(status)


def _unshared(begin: Callable[[], NoReturn]) -> int:
    (unshare if os.geteuid() == 0 else unshare_as_user)(LAB)
    first = os.fork()
    if first == 0:
        _first_process(begin)
    with _passing_on(first):
        _, status = os.waitpid(first, 0)
    return os.waitstatus_to_exitcode(status) & 0xFF


def _first_process(begin: Callable[[], NoReturn]) -> NoReturn:
    """Process 1 of the new namespace: mounts, begins, reaps whatever is left behind."""
    try:
        die_with_parent()
        forget_outer_mounts()
        mount("proc", "/proc", "proc")
        mount("tmpfs", str(SCRATCH), "tmpfs", data="mode=1777")
        # Temporary files of a command that is killed would otherwise stay behind.
        os.environ["TMPDIR"] = str(SCRATCH)
        tempfile.tempdir = None
        worker = os.fork()
        if worker == 0:
            begin()
        with _passing_on(worker):
            while True:
                done, status = os.wait()
                if done == worker:
                    os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
    finally:
        os._exit(1)


def _done(work: Callable[[], int]) -> NoReturn:
    status = 1
    try:
        status = work()
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(status)


if __name__ == "__main__":
    main()
