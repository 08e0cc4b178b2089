"""What a scenario works out to, as the lab and the reports see it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from harness.scenario.mailhosts import Role, Smtp, Tcp, Tls

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """What a server shows in a TLS handshake."""

    private_key: PrivateKey
    chain: tuple[x509.Certificate, ...]
    """Certificates in the order they are sent, the server's own first."""


@dataclass(frozen=True, kw_only=True)
class MailServer:
    """A mail server of a world, with everything filled in."""

    scenario: str
    key: str
    """Its name in the scenario: `mx1`."""
    host: str
    """The host name it stands for, without the final dot; used in the banner."""
    role: Role
    tcp: Tcp
    smtp: Smtp
    """Placeholders are already replaced."""
    tls: Tls
    addresses: tuple[str, ...]
    credentials: Callable[[str | None], Credentials]
    """Credentials for a server name sent by the client (None: none was sent). Made on first use."""
    proxy_to: str | None = None
