"""Which names a certificate may bear, and when one matches (RFC 7672 sections 3.2.2 and 3.2.3)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from harness.scenario.models import Choice

from .certificate import Certificate
from .stance import UNDECLARED, Point, Stance


@dataclass(frozen=True, kw_only=True)
class References:
    """Reference identifiers: the names one of which a usage 2 certificate has to bear."""

    base: str
    """The TLSA base domain, always among them (section 3.2.2)."""
    others: tuple[str, ...] = ()
    """The next-hop domain and its expansion, where the MX RRset is secure or there is none."""
    unexpanded: str = ""
    """An alias's own name, which RFC 7672 neither lists nor excludes; empty: there is none."""

    def all(self) -> Iterator[str]:
        """Those that count for everybody."""
        yield self.base
        yield from self.others


def bears_name(
    certificate: Certificate, references: References, stance: Stance = UNDECLARED
) -> Iterator[tuple[bool, Choice | None]]:
    """Whether the certificate bears an accepted name: each answer that conforms with the choice it depends on.

    Section 3.2.3: DNS-IDs alone count where there are any (7672-3.2.3-1); one match suffices (7672-3.2.3-2). The
    common name is a fallback in RFC 7672 and forbidden by RFC 9525 section 2.
    """
    presented = certificate.dns_names
    if any_equal(presented, references.all()):
        yield True, None
    elif any_equal(presented, references.all(), labels=9):
        wildcard = {"one-label": (False, None), "several-labels": (True, Choice.MULTI_LABEL_WILDCARD)}
        yield from stance.left(Point.MULTI_LABEL_WILDCARD, wildcard)
    elif not presented and any_equal((certificate.common_name,), references.all()):
        common = {"used": (True, Choice.CN_FALLBACK), "not-used": (False, Choice.CN_FALLBACK)}
        yield from stance.left(Point.CN_FALLBACK, common)
    else:
        yield False, None
        if references.unexpanded and any_equal(presented, (references.unexpanded,)):
            yield True, Choice.UNEXPANDED_MX_NAME


def any_equal(presented: Iterable[str], references: Iterable[str], *, labels: int = 1) -> bool:
    """Whether one of the names matches one of the others; a wildcard stands for up to so many labels."""
    wanted = tuple(references)
    return any(_matches(name, reference, labels=labels) for name in presented for reference in wanted)


def _matches(presented: str, reference: str, *, labels: int) -> bool:
    """Section 3.2.3: label by label, ASCII without case; `*` only as the whole first label (7672-3.2.3-3, -4)."""
    own, other = _labels(presented), _labels(reference)
    if own == other:
        return presented != ""
    if own[0] != "*" or "*" in "".join(own[1:]) or len(own) < 2:
        return False
    hidden = len(other) - (len(own) - 1)
    return 1 <= hidden <= labels and other[hidden:] == own[1:]


def _labels(name: str) -> list[str]:
    return ["".join(letter.lower() if letter.isascii() else letter for letter in label) for label in name.split(".")]
