"""Hostile text made harmless for a terminal: nothing that a target or a peer says may move the cursor or hide."""

from __future__ import annotations

import unicodedata

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories that steer a terminal, turn text around, or cannot be seen."""


def plain(text: str, *, encoding: str = "utf-8") -> str:
    """The text with every such character, and every one the terminal's encoding lacks, written as an escape."""
    harmless = "".join(_escaped(char) if unicodedata.category(char) in _HIDDEN else char for char in text)
    return harmless.encode(encoding, "backslashreplace").decode(encoding)


def _escaped(char: str) -> str:
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
