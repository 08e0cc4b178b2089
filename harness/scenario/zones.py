"""What a scenario says about DNS: zones, how they are signed, and what goes wrong when they are asked."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from .base import Length, Span, Table, Template


class Algorithm(StrEnum):
    """A DNSSEC signing algorithm (IANA registry of DNSSEC algorithm numbers)."""

    ECDSA_P256 = "ecdsa-p256"
    """Algorithm 13, ECDSAP256SHA256 (RFC 6605)."""
    RSA_SHA256 = "rsa-sha256"
    """Algorithm 8, RSASHA256 (RFC 5702), 2048 bits."""
    ED25519 = "ed25519"
    """Algorithm 15, ED25519 (RFC 8080)."""
    UNKNOWN = "unknown"
    """Algorithm 200, unassigned: a validator must treat the zone as unsigned (RFC 4035 section 5.2)."""


class Denial(StrEnum):
    """How a zone proves that something does not exist."""

    NSEC = "nsec"
    """RFC 4034 section 4, the chain of names in plain."""
    NSEC3 = "nsec3"
    """RFC 5155, the chain of hashed names."""
    COMPACT = "compact"
    """RFC 9824: signed while answering, NODATA with a minimal NSEC in place of NXDOMAIN."""


class DelegationSigner(StrEnum):
    """What the parent says of a signed zone's keys."""

    MATCH = "match"
    """A DS of the zone's own key."""
    NONE = "none"
    """No DS, and proof that there is none: the zone is an island of security (RFC 4033 section 2)."""
    OTHER_KEY = "other-key"
    """A DS that fits no key of the zone: everything in it is bogus."""
    UNKNOWN_DIGEST = "unknown-digest"
    """Only a DS of an unassigned digest type: the zone counts as unsigned (RFC 6840 section 5.2)."""


class Nsec3(Table):
    """NSEC3 parameters (RFC 5155 section 3.1, RFC 9276)."""

    iterations: Annotated[int, Field(ge=0, le=65535)] = 0
    """Additional iterations of the hash; RFC 9276 asks for 0."""
    salt: Annotated[str, Field(pattern="^([0-9a-f]{2}){0,255}$")] = ""
    """Salt in hexadecimal; RFC 9276 asks for none."""
    opt_out: bool = False
    """Spans may hold unsigned delegations without their own NSEC3 (RFC 5155 section 6)."""


class Zone(Table):
    """A zone of the fake Internet. `domain` is the recipient domain's; it exists unless changed, healthy and signed."""

    name: Template | None = None
    """Owner of the apex, absolute without the final dot. Default: `<id>.example` for `domain`, `<id>-<key>.example`
    for others."""
    signed: bool = True
    """Whether the zone is signed at all; an unsigned zone has a provable delegation without DS."""
    algorithms: Annotated[tuple[Algorithm, ...], Field(min_length=1)] = (Algorithm.ECDSA_P256,)
    """Algorithms the zone is signed with; several at once as during an algorithm rollover (RFC 6840 section 5.11)."""
    split_keys: bool = False
    """A key-signing key and a zone-signing key for each algorithm instead of one key for both."""
    zone_key_flag: bool = True
    """Whether the keys carry the Zone Key flag (RFC 4034 section 2.1.1); without it they may not sign."""
    key_generation: Annotated[int, Field(ge=0)] = 0
    """Another number gives other keys: a rollover between two steps."""
    denial: Denial = Denial.NSEC
    nsec3: Nsec3 = Nsec3()
    ds: DelegationSigner = DelegationSigner.MATCH
    records: tuple[Template, ...] = ()
    """Further records in master-file syntax (RFC 1035 section 5), relative to the apex: `www 5 A {mx1.ipv4}`."""
    remove: tuple[Template, ...] = ()
    """Records that the healthy world has and this one lacks, as `NAME TYPE`."""
    ttl: Annotated[int, Field(ge=0, le=86400)] = 5
    """TTL of every record that does not state its own, in seconds; also the negative TTL (RFC 2308)."""
    rotate: bool = False
    """The records of an RRset are answered in another order each time."""
    name_servers: Annotated[tuple[str, ...], Field(min_length=1)] = ("alive",)
    """One word a name server: `alive`, `dead` (nothing listens there) or `lame` (it does not know the zone)."""

    @model_validator(mode="after")
    def _servers_known(self) -> Self:
        for word in self.name_servers:
            if word not in ("alive", "dead", "lame"):
                raise ValueError(f"name_servers: {word!r} is none of 'alive', 'dead', 'lame'")
        return self


