"""Targets: what is tested, one file each."""

from __future__ import annotations

from harness.errors import UsageError

from .base import Kind, Mail, Surroundings, Target, Word
from .builtin import BuiltinSender
from .command import CommandTarget

__all__ = ["BuiltinSender", "CommandTarget", "Kind", "Mail", "Surroundings", "Target", "Word", "named"]


def named(word: str) -> Kind:
    """The target that a word on the command line means. Raises UsageError, also for a command that cannot be run."""
    kind, colon, rest = word.partition(":")
    if word == "builtin":
        return BuiltinSender.kind()
    if kind == "command" and colon:
        return CommandTarget.kind(rest)
    raise UsageError(
        f"there is no target {word!r}; write 'builtin', or 'command:' and a command line with {{recipient}} in it"
    )
