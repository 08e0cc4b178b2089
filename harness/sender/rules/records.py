"""Which TLSA records are usable, which of those count, and when one matches (RFC 6698, RFC 7671 section 9)."""

from __future__ import annotations

from harness.sender import pkix, tlsa
from harness.sender.der import MalformedDer
from harness.sender.tlsa import MatchingType, Selector, TlsaRecord, Usage


class RecordRules:
    """Decisions about TLSA records."""

    def usage_is_usable(self, usage: int) -> bool:
        """DANE-TA(2) and DANE-EE(3) only (RFC 7672 section 3.1.3; 7672-3.1.3-1, 6698-4.1-6)."""
        return usage in (Usage.DANE_TA, Usage.DANE_EE)

    def selector_is_usable(self, selector: int) -> bool:
        """Cert(0) and SPKI(1) (RFC 6698 sections 4.1 and 6; 6698-4.1-6, 6698-6-1)."""
        return selector in (Selector.CERT, Selector.SPKI)

    def matching_type_is_usable(self, matching_type: int) -> bool:
        """Full(0), SHA2-256(1) and SHA2-512(2) (RFC 6698 sections 4.1 and 6; 6698-4.1-6, 6698-6-2)."""
        return matching_type in (MatchingType.FULL, MatchingType.SHA2_256, MatchingType.SHA2_512)

    def digest_is_well_formed(self, record: TlsaRecord) -> bool:
        """A digest has exactly the length of its algorithm (RFC 6698 section 4.1; 6698-4.1-7)."""
        length = tlsa.digest_length(record.matching_type)
        return length is None or len(record.data) == length

    def full_data_are_well_formed(self, record: TlsaRecord) -> bool:
        """Full(0) data are a certificate or a public key, as selected (RFC 6698 section 4.1; 6698-4.1-7)."""
        if record.matching_type != MatchingType.FULL:
            return True
        if record.usage == Usage.DANE_TA and record.selector == Selector.CERT and not pkix.loads(record.data):
            return False
        return tlsa.is_structured(record)

    def usable(self, records: tuple[TlsaRecord, ...]) -> tuple[TlsaRecord, ...]:
        """The records that can authenticate a server (RFC 7671 section 9; 7671-9-3)."""
        return tuple(
            each
            for each in records
            if self.usage_is_usable(each.usage)
            and self.selector_is_usable(each.selector)
            and self.matching_type_is_usable(each.matching_type)
            and self.digest_is_well_formed(each)
            and self.full_data_are_well_formed(each)
        )

    def digest_strength(self, matching_type: int) -> int:
        """The order of digests: SHA2-512 before SHA2-256 (RFC 7671 section 9; 7671-9-1)."""
        return {MatchingType.SHA2_256: 1, MatchingType.SHA2_512: 2}[MatchingType(matching_type)]

    def survives_agility(self, record: TlsaRecord) -> bool:
        """Full(0) records take no part in digest agility and are kept (RFC 7671 section 9; 7671-9-4)."""
        return record.matching_type == MatchingType.FULL

    def agility_group(self, record: TlsaRecord) -> tuple[int, int]:
        """Digests compete within one usage and selector (RFC 7671 section 9; 7671-9-5)."""
        return record.usage, record.selector

    def strongest(self, usable: tuple[TlsaRecord, ...]) -> tuple[TlsaRecord, ...]:
        """The usable records less those with a weaker digest than another of their group.

        RFC 7672 section 5, RFC 7671 section 9 (7672-5-1, 7672-5-2, 7671-9-2, 7671-9-6).
        """
        best: dict[tuple[int, int], int] = {}
        for each in usable:
            if not self.survives_agility(each):
                group = self.agility_group(each)
                best[group] = max(best.get(group, 0), self.digest_strength(each.matching_type))
        return tuple(
            each
            for each in usable
            if self.survives_agility(each) or self.digest_strength(each.matching_type) == best[self.agility_group(each)]
        )

    def matches(self, record: TlsaRecord, *, certificate: bytes) -> bool:
        """Whether the record's data equal the selected part of a certificate, in the record's form.

        RFC 6698 sections 2.1.2 and 2.1.3 (6698-2.1.2-1, 6698-2.1.3-1, 6698-2.1.4-1, 7671-2-3).
        """
        try:
            content = tlsa.select(certificate, selector=record.selector)
        except MalformedDer:
            return False
        return tlsa.present(content, matching_type=record.matching_type) == record.data
