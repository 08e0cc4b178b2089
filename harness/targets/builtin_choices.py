"""What the built-in sender declares where the RFCs leave it a choice, as `python -m harness.sender --choices` does."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

DECLARED: Mapping[str, str] = MappingProxyType(
    {
        "dane-at-insecure-mx": "applied",
        "next-mx": "at-once",
        "next-mx-without-dane": "delivers",
        "fallback-relay": "at-once",
        "equal-preference": "at-once",
        "next-address": "at-once",
        "mx-alias": "followed",
        "pkix-usages": "unusable",
        "sha-512": "supported",
        "digest-agility": "strongest-only",
        "ta-expiry": "checked",
        "ta-basic-constraints": "checked",
        "ta-path-length": "checked",
        "ta-path-length-spki": "checked",
        "ta-name-constraints": "checked",
        "full-ta-in-dns": "taken",
        "ee-as-ta": "accepted",
        "revocation": "not-checked",
        "extended-key-usage": "checked",
        "raw-public-keys": "not-offered",
        "anonymous-suites": "not-offered",
        "old-tls": "refused",
        "cn-fallback": "not-used",
        "multi-label-wildcard": "one-label",
        "cleartext-fallback": "in-clear",
        "refused-starttls": "in-clear",
        "plaintext-after-220": "discarded",
        "failed-address-lookup": "host-skipped",
        "bounce-unreachable": "bounced",
        "address-as-mx": "refused",
        "null-mx-beside-others": "ignored",
    }
)
