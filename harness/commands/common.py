"""What several commands have in common."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import Console

Command = Callable[..., Any]

scenarios_option = click.option(
    "-s",
    "--scenarios",
    "own_paths",
    metavar="PATH",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Also take the scenarios in this file or directory. May be repeated.",
)
"""`-s PATH`, handed to the command as `own_paths`."""

patterns_argument = click.argument("patterns", metavar="[PATTERN]...", nargs=-1)
"""Which scenarios are meant, in the words of `harness/scenario/selection.py`."""

PATTERNS_HELP = """\b
Patterns select scenarios; several add up:
  'ee-*'                            ids, with * and ?
  group:baseline                    a directory
  covers:'7672-2.2*'                a requirement
  importance:critical  need:ipv6  catalogue:d-ee-mismatch
  '!covers:7672-2.2-1'              not these
"""


inside_option = click.option("--inside", is_flag=True, hidden=True)
"""For one's own use of namespaces, and set by `reenter` where the command already is in some of its own."""


def reenter() -> int:
    """Run this same command in namespaces of its own, with `--inside`; its exit status."""
    from harness.isolation.launch import enter_with

    root = click.get_current_context().find_root()
    name, *rest = sys.argv[1:]
    # Right behind the command's name: at the end it could stand behind a `--`, and be taken for a pattern.
    words = [name, "--inside", *rest]

    def again() -> int:
        try:
            root.command.main(args=words, prog_name=root.info_name)
        except SystemExit as ended:
            return int(ended.code or 0)
        return 0

    return enter_with(again)


def terminal() -> Console:
    """Where reports are printed. Nobody reading on is told as everywhere else, and not by rich's exit status 1."""
    from rich.console import Console

    class Terminal(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    return Terminal(highlight=False)


def columns() -> int | None:
    """How many letters a line of the terminal has; None where the output goes elsewhere, and lines may be long."""
    import shutil

    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def paragraph(text: str, *, indent: str = "  ") -> str:
    """Text wrapped for a terminal, or at 100 letters where that is wider."""
    import textwrap

    width = min(100, columns() or 100)
    paragraphs = (" ".join(part.split()) for part in text.strip().split("\n\n"))
    return "\n\n".join(
        textwrap.fill(part, width=width, initial_indent=indent, subsequent_indent=indent) for part in paragraphs
    )


def hanging(line: str, *, indent: int) -> str:
    """A line that is wrapped only where the terminal is too narrow for it; what follows is indented so far."""
    import textwrap

    width = columns()
    if width is None or len(line) <= width:
        return line
    start = len(line) - len(line.lstrip())
    # Blanks that set columns apart are kept in the first line, so that only its end is wrapped.
    head, tail = line[:indent], line[indent:]
    if indent > start and len(head.rstrip()) < len(head) and indent < width:
        first, *rest = textwrap.wrap(tail, width=width - indent) or [""]
        return "\n".join([head + first, *(" " * indent + each for each in rest)])
    return textwrap.fill(line, width=width, subsequent_indent=" " * indent, drop_whitespace=True)
