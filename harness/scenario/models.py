"""A scenario: a world, what is done in it, and what a conforming target may do. One TOML file each.

The models are the specification of the language; `scenarios/schema.json` is generated from them.
A file states only what differs from the healthy world: one recipient domain `<id>.example` in a signed zone, one MX
`mx1.<id>.example` in the same zone, a fresh self-signed P-256 certificate with the right name, a TLSA record `3 1 1`
that matches, STARTTLS, TLS 1.2 and 1.3.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from .base import Length, Table, Template, seconds
from .certificates import Certificate, Key
from .mailhosts import Host, Mx, Server
from .outcomes import Permitted
from .zones import Fault, Resolver, Zone


class Mode(StrEnum):
    """What a target is meant to do about DANE."""

    OPPORTUNISTIC = "opportunistic"
    """Opportunistic DANE TLS (RFC 7672 section 2.2)."""
    MANDATORY = "mandatory"
    """Mandatory DANE for the destination (RFC 7672 section 6)."""
    UNAWARE = "unaware"
    """Plain opportunistic TLS without DANE, behind a validating resolver."""


class Importance(StrEnum):
    """How much depends on getting a scenario right."""

    CRITICAL = "critical"
    """A mistake gives mail to an attacker, or stops all mail."""
    MAJOR = "major"
    """A mistake matters to real deployments."""
    MINOR = "minor"
    """A corner that few will meet."""


class Choice(StrEnum):
    """A choice that the RFCs leave to the sender or its resolver; either way passes, and the report says which was
    taken."""

    DANE_AT_INSECURE_MX = "dane-at-insecure-mx"
    """DANE for hosts found through an insecure MX RRset (RFC 7672 section 2.2.1)."""
    NEXT_MX = "next-mx"
    """Trying the next MX host at once, or deferring, after a host failed."""
    EQUAL_PREFERENCE = "equal-preference"
    """Which of several equally preferred hosts is picked."""
    MX_ALIAS = "mx-alias"
    """Refusing MX targets that are CNAMEs (RFC 5321 section 5.1)."""
    PKIX_USAGES = "pkix-usages"
    """Handling of usages 0 and 1, under the protection of TLS (RFC 7672 section 3.1.3)."""
    SHA_512 = "sha-512"
    """Support of matching type 2 (RFC 7671 section 2)."""
    DIGEST_AGILITY = "digest-agility"
    """Strongest digest only (RFC 7671 section 9)."""
    TA_CONSTRAINTS = "ta-constraints"
    """Dates and constraints of the trust anchor itself."""
    FULL_TA_IN_DNS = "full-ta-in-dns"
    """A trust anchor that stands in full in DNS and not in the handshake (RFC 7671 section 5.2.2)."""
    EE_AS_TA = "ee-as-ta"
    """Usage 2 matching the end-entity certificate itself (RFC 6698 appendix A.1)."""
    CN_FALLBACK = "cn-fallback"
    """Common name in the absence of DNS names (RFC 7672 section 3.2.3, RFC 9525)."""
    MULTI_LABEL_WILDCARD = "multi-label-wildcard"
    """A wildcard that stands for several labels (RFC 7672 section 3.2.3)."""
    CLEARTEXT_FALLBACK = "cleartext-fallback"
    """Retrying in cleartext after TLS failed where no secure TLSA record exists."""
    CRYPTO_POLICY = "crypto-policy"
    """Which key types, digests, protocol versions and suites are accepted."""
    X509_POLICY = "x509-policy"
    """Extended key usage, critical extensions, order of certificates, revocation."""
    MALFORMED_TLSA = "malformed-tlsa"
    """A malformed TLSA record is unusable, or a failed lookup."""
    ADDRESS_FAMILY = "address-family"
    """Which address families are asked for and used, and whether one failing stops the host."""
    NEXT_ADDRESS = "next-address"
    """Trying the host's next address after one failed."""
    PLAINTEXT_AFTER_220 = "plaintext-after-220"
    """Ignoring, or aborting at, plaintext behind the 220 to STARTTLS."""
    BOUNCE_UNREACHABLE = "bounce-unreachable"
    """Bouncing, or deferring, a domain whose only host does not exist."""
    NSEC3_ITERATIONS = "nsec3-iterations"
    """NSEC3 iterations above zero: accepted, insecure, or SERVFAIL (RFC 9276 section 3.2)."""
    RESOLVER_RETRY = "resolver-retry"
    """How hard the resolver tries."""
    AGGRESSIVE_NSEC = "aggressive-nsec"
    """Absence, or a wildcard's answer, inferred from records that were validated before (RFC 8198)."""
    DNSSEC_ALGORITHMS = "dnssec-algorithms"
    """Which signing algorithms beyond the mandatory ones are validated; a zone of others is insecure (RFC 8624)."""
    QNAME_MINIMISATION = "qname-minimisation"
    """Asking for the names above first, and failing at what is wrong there (RFC 9156)."""
    REMEMBERED_ANSWER = "remembered-answer"
    """Answering from the cache for the record's TTL, although the world has changed (RFC 1034 section 4.3.2)."""
    VALIDATING_STUB = "validating-stub"
    """Whether the sender validates by itself instead of trusting its resolver's AD bit."""
    ABORTED_DELIVERY = "aborted-delivery"
    """Retrying at once, or later, after a session broke."""
    REQUIRETLS = "requiretls"
    """Support of REQUIRETLS and the TLS-Required header (RFC 8689)."""
    SIGNATURE_COMPLETENESS = "signature-completeness"
    """Whether one valid path is enough, or every algorithm of the DS RRset has to be there (RFC 6840 section 5.11)."""
    UNOFFERED_STARTTLS = "unoffered-starttls"
    """STARTTLS where the server does not offer it."""
    UNEXPANDED_MX_NAME = "unexpanded-mx-name"
    """An alias as reference identifier where TLSA is at the name it stands for (RFC 7672 section 3.2.2)."""
    SNI_WARNING = "sni-warning"
    """Going on, or breaking off, when the server warns that it does not know the name (RFC 6066 section 3)."""
    ALIAS_LIMIT = "alias-limit"
    """How long a chain of aliases is followed."""
    AUDIT = "audit"
    """DANE failures are logged and mail is sent anyway, as declared (RFC 7672 section 9.1)."""


