"""What is carried from one message to a later one: lookups, proofs, connections, TLS sessions, and patience lost."""

from __future__ import annotations

from collections import Counter

from harness.sender.answer import Answer, Kind
from harness.sender.dnswire import RdType
from harness.sender.policy import HostPlan, Level
from harness.sender.rules import Rules
from harness.sender.tlsa import TlsaRecord

from .model import Harm, Mutant, always, broken

_PATIENCE = 3


class _RemembersTlsa(Rules):
    def __init__(self) -> None:
        self._known: dict[str, Answer] = {}

    def answer_in_force(self, answer: Answer, *, rdtype: RdType) -> Answer:
        if rdtype != RdType.TLSA or answer.kind is Kind.FAILED:
            return answer
        return self._known.setdefault(answer.names[0], answer)


class _RemembersFailures(Rules):
    def __init__(self) -> None:
        self._failed: dict[tuple[str, int], Answer] = {}

    def answer_in_force(self, answer: Answer, *, rdtype: RdType) -> Answer:
        key = (answer.names[0], rdtype)
        if answer.kind is Kind.FAILED:
            self._failed.setdefault(key, answer)
        return self._failed.get(key, answer)


class _LosesPatienceWithDns(Rules):
    def __init__(self) -> None:
        self._failures: Counter[str] = Counter()

    def failure_is_absence(self, answer: Answer, *, rdtype: RdType) -> bool:
        if rdtype != RdType.TLSA:
            return False
        self._failures[answer.names[0]] += 1
        return self._failures[answer.names[0]] > _PATIENCE


class _LosesPatienceWithHost(Rules):
    def __init__(self) -> None:
        self._attempts: Counter[str] = Counter()

    def level_if_tlsa_usable(self, host: str) -> Level:
        self._attempts[host] += 1
        return Level.MAY if self._attempts[host] > _PATIENCE else Level.AUTHENTICATE


class _RemembersCertificates(Rules):
    """Once right, always right: by the certificate."""

    def __init__(self) -> None:
        self._proved: set[bytes] = set()

    def fault(self, record: TlsaRecord, *, chain: tuple[bytes, ...], references: tuple[str, ...]) -> str | None:
        if chain[0] in self._proved:
            return None
        found = super().fault(record, chain=chain, references=references)
        if found is None:
            self._proved.add(chain[0])
        return found


class _RemembersHosts(Rules):
    """Once right, always right: by the base domain."""

    def __init__(self) -> None:
        self._proved: set[str] = set()

    def fault(self, record: TlsaRecord, *, chain: tuple[bytes, ...], references: tuple[str, ...]) -> str | None:
        if references[0] in self._proved:
            return None
        found = super().fault(record, chain=chain, references=references)
        if found is None:
            self._proved.add(references[0])
        return found


def _address(_: object, plan: HostPlan, *, address: str) -> object:
    del plan
    return address


def _host(_: object, plan: HostPlan, *, address: str) -> object:
    del address
    return plan.host


def _site(_: object, plan: HostPlan, *, address: str) -> object:
    del address
    return plan.host.partition(".")[2]


MUTANTS = (
    Mutant(
        name="tlsa-kept-for-ever",
        tells="TLSA records once found are used for ever.",
        breaks=("6698-5-1", "7672-3.2-2"),
        harm=Harm.SECURITY,
        rules=_RemembersTlsa,
    ),
    Mutant(
        name="failure-kept-for-ever",
        tells="A lookup that failed once counts as failed ever after.",
        breaks=("7672-2.1.2-6", "5321-4.5.4.1-1", "5321-5.1-4"),
        harm=Harm.DELIVERY,
        rules=_RemembersFailures,
    ),
    Mutant(
        name="patience-lost-with-dns",
        tells="After some attempts a TLSA lookup that keeps failing is taken for absence.",
        breaks=("7672-2.1.2-5", "7672-2.1.2-4", "7672-10-1"),
        harm=Harm.SECURITY,
        rules=_LosesPatienceWithDns,
    ),
    Mutant(
        name="patience-lost-with-host",
        tells="After some attempts mail that could not go over authenticated TLS goes in clear.",
        breaks=("7672-10-1", "7672-2.2-1"),
        harm=Harm.SECURITY,
        rules=_LosesPatienceWithHost,
    ),
    Mutant(
        name="certificate-trusted-ever-after",
        tells="A certificate that was right once is right for whatever name it is shown.",
        breaks=("7672-3.2-2", "7672-3.2.2-1"),
        harm=Harm.SECURITY,
        rules=_RemembersCertificates,
    ),
    Mutant(
        name="host-trusted-ever-after",
        tells="A host that was authenticated once is believed ever after.",
        breaks=("7672-3.2-2", "7672-9.1-2"),
        harm=Harm.SECURITY,
        rules=_RemembersHosts,
    ),
    Mutant(
        name="connection-reused-by-address",
        tells="A connection kept open takes any mail for the same address.",
        breaks=("7672-3.2-2", "7672-3.2.2-1", "7672-3.2.2-3"),
        harm=Harm.SECURITY,
        rules=broken(connection_key=_address),
    ),
    Mutant(
        name="connection-reused-by-host",
        tells="A connection kept open takes any mail for the same MX host.",
        breaks=("7672-3.2-2", "7672-3.2.2-1", "7672-3.2.2-3"),
        harm=Harm.SECURITY,
        rules=broken(connection_key=_host),
    ),
    Mutant(
        name="resumption-is-proof",
        tells="A host whose TLS session is resumed counts as authenticated.",
        breaks=("7672-3.2-2", "7672-9.1-2"),
        harm=Harm.SECURITY,
        rules=broken(tls_session_key=_host, resumption_authenticates=always(True)),
    ),
    Mutant(
        name="session-offered-to-neighbours",
        tells="A TLS session is offered to other hosts of the same domain.",
        breaks=("6066-3-4", "7672-2.2.1-1"),
        harm=Harm.WARNING,
        rules=broken(tls_session_key=_site),
    ),
    Mutant(
        name="neighbours-resume-as-proof",
        tells="A host that resumes the TLS session of another counts as authenticated.",
        breaks=("7672-3.2-2", "7672-2.2.1-1", "6066-3-4"),
        harm=Harm.SECURITY,
        rules=broken(tls_session_key=_site, resumption_authenticates=always(True)),
    ),
    Mutant(
        name="old-certificate-judged",
        tells="TLS sessions are resumed, and today's records have to match the certificate of the first one.",
        breaks=("7671-8-2", "7672-4-2", "6698-5-1"),
        harm=Harm.DELIVERY,
        rules=broken(tls_session_key=_host),
    ),
)
