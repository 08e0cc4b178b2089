"""What a scenario says about mail hosts: names, addresses, TLSA records, and the manners of the servers behind them."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from .base import Length, Table, Template
from .certificates import Certificate
from .tlsa import TlsaExpression


class Tcp(StrEnum):
    """What becomes of a connection attempt."""

    OPEN = "open"
    """Accepted."""
    REFUSED = "refused"
    """Answered with RST: nothing listens."""
    BLACKHOLE = "blackhole"
    """Never answered."""


class After220(StrEnum):
    """What the server does once it has answered 220 to STARTTLS."""

    HANDSHAKE = "handshake"
    """TLS, as promised."""
    CLOSE = "close"
    """Closes the connection."""
    HANG = "hang"
    """Says nothing more, until the lab ends it."""
    GARBAGE = "garbage"
    """Plain text in place of a ServerHello."""
    ALERT = "alert"
    """A fatal TLS alert in place of a ServerHello."""
    RESET = "reset"
    """TCP reset once the ClientHello has come."""
    PLAINTEXT = "plaintext"
    """The handshake is completed, and what follows is in the clear."""


class Role(StrEnum):
    """Who runs the server, for the ledger of what leaked to whom."""

    GENUINE = "genuine"
    """The recipient's own."""
    IMPOSTOR = "impostor"
    """The attacker's server, which answers in the genuine one's place or beside it."""
    TAMPERED = "tampered"
    """The genuine server, with an attacker on the path who changes what is said before TLS."""


SPOKEN = (
    "banner", "first_banner", "ehlo", "ehlo_tls", "ehlo_reply", "starttls_reply", "inject",
    "mail_reply", "rcpt_reply", "data_reply",
)  # fmt: skip
"""Keys of `smtp` that hold what the client is told: placeholders are filled in, `{host}` among them."""


class Smtp(Table):
    """SMTP manners (RFC 5321, RFC 3207)."""

    banner: Template = "220 {host} ESMTP"
    """First reply; a reply other than 220 ends the session."""
    first_banner: Template | None = None
    """First reply in the first `first_sessions` sessions, as in `421 come back later`."""
    first_sessions: Annotated[int, Field(ge=1)] = 1
    ehlo: tuple[Template, ...] = ("PIPELINING", "SIZE 10240000", "8BITMIME")
    """Keywords offered before TLS, STARTTLS not among them."""
    ehlo_tls: tuple[Template, ...] = ("PIPELINING", "SIZE 10240000", "8BITMIME")
    """Keywords offered inside TLS."""
    ehlo_reply: Template | None = None
    """Reply to EHLO in place of the usual one, as in `502 not implemented`; HELO is then accepted."""
    ehlo_line_by_line: bool = False
    """The lines of the EHLO reply leave in a packet each."""
    starttls: bool = True
    """Whether STARTTLS is offered before TLS."""
    starttls_again: bool = False
    """Whether STARTTLS is offered inside TLS too, which RFC 3207 section 4.2 forbids."""
    starttls_keyword: str = "STARTTLS"
    """What stands in its place in the EHLO reply, as in `XXXXXXXA`."""
    starttls_reply: Template = "220 ready"
    """Reply to STARTTLS; one that is not 220 means that there is no TLS."""
    starttls_after_cleartext: bool = False
    """STARTTLS is offered only to a client that has tried in cleartext before (which RFC 7672 section 9.2 forbids)."""
    after_220: After220 = After220.HANDSHAKE
    delay_handshake: Length = "0s"
    """Pause between the 220 and the handshake."""
    inject: tuple[Template, ...] = ()
    """Lines sent in cleartext in one segment with the 220 to STARTTLS."""
    reset_after_ehlo: bool = False
    """TCP reset right behind the EHLO reply."""
    mail_reply: Template | None = None
    """Reply to MAIL in place of 250."""
    rcpt_reply: Template | None = None
    """Reply to RCPT in place of 250."""
    data_reply: Template | None = None
    """Reply to the end of the message in place of 250."""
    cut_in_data: bool = False
    """The connection is cut, without close_notify, in a message inside TLS; one in cleartext gets through."""
    hang_limit: Length = "10s"
    """When the lab ends a session in which it says nothing."""