class WireRule(StrEnum):
    """What a client says and when, whatever its mode; held of every session of a message."""

    EHLO_FIRST_INSIDE_TLS = "ehlo-first-inside-tls"
    """EHLO comes first inside TLS, or QUIT (RFC 3207 section 4.2, SHOULD)."""
    NO_STARTTLS_INSIDE_TLS = "no-starttls-inside-tls"
    """No STARTTLS once TLS is up, offered or not (RFC 3207 section 4.2, MUST NOT)."""
    NOTHING_IN_CLEAR_AFTER_STARTTLS = "nothing-in-clear-after-starttls"
    """Nothing is sent along with STARTTLS, and no command in cleartext after its 220 (RFC 3207 section 4, MUST)."""
    QUIT_AFTER_REFUSAL = "quit-after-refusal"
    """Where mail may not go, the client takes its leave with QUIT inside TLS (RFC 3207 section 4.1, SHOULD)."""
    ONLY_OFFERED_INSIDE_TLS = "only-offered-inside-tls"
    """Inside TLS only extensions are used that the server offered there (RFC 3207 section 4.2, MUST)."""
    REQUIRETLS_PASSED_ON = "requiretls-passed-on"
    """MAIL carries REQUIRETLS wherever the message that asks for it is given away (RFC 8689 section 4.2.1, MUST)."""
    SAME_NAME_ON_RESUMPTION = "same-name-on-resumption"
    """A TLS session is resumed under the server name it was begun with (RFC 6066 section 3, SHOULD)."""
    NO_RAW_PUBLIC_KEY = "no-raw-public-key"
    """A sender with DANE does not offer to take a raw public key, which no record here could authenticate (RFC 7671
    section 5.1, SHOULD NOT)."""


class Expect(Table):
    """The outcomes that conform, for each mode of the target; the usual one first."""

    opportunistic: Permitted
    mandatory: Permitted
    unaware: Permitted
    checker: Annotated[str, Field(pattern="^(pass|fail|none|unsure)$")] | None = None
    """What a checker should find: DANE verifies, DANE fails, no DANE published, or a question of taste."""
    choice: Choice | None = None
    """The choice that decides between several permitted outcomes."""
    severity: Annotated[str, Field(pattern="^(must|should)$")] = "must"
    """Whether mail withheld and rules of the wire are a MUST, or a SHOULD and a warning; mail given away never is."""
    wire: tuple[WireRule, ...] = ()
    """Rules about what is said on the connection, beside the outcome."""
    untouched: tuple[str, ...] = ()
    """Keys of servers that no connection should be made to."""
    unvisited: tuple[str, ...] = ()
    """Keys of servers that a sender with DANE may not connect to, as their TLSA lookup failed (RFC 7672 section 2.1.2,
    MUST NOT)."""
    sni: Template | None = None
    """The server name that every ClientHello has to carry, as in `{mx1}` (RFC 7672 section 8.1, MUST)."""

    def within(self, whole: Expect) -> Expect:
        """This of one step, with what the file's [expect] demands beside the outcome where the step does not say."""
        demands = ("wire", "untouched", "sni")
        return self.model_copy(update={key: getattr(whole, key) for key in demands if key not in self.model_fields_set})


class Message(Table):
    """What is sent."""

    headers: tuple[str, ...] = ()
    """Further header fields, as in `TLS-Required: No`."""
    requiretls: bool = False
    """Submitted with REQUIRETLS (RFC 8689)."""
    smtputf8: bool = False
    """Submitted with SMTPUTF8 (RFC 6531)."""


class Route(Table):
    """What the administrator of the target has configured for this destination."""

    relay: Template | None = None
    """Non-MX next hop, as in `[{relay}]` or `[{relay}]:2525`."""
    fallback_relay: Template | None = None
    """Next hop for mail that could not be delivered otherwise."""
    modes: dict[str, Mode] = {}
    """Modes for single destinations, by zone key, where they differ from the run's."""
    audit_only: bool = False
    """DANE is evaluated and logged, and does not hold mail back."""
    disabled: bool = False
    """DANE is switched off for this destination."""


