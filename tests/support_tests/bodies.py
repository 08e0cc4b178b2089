"""Functions that the tests run inside of a namespace."""

from __future__ import annotations

import socket
import subprocess
import sys
from contextlib import AsyncExitStack

from tests.support.findings import Finding, disagreements
from tests.support.packages import Unavailable
from tests.support.sources import Iterating
from tests.support.tree import Authority, plant
from tests.support.unbound import Unbound


async def iterate(qname_minimisation: bool) -> tuple[str, ...]:  # noqa: FBT001 (arguments travel by position)
    """Root, example. and all leaves on three addresses at port 53; unbound walks down. The disagreements."""
    tree = plant()
    places = (("198.18.0.1", tree.leaves[:1]), ("198.18.0.2", tree.leaves[1:2]), ("198.18.0.3", tree.leaves[2:]))
    async with AsyncExitStack() as stack:
        for address, leaves in places:
            await stack.enter_async_context(Authority(leaves, address=address, port=53))
        source = Iterating(("198.18.0.1",))
        with Unbound(tree.anchor, source=source, qname_minimisation=qname_minimisation) as unbound:
            findings: list[Finding] = await unbound.find(tree.expected())
    return disagreements(findings, expected=tree.expected())


def bind_port_25(address: str) -> str:
    """Listen there and tell where."""
    with socket.create_server((address, 25)) as listener:
        return f"{listener.getsockname()}"


def reach_out() -> str:
    """Try to send a datagram to an address that is not local."""
    with socket.socket(type=socket.SOCK_DGRAM) as probe:
        try:
            probe.sendto(b"", ("192.0.2.1", 9))
        except OSError as problem:
            return type(problem).__name__ + f" {problem.errno}"
    return "sent"


def fail(text: str) -> None:
    """Raise."""
    raise ValueError(text)


def find_nothing(reason: str) -> None:
    """Raise Unavailable."""
    raise Unavailable(reason)


def leave_a_child(marker: str) -> int:
    """Leave a process behind that bears ``marker`` in its command line."""
    command = [sys.executable, "-c", "import time; time.sleep(600)", marker]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL).pid
