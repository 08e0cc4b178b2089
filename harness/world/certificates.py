"""Certificates as a scenario describes them (RFC 5280), and the chains that servers show."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from harness.errors import ScenarioError
from harness.scenario.base import seconds
from harness.scenario.certificates import LEAF, SELF, WEBPKI, Certificate, ExtendedKeyUsage, Key, KeyType, KeyUsage
from harness.scenario.certificates import Signature as SignatureKind
from harness.scenario.source import KeyPath

from .keys import Keyring, Purpose
from .model import Credentials, PrivateKey
from .resigning import broken, signed_with_sha1
from .seed import derive

OTHER = "other-key"
"""Name of a certificate that has nothing to do with any host."""

_PURPOSES = {
    ExtendedKeyUsage.SERVER_AUTH: ExtendedKeyUsageOID.SERVER_AUTH,
    ExtendedKeyUsage.CLIENT_AUTH: ExtendedKeyUsageOID.CLIENT_AUTH,
    ExtendedKeyUsage.EMAIL_PROTECTION: ExtendedKeyUsageOID.EMAIL_PROTECTION,
}
_TEMPLATES = ("addresses", "emails", "permitted_names", "excluded_names")
_UNKNOWN_EXTENSION = ObjectIdentifier("2.999.7672.1")


@dataclass(frozen=True)
class Issued:
    """A certificate, its key, and the issuers above it as far as they are known."""

    certificate: x509.Certificate
    key: PrivateKey
    issuers: tuple[x509.Certificate, ...] = ()
    """From the immediate issuer up to the self-signed root; empty for a self-signed certificate."""

    @property
    def path(self) -> tuple[x509.Certificate, ...]:
        return (self.certificate, *self.issuers)


def webpki_root(seed: str, now: datetime) -> Issued:
    """The CA that the lab's targets are told to trust publicly."""
    key = Keyring(seed).key(KeyType.P256, ("webpki",))
    spec = Certificate(ca=True, subject="danelab public CA", not_before="-1y", not_after="+1y")
    return Issued(_build(spec, key, names=(), issuer=None, now=now, serial=derive(seed, "webpki", length=16)), key)


@dataclass(kw_only=True)
class Office:
    """Issues the certificates of one world, each when it is first asked for.

    Raises ScenarioError for a certificate that cannot be made, naming its key in the file.
    """

    scenario: str
    certs: Mapping[str, Certificate]
    keys: Mapping[str, Key]
    ring: Keyring
    now: datetime
    expand: Callable[[str, KeyPath], str]
    """Fills in placeholders of a text that stands at a key of the file."""
    error: Callable[[str, KeyPath], ScenarioError]
    webpki: Issued
    _made: dict[str, Issued] = field(default_factory=dict)

    def named(self, name: str) -> Issued:
        """A certificate under [certs], `webpki`, or the unrelated `other-key`. Raises KeyError."""
        if name == WEBPKI:
            return self.webpki
        if name == OTHER:
            return self.issue(OTHER, Certificate(), names=("unrelated.example",), at=())
        return self.issue(_label(name), self.certs[name], names=(), at=("certs", name))

    def key(self, name: str) -> PrivateKey:
        """A key under [keys]. Raises KeyError."""
        return self.ring.key(self.keys[name].type, self._named_key(name))

    def reserve_named(self) -> None:
        """Settle which keys [keys] and [certs] have, before any is asked for."""
        for name, key in self.keys.items():
            self._reserve(key.type, self._named_key(name), ("keys", name))
        for name, spec in self.certs.items():
            self.reserve(_label(name), spec, at=("certs", name))

    def reserve(self, label: str, spec: Certificate, *, at: KeyPath) -> None:
        """Settle which key the certificate of this label has, before it is asked for."""
        if spec.key not in self.keys:
            self._reserve(KeyType(spec.key), self._own_key(label, spec), (*at, "key"))

    def _reserve(self, kind: KeyType, purpose: Purpose, at: KeyPath) -> None:
        try:
            self.ring.reserve(kind, purpose)
        except ValueError as error:
            raise self.error(str(error), at) from None

    def _named_key(self, name: str) -> Purpose:
        return (self.scenario, "keys", name)

    def _own_key(self, label: str, spec: Certificate) -> Purpose:
        return (self.scenario, "certificate", label, spec.generation)

    def issue(self, label: str, spec: Certificate, *, names: tuple[str, ...], at: KeyPath) -> Issued:
        """The certificate of this label, described at this key of the file.

        `names` are its DNS names unless the scenario says otherwise.
        """
        made = self._made.get(label)
        if made is None:
            made = self._made[label] = self._issue(label, spec, names, at)
        return made

    def _issue(self, label: str, spec: Certificate, names: tuple[str, ...], at: KeyPath) -> Issued:
        if spec.key in self.keys:
            key = self.key(spec.key)
        else:
            key = self.ring.key(KeyType(spec.key), self._own_key(label, spec))
        above = None if spec.issuer == SELF else self.named(spec.issuer)

        def filled(field: str, texts: Iterable[str]) -> tuple[str, ...]:
            return tuple(self.expand(text, (*at, field, place)) for place, text in enumerate(texts))

        if spec.names is not None:
            names = filled("names", spec.names)
        elif spec.ca:
            names = ()
        signer = above.key if above else key
        if spec.signature is SignatureKind.OTHER_KEY:
            signer = self.ring.key(KeyType.P256, (self.scenario, "wrong signer", label))
        subject = names[0] if names else f"{label.removeprefix(_label(''))} of {self.scenario}"
        if spec.subject is not None:
            subject = self.expand(spec.subject, (*at, "subject"))
        update = {field: filled(field, getattr(spec, field)) for field in _TEMPLATES} | {"subject": subject}
        try:
            certificate = _build(
                spec.model_copy(update=update),
                key,
                names=names,
                issuer=(above.certificate if above else None, signer),
                now=self.now,
                serial=derive(self.ring.seed, self.scenario, label, spec.generation, length=16),
            )
        except (ValueError, OverflowError) as error:
            raise self.error(f"no such certificate can be made: {error}", at) from None
        return Issued(certificate, key, above.path if above else ())

    def credentials(self, issued: Issued, spec: Certificate) -> Credentials:
        """What a server with this certificate shows."""
        if spec.send is None:
            chain = issued.path if spec.issuer != WEBPKI else issued.path[:-1]
        else:
            chain = tuple(issued.certificate if word == LEAF else self.named(word).certificate for word in spec.send)
        return Credentials(private_key=issued.key, chain=chain)


