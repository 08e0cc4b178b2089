"""Digest agility (RFC 7671 section 9)."""

from __future__ import annotations

from harness.sender.rules import Rules
from harness.sender.tlsa import MatchingType, TlsaRecord

from .model import RIGHT, Harm, Mutant, broken


class _FullCompetes(Rules):
    """Full(0) counts as the weakest of digests."""

    def survives_agility(self, record: TlsaRecord) -> bool:
        del record
        return False

    def digest_strength(self, matching_type: int) -> int:
        return matching_type


class _AgilityFirst(Rules):
    """The strongest digest is chosen before unusable records are left out."""

    def usable(self, records: tuple[TlsaRecord, ...]) -> tuple[TlsaRecord, ...]:
        best: dict[tuple[int, int], int] = {}
        for each in records:
            if each.matching_type != MatchingType.FULL:
                group = self.agility_group(each)
                best[group] = max(best.get(group, 0), each.matching_type)
        kept = (
            each
            for each in records
            if each.matching_type in (MatchingType.FULL, best.get(self.agility_group(each), MatchingType.FULL))
        )
        return super().usable(tuple(kept))


MUTANTS = (
    Mutant(
        name="no-agility",
        tells="A weaker digest counts beside a stronger one.",
        breaks=("7671-9-6", "7672-5-1", "7672-5-2", "7671-9-2", "7671-2-2"),
        harm=Harm.WARNING,
        rules=broken(strongest=lambda _, usable: usable),
    ),
    Mutant(
        name="weakest-digest-wins",
        tells="SHA2-256 counts for stronger than SHA2-512.",
        breaks=("7671-9-1", "7671-9-6", "7672-5-2"),
        harm=Harm.WARNING,
        rules=broken(digest_strength=lambda _, matching_type: -matching_type + 3),
    ),
    Mutant(
        name="all-digests-equal",
        tells="No digest counts for stronger than another.",
        breaks=("7671-9-1", "7671-9-6", "7672-5-2"),
        harm=Harm.WARNING,
        rules=broken(digest_strength=lambda _, _type: 1),
    ),
    Mutant(
        name="full-data-compete",
        tells="Full(0) records do not count beside a digest.",
        breaks=("7671-9-4", "7672-5-1"),
        harm=Harm.DELIVERY,
        rules=_FullCompetes,
    ),
    Mutant(
        name="agility-across-selectors",
        tells="A strong digest of the key outdoes a weaker one of the certificate.",
        breaks=("7671-9-5", "7672-5-1"),
        harm=Harm.DELIVERY,
        rules=broken(agility_group=lambda _, record: (record.usage, 0)),
    ),
    Mutant(
        name="agility-across-usages",
        tells="A strong DANE-EE digest outdoes a weaker DANE-TA one.",
        breaks=("7671-9-5", "7672-5-1"),
        harm=Harm.DELIVERY,
        rules=broken(agility_group=lambda _, record: (0, record.selector)),
    ),
    Mutant(
        name="agility-before-usability",
        tells="A stronger digest outdoes a weaker one although it is unusable itself.",
        breaks=("7671-9-3", "6698-4.1-6", "6698-4.1-9"),
        harm=Harm.SECURITY,
        rules=_AgilityFirst,
    ),
    Mutant(
        name="only-one-record-of-the-strongest",
        tells="Of several records of the strongest digest only the first counts.",
        breaks=("6698-4.1-9", "7672-4-2"),
        harm=Harm.DELIVERY,
        rules=broken(strongest=lambda _, usable: RIGHT.strongest(usable)[:1]),
    ),
)
