"""What a sender finds in a world: the facts that RFC 7672 decides by. Frozen records, no rules.

Host names are lower-case, without the final dot. Where these facts come from is not the oracle's affair
(`harness/survey` works them out of a world).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from harness.scenario.mailhosts import Tcp
from harness.scenario.models import Choice

from .certificate import Certificate


class Standing(StrEnum):
    """What a validating resolver makes of a question (RFC 4035 section 4.3)."""

    SECURE = "secure"
    """Signed up to the trust anchor: the records, or the proof that there are none."""
    INSECURE = "insecure"
    """Provably not signed."""
    BOGUS = "bogus"
    """Ought to be signed and does not validate."""
    FAILED = "failed"
    """No answer can be had: SERVFAIL, REFUSED, silence, an endless chain of aliases."""


@dataclass(frozen=True, kw_only=True)
class Lookup:
    """What comes of one DNS question, aliases followed to their end."""

    standing: Standing
    found: bool = True
    """Whether there are records of the type asked for; false: provably, or as far as anyone knows, none."""
    exists: bool = True
    """Whether the name exists (NXDOMAIN otherwise)."""
    may_fail: bool = False
    """Whether a correct resolver may come back without an answer all the same."""
    choice: Choice | None = None
    """The choice by which it does, if it has a name."""

    @property
    def failed(self) -> bool:
        """RFC 7672 section 2.1.1: bogus, indeterminate and failed lookups are treated alike."""
        return self.standing in (Standing.BOGUS, Standing.FAILED)

    @property
    def secure(self) -> bool:
        return self.standing is Standing.SECURE


NOTHING = Lookup(standing=Standing.SECURE, found=False)
"""A question that is not asked, or that has nothing to find."""


class WellFormed(StrEnum):
    """Whether a TLSA record's data can be what its parameters say (RFC 6698 section 4.1)."""

    YES = "yes"
    """A digest of the right length, a readable certificate or key, or data that nobody can judge."""
    NO = "no"
    """A digest of the wrong length."""
    GARBAGE = "garbage"
    """Full data that are neither a certificate nor a key: found out by those who parse before comparing."""
    CUT_SHORT = "cut-short"
    """RDATA too short to hold a TLSA record with any data: a malformed record, or a malformed reply."""


@dataclass(frozen=True, kw_only=True)
class TlsaRecord:
    """A TLSA record, and what it fits (RFC 6698 section 2.1)."""

    usage: int
    selector: int
    matching_type: int
    well_formed: WellFormed = WellFormed.YES
    matches: frozenset[str] = frozenset()
    """Fingerprints of the certificates whose selected part its data equal."""
    holds: Certificate | None = None
    """The certificate that a record `x 0 0` holds."""
    signed: frozenset[str] = frozenset()
    """Fingerprints of the certificates that the key in a record `x 1 0` has signed."""


@dataclass(frozen=True, kw_only=True)
class TlsaSet:
    """The TLSA records at one base domain (RFC 7672 section 2.2.3)."""

    base: str
    lookup: Lookup
    askable: bool = True
    """Whether the owner name fits into the 255 octets of a domain name."""
    records: tuple[TlsaRecord, ...] = ()


class Asked(StrEnum):
    """What the message asks for beyond the ordinary (RFC 8689 sections 2 and 3)."""

    NOTHING = "nothing"
    TLS = "tls"
    """REQUIRETLS in its envelope: verified TLS, or no delivery. What its header says is ignored then (section 4.1)."""
    ARRIVAL = "arrival"
    """`TLS-Required: No` in its header: delivery, also where TLS or what the destination publishes about it fails."""


class Offer(StrEnum):
    """What the EHLO reply says about TLS."""

    STARTTLS = "starttls"
    """STARTTLS is offered."""
    NONE = "none"
    """It is not."""
    UNSAID = "unsaid"
    """It is not, yet the server knows the command: another word stands in its place, or EHLO is refused."""


class Inside(StrEnum):
    """How the session goes once a handshake is over."""

    GOES_ON = "goes-on"
    """Inside TLS."""
    IN_CLEAR = "in-clear"
    """The server's replies come in cleartext."""
    CUT_IN_DATA = "cut-in-data"
    """Until the message: the connection is cut in its midst; a message in cleartext gets through."""


