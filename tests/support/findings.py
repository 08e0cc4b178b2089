"""What an independent validator says of a name, and whether that is what a test expected."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

import dns.exception
import dns.rdata
import dns.rdataclass
import dns.rdatatype


class Status(StrEnum):
    """What a validator makes of an answer: RFC 4035, section 4.3, and the plain failure beside it."""

    SECURE = "secure"
    """Proved, whether the records exist or their absence is what was proved."""

    INSECURE = "insecure"
    """Proved to lie outside of the signed tree, or under an opt-out span; usable and unprotected."""

    BOGUS = "bogus"
    """An answer came, or could be had without validation, and its proof fails."""

    FAILED = "failed"
    """No answer at all: SERVFAIL, REFUSED, silence; validation had nothing to say."""


@dataclass(frozen=True, order=True)
class Question:
    """A name and type as asked; ``name`` is absolute text with or without its last dot."""

    name: str
    rdtype: str

    @property
    def key(self) -> tuple[str, str]:
        """The same for any two ways of writing the question."""
        return self.name.rstrip(".").lower(), self.rdtype.upper()

    def __str__(self) -> str:
        return f"{self.name.rstrip('.')}. {self.rdtype}"


@dataclass(frozen=True)
class Finding:
    """What one validator found out about one question."""

    validator: str
    """Its name, for messages: ``unbound`` or ``delv``."""

    question: Question
    status: Status
    rcode: str
    """``NOERROR``, ``NXDOMAIN``, ``SERVFAIL``...; delv tells no other codes than these. Empty: none came."""

    rdatas: tuple[bytes, ...] = ()
    """The records of the type asked for at the end of any alias chain, as uncompressed wire, sorted."""

    aliases: tuple[str, ...] = ()
    """The targets of the CNAMEs on the way, in order, absolute and lower case."""

    ede: tuple[int, ...] = ()
    """Extended error codes (RFC 8914) that came along; delv gives none."""

    why: str = ""
    """The reason in the validator's own words; never empty for bogus and failed."""

    milliseconds: float = 0.0
    """From the question to the verdict, second looks included."""

    @property
    def answers(self) -> tuple[str, ...]:
        """``rdatas`` as master-file text; what does not parse stands in the generic form of RFC 3597."""
        return tuple(rdata_text(each, rdtype=self.question.rdtype) for each in self.rdatas)

    def __str__(self) -> str:
        reason = f" ({self.why})" if self.why else ""
        return f"{self.validator} finds {self.question} {self.status}, {self.rcode or 'no answer'}{reason}"


def rdata_text(rdata: bytes, *, rdtype: str) -> str:
    """Master-file text of an rdata in wire form; a malformed one comes out as ``\\# LENGTH HEX``."""
    try:
        number = dns.rdatatype.from_text(rdtype)
        return dns.rdata.from_wire(dns.rdataclass.IN, number, rdata, 0, len(rdata)).to_text()
    except dns.exception.DNSException:
        return f"\\# {len(rdata)} {rdata.hex()}"


def disagreements(
    findings: Iterable[Finding], *, expected: Mapping[Question, Status | frozenset[Status]]
) -> tuple[str, ...]:
    """One line for each finding that differs from what was expected, and for each expectation not looked at.

    An expectation that names several statuses is met by any of them.
    """
    open_keys = {question.key: question for question in expected}
    wanted = {question.key: status for question, status in expected.items()}
    lines = []
    for finding in findings:
        status = wanted.get(finding.question.key)
        if status is None:
            lines.append(f"{finding}; nothing was expected of it")
            continue
        open_keys.pop(finding.question.key, None)
        allowed = frozenset({status}) if isinstance(status, Status) else status
        if finding.status not in allowed:
            lines.append(f"{finding}; expected {' or '.join(sorted(allowed))}")
        elif finding.status in (Status.BOGUS, Status.FAILED) and not finding.why:
            lines.append(f"{finding}; no reason is given")
    lines.extend(f"{question} was not looked at" for question in open_keys.values())
    return tuple(lines)


def assert_agreement(findings: Iterable[Finding], *, expected: Mapping[Question, Status | frozenset[Status]]) -> None:
    """Raise AssertionError with every line of :func:`disagreements`."""
    if lines := disagreements(findings, expected=expected):
        raise AssertionError("\n".join((f"{len(lines)} findings differ:", *lines)))
