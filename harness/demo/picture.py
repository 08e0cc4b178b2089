"""The network as a drawing of four lines: sender, attacker, receiver."""

from __future__ import annotations

from rich.text import Text

from harness.report.plain import plain
from harness.scenario.mailhosts import Role

from .gains import Gain
from .narration import short

_BOX, _GAP = 16, 11
BAD, GOOD, QUIET = "bold red", "green", "dim"


def picture(name: str, gain: Gain | None, *, ascii_only: bool) -> Text:
    """Who is where and what goes between them; no `gain`: before anything has been sent."""
    first, second, style = _lines(gain)
    middle = short(gain) if gain else "listens"
    role = gain.attacker if gain else Role.TAMPERED
    heads = ("Alice's server", "attacker" if role else "", "Bob's server")
    if role is None:
        boxes: tuple[str, ...] = (name, "", "got it" if gain and gain.arrived else "got nothing")
    else:
        boxes = (name, middle, _receiver(gain))
    drawn = Text()
    for row in range(4):
        drawn.append("  ")
        for place, (head, inside) in enumerate(zip(heads, boxes, strict=True)):
            hidden = not head
            look = style if place == 1 else ""
            drawn.append(
                " " * _BOX if hidden and row != 2 else _row(row, head, inside, hidden=hidden, line=first), look
            )
            if place < 2:
                arrow = (first, second)[place] if role is not None else (first, first if "━" in first else "")[place]
                drawn.append(arrow.center(_GAP) if row == 2 else " " * _GAP, style)
        drawn.append("\n")
    text = Text("\n").join(line for line in drawn.split("\n") if line.plain.strip())
    return _ascii(text) if ascii_only else text


def _row(row: int, head: str, inside: str, *, hidden: bool, line: str) -> str:
    if hidden:
        return ("━" if "━" in line else " ") * _BOX
    inside = plain(inside)
    inside = inside if len(inside) <= _BOX - 2 else inside[: _BOX - 3] + "…"
    return (
        head.center(_BOX),
        "┌" + "─" * (_BOX - 2) + "┐",
        "│" + inside.center(_BOX - 2) + "│",
        "└" + "─" * (_BOX - 2) + "┘",
    )[row]


def _lines(gain: Gain | None) -> tuple[str, str, str]:
    """What is drawn between sender and attacker, between attacker and receiver, and its style."""
    if gain is None:
        return "", "", ""
    if gain.attacker is None:
        return ("━" * _GAP if gain.arrived else "✕"), "", GOOD if gain.arrived else BAD
    if gain.letters:
        return "━ message ▶", "━━━━━━━━━▶" if gain.attacker is Role.TAMPERED else "", BAD
    if gain.pieces:
        return "─ a part ─▶", "", BAD
    if gain.connections:
        return "─ ─ ─ ✕", "", GOOD
    return "✕", "", GOOD


def _receiver(gain: Gain | None) -> str:
    if gain is None:
        return "waits"
    if gain.arrived or (gain.letters and gain.attacker is Role.TAMPERED):
        return "gets it, too" if gain.letters else "gets it"
    return "gets nothing" if gain.letters else "waits"


_PLAINER = str.maketrans("━─│┌┐└┘▶✕…", "=-|++++>X~")


def _ascii(text: Text) -> Text:
    made = text.copy()
    made.plain = text.plain.translate(_PLAINER)
    return made