class Suites(StrEnum):
    """Which cipher suites a server takes, as far as that decides something."""

    ANY = "any"
    """The library's usual ones."""
    ONE = "one"
    """A single suite, and an ordinary one."""
    OLD = "old"
    """Only such as current practice has given up: RC4, 3DES, RSA key exchange."""
    ANONYMOUS = "anonymous"
    """Only such without a certificate."""
    USELESS = "useless"
    """None that a client could take: without encryption, or with keys agreed on beforehand."""


@dataclass(frozen=True, kw_only=True)
class Server:
    """A mail server at one address, as it shows itself on the wire."""

    key: str
    """Its name in the scenario."""
    ipv6: bool = False
    tcp: Tcp = Tcp.OPEN
    greets: bool = True
    """Whether its greeting is 220."""
    resets: bool = False
    """Whether it resets the connection right behind its EHLO reply."""
    offer: Offer = Offer.STARTTLS
    grants: bool = True
    """Whether STARTTLS is answered 220."""
    shakes_hands: bool = True
    """Whether a TLS handshake follows, rather than a close, an alert, garbage or silence."""
    injects: bool = False
    """Whether cleartext lines come along with the 220 to STARTTLS."""
    inside: Inside = Inside.GOES_ON
    offers_requiretls: bool = False
    """Whether REQUIRETLS stands in its EHLO reply inside TLS (RFC 8689 section 2)."""
    takes_mail: bool = True
    """Whether MAIL, RCPT and DATA are accepted; otherwise they are put off (4yz)."""
    versions: frozenset[str] = frozenset({"1.2", "1.3"})
    """Protocol versions spoken: `ssl3`, `1.0`, `1.1`, `1.2`, `1.3`."""
    suites: Suites = Suites.ANY
    warns_of_name: bool = False
    """Whether it sends the warning alert unrecognized_name and goes on (RFC 6066 section 3)."""
    chains: Mapping[str, tuple[Certificate, ...]] = field(default_factory=dict)
    """The certificates shown, its own first, by the server name a client sends; under `` for any other and for none."""

    def chain(self, name: str) -> tuple[Certificate, ...]:
        """The certificates shown to a client that sends this server name."""
        return self.chains[name if name in self.chains else ""]


@dataclass(frozen=True, kw_only=True)
class Host:
    """A mail host by its name: an MX host, a relay, or a domain that is its own host (RFC 7672 section 2.2.2)."""

    name: str
    spells_address: bool = False
    """Whether the name is an address in disguise, as operators put into MX records by mistake."""
    ipv4: Lookup = NOTHING
    ipv6: Lookup = NOTHING
    endless: bool = False
    """Whether its aliases lead in a circle."""
    alias: Lookup | None = None
    """Standing of the host name's own CNAME record; None: the name is no alias."""
    aliases: int = 0
    """How many aliases lead to the addresses."""
    original: TlsaSet | None = None
    """TLSA records at the host name; None where nobody has to ask."""
    expanded: TlsaSet | None = None
    """TLSA records at the end of the aliases; None: the name is no alias."""
    servers: tuple[Server, ...] = ()
    """The servers at its addresses."""


class Routing(StrEnum):
    """How the mail is routed."""

    MX = "mx"
    """Through the MX records of the recipient's domain, or the domain's own address for want of them."""
    RELAY = "relay"
    """To a next hop that the administrator has named in brackets: no MX lookup."""
    LITERAL = "literal"
    """To the address that stands in the recipient's address."""


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """A host with its MX preference."""

    preference: int
    host: Host


@dataclass(frozen=True, kw_only=True)
class Destination:
    """Where a message has to go."""

    routing: Routing = Routing.MX
    next_hop: str
    """The recipient's domain, or the relay."""
    expanded: str
    """What the next hop's aliases lead to; itself where it has none."""
    mx: Lookup = NOTHING
    """The MX lookup; `NOTHING` where none is made."""
    null_mx: bool = False
    """Whether a null MX is among the records (RFC 7505)."""
    exchanges: tuple[Exchange, ...] = ()
    """The hosts in the order of the answer; without MX records the domain itself."""
    fallback: Destination | None = None
    """A relay for mail that could not be delivered otherwise."""
    choice: Choice | None = None
    """The choice of resolver or sender by which it finds the world so; None: the usual way to look."""
