"""Whether processes that a target has started are gone."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from pathlib import Path

_PATIENCE = 20.0


def await_end(pids: Iterable[int]) -> None:
    """Wait until these processes have ended; being killed takes them a moment. An AssertionError where one stays."""
    waiting, until = list(pids), time.monotonic() + _PATIENCE
    while waiting := [pid for pid in waiting if _is_alive(pid)]:
        assert time.monotonic() < until, f"still there: {waiting}"
        time.sleep(0.01)


def _is_alive(pid: int) -> bool:
    """A zombie, a mere entry for a parent that has not asked for it yet, is not."""
    try:
        return not re.search(r"^State:\s+Z", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    except (FileNotFoundError, ProcessLookupError):
        return False