class Step(Table):
    """One thing done in the world: exactly one of send, wait and change."""

    send: tuple[Template, ...] = ()
    """Recipients of one message, as zone keys (`domain`) or addresses with placeholders."""
    times: Annotated[int, Field(ge=1, le=20)] = 1
    """How many messages are sent, one after the other, where a sender leaves something to chance: one shows half of it.
    A checker looks once."""
    wait: Length | None = None
    """Let time pass until caches have run out; not waited for where neither resolver nor target keeps answers."""
    change: dict[str, Any] | None = None
    """Keys of this file with their new values: tables are merged into the old ones, lists replace them."""
    retry: bool = False
    """The message of the step before is tried again: the target's queue is flushed."""
    expect: Expect | None = None
    """What may become of the message, where it differs from the file's [expect]; `wire`, `untouched` and `sni` of that
    hold here too, unless they are given anew."""
    expect_for: dict[str, Expect] = {}
    """The same by zone key, where one message goes to several domains."""

    @model_validator(mode="after")
    def _one_thing(self) -> Self:
        if (len(self.send) > 0) + (self.wait is not None) + (self.change is not None) + self.retry != 1:
            raise ValueError("a step does exactly one thing: send, wait, change or retry")
        if (self.expect or self.expect_for) and not (self.send or self.retry):
            raise ValueError("expect goes with send or retry")
        if self.times > 1 and not self.send:
            raise ValueError("times goes with send")
        return self


class Need(StrEnum):
    """What a scenario asks of the lab or the target beyond the ordinary."""

    IPV6 = "ipv6"
    """IPv6 between target and lab."""
    NAMESPACE = "namespace"
    """A network of its own: packets that vanish, real ports."""
    CACHE = "cache"
    """A resolver that caches, and is not told when the world changes."""
    ROUTE = "route"
    """A configured next hop."""
    ROOTED_ROUTE = "rooted-route"
    """A configured next hop that may be written with a final dot."""
    FALLBACK_RELAY = "fallback-relay"
    """A configured next hop for mail that could not be delivered otherwise."""
    QUEUE = "queue"
    """A queue that can be flushed."""
    LAB_RESOLVER = "lab-resolver"
    """The lab's resolver between target and servers; every scenario needs it that says how the resolver misbehaves."""
    VALIDATING_RESOLVER = "validating-resolver"
    """A resolver that really talks to the authoritative servers."""
    REQUIRETLS = "requiretls"
    """A target that knows RFC 8689."""
    DESTINATION_POLICY = "destination-policy"
    """A target that can be told what to do about DANE for single destinations."""
    AUDIT = "audit"
    """A target that can be told to try DANE for a destination and send anyway (RFC 7672 section 9.1)."""
    REPETITION = "repetition"
    """A target that can be sent several messages in a row; every scenario needs it that leaves something to chance."""
    SMTPUTF8 = "smtputf8"
    """A target that takes internationalised addresses (RFC 6531)."""
    PATIENCE = "patience"
    """A run that may last minutes: waits of the scenario's steps that nobody can shorten."""


class Scenario(Table):
    """One scenario. The id is the file's name."""

    id: Annotated[str, Field(pattern="^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$")]
    """A DNS label of at most 40 characters; taken from the file's name, not written in it."""
    title: Annotated[str, Field(min_length=8, max_length=120)]
    explain: Annotated[str, Field(min_length=20)]
    """A few sentences that a student understands."""
    covers: Annotated[tuple[str, ...], Field(min_length=1)]
    """Requirements exercised, by their ids in `scenarios/requirements.toml`; the one that matters most first."""
    catalogue: str | None = None
    """Slug in the catalogue of scenarios."""
    twin: str | None = None
    """The scenario that lacks this one's defect and has to be delivered in the same run for a failure here to count."""
    importance: Importance = Importance.MAJOR
    reading: str | None = None
    """Why the expectation is what it is, where documents or products disagree."""
    needs: tuple[Need, ...] = ()
    recipient: Template = "user@{domain}"
    zones: dict[Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,19}$")], Zone] = {}
    mx: tuple[Mx, ...] = (Mx(),)
    hosts: tuple[Host, ...] = ()
    """Hosts that are no MX: a live server at the domain's own address, a relay, an attacker's."""
    servers: dict[str, Server] = {}
    """Servers that several hosts share, or that stand at one address of a host."""
    certs: dict[str, Certificate] = {}
    keys: dict[str, Key] = {}
    faults: tuple[Fault, ...] = ()
    resolver: Resolver = Resolver()
    route: Route = Route()
    message: Message = Message()
    steps: tuple[Step, ...] = ()
    expect: Expect

    @property
    def waits(self) -> float:
        """Seconds that its steps wait altogether, where a cache has to run out."""
        return sum(seconds(step.wait) for step in self.steps if step.wait is not None)
