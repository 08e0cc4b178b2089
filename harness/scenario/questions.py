"""The words of a fault's `at`: which DNS question something goes wrong with."""

from __future__ import annotations

import re

from .words import did_you_mean

ALONE = ("TLSA", "MX", "A", "AAAA", "address", "CNAME", "DS", "DNSKEY")
"""Types that say enough alone: those of the recipient domain, the first MX host, or the zone of its addresses."""
TYPES = (
    "A", "AAAA", "CNAME", "DNAME", "DNSKEY", "DS", "MX", "NS", "NSEC", "NSEC3", "NSEC3PARAM", "PTR", "SMIMEA", "SOA",
    "SRV", "TLSA", "TXT", "address", "*",
)  # fmt: skip
"""Types that may stand behind a name; besides these `TYPE123`."""


def question_problem(at: str) -> tuple[str, str] | None:
    """What is wrong with the words, and the remedy; None when they name a question."""
    words = re.sub(r"\{[^{}]*\}", "x", at).split()
    if len(words) == 1:
        word = words[0]
        if word in ALONE:
            return None
        if word in TYPES or "." in word or word == "x":
            return f"{at!r} names half a question", "write NAME TYPE, as in 'mx1 TLSA'"
        return f"{at!r} is no question", did_you_mean(word, ALONE)
    if len(words) != 2:
        return f"{at!r} is no question", "write a type, as in 'TLSA', or NAME TYPE, as in 'mx1 A'"
    name, kind = words
    if kind not in TYPES and not re.fullmatch(r"TYPE\d{1,5}", kind):
        return f"{at!r}: {kind!r} is no type", did_you_mean(kind, TYPES)
    if "*" in name and (not re.fullmatch(r"\*\.[^*]+", name) or kind != "*"):
        return f"{at!r}: a star stands for whole names below another", "write '*.NAME *'"
    return None
