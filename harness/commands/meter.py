"""How far a run has come."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from harness.run import Progress


def in_parts(total: int, of: str, *, parts: int, visible: bool) -> Callable[[int], None]:
    """To be called with how many of `total` are done; tells each of so many parts on stderr, as `50 of 200 worlds`."""
    told = 0

    def advance(done: int) -> None:
        nonlocal told
        if visible and done * parts // total > told:
            told = done * parts // total
            click.echo(f"danelab: {min(done, total)} of {total} {of}", err=True)

    return advance


class Meter:
    """How far the run has come, on stderr: a bar on a terminal, a line now and then elsewhere."""

    def __init__(self, *, visible: bool) -> None:
        self._visible = visible
        self._told = 0
        self._bar: Callable[[int, int], None] | None = None

    def __enter__(self) -> Meter:
        if self._visible and sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

            self._rich = Progress(
                TextColumn("scenarios"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                console=Console(stderr=True),
                transient=True,
                # No thread: the run forks.
                auto_refresh=False,
            )
            self._rich.start()
            task = self._rich.add_task("scenarios", total=None)
            self._bar = lambda done, total: self._rich.update(task, completed=done, total=total, refresh=True)
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._rich.stop()

    def advance(self, progress: Progress) -> None:
        """A scenario has been decided."""
        if self._bar is not None:
            self._bar(progress.done, progress.total)
        elif self._visible and (progress.done == progress.total or progress.done * 4 // progress.total > self._told):
            self._told = progress.done * 4 // progress.total
            click.echo(f"danelab: {progress.done} of {progress.total} scenarios", err=True)
