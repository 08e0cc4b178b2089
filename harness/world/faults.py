"""Faults, placed at the questions they go with, and what a validating resolver makes of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from harness.scenario.zones import Fault, What

from .answers import Reply
from .records import Record, Type


class Effect(StrEnum):
    """What a fault makes of a lookup, as a correct validating resolver sees it."""

    NONE = "none"
    """The lookup succeeds all the same."""
    FAILED = "failed"
    """No usable answer can be had: SERVFAIL, whether or not the zone is signed."""
    BOGUS = "bogus"
    """The answer does not validate: SERVFAIL in a secure zone, believed in an insecure one."""


_FAILED = {
    What.SERVFAIL, What.REFUSED, What.NOTIMP, What.FORMERR, What.DROP, What.GARBAGE, What.TRUNCATE_NO_TCP,
}  # fmt: skip
_HARMLESS = {
    What.TRUNCATE, What.DROP_LARGE_UDP, What.SET_AD, What.MIXED_CASE, What.SHORT_RRSIG,
    What.RAISED_TTL, What.EXTRA_BAD_RRSIG, What.UNKNOWN_KEY_RRSIG,
}  # fmt: skip
_DENIALS = {
    What.NO_PROOF, What.NSEC_ELSEWHERE, What.NO_ENCLOSER, What.UNKNOWN_HASH, What.UNKNOWN_FLAGS,
    What.ITERATIONS_RAISED, What.NO_NS_BIT,
}  # fmt: skip


@dataclass(frozen=True)
class PlacedFault:
    """A fault, with the question it goes with worked out."""

    spec: Fault
    name: str
    """Owner name; with a leading `*.`, everything below."""
    type: int | None
    """Record type; None for every type."""
    records: tuple[Record, ...] = ()

    @property
    def what(self) -> What:
        return self.spec.what

    def hits(self, name: str, kind: int) -> bool:
        """Whether the question is the one that goes wrong."""
        if self.type is not None and self.type != kind:
            return False
        if self.name.startswith("*."):
            return name.endswith(self.name[1:])
        return name == self.name

    def effect(self, reply: Reply) -> Effect:
        """What a correct validating resolver makes of the reply once this fault has touched it."""
        if self.what in _FAILED:
            return Effect.FAILED
        if self.what in _HARMLESS:
            return Effect.NONE
        if self.what in _DENIALS and not reply.is_negative:
            return Effect.NONE
        if self.what is What.NO_WILDCARD_PROOF and not (reply.is_negative or _is_expanded(reply)):
            return Effect.NONE
        spares = self.spec.algorithm is not None and reply.zone is not None and len(reply.zone.spec.algorithms) > 1
        return Effect.NONE if spares else Effect.BOGUS


def _is_expanded(reply: Reply) -> bool:
    """Whether an answer comes out of a wildcard: then a denial of the exact name comes along."""
    return bool(reply.answer) and any(one.rrset.type in (Type.NSEC, Type.NSEC3) for one in reply.authority)
