"""What a scenario says about keys and certificates."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from .base import Span, Table, Template


class KeyType(StrEnum):
    """The kind of key a certificate holds."""

    P256 = "p-256"
    """ECDSA on P-256."""
    P384 = "p-384"
    """ECDSA on P-384."""
    ED25519 = "ed25519"
    """Ed25519 (RFC 8410)."""
    RSA_2048 = "rsa-2048"
    """RSA, 2048 bits."""
    RSA_1024 = "rsa-1024"
    """RSA, 1024 bits: weak, and refused by many."""


class Key(Table):
    """A key with a name of its own, so that several certificates can hold it."""

    type: KeyType = KeyType.P256


class KeyUsage(StrEnum):
    """Key usage bits (RFC 5280 section 4.2.1.3)."""

    DIGITAL_SIGNATURE = "digital-signature"
    """digitalSignature: may sign a handshake."""
    KEY_ENCIPHERMENT = "key-encipherment"
    """keyEncipherment: may receive an encrypted key (RSA key transport)."""
    KEY_CERT_SIGN = "key-cert-sign"
    """keyCertSign: may sign certificates."""
    CRL_SIGN = "crl-sign"
    """cRLSign: may sign revocation lists."""


class ExtendedKeyUsage(StrEnum):
    """Extended key usage purposes (RFC 5280 section 4.2.1.12)."""

    SERVER_AUTH = "server-auth"
    """TLS server."""
    CLIENT_AUTH = "client-auth"
    """TLS client."""
    EMAIL_PROTECTION = "email-protection"
    """Mail signing and encryption."""


class Signature(StrEnum):
    """Whose signature a certificate carries."""

    GENUINE = "genuine"
    """Its issuer's."""
    BROKEN = "broken"
    """Its issuer's with one bit flipped."""
    OTHER_KEY = "other-key"
    """That of a key which is not its issuer's."""


SELF = "self"
WEBPKI = "webpki"
LEAF = "leaf"


class Certificate(Table):
    """A certificate (RFC 5280). Unless told otherwise: self-signed, P-256, naming its mail host, valid now."""

    issuer: str = SELF
    """`self`, the name of a certificate under [certs], or `webpki`: the CA that the lab's targets trust publicly."""
    ca: bool = False
    """Basic constraints CA:TRUE and keyCertSign; under [certs] the issuer of another certificate is usually one."""
    subject: Template | None = None
    """Common name. Default: the first DNS name, or the name under [certs]; empty text: an empty subject."""
    names: tuple[Template, ...] | None = None
    """DNS names in the subject alternative name. Default: the mail host's; for a CA none. Empty: no such extension."""
    emails: tuple[Template, ...] = ()
    """rfc822Names in the subject alternative name."""
    addresses: tuple[Template, ...] = ()
    """iPAddresses in the subject alternative name."""
    key: str = KeyType.P256
    """A key type, or the name of a key under [keys]."""
    not_before: Span = "-30d"
    not_after: Span = "+1y"
    path_length: Annotated[int, Field(ge=0)] | None = None
    """pathLenConstraint of a CA."""
    key_usage: tuple[KeyUsage, ...] | None = None
    """Key usage extension; default: what suits a CA or a server."""
    extended_key_usage: tuple[ExtendedKeyUsage, ...] | None = None
    """Extended key usage extension; default: none for a CA, server-auth for a server."""
    permitted_names: tuple[Template, ...] = ()
    """Name constraints: permitted DNS subtrees."""
    excluded_names: tuple[Template, ...] = ()
    """Name constraints: excluded DNS subtrees."""
    unknown_critical_extension: bool = False
    """Adds a critical extension that nobody knows."""
    sha1: bool = False
    """Signed with SHA-1."""
    signature: Signature = Signature.GENUINE
    revoked: bool = False
    """Listed in its issuer's revocation list, which the certificate points to."""
    generation: Annotated[int, Field(ge=0)] = 0
    """Another number gives another serial number and, unless the key is a named one, another key: a renewal."""
    send: tuple[str, ...] | None = None
    """What the server sends, in order: `leaf` for this certificate, else names under [certs].
    Default: the leaf and its issuers up to and including the root (webpki: without the root)."""
