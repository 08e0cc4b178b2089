"""Certificates as facts (RFC 5280), and which of them TLSA data fit (RFC 6698 section 2.1)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256, sha512
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from harness.oracle.certificate import Certificate
from harness.oracle.facts import TlsaRecord, WellFormed

E = TypeVar("E", bound=x509.ExtensionType)

_UNREADABLE = "\N{REPLACEMENT CHARACTER}"
"""Stands for DNS-IDs that no library reads; it is nobody's name."""
_DIGESTS = {1: sha256, 2: sha512}
_UNVERIFIABLE = (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm)


class Collection:
    """All certificates that matter in a world: those shown, those in DNS, and the public authorities."""

    def __init__(self, known: Iterable[x509.Certificate], *, now: int) -> None:
        """`now` is the moment by which dates are judged, in seconds since 1970."""
        self._now = datetime.fromtimestamp(now, UTC)
        self._known = {fingerprint(each): each for each in known}

    def facts(self, certificate: x509.Certificate) -> Certificate:
        """What counts about a certificate."""
        issuers = frozenset(key for key, above in self._known.items() if _issued(certificate, above))
        basic = _extension(certificate, x509.BasicConstraints)
        usage = _extension(certificate, x509.KeyUsage)
        purposes = _extension(certificate, x509.ExtendedKeyUsage)
        constraints = _extension(certificate, x509.NameConstraints)
        key = certificate.public_key()
        digest = certificate.signature_hash_algorithm
        common = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        return Certificate(
            fingerprint=fingerprint(certificate),
            issued_by=issuers,
            dns_names=_dns_names(certificate),
            common_name=str(common[0].value) if common else "",
            in_date=certificate.not_valid_before_utc <= self._now <= certificate.not_valid_after_utc,
            is_ca=basic is not None and basic.ca and (usage is None or usage.key_cert_sign),
            path_length=basic.path_length if basic is not None else None,
            permitted=_subtrees(constraints.permitted_subtrees if constraints else None),
            excluded=_subtrees(constraints.excluded_subtrees if constraints else None),
            signs_handshakes=usage is None or usage.digital_signature,
            is_for_servers=purposes is None or ExtendedKeyUsageOID.SERVER_AUTH in purposes,
            has_strange_extension=any(
                each.critical and isinstance(each.value, x509.UnrecognizedExtension)
                for each in _extensions(certificate)
            ),
            is_weak=isinstance(digest, hashes.SHA1) or (isinstance(key, rsa.RSAPublicKey) and key.key_size < 2048),
            is_exotic=isinstance(key, ed25519.Ed25519PublicKey),
            is_revoked=_extension(certificate, x509.CRLDistributionPoints) is not None,
            octets=len(_der(certificate)),
        )

    def record(self, rdata: bytes) -> TlsaRecord:
        """A TLSA record's RDATA, and what it fits."""
        if len(rdata) < 4:
            return TlsaRecord(usage=0, selector=0, matching_type=0, well_formed=WellFormed.CUT_SHORT)
        usage, selector, matching_type, data = rdata[0], rdata[1], rdata[2], rdata[3:]
        held = in_dns(rdata)
        return TlsaRecord(
            usage=usage,
            selector=selector,
            matching_type=matching_type,
            well_formed=_well_formed(selector, matching_type, data),
            matches=frozenset(
                key for key, each in self._known.items() if _association(each, selector, matching_type) == data
            ),
            holds=self.facts(held) if held is not None else None,
            signed=self._signed(data) if (selector, matching_type) == (1, 0) else frozenset(),
        )

    def _signed(self, spki: bytes) -> frozenset[str]:
        try:
            key = serialization.load_der_public_key(spki)
        except _UNVERIFIABLE:
            return frozenset()
        return frozenset(name for name, each in self._known.items() if _is_signed(each, key))


def in_dns(rdata: bytes) -> x509.Certificate | None:
    """The certificate that a record `x 0 0` holds."""
    if rdata[1:3] != b"\0\0":
        return None
    try:
        return x509.load_der_x509_certificate(rdata[3:])
    except ValueError:
        return None


@lru_cache(maxsize=4096)
def fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256 of the certificate, in hexadecimal."""
    return certificate.fingerprint(hashes.SHA256()).hex()


@lru_cache(maxsize=4096)
def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


@lru_cache(maxsize=4096)
def _spki(certificate: x509.Certificate) -> bytes:
    return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _association(certificate: x509.Certificate, selector: int, matching_type: int) -> bytes | None:
    """The data that a record with these parameters would have for the certificate; None for unknown parameters."""
    if selector not in (0, 1) or matching_type not in (0, 1, 2):
        return None
    content = _spki(certificate) if selector else _der(certificate)
    return _DIGESTS[matching_type](content).digest() if matching_type else content


def _well_formed(selector: int, matching_type: int, data: bytes) -> WellFormed:
    if matching_type in _DIGESTS:
        return WellFormed.YES if len(data) == _DIGESTS[matching_type]().digest_size else WellFormed.NO
    if matching_type == 0 and selector in (0, 1):
        try:
            _ = x509.load_der_x509_certificate(data) if selector == 0 else serialization.load_der_public_key(data)
        except _UNVERIFIABLE:
            return WellFormed.GARBAGE
    return WellFormed.YES


@lru_cache(maxsize=16384)
def _issued(certificate: x509.Certificate, above: x509.Certificate) -> bool:
    return certificate.issuer == above.subject and _is_signed(certificate, above.public_key())


def _is_signed(certificate: x509.Certificate, key: object) -> bool:
    """Whether the certificate bears a signature of this key, whoever it names as its issuer."""
    content, signature, digest = (
        certificate.tbs_certificate_bytes, certificate.signature, certificate.signature_hash_algorithm,
    )  # fmt: skip
    try:
        match key:
            case ec.EllipticCurvePublicKey() if digest is not None:
                key.verify(signature, content, ec.ECDSA(digest))
            case rsa.RSAPublicKey() if digest is not None:
                key.verify(signature, content, PKCS1v15(), digest)
            case ed25519.Ed25519PublicKey():
                key.verify(signature, content)
            case _:
                return False
    except _UNVERIFIABLE:
        return False
    return True


def _extensions(certificate: x509.Certificate) -> Iterable[x509.Extension[x509.ExtensionType]]:
    try:
        return tuple(certificate.extensions)
    except ValueError:
        return ()


def _extension(certificate: x509.Certificate, kind: type[E]) -> E | None:
    return next((each.value for each in _extensions(certificate) if isinstance(each.value, kind)), None)


def _dns_names(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        names = _extension(certificate, x509.SubjectAlternativeName)
        _ = certificate.extensions
    except ValueError:
        return (_UNREADABLE,)
    return tuple(names.get_values_for_type(x509.DNSName)) if names is not None else ()


def _subtrees(names: Iterable[x509.GeneralName] | None) -> tuple[str, ...]:
    return tuple(name.value for name in names or () if isinstance(name, x509.DNSName))