class What(StrEnum):
    """One thing that goes wrong with one DNS question."""

    SERVFAIL = "servfail"
    """Answered with RCODE 2."""
    REFUSED = "refused"
    """Answered with RCODE 5."""
    NOTIMP = "notimp"
    """Answered with RCODE 4."""
    FORMERR = "formerr"
    """Answered with RCODE 1."""
    DROP = "drop"
    """Never answered."""
    GARBAGE = "garbage"
    """Answered with octets that cannot be decoded behind the header."""
    TRUNCATE = "truncate"
    """Answered over UDP with TC and no data; over TCP in full (RFC 7766)."""
    TRUNCATE_NO_TCP = "truncate-no-tcp"
    """Answered over UDP with TC and no data; TCP is refused."""
    DROP_LARGE_UDP = "drop-large-udp"
    """UDP answers that an Ethernet would have to carry in fragments are sent to who takes them, and lost; TCP works."""
    NO_EDNS = "no-edns"
    """The OPT record is ignored and no DNSSEC records come, as behind an old middlebox (RFC 6891)."""
    SET_AD = "set-ad"
    """The authoritative server sets AD, which proves nothing (RFC 4035 section 4.6)."""
    MIXED_CASE = "mixed-case"
    """Owner names are answered in another case than asked (RFC 4343)."""
    EMPTY_NOERROR = "empty-noerror"
    """An empty NOERROR answer without any proof, whatever the zone holds."""
    FORGED_NXDOMAIN = "forged-nxdomain"
    """NXDOMAIN without any proof, whatever the zone holds."""
    FORGED = "forged"
    """The answer is replaced by `records`, unsigned."""
    ALTERED = "altered"
    """The answer's data is replaced by `records`, the genuine signatures are kept."""
    NO_RRSIG = "no-rrsig"
    """The signatures are left out."""
    CORRUPT_RRSIG = "corrupt-rrsig"
    """One bit of the signatures is flipped."""
    EXPIRED_RRSIG = "expired-rrsig"
    """The signatures expired an hour ago, and the two days of skew that some validators grant."""
    FUTURE_RRSIG = "future-rrsig"
    """The signatures become valid in the future."""
    SHORT_RRSIG = "short-rrsig"
    """The signatures expire after `lasts` from the start of the run."""
    RAISED_TTL = "raised-ttl"
    """The records arrive with a TTL of a day; their signatures state the true one (RFC 4035 section 5.3.3)."""
    WRONG_SIGNER = "wrong-signer"
    """Signed by another trusted zone's key, and saying so in the signer's name."""
    LABELS_HIGH = "labels-high"
    """The labels field of the signatures exceeds the owner name's (RFC 4035 section 5.3.1)."""
    EXTRA_BAD_RRSIG = "extra-bad-rrsig"
    """A broken signature behind the good one, which suffices (RFC 4035 section 5.3.3)."""
    UNKNOWN_KEY_RRSIG = "unknown-key-rrsig"
    """A signature by a key that is not in the zone beside the good one."""
    NO_PROOF = "no-proof"
    """A negative answer without its NSEC or NSEC3 records."""
    NSEC_ELSEWHERE = "nsec-elsewhere"
    """The NSEC or NSEC3 records of a negative answer cover another stretch of the zone."""
    TYPE_LISTED = "type-listed"
    """The bit map of the NODATA proof lists the very type that is denied."""
    CNAME_LISTED = "cname-listed"
    """The bit map of the NODATA proof lists CNAME: an alias was taken out of the answer."""
    NSEC_FROM_PARENT = "nsec-from-parent"
    """The parent's NSEC at the delegation is used to deny a name in the child (RFC 6840 section 4.1)."""
    NO_WILDCARD_PROOF = "no-wildcard-proof"
    """NXDOMAIN without the denial of the wildcard, or a wildcard answer without the denial of the exact name."""
    NO_ENCLOSER = "no-encloser"
    """An NSEC3 proof without the record that matches the closest encloser (RFC 5155 section 8.3)."""
    UNKNOWN_HASH = "unknown-hash"
    """NSEC3 records of an unassigned hash algorithm, rightly signed: they have to be ignored (RFC 5155 section 8.1)."""
    UNKNOWN_FLAGS = "unknown-flags"
    """NSEC3 records with an unassigned flag set, rightly signed: they have to be ignored (RFC 5155 section 8.2)."""
    ITERATIONS_RAISED = "iterations-raised"
    """The iterations of the NSEC3 records are raised on the way, so that their signatures no longer hold."""
    NO_NS_BIT = "no-ns-bit"
    """The proof that a delegation has no DS lacks the NS bit (RFC 6840 section 4.4)."""


