"""The words in which the sender decides: mode, TLSA standing, security level, and the plan for a host."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from harness.sender.tlsa import TlsaRecord


class Mode(StrEnum):
    """How the sender treats a destination."""

    OPPORTUNISTIC = "opportunistic"
    """Opportunistic DANE TLS: enforced wherever secure TLSA records exist (RFC 7672 section 2.2)."""
    MANDATORY = "mandatory"
    """Mandatory DANE TLS: no mail without DANE authentication (RFC 7672 section 6)."""
    UNAWARE = "unaware"
    """Opportunistic TLS from before DANE: no TLSA lookups, no verification (RFC 7435)."""


class Standing(StrEnum):
    """What is known of a host's TLSA records (RFC 7672 section 2.2)."""

    NOT_SOUGHT = "not-sought"
    """DANE does not apply to the host, so no TLSA query was made."""
    FAILED = "failed"
    """A query failed; whether records exist is unknown."""
    ABSENT = "absent"
    """Every candidate name is without TLSA records, or has only insecure ones."""
    SECURE = "secure"
    """A candidate name has a secure, non-empty TLSA RRset."""


class Level(StrEnum):
    """The security a session with a host needs."""

    SKIP = "skip"
    """No session: the host counts as unreachable."""
    AUTHENTICATE = "authenticate"
    """TLS, and the server authenticated by a TLSA record."""
    ENCRYPT = "encrypt"
    """TLS, without authentication."""
    MAY = "may"
    """TLS when it works, cleartext otherwise."""


class Stage(StrEnum):
    """How far a session got."""

    CONNECT = "connect"
    """The TCP connection is being made."""
    GREETING = "greeting"
    """The server's opening is awaited."""
    EHLO = "EHLO"
    """EHLO or HELO was sent, before or after TLS."""
    STARTTLS = "STARTTLS"
    """STARTTLS was sent, or should have been."""
    HANDSHAKE = "TLS handshake"
    """The TLS handshake is under way."""
    AUTHENTICATION = "authentication"
    """The handshake is complete and the server's certificates are judged."""
    MAIL = "MAIL"
    """MAIL was sent."""
    RCPT = "RCPT"
    """RCPT was sent."""
    DATA = "DATA"
    """DATA was sent and leave to go on is awaited."""
    BODY = "end of data"
    """The message was sent and its acknowledgement is awaited."""


@dataclass(frozen=True, kw_only=True)
class Route:
    """How the server host names of a destination were found.

    `next_hop` is the recipient domain or the configured relay, `expanded` the same after its CNAMEs
    (RFC 7672 section 2.2.1). `via_mx` says whether an MX RRset named the hosts, `secure` whether
    that RRset and every CNAME before it were secure; a route without DNS lookup is secure.
    """

    next_hop: str
    expanded: str
    via_mx: bool
    secure: bool
    port: int
    hosts: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class HostPlan:
    """One host with its addresses and the security a session with it needs.

    `server_name` is what the TLS SNI extension carries, null for an address literal. `records` are
    the usable TLSA records after digest agility and `references` the reference identifiers; both
    are empty below `Level.AUTHENTICATE`.
    """

    host: str
    level: Level
    reason: str = ""
    addresses: tuple[str, ...] = ()
    absent: bool = False
    base_domain: str | None = None
    server_name: str | None = None
    records: tuple[TlsaRecord, ...] = ()
    references: tuple[str, ...] = ()
