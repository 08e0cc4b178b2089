"""What a mutant is: the built-in sender with one rule broken on purpose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from harness.sender.policy import Mode
from harness.sender.rules import Rules


class Harm(StrEnum):
    """What comes of the broken rule at its worst; the suite has to see that much of it."""

    SECURITY = "security"
    """Mail in clear, or to a server that was not authenticated, where that is forbidden."""
    DELIVERY = "delivery"
    """Mail withheld that has to go, or returned that has to wait."""
    WARNING = "warning"
    """A rule of good conduct is not kept."""


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """One rule broken."""

    name: str
    """Unique; lower case words joined by hyphens."""
    tells: str
    """What this sender does wrong, in one sentence."""
    breaks: tuple[str, ...]
    """Requirements of the catalogue that it breaks, by id; the one that matters most first."""
    harm: Harm
    rules: type[Rules]
    mode: Mode = Mode.OPPORTUNISTIC
    """The mode in which it shows."""
    argument: str = ""
    """Why no scenario can show it, or none should; empty: the suite has to catch it."""


def broken(**methods: Callable[..., Any]) -> type[Rules]:
    """Rules with these methods in place of the right ones. Raises `TypeError` for what is no rule."""
    for name in methods:
        if not callable(getattr(Rules, name, None)):
            raise TypeError(f"there is no rule {name}")
    return type("BrokenRules", (Rules,), methods)


def always(value: object) -> Callable[..., Any]:
    """A rule that says the same whatever it is asked."""
    return lambda *_, **__: value


RIGHT = Rules()
"""The right rules, for those mutants that are wrong only sometimes. They have no state."""
