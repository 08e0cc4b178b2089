"""Where events go: into memory for the judge, and line by line into the journal's file."""

from __future__ import annotations

import time
from collections.abc import Callable
from io import FileIO
from pathlib import Path
from typing import Any, TypeVar

from harness.journal import Event, encode

E = TypeVar("E", bound=Event)

_MANY = 128
"""How many lines may wait to be written."""


class Recorder:
    """Takes down what happens, in order, with the time since it was made.

    Listeners are called with every event, after it has been taken down.
    """

    def __init__(
        self,
        path: Path | None = None,
        *,
        target: str = "",
        start: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Events that name no target are given `target`. The file is appended to.

        `start` is the time of the clock at which the run began; by default now.
        """
        self._clock = clock
        self._start = clock() if start is None else start
        self._target = target
        self._file: FileIO | None = FileIO(path, "a") if path else None
        self._lines: list[str] = []
        self.events: list[Event] = []
        self.listeners: list[Callable[[Event], None]] = []

    @property
    def now(self) -> float:
        """Seconds since the start of the run."""
        return self._clock() - self._start

    def record(self, kind: Callable[..., E], /, **values: Any) -> E:
        """Take down an event of this kind, now."""
        values.setdefault("target", self._target)
        event = kind(at=round(self.now, 6), **values)
        self._take_down(event)
        return event

    def again(self, prototype: Event, *, client: str) -> None:
        """Take down, now, an event that differs from an earlier one only in its time and client."""
        # The constructor of a frozen dataclass costs more than answering a DNS question that was asked before.
        event = object.__new__(type(prototype))
        event.__dict__.update(prototype.__dict__)
        event.__dict__["at"] = round(self._clock() - self._start, 6)
        event.__dict__["client"] = client
        event.__dict__["target"] = self._target
        self._take_down(event)

    def _take_down(self, event: Event) -> None:
        self.events.append(event)
        if self._file is not None:
            self._lines.append(encode(event))
            if len(self._lines) >= _MANY:
                self.write()
        for listener in self.listeners:
            listener(event)

    def write(self) -> None:
        """Let everything taken down so far stand in the file: whole lines in one go, for several may append to it."""
        if self._file is not None and self._lines:
            self._file.write(("\n".join(self._lines) + "\n").encode())
            self._lines.clear()

    def close(self) -> None:
        """No more events; the file is complete."""
        if self._file is not None:
            self.write()
            self._file.close()
            self._file = None
