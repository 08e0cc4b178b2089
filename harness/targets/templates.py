"""Texts of a definition in which `{{ name }}` stands for something that is known only when the lab is up."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from harness.errors import UsageError
from harness.scenario.words import did_you_mean

NAMES = ("resolver", "host_name", "ipv4", "ipv6", "sender_domain", "ca_file", "fake_ids")
"""What every template may name, besides the mode's variables.

`resolver` (its address; the port is 53), `host_name` (the target's own), `ipv4` and `ipv6` (its addresses),
`sender_domain`, `ca_file` (certificate of the publicly trusted CA), `fake_ids` (`yes` or `no`: whether changes of uid
are pretended).
"""

_NAME = re.compile(r"\{\{ *(\w+) *\}\}")


def unknown(text: str, known: Iterable[str]) -> str:
    """The first name in the text that is not known; empty where there is none."""
    names = set(known)
    return next((name for name in _NAME.findall(text) if name not in names), "")


def fill(text: str, values: Mapping[str, str], *, where: str) -> str:
    """Fill in a template. Raises UsageError that says where and what is wrong."""

    def value(found: re.Match[str]) -> str:
        if found[1] not in values:
            raise UsageError(f"{where}: there is no {found[0]!r}; {did_you_mean(found[1], values)}")
        return values[found[1]]

    return _NAME.sub(value, text)
