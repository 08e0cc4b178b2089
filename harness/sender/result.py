"""What became of a message: the sender's report, one `Result` per recipient."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import StrEnum


class Status(StrEnum):
    """The fate of a message for one recipient, decided in a single attempt."""

    DELIVERED = "delivered"
    """A server acknowledged the end of the message data."""
    DEFERRED = "deferred"
    """Nothing was accepted, and a later attempt may succeed (RFC 7672 section 2.1.2)."""
    BOUNCED = "bounced"
    """The failure is permanent; the message would be returned (RFC 5321 section 6.1)."""
    CRASHED = "crashed"
    """The sender itself failed; this says nothing about the destination."""


class AttemptOutcome(StrEnum):
    """How the attempt with one host, or with one address of it, ended."""

    DELIVERED = "delivered"
    """At least one recipient was accepted and the message acknowledged."""
    SKIPPED = "skipped"
    """The host was not contacted: a lookup failed or its security does not suffice."""
    UNREACHABLE = "unreachable"
    """No TCP connection came about."""
    REFUSED = "refused"
    """The server answered a command with a refusal."""
    NO_TLS = "no-tls"
    """TLS was needed and the server does not offer it, or refused it."""
    TLS_FAILED = "tls-failed"
    """The TLS handshake failed."""
    NOT_AUTHENTICATED = "not-authenticated"
    """The TLS handshake succeeded and no TLSA record authenticates the server."""
    NO_REQUIRETLS = "no-requiretls"
    """The message asks for REQUIRETLS, which the host does not keep."""
    LOST = "lost"
    """The connection ended, fell silent, or spoke nonsense."""


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One host or address that was considered. `address` is null when none was contacted."""

    host: str
    address: str | None
    outcome: AttemptOutcome
    reason: str


@dataclass(frozen=True, kw_only=True)
class Result:
    """The fate of one message for one recipient.

    `host`, `address`, `tls` (the protocol version) and `association` (usage, selector and matching
    type of the record that authenticated the server) describe the session that decided it; they are
    null where no session did.
    """

    id: str = ""
    recipient: str
    status: Status
    reason: str
    host: str | None = None
    address: str | None = None
    tls: str | None = None
    authenticated: bool = False
    association: str | None = None
    attempts: tuple[Attempt, ...] = ()

    def to_json(self) -> str:
        """One line of JSON, without a line end."""
        return json.dumps(asdict(self))

    def to_line(self) -> str:
        """One line for a human reader."""
        where = f" via {self.host}[{self.address}]" if self.host else ""
        channel = self.tls or "cleartext"
        if self.authenticated:
            channel += f", authenticated by {self.association}"
        how = f" ({channel})" if self.host else ""
        return f"{self.recipient}: {self.status}{where}{how}: {self.reason}"
