"""Where events go: into memory for the judge, and line by line into the journal's file."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO, TypeVar

from harness.journal import Event, encode

E = TypeVar("E", bound=Event)


class Recorder:
    """Takes down what happens, in order, with the time since it was made.

    Listeners are called with every event, after it has been taken down.
    """

    def __init__(self, path: Path | None = None, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._start = clock()
        self._file: TextIO | None = path.open("w", encoding="utf-8", buffering=1) if path else None
        self.events: list[Event] = []
        self.listeners: list[Callable[[Event], None]] = []

    @property
    def now(self) -> float:
        """Seconds since the start of the run."""
        return self._clock() - self._start

    def record(self, kind: Callable[..., E], /, **values: Any) -> E:
        """Take down an event of this kind, now."""
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
        self._take_down(event)

    def _take_down(self, event: Event) -> None:
        self.events.append(event)
        if self._file is not None:
            self._file.write(encode(event) + "\n")
        for listener in self.listeners:
            listener(event)

    def close(self) -> None:
        """No more events; the file is complete."""
        if self._file is not None:
            self._file.close()
            self._file = None
