"""Programs of a target: the words to start them with, and how they ended, in one line."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterable, Iterator
from pathlib import Path

from .base import Mail


def command_line(words: Iterable[str], mail: Mail) -> Iterator[str]:
    """The words with sender and recipient filled in; a word `{recipient}` becomes one word for each."""
    for word in words:
        filled = word.replace("{sender}", mail.sender)
        if filled == "{recipient}":
            yield from mail.recipients
        else:
            yield filled.replace("{recipient}", ",".join(mail.recipients))


def said(output: Path | None) -> str:
    """The end of what a program has printed, in one line."""
    with contextlib.suppress(OSError):
        if output is not None:
            return " | ".join(output.read_text("utf-8", "replace").strip().splitlines()[-3:])
    return ""


def ended(status: int, output: str) -> str:
    """How a program ended and the last line it printed, in one line; a negative status is a signal."""
    how = f"ended with status {status}"
    if status < 0:
        with contextlib.suppress(ValueError):
            how = f"was ended by {signal.Signals(-status).name}"
    lines = [line for line in output.strip().splitlines() if line.strip()]
    return how + (f": {lines[-1].strip()}" if lines else "")
