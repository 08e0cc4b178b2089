"""Run a command in a network, mount and process namespace of its own, from which nothing survives.

`python -m harness.isolation.launch PARENT COMMAND...` is the far side; `enter` is the near one. Three processes stand
between them: one that unshares, the first process of the new process namespace, which reaps, and the command.
When the near side dies, by any signal, the kernel kills the first process, and with it everything in the namespace.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

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
    handlers = {each: signal.signal(each, lambda number, _: process.send_signal(number)) for each in _PASSED_ON}
    try:
        status = process.wait()
    finally:
        for each, handler in handlers.items():
            signal.signal(each, handler)
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
    die_with_parent(int(parent))
    try:
        (unshare if os.geteuid() == 0 else unshare_as_user)(LAB)
    except OSError as error:
        print(f"danelab: {error}", file=sys.stderr)
        sys.exit(REFUSED)
    first = os.fork()
    if first == 0:
        _first_process(command)
    for each in _PASSED_ON:
        signal.signal(each, lambda number, _: os.kill(first, number))
    _, status = os.waitpid(first, 0)
    sys.exit(os.waitstatus_to_exitcode(status) & 0xFF)


def _first_process(command: Sequence[str]) -> None:
    """Process 1 of the new namespace: mounts, starts the command, reaps whatever is left behind."""
    die_with_parent()
    forget_outer_mounts()
    mount("proc", "/proc", "proc")
    mount("tmpfs", str(SCRATCH), "tmpfs", data="mode=1777")
    # Temporary files of a command that is killed would otherwise stay behind.
    os.environ["TMPDIR"] = str(SCRATCH)
    worker = os.fork()
    if worker == 0:
        os.execvp(command[0], list(command))
    for each in _PASSED_ON:
        signal.signal(each, lambda number, _: os.kill(worker, number))
    while True:
        try:
            done, status = os.wait()
        except InterruptedError:
            continue
        if done == worker:
            os._exit(os.waitstatus_to_exitcode(status) & 0xFF)


if __name__ == "__main__":
    main()
