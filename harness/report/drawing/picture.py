"""What there is to draw of a world, in words and tones; where it goes on the page is not settled here."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from harness.oracle.facts import Standing


class Tone(StrEnum):
    """What a line says about the world, as a colour; each also has a mark of its own shape."""

    PLAIN = "plain"
    """A plain fact."""
    QUIET = "quiet"
    """A fact of no consequence."""
    GOOD = "good"
    """Secure, or a match."""
    WARN = "warn"
    """A mistake or a failure of the operator."""
    BAD = "bad"
    """Does not match, does not validate."""
    ATTACK = "attack"
    """An adversary's doing."""


class Mark(StrEnum):
    """The small sign in front of a line."""

    NONE = ""
    SECURE = "secure"
    """A closed lock."""
    INSECURE = "insecure"
    """An open lock."""
    BOGUS = "bogus"
    """A broken seal."""
    FAILED = "failed"
    """No answer."""
    MATCH = "match"
    """A tick."""
    NO_MATCH = "nomatch"
    """A cross."""
    FAULT = "fault"
    """A bolt."""
    CERTIFICATE = "cert"
    """A certificate."""
    ATTACKER = "attacker"
    """The adversary's mask."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line on a card."""

    text: str
    mark: Mark = Mark.NONE
    tone: Tone = Tone.PLAIN
    record: bool = False
    """Whether the text is a DNS record's data, which is set in a fixed pitch."""


@dataclass(frozen=True, kw_only=True)
class Card:
    """A domain, a mail host, or a server."""

    title: str
    rows: tuple[Row, ...] = ()
    tone: Tone = Tone.PLAIN
    badge: str = ""
    """A word beside the title: the role of a server."""


@dataclass(frozen=True, kw_only=True)
class Region:
    """A zone: what is drawn in it lies in that zone."""

    name: str
    """Empty: what is drawn lies in no zone of the world."""
    standing: Standing = Standing.INSECURE
    rows: tuple[Row, ...] = ()
    """Faults of the zone itself."""


@dataclass(frozen=True, kw_only=True)
class Wire:
    """A connection that a sender makes, and the server it ends at."""

    label: str
    tone: Tone
    attacked: bool
    """Whether somebody sits in the middle of it."""
    server: Card


@dataclass(frozen=True, kw_only=True)
class Lane:
    """A mail host with the servers behind it."""

    label: str
    """How the domain leads to it: an MX preference, `no MX`, `relay`."""
    region: Region
    host: Card
    wires: tuple[Wire, ...]
    more: tuple[str, ...] = ()
    """Titles of further hosts that look the same."""


@dataclass(frozen=True, kw_only=True)
class Panel:
    """What a sender finds who has a message for one recipient at one moment."""

    caption: str
    """Empty where there is but one panel."""
    notes: tuple[Row, ...]
    """What concerns the whole way: the resolver, the route, the message."""
    region: Region
    domain: Card
    lanes: tuple[Lane, ...]
    others: tuple[Region, ...]
    """Further zones of the world in which nothing is drawn."""

    @property
    def told(self) -> str:
        """The panel in a sentence, for who cannot see it."""
        where = f" in {self.region.name} ({self.region.standing})" if self.region.name else ""
        parts = [f"{self.domain.title}{where}", *(row.text for row in self.domain.rows)]
        for lane in self.lanes:
            parts.append(f"{lane.label} to {lane.host.title}".strip())
            parts += [row.text for row in lane.host.rows]
            for wire in lane.wires:
                parts.append(f"{wire.label} at {wire.server.title} {wire.server.badge}".strip())
                parts += [row.text for row in wire.server.rows]
        return "; ".join(filter(None, parts))
