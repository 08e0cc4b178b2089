"""The right word for a wrong one, for the remedies in error texts."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(word: str, words: Iterable[str]) -> str | None:
    """The word most like the given one, or None when none is near."""
    known = {known.lower(): str(known) for known in words}
    found = get_close_matches(word.lower(), known, n=1, cutoff=0.5)
    return known[found[0]] if found else None


def one_of(words: Iterable[str], *, most: int = 12) -> str:
    """The words as a list for people: `a, b or c`; a long list is cut."""
    known = list(words)
    if len(known) > most:
        return ", ".join(known[:most]) + " ..."
    return " or ".join(filter(None, (", ".join(known[:-1]), *known[-1:])))


def did_you_mean(word: str, words: Iterable[str], *, otherwise: str = "") -> str:
    """The remedy for a word that is not known: the nearest one, else all of them; `otherwise` when there are none."""
    known = list(map(str, words))
    near = nearest(word, known)
    if near is not None:
        return f"did you mean {near!r}?"
    return f"known: {one_of(known)}" if known else otherwise
