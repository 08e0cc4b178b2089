"""Python code run in namespaces of its own."""

from __future__ import annotations

import functools
import subprocess
import sys
import textwrap

from harness.isolation.launch import command_inside, passed_environment, possible
from tests.support.packages import Unavailable


@functools.cache
def _why_not() -> str:
    return possible() if sys.platform.startswith("linux") else f"they exist on Linux only, and this is {sys.platform}"


def namespaces() -> None:
    """Raises Unavailable, with the reason, where this machine gives none."""
    if reason := _why_not():
        raise Unavailable(f"no network namespaces: {reason}; see: danelab doctor")


def inside(code: str, *arguments: str, seconds: float = 60.0) -> str:
    """What the code prints; fails the test where it fails."""
    done = subprocess.run(
        command_inside([sys.executable, "-W", "error", "-c", textwrap.dedent(code), *arguments]),
        env=passed_environment(),
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


IN_A_JAIL = """
import asyncio, socket, sys
from pathlib import Path
from harness.isolation import links
from harness.isolation.jail import Jail
from harness.isolation.namespaces import SCRATCH
from harness.isolation.rootfs import Root

async def main():
    links.loopback_up()
    scratch = SCRATCH / "cell"
    scratch.mkdir()
    heard, gone = [], []
    ears = dict(heard=heard.append, gone=lambda *end: gone.append(end))
    async with Jail(wire=links.Wire(number=0), scratch=scratch, **ears) as jail:
        root = Root(at=scratch / "root", host_name="a.example", resolver="203.0.113.0")
        await jail.build(root, files={"/etc/own": "mine"})
        await body(jail, heard, gone)
"""


def in_a_jail(body: str, *arguments: str) -> str:
    """What the body, lines in `async def body(jail, heard, gone)`, prints; `sh(line)` runs a shell command in there."""
    head = "async def body(jail, heard, gone):\n    async def sh(line, **more):\n"
    head += "        return await jail.run(['/bin/sh', '-c', line], environment={'PATH': '/usr/bin:/bin'}, **more)\n"
    code = IN_A_JAIL + head + textwrap.indent(textwrap.dedent(body), "    ") + "\nasyncio.run(main())\n"
    return inside(code, *arguments)
