"""What counts about a certificate when it is held against a TLSA record (RFC 5280, RFC 7671 section 5)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """One certificate, as facts about it."""

    fingerprint: str
    """Two certificates with the same one are the same."""
    issued_by: frozenset[str] = frozenset()
    """Fingerprints of those with its issuer's name whose key verifies its signature; its own, where self-signed."""
    dns_names: tuple[str, ...] = ()
    """DNS-IDs in its subject alternative name, as they stand there."""
    common_name: str = ""
    in_date: bool = True
    is_ca: bool = False
    """Basic constraints say CA, and key usage does not say otherwise."""
    path_length: int | None = None
    permitted: tuple[str, ...] = ()
    """Name constraints: permitted DNS subtrees."""
    excluded: tuple[str, ...] = ()
    """Name constraints: excluded DNS subtrees."""
    signs_handshakes: bool = True
    """Whether its key usage allows digital signatures."""
    is_for_servers: bool = True
    """Whether its extended key usage, if any, names TLS servers."""
    has_strange_extension: bool = False
    """Whether a critical extension is in it that nobody knows."""
    is_weak: bool = False
    """Signed with SHA-1, or an RSA key of less than 2048 bits."""
    is_exotic: bool = False
    """A key of a kind that not every TLS library knows: Ed25519."""
    is_revoked: bool = False
    octets: int = 0
    """Length in DER."""
