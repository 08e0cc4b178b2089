"""Small scenario files for tests."""

from __future__ import annotations

from pathlib import Path

GOOD = """\
title = "A digest that matches"
covers = ["7672-2.2-1"]
explain = "All is well here, and mail is delivered over an authenticated connection."

[expect]
opportunistic = "AUTH"
mandatory = "AUTH"
unaware = "OPP"
"""

BAD_DIGEST = """\
title = "A digest that does not match"
covers = ["7672-2.2-2"]
twin = "good"
importance = "critical"
catalogue = "d-ee-mismatch"
explain = "The digest is that of another key, so that a sender with DANE has to keep the mail."

[[mx]]
tlsa = ["3 1 1 other-key"]

[expect]
opportunistic = "DEFER"
mandatory = "DEFER"
unaware = "OPP"
"""

REQUIREMENTS = frozenset({"7672-2.2-1", "7672-2.2-2"})


def write(folder: Path, *, group: str = "g", **texts: str) -> Path:
    """Files `folder/group/name.toml`, underscores in names becoming hyphens; returns the group's directory."""
    place = folder / group
    place.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (place / f"{name.replace('_', '-')}.toml").write_text(text, encoding="utf-8")
    return place


def with_lines(text: str, *lines: str) -> str:
    """The file with more lines before its first table."""
    head, table, rest = text.partition("\n[")
    return head + "\n" + "\n".join(lines) + "\n" + table + rest
