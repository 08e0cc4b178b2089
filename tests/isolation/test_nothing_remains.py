"""Whatever happens to the command, nothing that it started or made in its namespaces outlives it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.isolation.launch import passed_environment

pytestmark = pytest.mark.namespace

_LAUNCHER = "import sys; from harness.isolation.launch import enter; sys.exit(enter(sys.argv[1:]))"
_INSIDE = """
import asyncio, os, sys
from pathlib import Path
from harness.isolation import links
from harness.isolation.jail import Jail
from harness.isolation.namespaces import SCRATCH
from harness.isolation.rootfs import Root

async def main():
    mark, told = sys.argv[1:]
    links.loopback_up()
    spaces = set()
    async with Jail(wire=links.Wire(number=0), scratch=SCRATCH) as jail:
        await jail.build(Root(at=SCRATCH / "root", host_name="a.example", resolver="203.0.113.0"), files={})
        for _ in range(2):
            line = f"trap '' TERM HUP INT; while :; do sleep 1; done # {mark}"
            await jail.start(["/bin/sh", "-c", line], environment={"PATH": "/usr/bin"})
        (SCRATCH / mark).write_text("a file")
        for kind in ("net", "mnt", "pid"):
            spaces.add(os.readlink(f"/proc/self/ns/{kind}"))
            spaces.add(os.readlink(f"/proc/{jail.first_process}/ns/{kind}"))
        Path(told + ".new").write_text(" ".join(spaces))
        os.rename(told + ".new", told)
        await asyncio.sleep(1000)

asyncio.run(main())
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_killed_launcher_leaves_no_process_mount_namespace_or_file(tmp_path: Path, number: int) -> None:
    mark, told = f"mark{uuid.uuid4().hex}", tmp_path / "told"
    shared = Path("/dev/shm")
    mounts = Path("/proc/self/mountinfo").read_text()
    launcher = subprocess.Popen(
        [sys.executable, "-c", _LAUNCHER, sys.executable, "-c", _INSIDE, mark, str(told)],
        env=passed_environment(),
        stderr=subprocess.DEVNULL,
    )
    try:
        _until(told.exists, "the lab is up")
        spaces = set(told.read_text().split())
        assert _with_mark(mark)
        assert _in_namespaces(spaces)
        assert not (shared / mark).exists()
    finally:
        launcher.send_signal(number)
        launcher.wait(20)
    _until(lambda: not _with_mark(mark), "its processes are gone")
    _until(lambda: not _in_namespaces(spaces), "its namespaces are gone")
    assert Path("/proc/self/mountinfo").read_text() == mounts
    assert not any(mark in each.name for each in shared.iterdir())
    assert {each.name for each in tmp_path.iterdir()} == {"told"}


def test_the_end_of_the_command_ends_what_it_left_running() -> None:
    mark = f"mark{uuid.uuid4().hex}"
    line = f"setsid sh -c 'while :; do sleep 1; done # {mark}' & sleep 0.2; exit 7"
    done = subprocess.run([sys.executable, "-c", _LAUNCHER, "sh", "-c", line], env=passed_environment(), check=False)
    assert done.returncode == 7
    _until(lambda: not _with_mark(mark), "its processes are gone")


def _until(true: Callable[[], object], what: str, seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"not in time: {what}"
        time.sleep(0.02)


def _processes() -> list[Path]:
    return [each for each in Path("/proc").iterdir() if each.name.isdigit() and int(each.name) != os.getpid()]


def _with_mark(mark: str) -> list[str]:
    found = []
    for each in _processes():
        try:
            if mark.encode() in (each / "cmdline").read_bytes():
                found.append(each.name)
        except OSError:
            continue
    return found


def _in_namespaces(spaces: set[str]) -> list[str]:
    found = []
    for each in _processes():
        for kind in ("net", "mnt", "pid"):
            try:
                if str((each / "ns" / kind).readlink()) in spaces:
                    found.append(each.name)
            except OSError:
                continue
    return found