class Tls(Table):
    """TLS manners (RFC 5246, RFC 8446)."""

    versions: Annotated[tuple[str, ...], Field(min_length=1)] = ("1.2", "1.3")
    """Protocol versions spoken, of `ssl3`, `1.0`, `1.1`, `1.2`, `1.3`. SSL 3.0 wants an RSA key."""
    ciphers: str | None = None
    """Cipher suites up to TLS 1.2 in OpenSSL's words, as in `aNULL` or `eNULL`. `RC4` and `3DES` want an RSA
    key, and are there whatever the OpenSSL at hand can do."""
    request_client_certificate: bool = False
    """Asks for a client certificate without insisting on one."""
    hello_retry: bool = False
    """Forces a HelloRetryRequest (RFC 8446 section 4.1.4)."""
    unrecognized_name_warning: bool = False
    """Sends the warning alert unrecognized_name and goes on (RFC 6066 section 3)."""
    raw_public_key: bool = False
    """Shows a bare key in place of a certificate to whoever asks for one in TLS 1.3 (RFC 7250)."""
    session_group: str | None = None
    """Servers of one group take each other's session tickets."""
    tickets: bool = True
    """Whether session tickets are given out."""

    @model_validator(mode="after")
    def _versions_known(self) -> Self:
        for word in self.versions:
            if word not in ("ssl3", "1.0", "1.1", "1.2", "1.3"):
                raise ValueError(f"versions: {word!r} is none of 'ssl3', '1.0', '1.1', '1.2', '1.3'")
        return self


class Server(Table):
    """A mail server at one or more addresses."""

    role: Role = Role.GENUINE
    tcp: Tcp = Tcp.OPEN
    cert: Certificate | str = Certificate()
    """The certificate shown, or the name of one under [certs]."""
    cert_by_name: dict[str, Certificate | str] = {}
    """Certificates chosen by the server name that the client sends (SNI, RFC 6066 section 3)."""
    smtp: Smtp = Smtp()
    tls: Tls = Tls()
    proxy_to: str | None = None
    """Name of the server that an impostor passes the mail on to, inside the lab and without a wire of its own."""


def _tlsa(value: str) -> str:
    TlsaExpression.parse(value)
    return value


TlsaText = Annotated[str, AfterValidator(_tlsa)]


class Host(Server):
    """A named host and the server behind it. Its keys are those of a server, and these."""

    key: Annotated[str, Field(pattern="^[a-z][a-z0-9-]*$")] = ""
    """Short name, used in placeholders. Default: mx1, mx2, ... for MX hosts."""
    host: Template | None = None
    """Host name. Default: `<key>.{domain}`."""
    alias_of: tuple[Template, ...] = ()
    """The host name is a CNAME to the first of these, which is one to the second, and so on."""
    addresses_at: Template | None = None
    """Owner of the address records. Default: the last of alias_of, or the host name."""
    ipv4: tuple[str, ...] = ("",)
    """One entry an A record: the name of the server there; empty: the host's own; another host's key shares its."""
    ipv6: tuple[str, ...] = ()
    """Likewise for AAAA records."""
    tlsa: tuple[TlsaText, ...] = ("3 1 1",)
    """TLSA records, in the words of `harness/scenario/tlsa.py`; empty: none."""
    tlsa_at: Template | None = None
    """Base domain of the TLSA records. Default: where the address records are."""


class Mx(Host):
    """An MX host."""

    preference: Annotated[int, Field(ge=0, le=65535)] | None = None
    """MX preference; default 10, 20, 30, ... in the order of the file."""
    published: bool = True
    """Whether an MX record names the host; without it the records are written out under [zones]."""
