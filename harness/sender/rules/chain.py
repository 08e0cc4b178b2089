"""When a server's certificates satisfy a TLSA record (RFC 7672 sections 3.1 and 3.2, RFC 7671 section 5)."""

from __future__ import annotations

import datetime

from OpenSSL.crypto import X509StoreFlags

from harness.sender import identifiers, pkix
from harness.sender.rules.records import RecordRules
from harness.sender.tlsa import MatchingType, Selector, TlsaRecord, Usage


class ChainRules(RecordRules):
    """Decisions about the certificates a server sent. A chain is DER, the server's own certificate first."""

    def end_entity_certificates(self, chain: tuple[bytes, ...]) -> tuple[bytes, ...]:
        """Usage 3 looks at the first certificate only (section 3.1.1; 7672-3.1.1-3)."""
        return chain[:1]

    def end_entity_is_acceptable(self, certificate: bytes, *, references: tuple[str, ...]) -> bool:
        """A usage 3 match is enough: names, dates, purpose and issuer do not count.

        RFC 7672 sections 3.1.1 and 3.2.1, RFC 7671 section 5.1 (7672-3.1.1-1, 7672-3.1.1-2,
        7672-3.2.1-1, 7671-5.1-1, 7671-5.1-2).
        """
        del certificate, references
        return True

    def anchors_in_chain(self, record: TlsaRecord, *, chain: tuple[bytes, ...]) -> tuple[bytes, ...]:
        """Usage 2 makes a trust anchor of each matching certificate, be it the server's own.

        RFC 6698 section 2.1.1, RFC 7671 section 5.2.3 (6698-2.1.1-1, 7671-5.2.3-2, 6698-A.1-1).
        """
        return tuple(each for each in chain if self.matches(record, certificate=each))

    def anchors_from_dns(self, record: TlsaRecord, *, chain: tuple[bytes, ...]) -> tuple[bytes, ...]:
        """Full(0) records bring the trust anchor themselves, in the handshake or not.

        `2 0 0` is the anchor; `2 1 0` is its key, and what that key signed at the top of the chain
        then counts as the anchor (RFC 7671 sections 5.2.2 and 5.2.3; 7671-5.2.2-1, 7671-5.2.3-1).
        """
        if record.matching_type != MatchingType.FULL:
            return ()
        if record.selector == Selector.CERT:
            return (record.data,)
        top = pkix.top_of_chain(chain)
        return (top,) if pkix.is_signed_by(top, spki=record.data) else ()

    def path_flags(self) -> int:
        """An anchor need not be self-signed (RFC 7671 section 5.2.2; 6698-2.1.1-2)."""
        return X509StoreFlags.PARTIAL_CHAIN

    def path_time(self) -> datetime.datetime | None:
        """The time of judgement for the dates in a usage 2 path: now (RFC 5280 section 6.1; 6698-2.1.1-2)."""
        return None

    def path_fault(self, chain: tuple[bytes, ...], *, anchor: bytes) -> str | None:
        """Why the server's certificate has no valid path to the anchor; null when it has one.

        Signatures, dates, CA flags, path lengths and name constraints count, those of the anchor's
        certificate included, and no other authority is trusted (RFC 6698 section 2.1.1, RFC 7671
        section 5.2.1, RFC 7672 section 3.1.2; 6698-2.1.1-2, 7672-3.1.2-3, 7672-3.1.2-4).
        """
        return pkix.path_fault(chain, anchor=anchor, flags=self.path_flags(), at_time=self.path_time())

    def purpose_is_acceptable(self, certificate: bytes) -> bool:
        """An extended key usage, where present, includes the TLS server (RFC 5280 4.2.1.12; 6698-2.1.1-2)."""
        return pkix.serves_as_server(certificate)

    def presented_identifiers(self, certificate: bytes) -> tuple[str, ...]:
        """The DNS-IDs; the common name never (RFC 7672 3.2.3, RFC 9525 section 2; 7672-3.2.3-1, 9525-2-1)."""
        return identifiers.dns_ids(certificate)

    def identifier_matches(self, presented: str, *, reference: str) -> bool:
        """Equal, or a wildcard for exactly the first label.

        RFC 7672 section 3.2.3, RFC 9525 section 6.3 (7672-3.2.3-3, -4, -5, 9525-6.3-1, 9525-6.3-3).
        """
        return identifiers.equals(presented, reference=reference) or identifiers.wildcard_covers(
            presented, reference=reference
        )

    def names_are_acceptable(self, certificate: bytes, *, references: tuple[str, ...]) -> bool:
        """Usage 2: one presented identifier matches one reference identifier (3.2.2; 7672-3.2.2-1, 7672-3.2.3-2)."""
        presented = self.presented_identifiers(certificate)
        return any(self.identifier_matches(name, reference=reference) for name in presented for reference in references)

    def fault(self, record: TlsaRecord, *, chain: tuple[bytes, ...], references: tuple[str, ...]) -> str | None:
        """Why a record does not authenticate the server; null when it does (section 3.2; 7672-3.2-1)."""
        if record.usage == Usage.DANE_EE:
            return self.end_entity_fault(record, chain=chain, references=references)
        return self.trust_anchor_fault(record, chain=chain, references=references)

    def end_entity_fault(
        self, record: TlsaRecord, *, chain: tuple[bytes, ...], references: tuple[str, ...]
    ) -> str | None:
        """The same for DANE-EE(3) (section 3.1.1; 7672-3.1.1-1)."""
        for each in self.end_entity_certificates(chain):
            if self.matches(record, certificate=each):
                acceptable = self.end_entity_is_acceptable(each, references=references)
                return None if acceptable else "end-entity certificate not acceptable"
        return "no match"

    def trust_anchor_fault(
        self, record: TlsaRecord, *, chain: tuple[bytes, ...], references: tuple[str, ...]
    ) -> str | None:
        """The same for DANE-TA(2) (section 3.1.2; 7672-3.1.2-1)."""
        fault: str | None = "no match"
        in_chain = self.anchors_in_chain(record, chain=chain)
        for anchor in in_chain or self.anchors_from_dns(record, chain=chain):
            fault = self.path_fault(chain, anchor=anchor)
            if fault is None:
                break
        if fault is not None:
            return fault
        if not self.purpose_is_acceptable(chain[0]):
            return "the certificate is not for TLS servers"
        if not self.names_are_acceptable(chain[0], references=references):
            return f"no name in the certificate is one of {', '.join(references)}"
        return None
