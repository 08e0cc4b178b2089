"""Certification path validation against one chosen trust anchor (RFC 5280 section 6, by OpenSSL)."""

from __future__ import annotations

import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID
from OpenSSL import crypto


def path_fault(
    chain: tuple[bytes, ...],
    *,
    anchor: bytes,
    flags: int,
    at_time: datetime.datetime | None = None,
) -> str | None:
    """Why no valid path leads from the first certificate of `chain` to `anchor`; null when one does.

    The anchor is the only trusted certificate; the rest of the chain may serve as intermediates.
    `at_time` is in UTC, and now when null. Certificates are DER.
    """
    try:
        leaf, *others = [crypto.load_certificate(crypto.FILETYPE_ASN1, each) for each in chain]
        trusted = crypto.load_certificate(crypto.FILETYPE_ASN1, anchor)
    except crypto.Error:
        return "unreadable certificate"
    store = crypto.X509Store()
    store.add_cert(trusted)
    store.set_flags(flags)
    if at_time is not None:
        store.set_time(at_time)
    try:
        crypto.X509StoreContext(store, leaf, others).verify_certificate()
    except crypto.X509StoreContextError as error:
        return str(error)
    return None


def loads(certificate: bytes) -> bool:
    """Whether OpenSSL can read the certificate."""
    try:
        crypto.load_certificate(crypto.FILETYPE_ASN1, certificate)
    except crypto.Error:
        return False
    return True


def serves_as_server(certificate: bytes) -> bool:
    """Whether the extended key usage, if any, allows a TLS server."""
    try:
        extensions = x509.load_der_x509_certificate(certificate).extensions
        usages = set(extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    except x509.ExtensionNotFound:
        return True
    except (ValueError, x509.DuplicateExtension):
        return False
    return bool(usages & {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE})


def top_of_chain(chain: tuple[bytes, ...]) -> bytes:
    """The certificate reached by going from the first one from issuer to issuer while one is present."""
    try:
        current, *others = [x509.load_der_x509_certificate(each) for each in chain]
    except ValueError:
        return chain[0]
    while True:
        issuers = [each for each in others if each.subject == current.issuer and _issued(current, by=each)]
        if not issuers:
            return current.public_bytes(serialization.Encoding.DER)
        current = issuers[0]
        others.remove(current)


def is_signed_by(certificate: bytes, *, spki: bytes) -> bool:
    """Whether the certificate's signature verifies with a key given as SubjectPublicKeyInfo."""
    try:
        subject = x509.load_der_x509_certificate(certificate)
        key = serialization.load_der_public_key(spki)
        digest = subject.signature_hash_algorithm
        content, signature = subject.tbs_certificate_bytes, subject.signature
        parameters = subject.signature_algorithm_parameters
        if isinstance(key, rsa.RSAPublicKey) and digest is not None:
            scheme = parameters if isinstance(parameters, padding.PSS) else padding.PKCS1v15()
            key.verify(signature, content, scheme, digest)
        elif isinstance(key, ec.EllipticCurvePublicKey) and isinstance(parameters, ec.ECDSA):
            key.verify(signature, content, parameters)
        elif isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
            key.verify(signature, content)
        else:
            return False
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _issued(subject: x509.Certificate, *, by: x509.Certificate) -> bool:
    try:
        subject.verify_directly_issued_by(by)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True
