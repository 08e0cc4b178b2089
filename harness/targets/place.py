"""Where a managed target runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harness.isolation.links import Wire

from .arrangements import Arrangement
from .base import Mail


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a managed target runs."""

    wire: Wire
    scratch: Path | None = None
    """A folder for its mount point and the output of its programs. None: one that is gone with the lab's namespace."""
    prefix: Path | None
    """Its packages, unpacked."""
    libraries: tuple[Path, ...] = ()
    """Further trees that are laid over /usr."""
    webpki: str
    """Certificate of the CA that is trusted publicly, in PEM."""
    host_name: str
    sender_domain: str
    died: Callable[[str, Mail | None], None]
    """Called with a reason when it ends without being asked to, and with the message where it had one only in work."""
    refused: tuple[str, ...] = ()
    """Addresses of mail hosts at which nothing listens."""
    at_once: int = 100
    """How many messages may be in its hands at a time, whatever it could take."""
    resolver: str = ""
    """Address of the resolver, where it is not at the lab's end of the wire."""
    arrangements: tuple[Arrangement, ...] = ()
    """What is settled for single destinations."""
    log: Callable[[str], None] | None = None
    """Gets every line that the target logs."""
