"""Which TLSA records are usable: every rule loosened or tightened."""

from __future__ import annotations

from dataclasses import replace

from harness.sender.rules import Rules
from harness.sender.tlsa import MatchingType, Selector, TlsaRecord, Usage

from .model import RIGHT, Harm, Mutant, always, broken

_UNUSABLE = ("6698-4.1-6", "7671-10.3-3", "7672-2.2-5")
_UNHEEDED = ("6698-4.1-2", "7672-3.2-2", "7672-2.2-2")


class _KnowsAllMatchingTypes(Rules):
    """What it does not know it compares as it is, so that it never matches."""

    def matching_type_is_usable(self, matching_type: int) -> bool:
        del matching_type
        return True

    def digest_is_well_formed(self, record: TlsaRecord) -> bool:
        return record.matching_type not in list(MatchingType) or super().digest_is_well_formed(record)

    def survives_agility(self, record: TlsaRecord) -> bool:
        return record.matching_type not in (MatchingType.SHA2_256, MatchingType.SHA2_512)


class _KnowsAllSelectors(Rules):
    def selector_is_usable(self, selector: int) -> bool:
        del selector
        return True


def _without(field: str, number: int, name: str, tells: str, *breaks: str) -> Mutant:
    """One kind of record is not known."""

    def usable(_: object, records: tuple[TlsaRecord, ...]) -> tuple[TlsaRecord, ...]:
        return tuple(each for each in RIGHT.usable(records) if getattr(each, field) != number)

    return Mutant(name=name, tells=tells, breaks=breaks, harm=Harm.SECURITY, rules=broken(usable=usable))