class Fault(Table):
    """One thing done wrong on purpose when one question is asked."""

    at: Template
    """The question: a type alone (`MX`: the recipient domain's; `TLSA`, `A`, `AAAA`, `address`, `CNAME`: the first MX
    host's; `DS`, `DNSKEY`: those of the zone that holds its addresses), or `NAME TYPE`, relative to the recipient
    domain, `NAME *` for every type there, `*.NAME *` for everything below."""
    what: What
    records: tuple[Template, ...] = ()
    """What a forged or altered answer holds instead, in master-file syntax."""
    algorithm: Algorithm | None = None
    """Only the signatures of this algorithm are touched."""
    lasts: Length = "60s"
    """How long short-lived signatures are valid from the start of the run."""
    attacker: bool = False
    """Whether an adversary on the path does it, rather than a mistake of the operator."""

    @model_validator(mode="after")
    def _records_fit(self) -> Self:
        wants = self.what in (What.FORGED, What.ALTERED)
        if wants and not self.records:
            raise ValueError(f"what = '{self.what}' needs records: what the answer holds instead")
        if self.records and not wants:
            raise ValueError("records go with what = 'forged' or 'altered' only")
        return self


class ResolverFailure(StrEnum):
    """What a resolver answers to a question that it does not resolve."""

    SERVFAIL = "servfail"
    """SERVFAIL."""
    REFUSED = "refused"
    """REFUSED, as to a client that it does not serve."""
    NOTIMP = "notimp"
    """NOTIMP, as an old one to a type of record that it does not know."""
    FORMERR = "formerr"
    """FORMERR, as one that cannot read the question."""
    GARBAGE = "garbage"
    """A sound header, and octets behind it that make no message."""
    TRUNCATED = "truncated"
    """An empty reply that says it is truncated, over UDP and TCP alike."""


class Resolver(Table):
    """How the resolver that serves the target departs from a correct validating one."""

    validates: bool = True
    """Whether it checks signatures; one that does not passes bogus data on."""
    sets_ad: Annotated[str, Field(pattern="^(secure|never|always)$")] = "secure"
    """When it sets AD: `secure` (RFC 4035 section 3.2.3), `never`, or `always`, which is a lie."""
    failures: dict[Annotated[str, Field(pattern="^(MX|A|AAAA|CNAME|TLSA)$")], ResolverFailure] = {}
    """By type, questions that it fails at itself, whatever the name servers say: `{ TLSA = "refused" }`."""


__all__ = [
    "Algorithm",
    "DelegationSigner",
    "Denial",
    "Fault",
    "Nsec3",
    "Resolver",
    "ResolverFailure",
    "Span",
    "What",
    "Zone",
]
