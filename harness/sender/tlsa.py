"""TLSA records as data: parsing, well-formedness, and comparison (RFC 6698 sections 2 and 7.1)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import IntEnum

from harness.sender.der import MalformedDer, is_spki, spki_of


class Usage(IntEnum):
    """Certificate usages by their RFC 7218 acronyms."""

    PKIX_TA = 0
    """A CA, on top of ordinary PKIX validation."""
    PKIX_EE = 1
    """The server certificate, on top of ordinary PKIX validation."""
    DANE_TA = 2
    """A trust anchor of the domain's own choice."""
    DANE_EE = 3
    """The server certificate or key itself."""


class Selector(IntEnum):
    """Which part of a certificate is compared."""

    CERT = 0
    """The whole certificate."""
    SPKI = 1
    """Its SubjectPublicKeyInfo."""


class MatchingType(IntEnum):
    """How the selected part is presented."""

    FULL = 0
    """As it is."""
    SHA2_256 = 1
    """Its SHA-256 digest."""
    SHA2_512 = 2
    """Its SHA-512 digest."""


@dataclass(frozen=True, kw_only=True)
class TlsaRecord:
    """One TLSA record. The numbers are kept as they came, assigned or not."""

    usage: int
    selector: int
    matching_type: int
    data: bytes

    @property
    def parameters(self) -> str:
        """Usage, selector and matching type in presentation format, such as `3 1 1`."""
        return f"{self.usage} {self.selector} {self.matching_type}"


def parse(rdata: bytes) -> TlsaRecord | None:
    """The record in these octets; null when they are too few to hold its three numbers."""
    if len(rdata) < 3:
        return None
    return TlsaRecord(usage=rdata[0], selector=rdata[1], matching_type=rdata[2], data=rdata[3:])


def digest_length(matching_type: int) -> int | None:
    """Octets of a digest of this matching type; null when it is not a digest."""
    return {MatchingType.SHA2_256: 32, MatchingType.SHA2_512: 64}.get(MatchingType(matching_type))


def is_structured(record: TlsaRecord) -> bool:
    """Whether Full(0) data have the shape of a certificate, or of a SubjectPublicKeyInfo."""
    if record.selector == Selector.SPKI:
        return is_spki(record.data)
    try:
        return is_spki(spki_of(record.data))
    except MalformedDer:
        return False


def select(certificate: bytes, *, selector: int) -> bytes:
    """The part of a DER certificate that a selector names. Raises `MalformedDer`."""
    return spki_of(certificate) if selector == Selector.SPKI else certificate


def present(content: bytes, *, matching_type: int) -> bytes:
    """Content in the form in which a record of this matching type carries it."""
    if matching_type == MatchingType.SHA2_256:
        return hashlib.sha256(content).digest()
    if matching_type == MatchingType.SHA2_512:
        return hashlib.sha512(content).digest()
    return content
