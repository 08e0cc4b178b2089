"""How a name in a certificate compares with a reference identifier (RFC 7672 section 3.2.3, RFC 9525 section 6)."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable

from .model import RIGHT, Harm, Mutant, broken

_Matches = Callable[[str, str], bool]


def _u_labels(name: str) -> str:
    return name.encode("ascii").decode("idna")


def _also(name: str, tells: str, *breaks: str, when: _Matches, harm: Harm = Harm.SECURITY) -> Mutant:
    """Some names match that should not."""
    return Mutant(
        name=name,
        tells=tells,
        breaks=breaks,
        harm=harm,
        rules=broken(
            identifier_matches=lambda _, presented, *, reference: (
                RIGHT.identifier_matches(presented, reference=reference) or when(presented.lower(), reference.lower())
            )
        ),
    )


def _not(name: str, tells: str, *breaks: str, when: _Matches) -> Mutant:
    """Some names do not match that should."""
    return Mutant(
        name=name,
        tells=tells,
        breaks=breaks,
        harm=Harm.DELIVERY,
        rules=broken(
            identifier_matches=lambda _, presented, *, reference: (
                RIGHT.identifier_matches(presented, reference=reference) and not when(presented, reference)
            )
        ),
    )


MUTANTS = (
    _not(
        "no-wildcards",
        "No wildcard counts in a certificate.",
        "7672-3.2.3-3",
        "9525-6.3-3",
        when=lambda presented, _: "*" in presented,
    ),
    _not(
        "case-counts",
        "Names in a certificate are compared with regard to case.",
        "9525-6.3-1",
        when=lambda presented, reference: "*" not in presented and presented != reference,
    ),
    _also(
        "wildcard-spans-labels",
        "A wildcard stands for several labels.",
        "7672-3.2.3-5",
        "9525-6.3-3",
        harm=Harm.WARNING,
        when=lambda presented, reference: presented.startswith("*.") and reference.endswith(presented[1:]),
    ),
    _also(
        "wildcard-covers-apex",
        "A wildcard stands for no label too.",
        "7672-3.2.3-3",
        "9525-6.3-3",
        when=lambda presented, reference: presented == f"*.{reference}",
    ),
    _also(
        "wildcard-ends-label",
        "A wildcard may be the end of the first label: mx*.",
        "7672-3.2.3-4",
        "9525-6.3-3",
        when=lambda presented, reference: (
            "*." in presented[1:].partition(".")[0] + "." and fnmatch.fnmatchcase(reference, presented)
        ),
    ),
    _also(
        "wildcard-begins-label",
        "A wildcard may be the beginning of the first label: *1.",
        "7672-3.2.3-4",
        "9525-6.3-3",
        when=lambda presented, reference: (
            presented.startswith("*")
            and fnmatch.fnmatchcase(reference, presented)
            and presented.count(".") == reference.count(".")
        ),
    ),
    _also(
        "wildcard-inside",
        "A wildcard may be any label.",
        "7672-3.2.3-4",
        "9525-6.3-3",
        when=lambda presented, reference: (
            presented.count(".") == reference.count(".")
            and all(
                ours in ("*", theirs) for ours, theirs in zip(presented.split("."), reference.split("."), strict=True)
            )
        ),
    ),
    _also(
        "name-ends-at-zero-octet",
        "A name in a certificate ends at a zero octet.",
        "9525-6.3-1",
        "7672-3.2.2-1",
        when=lambda presented, reference: presented.partition("\0")[0] == reference,
    ),
    _also(
        "u-labels-compared",
        "A name in Unicode form matches the A-label it stands for.",
        "9525-6.3-2",
        "7672-3.2.2-2",
        when=lambda presented, reference: not presented.isascii() and presented == _u_labels(reference),
    ),
)
