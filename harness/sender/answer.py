"""What a lookup found out: an `Answer`, and the steps by which replies add up to one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from harness.sender.dnswire import Rcode, RdType, Record, Reply
from harness.sender.errors import Failure, NoAnswer


class Kind(StrEnum):
    """The kinds of answer. Absence is an answer; failure is not (RFC 7672 section 2.1.1)."""

    RECORDS = "records"
    """There are records of the type asked for."""
    NODATA = "nodata"
    """The name exists and has no such records."""
    NXDOMAIN = "nxdomain"
    """The name does not exist."""
    FAILED = "failed"
    """No answer could be had: bogus, indeterminate, refused, timed out or unreadable."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The end of one lookup.

    `secure` holds for the records or their absence and for every CNAME on the way. `names` starts
    with the name asked for and ends with the one that has, or lacks, the records. `reason` and `failure`
    say why a lookup failed.
    """

    kind: Kind
    secure: bool
    names: tuple[str, ...]
    records: tuple[Record, ...] = ()
    reason: str = ""
    failure: Failure | None = None

    @property
    def is_alias(self) -> bool:
        """Whether a CNAME was met."""
        return len(self.names) > 1

    @property
    def expanded(self) -> str:
        """The name at the end of the CNAME chain."""
        return self.names[-1]


@dataclass(frozen=True, kw_only=True)
class Step:
    """What one reply contributes: the names walked through, and the records at the last of them."""

    kind: Kind
    names: tuple[str, ...]
    records: tuple[Record, ...]


def read_step(reply: Reply, *, name: str, rdtype: RdType) -> Step:
    """Follow the CNAMEs inside one reply from `name`. Raises `NoAnswer` when they go round."""
    names = [name]
    aliases = {r.owner: r.target for r in reply.answers if r.rdtype == RdType.CNAME}
    while rdtype != RdType.CNAME and names[-1] in aliases:
        target = aliases[names[-1]]
        if target in names:
            raise NoAnswer("CNAME loop", failure=Failure.ENDLESS)
        names.append(target)
    records = tuple(r for r in reply.answers if r.rdtype == rdtype and r.owner == names[-1])
    absent = Kind.NXDOMAIN if reply.rcode == Rcode.NXDOMAIN else Kind.NODATA
    return Step(kind=Kind.RECORDS if records else absent, names=tuple(names), records=records)
