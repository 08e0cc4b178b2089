"""Certificates to order: any names, dates, issuer and extensions, with control over what is sent."""

from __future__ import annotations

import datetime
import hashlib
import ssl
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

Key = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey
DAY = datetime.timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: Key

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def spki(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def tlsa(self, usage: int, selector: int, matching_type: int) -> bytes:
        """The rdata of a TLSA record for this certificate."""
        content = self.spki if selector == 1 else self.der
        data = {
            0: lambda: content,
            1: hashlib.sha256(content).digest,
            2: hashlib.sha512(content).digest,
        }[matching_type]()
        return bytes((usage, selector, matching_type)) + data


def issue(
    common_name: str,
    *,
    names: Sequence[str | bytes] = (),
    issuer: Pair | None = None,
    signer: Key | None = None,
    key: Key | None = None,
    ca: bool = False,
    path_length: int | None = None,
    starts: int = -10,
    ends: int = 3650,
    permitted: str | None = None,
    eku: ObjectIdentifier | None = None,
    critical_unknown: bool = False,
) -> Pair:
    """A certificate; `starts` and `ends` are days from now, `signer` overrides the issuer's key."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.now(datetime.UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + starts * DAY)
        .not_valid_after(now + ends * DAY)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=path_length), critical=True)
    )
    if names:
        general = [x509.DNSName(each) for each in names if isinstance(each, str)]
        builder = builder.add_extension(x509.SubjectAlternativeName(general), critical=False)
    if permitted is not None:
        constraints = x509.NameConstraints([x509.DNSName(permitted)], None)
        builder = builder.add_extension(constraints, critical=True)
    if eku is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage([eku]), critical=False)
    if critical_unknown:
        oid = ObjectIdentifier("1.3.6.1.4.1.99999.1")
        builder = builder.add_extension(x509.UnrecognizedExtension(oid, b"\x05\x00"), critical=True)
    signing = signer or (issuer.key if issuer else key)
    digest = None if isinstance(signing, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return Pair(certificate=builder.sign(signing, digest), key=key)


CLIENT_AUTH = ExtendedKeyUsageOID.CLIENT_AUTH


def server_context(leaf: Pair, *others: Pair, maximum: ssl.TLSVersion | None = None) -> ssl.SSLContext:
    """A server's TLS settings that send exactly these certificates."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if maximum is not None:
        context.maximum_version = maximum
    with tempfile.NamedTemporaryFile(suffix=".pem") as file:
        pem = b"".join(each.certificate.public_bytes(Encoding.PEM) for each in (leaf, *others))
        secret = leaf.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        Path(file.name).write_bytes(secret + pem)
        context.load_cert_chain(file.name)
    return context
