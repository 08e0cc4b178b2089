"""Where the parts of a picture go: the domain to the left, its mail hosts in the middle, their servers to the right.

+- zone ------------------------+
| domain   --MX 10-->  host     |  --STARTTLS-->  server
|          --MX 20-->  host     |  --STARTTLS-->  server
+-------------------------------+
"""

from __future__ import annotations

from dataclasses import dataclass

from .canvas import FIXED, PITCH, SMALL, Canvas
from .picture import Card, Lane, Mark, Panel, Region, Row, Tone, Wire

WIDTH = 864
_DOMAIN, _HOST, _SERVER = (14, 206), (288, 250), (636, 216)
"""Left edge and width of the three columns."""
_LINE = 17
_HEAD = 23
"""Height of a card's title."""
_TAB = 22
"""Height of a zone's name above what lies in it."""
_GAP = 14
_PAD = 8


@dataclass
class Sheet:
    """A canvas that is filled from top to bottom."""

    canvas: Canvas
    y: int = 4

    def put(self, panel: Panel) -> None:
        """Draw a panel below what is there."""
        if panel.caption:
            self.canvas.text(_DOMAIN[0] - 8, self.y + 13, panel.caption, "w-caption", most=WIDTH - 20)
            self.y += 24
        for row in panel.notes:
            self._row(row, _DOMAIN[0] - 8, self.y, WIDTH - 20)
            self.y += _LINE
        self.y += 4 if panel.notes else 0
        top = self.y
        shared = bool(panel.lanes) and bool(panel.region.name)
        shared = shared and all(lane.region == panel.region for lane in panel.lanes)
        y = top + _tab(panel.region)
        domain_y, left = y, max(_height(panel.domain), 40)
        centres: list[int] = []
        y = y if shared else top
        for lane in panel.lanes:
            y = self._lane(lane, y, own=not shared, centres=centres)
        if not panel.lanes:
            self.canvas.text(_HOST[0], domain_y + 26, "no mail host is found", "w-t quiet", most=_HOST[1])
        bottom = max(y - _GAP, domain_y + left)
        width = (_HOST[0] + _HOST[1] if shared else _DOMAIN[0] + _DOMAIN[1]) - _DOMAIN[0] + 2 * _PAD
        if panel.region.name:
            height = (bottom if shared else domain_y + left) - top + _PAD
            self._region(panel.region, _DOMAIN[0] - _PAD, top, width, height)
        self._card(panel.domain, *_DOMAIN, domain_y, left)
        self._leads(panel, centres, domain_y + min(left // 2, 24))
        self.y = bottom + _PAD + _GAP
        self._others(panel.others)
        self.canvas.height = max(self.canvas.height, self.y - 4)

    def _lane(self, lane: Lane, y: int, *, own: bool, centres: list[int]) -> int:
        top, inner = y, y + (_tab(lane.region) if own else 0)
        servers = sum(_height(wire.server) + _GAP for wire in lane.wires) - _GAP
        also = 18 if lane.more else 0
        height = _height(lane.host)
        if own and lane.region.name:
            self._region(lane.region, _HOST[0] - _PAD, top, _HOST[1] + 2 * _PAD, inner - top + height + also + _PAD)
        self._card(lane.host, *_HOST, inner, height)
        if lane.more:
            words = f"and {len(lane.more)} more like it: {', '.join(lane.more)}"
            self.canvas.text(_HOST[0] + 8, inner + height + 14, words, "w-s quiet", most=_HOST[1] - 10, letter=SMALL)
        centres.append(inner + 12)
        at = inner
        for number, wire in enumerate(lane.wires):
            tall = _height(wire.server)
            self._card(wire.server, *_SERVER, at, tall)
            self._wire(wire, inner + 12 + number * 6, at + 12)
            at += tall + _GAP
        lower = _PAD if own and lane.region.name else 0
        return max(inner + height + also + lower, inner + servers) + _GAP

    def _leads(self, panel: Panel, centres: list[int], start: int) -> None:
        for lane, y in zip(panel.lanes, centres, strict=True):
            x, to = _DOMAIN[0] + _DOMAIN[1], _HOST[0]
            self.canvas.arrow(((x, start), (to - 1, y)), "w-lead")
            letters = len(lane.label) * SMALL
            self.canvas.text(int(to - 10 - letters), y - 5, lane.label, "w-s w-lab", most=90, letter=SMALL)

    def _wire(self, wire: Wire, start: int, y: int) -> None:
        x, to = _HOST[0] + _HOST[1], _SERVER[0]
        self.canvas.arrow(((x, start), (to - 1, y)), f"w-wire {wire.tone}")
        room = to - x - 8
        self.canvas.text(x + 12, y - 6, wire.label, f"w-s w-lab {wire.tone}", most=room, letter=SMALL)
        if wire.attacked:
            self.canvas.box(x + 32, y - 2, 24, 24, "w-mask", radius=12)
            self.canvas.sign(x + 36, y + 2, Mark.ATTACKER, Tone.ATTACK, size=16)

    def _card(self, card: Card, x: int, width: int, y: int, height: int) -> None:
        self.canvas.box(x, y, width, height, f"w-card {card.tone}")
        letters = int(len(card.badge) * (SMALL + 0.6)) + 8 if card.badge else 0
        if card.badge:
            self.canvas.text(x + width - letters + 2, y + 16, card.badge, "w-s w-b attack", most=letters, letter=SMALL)
        self.canvas.text(x + 8, y + 16, card.title, "w-t w-b", most=width - 14 - letters, letter=PITCH + 1.0)
        for number, row in enumerate(card.rows):
            self._row(row, x + 8, y + _HEAD + number * _LINE, width - 14)

    def _row(self, row: Row, x: int, y: int, width: int) -> None:
        if row.mark:
            self.canvas.sign(x, y + 1, row.mark, row.tone)
        kind = "w-r" if row.record else "w-t"
        letter = FIXED if row.record else PITCH
        self.canvas.text(x + 18, y + 12, row.text, f"{kind} {row.tone}", most=width - 18, letter=letter)

    def _region(self, region: Region, x: int, y: int, width: int, height: int) -> None:
        """Put behind what is drawn in it."""
        behind = Canvas()
        behind.box(x, y, width, height, f"w-zone {region.standing}", radius=10)
        behind.sign(x + 8, y + 5, region.standing, _tone(region))
        behind.text(x + 25, y + 16, _title(region), "w-s w-b", most=width - 30, letter=SMALL + 0.5)
        self.canvas.shapes[:0] = behind.shapes
        for number, row in enumerate(region.rows):
            self._row(row, x + 8, y + 21 + number * _LINE, width - 14)
        self.canvas.height = max(self.canvas.height, y + height)

    def _others(self, regions: tuple[Region, ...]) -> None:
        """Zones in which nothing is drawn, side by side."""
        width = (WIDTH - 12 - _GAP) // 2
        for start in range(0, len(regions), 2):
            row = regions[start : start + 2]
            tall = max(_tab(region) for region in row) + 6
            for place, region in enumerate(row):
                self._region(region, _DOMAIN[0] - _PAD + place * (width + _GAP), self.y, width, tall)
            self.y += tall + _GAP


def _tab(region: Region) -> int:
    return _TAB + 4 + len(region.rows) * _LINE if region.name else 0


def _height(card: Card) -> int:
    return _HEAD + len(card.rows) * _LINE + (6 if card.rows else 2)


def _title(region: Region) -> str:
    return f"{'unanswering' if region.standing == 'failed' else region.standing} zone {region.name}"


def _tone(region: Region) -> Tone:
    tones = {"secure": Tone.GOOD, "insecure": Tone.QUIET, "bogus": Tone.BAD}
    return tones.get(region.standing, Tone.WARN)
