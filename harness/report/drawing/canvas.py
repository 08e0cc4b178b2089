"""Shapes on a sheet, as SVG text. Everything that is said on it is escaped here."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from itertools import pairwise

from harness.report.plain import plain

NARROW = 0.86
"""How much smaller letters are where a line has little room."""
LINE = 14
"""From one line of a text that was broken to the next, in pixels."""
_THIN, _SLIM, _WIDE = frozenset("ijlI.,:;'|! "), frozenset('frt-()[]/\\"1'), frozenset("mwMW@%—…→")


@dataclass(frozen=True)
class Face:
    """How letters look, and how much room they take: nothing can be measured here, so it is that of a broad type."""

    kind: str
    """Its classes in the style sheet."""
    size: float
    """In pixels."""
    bold: bool = False
    fixed: bool = False

    def width(self, words: str) -> float:
        """About how wide the text is, in pixels."""
        if self.fixed:
            return len(words) * self.size * 0.605
        parts = (
            0.32 if each in _THIN else 0.40 if each in _SLIM else 0.95 if each in _WIDE else 0.63 for each in words
        )
        return sum(parts) * self.size * (1.11 if self.bold else 1.0)


TEXT, TITLE = Face("w-t", 12), Face("w-t w-b", 12, bold=True)
SMALL, ZONE = Face("w-s", 10.5), Face("w-s w-b", 10.5, bold=True)
RECORD, CAPTION = Face("w-r", 11.5, fixed=True), Face("w-caption", 13, bold=True)


@dataclass(frozen=True)
class Fitted:
    """A text made to fit: as it is, else in smaller letters, else broken, else cut."""

    lines: tuple[str, ...]
    narrow: bool = False
    cut: bool = False

    @property
    def more(self) -> int:
        """By how many pixels it is taller than one line."""
        return (len(self.lines) - 1) * LINE


def fitted(words: str, face: Face, *, most: float, lines: int = 4) -> Fitted:
    """The text in no more than so many pixels and lines. It breaks between words, names behind dots and hyphens."""
    if face.width(words) <= most:
        return Fitted((words,))
    if face.width(words) * NARROW <= most:
        return Fitted((words,), narrow=True)
    made: list[str] = []
    rest = words
    while face.width(rest) * NARROW > most and len(made) < lines - 1:
        room = _room(rest, face, most)
        behind = {mark: rest.rfind(mark, 1, room) + 1 for mark in " .-"}
        at = behind[" "] if behind[" "] > room // 2 else max(behind.values()) or room
        made.append(rest[:at].rstrip())
        rest = rest[at:]
    cut = face.width(rest) * NARROW > most
    made.append(shortened(rest, _room(rest, face, most)) if cut else rest)
    return Fitted(tuple(made), narrow=True, cut=cut)


def _room(words: str, face: Face, most: float) -> int:
    """How many letters of the text there is room for, in smaller letters; one at least."""
    return next((n for n in range(len(words), 1, -1) if face.width(words[:n]) * NARROW <= most), 1)


@dataclass
class Canvas:
    """A sheet that shapes are put on, from the top left corner."""

    shapes: list[str] = field(default_factory=list)
    height: int = 0

    def box(self, x: int, y: int, width: int, height: int, kind: str, *, radius: int = 6) -> None:
        """A rectangle with round corners."""
        self.shapes.append(f'<rect class="{kind}" x="{x}" y="{y}" width="{width}" height="{height}" rx="{radius}"/>')
        self.height = max(self.height, y + height)

    def text(self, x: int, y: int, words: str, face: Face, tone: str = "", *, most: float, lines: int = 4) -> None:
        """A text with the baseline of its first line at y, fitted into `most` pixels; what was cut is in a title."""
        fit = fitted(words, face, most=most, lines=lines)
        kind = " ".join(filter(None, (face.kind, "w-n" if fit.narrow else "", tone)))
        title = f"<title>{said(words)}</title>" if fit.cut else ""
        for number, line in enumerate(fit.lines):
            at = y + number * LINE
            self.shapes.append(f'<text class="{kind}" x="{x}" y="{at}">{title}{said(line)}</text>')
        self.height = max(self.height, y + fit.more + 4)

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
