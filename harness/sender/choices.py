"""What this sender does where RFC 7672 and its neighbours leave a choice."""

from __future__ import annotations

from dataclasses import dataclass


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
