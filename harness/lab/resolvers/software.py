"""Who resolves for the targets, and what it takes to run a real resolver."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

ROOT_FILES = "/etc/danelab"
"""Where every resolver finds the files of `.files`: root hints and trust anchor."""


class ResolverSoftware(StrEnum):
    """Who resolves for the targets."""

    SIMULATED = "simulated"
    """The lab answers from what it knows; needs nothing, waits for nothing."""
    UNBOUND = "unbound"
    """unbound, of NLnet Labs."""
    BIND = "bind"
    """BIND 9's named, of ISC."""
    KNOT = "knot"
    """Knot Resolver's kresd, of CZ.NIC."""
    POWERDNS = "powerdns"
    """PowerDNS Recursor."""
    TARGET = "target"
    """The product itself, from the lab's root hints and trust anchor."""

    @property
    def is_real(self) -> bool:
        """Whether it is a program that the lab starts."""
        return self not in (ResolverSoftware.SIMULATED, ResolverSoftware.TARGET)


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a real resolver is configured and started."""

    packages: tuple[str, ...]
    """Debian packages that hold it."""
    argv: tuple[str, ...]
    """It stays in the foreground, and tells its log there."""
    files: Mapping[str, str]
    """Texts of the files in its root, by absolute name."""
    flush: tuple[tuple[str, ...], ...] = ()
    """Commands that make it forget all it has learnt, run in its root; none where it keeps nothing."""
    flush_below: tuple[tuple[str, ...], ...] = ()
    """Commands that make it forget what it has learnt of a name, which `{name}` stands for, and of all below."""
    keeps_upper_denials: bool = False
    """Whether these leave what the zone above has said: that the name has no DS record."""
    folders: tuple[str, ...] = ()
    """Folders that it wants to find."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Further environment variables."""
    gives_servers_up: bool = False
    """Whether it fails lookups at once, for a time, when a server has been silent a few times in a row (`.pulse`)."""
    departures: Mapping[str, str] = field(default_factory=dict)
    """Scenarios in which it does not see what a correct resolver sees, by id, each with the reason: what a target does
    behind it there says nothing about the target."""
