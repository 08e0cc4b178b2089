"""What the administrator of a target has settled for single destinations, and the lines that tell it that.

A target that has a place for such lines in its definition (`tables`) meets the scenarios that are about them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from harness.scenario.base import Table
from harness.scenario.models import Mode, Need

from .templates import fill

NAMES = ("number", "domain", "next_hop", "next_host", "next_port")
"""What a line may name, besides what every template may.

`number` (of the destination, from 1), `domain` (the recipient's, without a final dot); for a relay or a fallback relay
`next_hop` (`[host]`, or `[host]:port` where the port is not 25), `next_host` and `next_port`.
"""
_HOP = re.compile(r"\[(?P<host>.+)\](:(?P<port>\d+))?")


class About(StrEnum):
    """What can be settled for a destination."""

    RELAY = "relay"
    """It is not looked up in the DNS: mail goes to this next hop."""
    FALLBACK_RELAY = "fallback-relay"
    """Mail that could not be delivered otherwise goes to this next hop."""
    OPPORTUNISTIC = "opportunistic"
    """DANE where there are records, whatever the target does elsewhere."""
    MANDATORY = "mandatory"
    """DANE or nothing, whatever the target does elsewhere."""
    UNAWARE = "unaware"
    """No DANE, whatever the target does elsewhere."""
    AUDIT = "audit"
    """DANE is tried, and does not hold mail back."""


_MODES = frozenset({About.OPPORTUNISTIC, About.MANDATORY, About.UNAWARE})


@dataclass(frozen=True, kw_only=True)
class Arrangement:
    """What is settled for one destination."""

    domain: str
    relay: str | None = None
    fallback_relay: str | None = None
    mode: Mode | None = None
    audit_only: bool = False

    def is_about(self, about: About) -> bool:
        """Whether it settles that."""
        match about:
            case About.RELAY:
                return self.relay is not None
            case About.FALLBACK_RELAY:
                return self.fallback_relay is not None
            case About.AUDIT:
                return self.audit_only
            case _:
                return self.mode is not None and self.mode == Mode(about)


class Lines(Table):
    """A place in the target's configuration for what is settled for single destinations."""

    about: About
    file: Annotated[str, Field(pattern="^/")]
    """The file that gets, at its end, a line for each destination that this is settled for; it need not be there."""
    line: str
    """A template; it may be several lines."""


def without_dane(places: Iterable[Lines]) -> tuple[Lines, ...]:
    """The places that say nothing about DANE."""
    return tuple(place for place in places if place.about in (About.RELAY, About.FALLBACK_RELAY))


def needs_met(places: Iterable[Lines]) -> frozenset[Need]:
    """The needs of scenarios that a target with these places meets."""
    about = {each.about for each in places}
    return frozenset(need for need, wanted in _WANTED.items() if wanted <= about)


_WANTED: Mapping[Need, frozenset[About]] = {
    Need.ROUTE: frozenset({About.RELAY}),
    Need.FALLBACK_RELAY: frozenset({About.FALLBACK_RELAY}),
    Need.DESTINATION_POLICY: _MODES,
    Need.AUDIT: frozenset({About.AUDIT}),
}


def written(
    places: Iterable[Lines], arrangements: Iterable[Arrangement], values: Mapping[str, str], *, where: str
) -> dict[str, str]:
    """What the files get at their end, by name. Raises UsageError for a line that names what there is not."""
    settled = tuple(arrangements)
    files: dict[str, str] = {}
    for place in places:
        files.setdefault(place.file, "")
        for number, each in enumerate(settled, 1):
            if each.is_about(place.about):
                own = {"number": str(number), "domain": each.domain, **_next(each, place.about)}
                files[place.file] += fill(place.line, {**values, **own}, where=where).rstrip("\n") + "\n"
    return files


def _next(arrangement: Arrangement, about: About) -> dict[str, str]:
    hop = arrangement.fallback_relay if about is About.FALLBACK_RELAY else arrangement.relay
    found = _HOP.fullmatch(hop or "")
    host, port = (found["host"], found["port"] or "25") if found else (hop or "", "25")
    return {"next_hop": hop or "", "next_host": host, "next_port": port}
