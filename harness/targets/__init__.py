"""Targets: what is tested, one file each."""

from __future__ import annotations

from harness.errors import UsageError

from .base import Mail, Surroundings, Target, Word
from .builtin import BuiltinSender
from .command import CommandTarget

__all__ = ["BuiltinSender", "CommandTarget", "Mail", "Surroundings", "Target", "Word", "make"]


def make(spec: str, around: Surroundings) -> Target:
    """The target that a word on the command line means. Raises UsageError."""
    kind, _, rest = spec.partition(":")
    if spec == "builtin":
        return BuiltinSender(around)
    if kind == "command":
        return CommandTarget(rest, around)
    raise UsageError(
        f"there is no target {spec!r}; write 'builtin', or 'command:' and a command line with {{recipient}} in it"
    )