def _label(name: str) -> str:
    """What a certificate under [certs] is known by in the office."""
    return f"certs.{name}"


def _build(
    spec: Certificate,
    key: PrivateKey,
    *,
    names: tuple[str, ...],
    issuer: tuple[x509.Certificate | None, PrivateKey] | None,
    now: datetime,
    serial: bytes,
) -> x509.Certificate:
    above, signer = issuer or (None, key)
    # X.520 allows a common name of at most 64 characters; a longer host name stands in the SAN only.
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, spec.subject[:64])] if spec.subject else [])
    midnight = now.astimezone(UTC).replace(microsecond=0)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(above.subject if above else subject)
        .public_key(key.public_key())
        .serial_number(int.from_bytes(serial, "big") >> 1 | 1)
        .not_valid_before(midnight + timedelta(seconds=seconds(spec.not_before)))
        .not_valid_after(midnight + timedelta(seconds=seconds(spec.not_after)))
    )
    for extension, critical in _extensions(spec, names, key):
        builder = builder.add_extension(extension, critical=critical)
    if isinstance(signer, ed25519.Ed25519PrivateKey):
        made = builder.sign(signer, None)
    elif isinstance(signer, ec.EllipticCurvePrivateKey):
        made = builder.sign(signer, hashes.SHA256(), ecdsa_deterministic=True)
    else:
        made = builder.sign(signer, hashes.SHA256())
    if spec.sha1:
        made = signed_with_sha1(made, signer)
    return broken(made) if spec.signature is SignatureKind.BROKEN else made


def _extensions(spec: Certificate, names: tuple[str, ...], key: PrivateKey) -> list[tuple[x509.ExtensionType, bool]]:
    found: list[tuple[x509.ExtensionType, bool]] = []
    alternative: list[x509.GeneralName] = [_dns_name(name) for name in names]
    alternative += [x509.RFC822Name(address) for address in spec.emails]
    alternative += [x509.IPAddress(ipaddress.ip_address(address)) for address in spec.addresses]
    if alternative:
        found.append((x509.SubjectAlternativeName(alternative), False))
    found.append((x509.BasicConstraints(ca=spec.ca, path_length=spec.path_length if spec.ca else None), True))
    usage = spec.key_usage
    if usage is None:
        usage = (KeyUsage.KEY_CERT_SIGN, KeyUsage.CRL_SIGN) if spec.ca else (KeyUsage.DIGITAL_SIGNATURE,)
        if not spec.ca and isinstance(key, rsa.RSAPrivateKey):
            usage = (*usage, KeyUsage.KEY_ENCIPHERMENT)
    if usage:
        found.append((_key_usage(usage), True))
    purposes = spec.extended_key_usage
    if purposes is None:
        purposes = () if spec.ca else (ExtendedKeyUsage.SERVER_AUTH,)
    if purposes:
        found.append((x509.ExtendedKeyUsage([_PURPOSES[purpose] for purpose in purposes]), False))
    if spec.permitted_names or spec.excluded_names:
        constraints = x509.NameConstraints(
            permitted_subtrees=[x509.DNSName(name) for name in spec.permitted_names] or None,
            excluded_subtrees=[x509.DNSName(name) for name in spec.excluded_names] or None,
        )
        found.append((constraints, True))
    if spec.revoked:
        place = x509.UniformResourceIdentifier("http://crl.example/revoked.crl")
        found.append((x509.CRLDistributionPoints([x509.DistributionPoint([place], None, None, None)]), False))
    if spec.unknown_critical_extension:
        found.append((x509.UnrecognizedExtension(_UNKNOWN_EXTENSION, b"\x05\x00"), True))
    return found


def _key_usage(usage: tuple[KeyUsage, ...]) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=KeyUsage.DIGITAL_SIGNATURE in usage,
        content_commitment=False,
        key_encipherment=KeyUsage.KEY_ENCIPHERMENT in usage,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=KeyUsage.KEY_CERT_SIGN in usage,
        crl_sign=KeyUsage.CRL_SIGN in usage,
        encipher_only=False,
        decipher_only=False,
    )


def _dns_name(name: str) -> x509.DNSName:
    try:
        return x509.DNSName(name)
    except ValueError:
        # A raw U-label is no valid DNS-ID; scenarios put one in on purpose.
        return x509.DNSName._init_without_validation(name)  # noqa: SLF001
