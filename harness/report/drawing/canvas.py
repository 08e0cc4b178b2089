"""Shapes on a sheet, as SVG text. Everything that is said on it is escaped here."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from itertools import pairwise

from harness.report.plain import plain

PITCH = 6.9
"""Width of a letter of 12 pixels, on average; nothing can be measured here."""
SMALL = 6.1
"""The same of a letter of 10.5 pixels."""
FIXED = 6.95
"""The same of a fixed pitch of 11.5 pixels."""


@dataclass
class Canvas:
    """A sheet that shapes are put on, from the top left corner."""

    shapes: list[str] = field(default_factory=list)
    height: int = 0

    def box(self, x: int, y: int, width: int, height: int, kind: str, *, radius: int = 6) -> None:
        """A rectangle with round corners."""
        self.shapes.append(f'<rect class="{kind}" x="{x}" y="{y}" width="{width}" height="{height}" rx="{radius}"/>')
        self.height = max(self.height, y + height)

    def text(self, x: int, y: int, words: str, kind: str, *, most: int, letter: float = PITCH) -> None:
        """A line of text with its baseline at y, cut to `most` pixels; what was cut is in a title."""
        room = int(most / letter)
        if len(words) <= room:
            self.shapes.append(f'<text class="{kind}" x="{x}" y="{y}">{said(words)}</text>')
        else:
            cut = shortened(words, room)
            self.shapes.append(f'<text class="{kind}" x="{x}" y="{y}"><title>{said(words)}</title>{said(cut)}</text>')
        self.height = max(self.height, y + 4)

    def sign(self, x: int, y: int, name: str, tone: str, *, size: int = 13) -> None:
        """One of the symbols."""
        self.shapes.append(f'<use href="#w-{name}" class="{tone}" x="{x}" y="{y}" width="{size}" height="{size}"/>')

    def arrow(self, points: tuple[tuple[int, int], ...], kind: str) -> None:
        """A line through the points, bent softly, with a head at its end."""
        start, *_ = points
        path = f"M{start[0]} {start[1]}"
        for (x, y), (to_x, to_y) in pairwise(points):
            if y == to_y or x == to_x:
                path += f"L{to_x} {to_y}"
            else:
                middle = (x + to_x) // 2
                path += f"C{middle} {y} {middle} {to_y} {to_x} {to_y}"
        x, y = points[-1]
        head = f"M{x - 6} {y - 4}L{x} {y}L{x - 6} {y + 4}"
        self.shapes.append(f'<path class="{kind}" d="{path}{head}"/>')


def shortened(words: str, room: int) -> str:
    """The text cut to so many letters."""
    return words if len(words) <= room else f"{words[: max(room - 1, 1)].rstrip()}…"


def said(words: str) -> str:
    """The text as it may stand in XML, which has no room for control characters either."""
    return escape(plain(words))
