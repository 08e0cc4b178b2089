"""Targets: what is tested, one file each."""

from __future__ import annotations

from .arrangements import Arrangement
from .base import Checks, Kind, Mail, Network, Resolves, Surroundings, Target, Word
from .builtin import BuiltinSender
from .checker_subject import subject
from .command import CommandTarget
from .naming import OPEN_ENDED, named, names
from .resolving import bundle

__all__ = [
    "OPEN_ENDED",
    "Arrangement",
    "BuiltinSender",
    "Checks",
    "CommandTarget",
    "Kind",
    "Mail",
    "Network",
    "Resolves",
    "Surroundings",
    "Target",
    "Word",
    "bundle",
    "named",
    "names",
    "subject",
]
