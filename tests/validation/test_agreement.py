"""Every RRset of every scenario: simulated resolver, unbound and delv agree on secure, insecure or bogus."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from harness.scenario.zones import What
from harness.world.answers import Rcode
from harness.world.resolution import Resolution, Security
from tests.support.findings import Finding, Question, Status
from tests.support.fixtures import COMPARED
from tests.support.packages import Program
from tests.validation import bodies
from tests.validation.bodies import Comparison
from tests.validation.questions import data, standing

pytestmark = [pytest.mark.validators, pytest.mark.long]

ANSWERED = (Security.SECURE, Security.INSECURE)

DIFFERENT_VIEWS = {
    # A resolver that minimises the name asked (RFC 9156) meets the unproved denial of the name above first, unless it
    # has asked below that name before; then it sees the proof. Either is right.
    ("unbound", r"_25\._tcp\.gone\.mx-nxdomain-bogus\."): {Status.SECURE, Status.BOGUS},
    # delv calls a denial by opt-out records validated; RFC 5155 section 9.2 only forbids AD for it.
    ("delv", r"z-nsec3-opt-out|z-unsigned-below-opt-out|nsec3-optout|ds-optout"): {Status.SECURE, Status.INSECURE},
    # BIND 9.18 heeds NSEC3 records with unknown flags, which RFC 5155 section 8.2 has ignored.
    ("delv", r"nsec3-unknown-flags"): {Status.SECURE},
    # BIND 9.18 does not compare the labels field with the owner name (RFC 4035 section 5.3.1).
    ("delv", r"z-f-labels-high|rrsig-labels-high"): {Status.SECURE, Status.BOGUS},
    # BIND 9.18 takes a DNSKEY RRset that a DS vouches for, whatever its flags; the zone's other data is bogus for it.
    ("delv", r"(z-f-no-zone-key-flag|zsk-no-zone-flag-[a-z-]+)\.example\. DNSKEY"): {Status.SECURE},
    # BIND's parser refuses a TLSA record without association data; the record may be called malformed.
    ("delv", r"data-empty|rdata-truncated"): {Status.FAILED},
}
"""Where a validator rightly or knowingly sees something else, by validator and question."""

_MISSING = "no signatures|no DNSSEC records|no NSEC3? records"
_UNPROVED = "proof failed"
_NO_CUT = "not opt-out in an opt-out DS"
"""unbound looks for a delegation where a name in a signed zone comes without signatures, and finds none."""

INTENDED = {
    What.NO_RRSIG: f"{_MISSING}|{_NO_CUT}",
    What.FORGED: _MISSING,
    What.EMPTY_NOERROR: _MISSING,
    What.FORGED_NXDOMAIN: _MISSING,
    What.NO_EDNS: _MISSING,
    What.NO_PROOF: f"{_MISSING}|{_UNPROVED}|{_NO_CUT}",
    What.CORRUPT_RRSIG: "signature crypto failed",
    What.ALTERED: "signature crypto failed",
    What.ITERATIONS_RAISED: f"signature crypto failed|{_UNPROVED}",
    What.EXPIRED_RRSIG: "signature expired",
    What.FUTURE_RRSIG: "signature before inception date",
    What.LABELS_HIGH: "labelcount out of range",
    # A signature in another zone's name, and the parent's NSEC, are taken out of the answer as out of bailiwick.
    What.WRONG_SIGNER: "no signatures",
    What.NSEC_FROM_PARENT: "no signatures",
    What.TYPE_LISTED: _UNPROVED,
    What.CNAME_LISTED: _UNPROVED,
    What.NSEC_ELSEWHERE: _UNPROVED,
    What.NO_WILDCARD_PROOF: _UNPROVED,
    What.NO_ENCLOSER: f"{_MISSING}|{_UNPROVED}",
    What.UNKNOWN_HASH: _UNPROVED,
    What.UNKNOWN_FLAGS: _UNPROVED,
    What.NO_NS_BIT: "DS|no signatures",
}
"""What unbound says of a broken answer, by the fault that breaks it."""

BROKEN_KEYS = "no keys have a DS|DNSKEY|dnskey without ZSK flag|key for validation"
"""What unbound says of answers from a zone whose keys cannot be trusted."""


def differences(comparison: Comparison) -> Iterator[str]:
    """One line for each finding that is not what was expected."""
    for finding in comparison.findings:
        resolution = comparison.expected[finding.question]
        permitted = standing(resolution)
        for (validator, pattern), others in DIFFERENT_VIEWS.items():
            if validator == finding.validator and re.search(pattern, str(finding.question)):
                permitted |= others
        if finding.status not in permitted:
            yield f"{finding}; expected {resolution.security} ({resolution.why or resolution.rcode.name})"
            continue
        answered = finding.status in (Status.SECURE, Status.INSECURE) and resolution.security in ANSWERED
        same = finding.rdatas == data(resolution, finding.question) and finding.rcode == resolution.rcode.name
        if answered and not same:
            yield f"{finding}; other data or code than expected ({resolution.rcode.name})"


def other_reasons(comparison: Comparison) -> Iterator[str]:
    """One line for each finding that is bogus, but not for what was done to it."""
    for finding in comparison.findings:
        resolution = comparison.expected[finding.question]
        if resolution.security is not Security.BOGUS:
            continue
        # A zone whose keys are broken speaks through them: every answer in it names the fault of the keys.
        fault = next((what for what in What if resolution.why.endswith(f": {what}")), None)
        wanted = INTENDED[fault] if fault else BROKEN_KEYS
        if not re.search(wanted, finding.why):
            yield f"{finding}; it should be because of {resolution.why}"


@pytest.fixture(scope="module")
def by_unbound(unbound_program: Program, in_namespace: Callable[..., Any]) -> Comparison:
    assert unbound_program
    found = in_namespace(bodies.iterate, seconds=300)
    assert isinstance(found, Comparison)
    return found


@pytest.fixture(scope="module")
def by_delv(delv_program: Program) -> Comparison:
    assert delv_program
    return asyncio.run(bodies.ask_directly())


@pytest.fixture(params=["by_unbound", "by_delv"])
def comparison(request: pytest.FixtureRequest) -> Comparison:
    found: Comparison = request.getfixturevalue(request.param)
    return found


def test_simulated_resolver_and_validator_agree_on_every_question(
    comparison: Comparison, record_property: Callable[[str, object], None]
) -> None:
    assert list(differences(comparison)) == []
    count = len(comparison.findings)
    assert count == len(comparison.expected) > 3000
    validator = comparison.findings[0].validator
    record_property(f"{COMPARED} {validator}", f"{count} answers compared with {validator}")


def test_broken_answers_are_bogus_for_the_intended_reason(by_unbound: Comparison) -> None:
    assert list(other_reasons(by_unbound)) == []
    seen = {
        what
        for resolution in by_unbound.expected.values()
        if resolution.security is Security.BOGUS
        for what in What
        if resolution.why.endswith(f": {what}")
    }
    assert seen >= set(INTENDED) - {What.NO_NS_BIT}


@pytest.mark.parametrize("wrong", [Security.SECURE, Security.INSECURE, Security.BOGUS, Security.FAILED])
def test_a_wrong_expectation_is_noticed(comparison: Comparison, wrong: Security) -> None:
    """Each of the other three standings is put in place of the right one, for one question of each kind."""
    assert list(differences(comparison)) == []
    for finding in one_of_each(comparison):
        right = comparison.expected[finding.question]
        if wrong in (right.security, Security.FAILED) and finding.status in (Status.BOGUS, Status.FAILED):
            continue
        if wrong is right.security:
            continue
        bent = Comparison({finding.question: replace(right, security=wrong)}, (finding,))
        assert len(list(differences(bent))) == 1, finding


def test_a_wrong_reason_is_noticed(by_unbound: Comparison) -> None:
    finding = next(f for f in by_unbound.findings if "signature expired" in f.why)
    right = by_unbound.expected[finding.question]
    bent = replace(right, why=f"{finding.question.name}: {What.NO_RRSIG}")
    assert list(other_reasons(Comparison({finding.question: bent}, (finding,))))


def test_other_data_is_noticed() -> None:
    question = Question("mx1.x.example.", "A")
    finding = Finding("unbound", question, Status.SECURE, "NOERROR", rdatas=(b"\x7f\0\0\x01",))
    nothing = Resolution(Security.SECURE, Rcode.NOERROR)
    assert "other data" in next(differences(Comparison({question: nothing}, (finding,))))


def one_of_each(comparison: Comparison) -> list[Finding]:
    """A finding of each standing."""
    found: dict[Status, Finding] = {}
    for finding in comparison.findings:
        if not any(re.search(pattern, str(finding.question)) for _, pattern in DIFFERENT_VIEWS):
            found.setdefault(finding.status, finding)
    assert set(found) == set(Status)
    return list(found.values())
