"""What this sender does where RFC 7672 and its neighbours leave a choice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Choices:
    """One field per choice, in the catalogue's terms. They are facts about the sender, not settings."""

    dane_at_insecure_mx: bool = True
    """DANE is elected at hosts found through an insecure MX RRset (RFC 7672 section 2.2.1)."""
    mx_cname: bool = True
    """MX hosts that are aliases are used (section 2.2.2)."""
    mx_address: bool = False
    """An MX record that spells an address is passed over (section 2.2)."""
    sha2_512: bool = True
    """Matching type SHA2-512(2) is supported (RFC 7671 section 2)."""
    digest_agility: bool = True
    """A weaker digest does not count beside a stronger one (RFC 7671 section 9)."""
    pkix_usages: bool = False
    """PKIX-TA(0) and PKIX-EE(1) are unusable (RFC 7672 section 3.1.3)."""
    ta_matches_leaf: bool = True
    """A usage 2 record may name the server's own certificate, its dates and names then count (RFC 6698 A.1)."""
    ta_from_dns: bool = True
    """`2 0 0` and `2 1 0` work without the trust anchor in the handshake (RFC 7671 section 5.2)."""
    ta_validity: bool = True
    """Dates and CA flag of the trust anchor's certificate count (RFC 6698 section 8)."""
    ta_constraints: bool = True
    """Its path length and name constraints count, with selector SPKI(1) too (RFC 7671 section 5.2.1)."""
    eku: bool = True
    """Usage 2: an extended key usage without TLS server is refused. Usage 3: ignored."""
    revocation: bool = False
    """No CRL, OCSP or CT checks (RFC 7672 section 4, RFC 7671 section 4.2)."""
    cn_fallback: bool = False
    """The common name is never a presented identifier (RFC 9525 section 2)."""
    multi_label_wildcard: bool = False
    """A wildcard stands for one label (RFC 9525 section 6.3)."""
    raw_public_keys: bool = False
    """Raw public keys are not offered, only X.509 (RFC 7250, RFC 7671 section 5.1)."""
    anonymous_ciphers: bool = False
    """Anonymous suites are not offered (RFC 7672 section 8.2)."""
    minimum_tls: str = "TLSv1.2"
    """The oldest TLS version offered."""
    security_level: int = 1
    """OpenSSL's security level."""
    cleartext_retry: bool = True
    """Without secure TLSA records, failed TLS is retried in clear in the same attempt (RFC 7672 section 2.2)."""
    cleartext_after_refusal: bool = True
    """Where no TLSA record promises TLS, a refused STARTTLS is followed by cleartext (RFC 3207 section 4)."""
    plaintext_after_220: str = "discard"
    """What arrives in clear behind the 220 to STARTTLS is thrown away, and the handshake goes on."""
    next_host_at_once: bool = True
    """After a host failed the next one is tried in the same attempt."""
    aaaa_failure_skips_host: bool = True
    """A failed A or AAAA lookup makes the host unreachable (RFC 7672 section 2.2.2)."""
    null_mx_beside_others: str = "ignored"
    """A null MX beside other MX records is left out (RFC 7505 section 3)."""
    hosts_without_address: str = "bounce"
    """All hosts provably without addresses: bounced; if any lookup failed: deferred (RFC 5321 section 5.1)."""
    address_literal_mandatory: str = "defer"
    """Mandatory DANE and a recipient at an address literal."""
    smtputf8: bool = False
    """Local parts in UTF-8 are not specially handled; domains are sent as A-labels."""

    def positions(self) -> dict[str, str]:
        """What follows from them for whoever watches from outside, in the words of `danelab run --choice`."""
        return {name: _POSITIONS[name][1][getattr(self, _POSITIONS[name][0])] for name in _POSITIONS}


_CHECKED: dict[Any, str] = {True: "checked", False: "ignored"}
_AT_ONCE: dict[Any, str] = {True: "at-once", False: "later"}

_POSITIONS: dict[str, tuple[str, dict[Any, str]]] = {
    "dane-at-insecure-mx": ("dane_at_insecure_mx", {True: "applied", False: "not-applied"}),
    "next-mx": ("next_host_at_once", _AT_ONCE),
    "next-mx-without-dane": ("next_host_at_once", {True: "delivers", False: "waits"}),
    "fallback-relay": ("next_host_at_once", _AT_ONCE),
    "equal-preference": ("next_host_at_once", _AT_ONCE),
    "next-address": ("next_host_at_once", _AT_ONCE),
    "mx-alias": ("mx_cname", {True: "followed", False: "refused"}),
    "pkix-usages": ("pkix_usages", {True: "enforced", False: "unusable"}),
    "sha-512": ("sha2_512", {True: "supported", False: "unusable"}),
    "digest-agility": ("digest_agility", {True: "strongest-only", False: "any-match"}),
    "ta-expiry": ("ta_validity", _CHECKED),
    "ta-basic-constraints": ("ta_validity", _CHECKED),
    "ta-path-length": ("ta_constraints", _CHECKED),
    "ta-path-length-spki": ("ta_constraints", _CHECKED),
    "ta-name-constraints": ("ta_constraints", _CHECKED),
    "full-ta-in-dns": ("ta_from_dns", {True: "taken", False: "not-taken"}),
    "ee-as-ta": ("ta_matches_leaf", {True: "accepted", False: "refused"}),
    "revocation": ("revocation", {True: "checked", False: "not-checked"}),
    "extended-key-usage": ("eku", _CHECKED),
    "raw-public-keys": ("raw_public_keys", {True: "offered", False: "not-offered"}),
    "anonymous-suites": ("anonymous_ciphers", {True: "offered", False: "not-offered"}),
    "old-tls": (
        "minimum_tls",
        {"TLSv1": "accepted", "TLSv1.1": "accepted", "TLSv1.2": "refused"},
    ),
    "cn-fallback": ("cn_fallback", {True: "used", False: "not-used"}),
    "multi-label-wildcard": ("multi_label_wildcard", {True: "several-labels", False: "one-label"}),
    "cleartext-fallback": ("cleartext_retry", {True: "in-clear", False: "waits"}),
    "refused-starttls": ("cleartext_after_refusal", {True: "in-clear", False: "waits"}),
    "plaintext-after-220": ("plaintext_after_220", {"discard": "discarded", "abort": "aborted"}),
    "failed-address-lookup": ("aaaa_failure_skips_host", {True: "host-skipped", False: "other-family"}),
    "bounce-unreachable": ("hosts_without_address", {"bounce": "bounced", "defer": "deferred"}),
    "address-as-mx": ("mx_address", {True: "used", False: "refused"}),
    "null-mx-beside-others": ("null_mx_beside_others", {"ignored": "ignored", "defer": "deferred"}),
}
"""The field that decides each position, and the position for each of its values. What the machine's resolver and TLS
library decide is left out."""
