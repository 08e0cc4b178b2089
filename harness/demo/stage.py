"""The story on a terminal, step by step."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from harness.report.plain import plain

from . import narration
from .gains import Gain
from .performance import Part, Performance
from .picture import BAD, GOOD, picture
from .scenes import HEALTHY, SCENES, Scene

_OUTSIDE = "without DANE"


class Stage:
    """Tells what has been played; between two steps it waits."""

    def __init__(self, console: Console, *, wait: Callable[[], None]) -> None:
        self._console = console
        self._wait = wait
        self._waits = False

    def tell(self, played: Performance) -> None:
        """From the beginning to the end."""
        self._opening(played)
        for number, scene in enumerate(SCENES, 1):
            self._step()
            self._console.rule(f"{number}. {scene.title}", align="left")
            self._console.print(picture("sends a letter", None, ascii_only=self._ascii))
            self._say(scene.trick)
            self._say(scene.defence)
            self._part(scene, played.without, _OUTSIDE)
            self._part(scene, played.within, played.within.title)
        self._step()
        self._closing(played)

    @property
    def _ascii(self) -> bool:
        return self._console.options.ascii_only

    def _step(self) -> None:
        if self._waits:
            self._wait()
        self._waits = True

    def _say(self, text: str, style: str = "") -> None:
        self._console.print(Text(plain(text, encoding=self._console.encoding), style=style))

    def _opening(self, played: Performance) -> None:
        self._step()
        self._console.rule("A man in the middle", align="left")
        self._say(
            "Alice writes to Bob. Her mail server has to find his in DNS, connect, and hand the message over. "
            "Two senders have just done that in the lab, for real: one without DANE, whose resolver checks no "
            f"signatures, and one {_named(played.within)}. What follows is read from the lab's journal."
        )
        for part, name in ((played.without, _OUTSIDE), (played.within, played.within.title)):
            gain = part.gains[HEALTHY]
            self._console.print(picture(name, gain, ascii_only=self._ascii))
            self._say(narration.healthy(gain, name), GOOD if gain.arrived else BAD)

    def _part(self, scene: Scene, part: Part, name: str) -> None:
        self._step()
        gain = part.gains[scene.scenario]
        self._console.print()
        self._console.print(picture(name, gain, ascii_only=self._ascii))
        for line in narration.why(scene, gain):
            self._say(line)
        self._console.print(self._loot(gain))

    def _loot(self, gain: Gain) -> Panel:
        """What the attacker has now."""
        if gain.nothing_read:
            heard = ", ".join(dict.fromkeys(gain.commands))
            text = f"nothing but: {heard}" if heard else "nothing at all"
            return self._panel([Text(plain(text))], "What the attacker got", GOOD)
        lines: list[Text] = []
        for letter in gain.letters:
            lines += [
                self._field("From", letter.sender),
                self._field("To", ", ".join(letter.recipients)),
                self._field("Subject", letter.subject),
                *(Text("  " + plain(line, encoding=self._console.encoding)) for line in letter.body),
            ]
        lines += [self._field("Seen", piece) for piece in gain.pieces]
        return self._panel(lines, "What the attacker read", BAD)

    def _field(self, name: str, value: str) -> Text:
        return Text.assemble((f"{name}: ", "bold"), plain(value, encoding=self._console.encoding))

    def _panel(self, lines: Iterable[RenderableType], title: str, style: str) -> Panel:
        return Panel(Group(*lines), title=title, title_align="left", border_style=style)

    def _closing(self, played: Performance) -> None:
        self._console.rule("In the end", align="left")
        table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
        for head in ("", _OUTSIDE, plain(played.within.title)):
            table.add_column(head, overflow="fold")
        for row in narration.cells(played):
            table.add_row(row[0], *(Text(cell, style=_colour(cell)) for cell in row[1:]))
        self._console.print(table)
        self._console.print()
        for line in narration.conclusion(played):
            self._say(line)


def _named(part: Part) -> str:
    return part.title if part.title != part.name else f"that is to do DANE ({part.name})"


def _colour(cell: str) -> str:
    return GOOD if cell in ("arrived", "he gets nothing") else BAD
