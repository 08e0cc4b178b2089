"""The commands that documents tell a reader to type."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(r"^(?:<!-- (?P<note>[^\n]*?) -->\n)?```console\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
_EXIT = re.compile(r"exit (\d)")


@dataclass(frozen=True)
class Typed:
    """One command, as written behind `$ `."""

    page: str
    line: int
    command: str
    status: int
    """The exit status that the page announces, by default 0; in a note before the block, for all of its commands."""


class UnknownNoteError(ValueError):
    """A note before a block that says neither `exit N` nor `not run: REASON`."""


def typed_in(page: Path) -> Iterator[Typed]:
    """The commands of a page that are to be run, in their order. Raises UnknownNoteError."""
    text = page.read_text(encoding="utf-8")
    for block in _BLOCK.finditer(text):
        note = block["note"] or "exit 0"
        if re.fullmatch(r"not run: \S.*", note):
            continue
        status = _EXIT.fullmatch(note)
        if status is None:
            raise UnknownNoteError(f"{page.name}: {note!r}")
        first = text[: block.start("body")].count("\n") + 1
        for number, line in enumerate(block["body"].splitlines()):
            if line.startswith("$ "):
                yield Typed(page.name, first + number, line[2:], int(status[1]))