MUTANTS = (
    Mutant(
        name="pkix-usages-usable",
        tells="PKIX-TA(0) and PKIX-EE(1) records count like DANE-TA(2) ones.",
        breaks=("7672-3.1.3-1", "7671-4-1"),
        harm=Harm.DELIVERY,
        rules=broken(usage_is_usable=lambda _, usage: usage <= Usage.DANE_EE),
    ),
    Mutant(
        name="pkix-ee-is-dane-ee",
        tells="PKIX-EE(1) records count like DANE-EE(3) ones.",
        breaks=("7672-3.1.3-1", "7671-4-1"),
        harm=Harm.DELIVERY,
        rules=broken(
            usage_is_usable=lambda _, usage: usage in (Usage.PKIX_EE, Usage.DANE_TA, Usage.DANE_EE),
            fault=lambda self, record, **facts: RIGHT.fault(
                replace(record, usage=Usage.DANE_EE) if record.usage == Usage.PKIX_EE else record, **facts
            ),
        ),
    ),
    Mutant(
        name="unknown-usage-usable",
        tells="Records of an unknown usage count, and never match but by chance.",
        breaks=_UNUSABLE,
        harm=Harm.DELIVERY,
        rules=broken(
            usage_is_usable=always(True),
            fault=lambda _, record, **facts: RIGHT.fault(record, **facts) if record.usage <= 3 else "unknown usage",
        ),
    ),
    Mutant(
        name="unknown-usage-matches",
        tells="Records of an unknown usage count like DANE-EE(3) ones.",
        breaks=_UNUSABLE,
        harm=Harm.DELIVERY,
        rules=broken(
            usage_is_usable=always(True),
            fault=lambda _, record, **facts: RIGHT.fault(
                replace(record, usage=Usage.DANE_EE) if record.usage > 3 else record, **facts
            ),
        ),
    ),
    Mutant(
        name="unknown-selector-usable",
        tells="Records of an unknown selector count, and are compared with the whole certificate.",
        breaks=_UNUSABLE,
        harm=Harm.DELIVERY,
        rules=_KnowsAllSelectors,
    ),
    Mutant(
        name="unknown-matching-type-usable",
        tells="Records of an unknown matching type count, and never match.",
        breaks=_UNUSABLE,
        harm=Harm.DELIVERY,
        rules=_KnowsAllMatchingTypes,
    ),
    _without(
        "usage",
        Usage.DANE_EE,
        "dane-ee-unusable",
        "DANE-EE(3) records do not count.",
        "6698-6-3",
        "7672-3.1.1-3",
        "7672-3.2-2",
    ),
    _without(
        "usage",
        Usage.DANE_TA,
        "dane-ta-unusable",
        "DANE-TA(2) records do not count.",
        "6698-6-3",
        "6698-2.1.1-1",
        "7672-3.2.2-1",
    ),
    _without(
        "selector",
        Selector.CERT,
        "whole-certificate-unusable",
        "Records of selector Cert(0) do not count.",
        "6698-6-1",
        "6698-2.1.2-1",
    ),
    _without(
        "selector",
        Selector.SPKI,
        "bare-key-unusable",
        "Records of selector SPKI(1) do not count.",
        "6698-6-1",
        "6698-2.1.2-1",
    ),
    _without(
        "matching_type",
        MatchingType.FULL,
        "full-data-unusable",
        "Records of matching type Full(0) do not count.",
        "6698-6-1",
        "6698-2.1.3-1",
        "7671-5.2.2-1",
        "7671-5.2.3-1",
    ),
    _without(
        "matching_type",
        MatchingType.SHA2_256,
        "sha-256-unusable",
        "Records of matching type SHA2-256(1) do not count.",
        "7671-2-3",
        "6698-6-1",
        "6698-2.1.3-1",
    ),
    _without(
        "matching_type",
        MatchingType.SHA2_512,
        "sha-512-unusable",
        "Records of matching type SHA2-512(2) do not count.",
        "6698-6-2",
        "7671-2-1",
        "6698-2.1.3-1",
    ),
    Mutant(
        name="no-usage-usable",
        tells="No certificate usage is known.",
        breaks=_UNHEEDED,
        harm=Harm.SECURITY,
        rules=broken(usage_is_usable=always(False)),
    ),
    Mutant(
        name="no-selector-usable",
        tells="No selector is known.",
        breaks=("6698-6-1", *_UNHEEDED),
        harm=Harm.SECURITY,
        rules=broken(selector_is_usable=always(False)),
    ),
    Mutant(
        name="no-matching-type-usable",
        tells="No matching type is known.",
        breaks=("6698-6-1", *_UNHEEDED),
        harm=Harm.SECURITY,
        rules=broken(matching_type_is_usable=always(False)),
    ),
    Mutant(
        name="any-digest-length",
        tells="A digest of the wrong length counts, and never matches.",
        breaks=("6698-4.1-7",),
        harm=Harm.DELIVERY,
        rules=broken(digest_is_well_formed=always(True)),
    ),
    Mutant(
        name="no-digest-length",
        tells="Every digest counts as malformed.",
        breaks=_UNHEEDED,
        harm=Harm.SECURITY,
        rules=broken(digest_is_well_formed=lambda _, record: record.matching_type == MatchingType.FULL),
    ),
    Mutant(
        name="any-full-data",
        tells="Full(0) data that are neither certificate nor key count, and never match.",
        breaks=("6698-4.1-7",),
        harm=Harm.DELIVERY,
        rules=broken(full_data_are_well_formed=always(True)),
    ),
    Mutant(
        name="no-full-data",
        tells="Full(0) data never count as well formed.",
        breaks=("6698-6-1", "6698-2.1.3-1", "7671-5.2.2-1", "7671-5.2.3-1"),
        harm=Harm.SECURITY,
        rules=broken(full_data_are_well_formed=lambda _, record: record.matching_type != MatchingType.FULL),
    ),
    Mutant(
        name="one-unusable-spoils-all",
        tells="One unusable record makes the whole set unusable.",
        breaks=("6698-4.1-9", "6698-4.1-6", "7672-3.2-1"),
        harm=Harm.SECURITY,
        rules=broken(usable=lambda _, records: records if RIGHT.usable(records) == records else ()),
    ),
    Mutant(
        name="only-first-record",
        tells="Only the first TLSA record is looked at.",
        breaks=("6698-4.1-9", "7672-3.2-1"),
        harm=Harm.DELIVERY,
        rules=broken(usable=lambda _, records: RIGHT.usable(records)[:1]),
    ),
    Mutant(
        name="only-last-record",
        tells="Only the last TLSA record is looked at.",
        breaks=("6698-4.1-9", "7672-3.2-1"),
        harm=Harm.DELIVERY,
        rules=broken(usable=lambda _, records: RIGHT.usable(records)[-1:]),
    ),
    Mutant(
        name="only-highest-usage",
        tells="DANE-TA(2) records do not count beside DANE-EE(3) ones.",
        breaks=("7671-8-2", "6698-4.1-9", "7671-9-5"),
        harm=Harm.DELIVERY,
        rules=broken(
            usable=lambda _, records: tuple(
                each
                for each in RIGHT.usable(records)
                if each.usage == max(other.usage for other in RIGHT.usable(records))
            )
        ),
    ),
)
