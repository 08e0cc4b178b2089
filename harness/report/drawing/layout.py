"""Where the parts of a picture go: the domain to the left, its mail hosts in the middle, their servers to the right.

+- zone ------------------------+
| domain   --MX 10-->  host     |  --STARTTLS-->  server
|          --MX 20-->  host     |  --STARTTLS-->  server
+-------------------------------+
"""

from __future__ import annotations

from dataclasses import dataclass

from .canvas import CAPTION, RECORD, SMALL, TEXT, TITLE, ZONE, Canvas, fitted
from .picture import Card, Lane, Mark, Panel, Region, Row, Tone, Wire

WIDTH = 900
_DOMAIN, _HOST, _SERVER = (14, 226), (306, 276), (684, 202)
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
            self.canvas.text(_DOMAIN[0] - 8, self.y + 13, panel.caption, CAPTION, most=WIDTH - 20)
            self.y += 24
        for row in panel.notes:
            self._row(row, _DOMAIN[0] - 8, self.y, WIDTH - 20)
            self.y += _tall(row, WIDTH - 20)
        self.y += 4 if panel.notes else 0
        top = self.y
        shared = bool(panel.lanes) and bool(panel.region.name)
        shared = shared and all(lane.region == panel.region for lane in panel.lanes)
        width = (_HOST[0] + _HOST[1] if shared else _DOMAIN[0] + _DOMAIN[1]) - _DOMAIN[0] + 2 * _PAD
        y = top + _tab(panel.region, width)
        domain_y, left = y, max(_height(panel.domain, _DOMAIN[1]), 40)
        centres: list[int] = []
        y = y if shared else top
        for lane in panel.lanes:
            y = self._lane(lane, y, own=not shared, centres=centres)
        if not panel.lanes:
            self.canvas.text(_HOST[0], domain_y + 26, "no mail host is found", TEXT, "quiet", most=_HOST[1])
        bottom = max(y - _GAP, domain_y + left)
        if panel.region.name:
            height = (bottom if shared else domain_y + left) - top + _PAD
            self._region(panel.region, _DOMAIN[0] - _PAD, top, width, height)
        self._card(panel.domain, *_DOMAIN, domain_y, left)
        self._leads(panel, centres, domain_y + min(left // 2, 24))
        self.y = bottom + _PAD + _GAP
        self._others(panel.others)
        self.canvas.height = max(self.canvas.height, self.y - 4)

    def _lane(self, lane: Lane, y: int, *, own: bool, centres: list[int]) -> int:
        outer = _HOST[1] + 2 * _PAD
        top, inner = y, y + (_tab(lane.region, outer) if own else 0)
        servers = sum(_height(wire.server, _SERVER[1]) + _GAP for wire in lane.wires) - _GAP
        more = f"and {len(lane.more)} more like it: {', '.join(lane.more)}" if lane.more else ""
        also = 18 + fitted(more, SMALL, most=_HOST[1] - 10).more if more else 0
        height = _height(lane.host, _HOST[1])
        if own and lane.region.name:
            self._region(lane.region, _HOST[0] - _PAD, top, outer, inner - top + height + also + _PAD)
        self._card(lane.host, *_HOST, inner, height)
        if more:
            self.canvas.text(_HOST[0] + 8, inner + height + 14, more, SMALL, "quiet", most=_HOST[1] - 10)
        centres.append(inner + 12)
        at = inner
        for number, wire in enumerate(lane.wires):
            tall = _height(wire.server, _SERVER[1])
            self._card(wire.server, *_SERVER, at, tall)
            self._wire(wire, inner + 12 + number * 6, at + 12)
            at += tall + _GAP
        lower = _PAD if own and lane.region.name else 0
        return max(inner + height + also + lower, inner + servers) + _GAP

    def _leads(self, panel: Panel, centres: list[int], start: int) -> None:
        for lane, y in zip(panel.lanes, centres, strict=True):
            x, to = _DOMAIN[0] + _DOMAIN[1], _HOST[0]
            self.canvas.arrow(((x, start), (to - 1, y)), "w-lead")
            self.canvas.text(int(to - 10 - SMALL.width(lane.label)), y - 5, lane.label, SMALL, "w-lab", most=90)

    def _wire(self, wire: Wire, start: int, y: int) -> None:
        x, to = _HOST[0] + _HOST[1], _SERVER[0]
        self.canvas.arrow(((x, start), (to - 1, y)), f"w-wire {wire.tone}")
        room = to - x - 8
        self.canvas.text(x + 12, y - 6, wire.label, SMALL, f"w-lab {wire.tone}", most=room, lines=1)
        if wire.attacked:
            self.canvas.box(x + 32, y - 2, 24, 24, "w-mask", radius=12)
            self.canvas.sign(x + 36, y + 2, Mark.ATTACKER, Tone.ATTACK, size=16)

    def _card(self, card: Card, x: int, width: int, y: int, height: int) -> None:
        self.canvas.box(x, y, width, height, f"w-card {card.tone}")
        if card.badge:
            at = int(x + width - _badge(card) + 2)
            self.canvas.text(at, y + 16, card.badge, ZONE, "attack", most=_badge(card), lines=1)
        self.canvas.text(x + 8, y + 16, card.title, TITLE, most=width - 14 - _badge(card))
        at = y + _head(card, width)
        for row in card.rows:
            self._row(row, x + 8, at, width - 14)
            at += _tall(row, width - 14)

    def _row(self, row: Row, x: int, y: int, width: int) -> None:
        if row.mark:
            self.canvas.sign(x, y + 1, row.mark, row.tone)
        self.canvas.text(x + 18, y + 12, row.text, RECORD if row.record else TEXT, row.tone, most=width - 18)

    def _region(self, region: Region, x: int, y: int, width: int, height: int) -> None:
        """Put behind what is drawn in it."""
        behind = Canvas()
        behind.box(x, y, width, height, f"w-zone {region.standing}", radius=10)
        behind.sign(x + 8, y + 5, region.standing, _tone(region))
        behind.text(x + 25, y + 16, _title(region), ZONE, most=width - 30)
        self.canvas.shapes[:0] = behind.shapes
        at = y + 21 + fitted(_title(region), ZONE, most=width - 30).more
        for row in region.rows:
            self._row(row, x + 8, at, width - 14)
            at += _tall(row, width - 14)
        self.canvas.height = max(self.canvas.height, y + height)

    def _others(self, regions: tuple[Region, ...]) -> None:
        """Zones in which nothing is drawn, side by side."""
        width = (WIDTH - 12 - _GAP) // 2
        for start in range(0, len(regions), 2):
            row = regions[start : start + 2]
            tall = max(_tab(region, width) for region in row) + 6
            for place, region in enumerate(row):
                self._region(region, _DOMAIN[0] - _PAD + place * (width + _GAP), self.y, width, tall)
            self.y += tall + _GAP


def _tab(region: Region, width: int) -> int:
    if not region.name:
        return 0
    rows = sum(_tall(row, width - 14) for row in region.rows)
    return _TAB + 4 + fitted(_title(region), ZONE, most=width - 30).more + rows


def _height(card: Card, width: int) -> int:
    return _head(card, width) + sum(_tall(row, width - 14) for row in card.rows) + (6 if card.rows else 2)


def _head(card: Card, width: int) -> int:
    return _HEAD + fitted(card.title, TITLE, most=width - 14 - _badge(card)).more


def _tall(row: Row, width: int) -> int:
    return _LINE + fitted(row.text, RECORD if row.record else TEXT, most=width - 18).more


def _badge(card: Card) -> float:
    """The room that a badge takes of its card's title."""
    return ZONE.width(card.badge) + 10 if card.badge else 0


def _title(region: Region) -> str:
    return f"{'unanswering' if region.standing == 'failed' else region.standing} zone {region.name}"


def _tone(region: Region) -> Tone:
    tones = {"secure": Tone.GOOD, "insecure": Tone.QUIET, "bogus": Tone.BAD}
    return tones.get(region.standing, Tone.WARN)
