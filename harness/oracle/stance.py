"""Where a sender stands on the choices that the RFCs leave to it: what it declares leaves it fewer ways to go.

Names and positions are those of `scenarios/choices.toml`. Those that stand here are plain in the oracle's code: one
step decides, and the step has one way for each position.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TypeVar

T = TypeVar("T")


class Point(StrEnum):
    """A choice on which the oracle can hold a sender to its word."""

    DANE_AT_INSECURE_MX = "dane-at-insecure-mx"
    MX_ALIAS = "mx-alias"
    PKIX_USAGES = "pkix-usages"
    SHA_512 = "sha-512"
    DIGEST_AGILITY = "digest-agility"
    TA_EXPIRY = "ta-expiry"
    TA_BASIC_CONSTRAINTS = "ta-basic-constraints"
    TA_PATH_LENGTH = "ta-path-length"
    TA_PATH_LENGTH_SPKI = "ta-path-length-spki"
    TA_NAME_CONSTRAINTS = "ta-name-constraints"
    FULL_TA_IN_DNS = "full-ta-in-dns"
    EE_AS_TA = "ee-as-ta"
    REVOCATION = "revocation"
    EXTENDED_KEY_USAGE = "extended-key-usage"
    ANONYMOUS_SUITES = "anonymous-suites"
    OLD_TLS = "old-tls"
    CN_FALLBACK = "cn-fallback"
    MULTI_LABEL_WILDCARD = "multi-label-wildcard"
    CLEARTEXT_FALLBACK = "cleartext-fallback"
    REFUSED_STARTTLS = "refused-starttls"
    PLAINTEXT_AFTER_220 = "plaintext-after-220"
    UNOFFERED_STARTTLS = "unoffered-starttls"
    SNI_WARNING = "sni-warning"
    BOUNCE_UNREACHABLE = "bounce-unreachable"
    ADDRESS_AS_MX = "address-as-mx"
    NULL_MX_BESIDE_OTHERS = "null-mx-beside-others"
    LONG_HOST_NAME = "long-host-name"


@dataclass(frozen=True)
class Stance:
    """What a sender declares. One that declares nothing may go every way that the RFCs leave open."""

    positions: Mapping[Point, str] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def of(cls, declared: Mapping[str, str]) -> Stance:
        """As much of what a sender declares as the oracle can hold it to."""
        known = {str(point): point for point in Point}
        return cls({known[name]: position for name, position in declared.items() if name in known})

    def without(self, point: Point) -> Stance:
        """The same, but that nothing is declared on this choice."""
        return Stance({each: position for each, position in self.positions.items() if each is not point})

    def allows(self, point: Point, position: str) -> bool:
        """Whether a sender of this stance may go the way of that position."""
        return self.positions.get(point, position) == position

    def left(self, point: Point, ways: Mapping[str, T]) -> tuple[T, ...]:
        """The ways that are left, by position, in their order: one where a position is declared, else all of them."""
        return tuple(way for position, way in ways.items() if self.allows(point, position))


UNDECLARED = Stance()
