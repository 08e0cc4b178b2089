"""Messages that a target has dropped: a part of it broke at them, and the rest of it says nothing of it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path


class Leftovers:
    """Looks into a target's spool for files that no process has open."""

    def __init__(self, spooled: str, root: Callable[[], Path]) -> None:
        """`spooled` is the pattern of a file's name in the target's root (`observe.spooled`)."""
        self._spooled = spooled.lstrip("/")
        self._root = root

    def among(self, tokens: Iterable[str]) -> set[str]:
        """Which of these messages, by the names the target gave them, lie there and are in nobody's hands."""
        found: dict[tuple[int, int], str] = {}
        for token in tokens:
            with contextlib.suppress(OSError):
                for file in self._root().glob(self._spooled.replace("{token}", token)):
                    about = file.stat()
                    found[about.st_dev, about.st_ino] = token
        opened = _open_files() if found else set()
        return {token for key, token in found.items() if key not in opened}


def _open_files() -> set[tuple[int, int]]:
    """Device and inode of every file that some process here or in a namespace below has open."""
    found = set()
    for process in Path("/proc").glob("[0-9]*/fd"):
        with contextlib.suppress(OSError):
            for entry in os.scandir(process):
                with contextlib.suppress(OSError):
                    about = entry.stat()
                    found.add((about.st_dev, about.st_ino))
    return found
