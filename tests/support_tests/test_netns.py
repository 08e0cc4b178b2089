"""A body in a namespace has ports and addresses of its own, and leaves nothing behind."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support import netns
from tests.support.packages import Unavailable
from tests.support_tests import bodies


def test_any_address_of_the_block_is_ours_at_a_low_port(in_namespace: Callable[..., Any]) -> None:
    assert in_namespace(bodies.bind_port_25, "198.19.7.8") == "('198.19.7.8', 25)"


def test_nothing_can_leave(in_namespace: Callable[..., Any]) -> None:
    assert in_namespace(bodies.reach_out) == f"OSError {errno.ENETUNREACH}"


def test_what_the_body_raises_comes_back_as_a_failed_assertion(in_namespace: Callable[..., Any]) -> None:
    with pytest.raises(netns.BodyFailed, match="ValueError: a deliberate error"):
        in_namespace(bodies.fail, "a deliberate error")


def test_what_the_body_cannot_find_comes_back_as_unavailable(in_namespace: Callable[..., Any]) -> None:
    in_namespace(bodies.reach_out)
    with pytest.raises(Unavailable, match="nothing here"):
        netns.run(bodies.find_nothing, "nothing here")


def test_processes_of_the_body_end_with_it(in_namespace: Callable[..., Any]) -> None:
    marker = f"danelab-marker-{time.monotonic_ns()}"
    in_namespace(bodies.leave_a_child, marker)
    deadline = time.monotonic() + 5
    while _bearing(marker) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not _bearing(marker)


def test_a_function_inside_another_is_refused() -> None:
    def body() -> None: ...

    with pytest.raises(TypeError, match="top of a module"):
        netns.run(body)


def _bearing(marker: str) -> list[str]:
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = file.read_bytes().split(b"\0")
        except OSError:
            continue
        if marker.encode() in words:
            found.append(file.parent.name)
    return found
