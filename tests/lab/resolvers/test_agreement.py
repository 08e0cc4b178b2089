"""Real resolvers say what the simulated one does, or it is known why.

They are asked what senders ask, and what is not just answered, in all specimens and in the scenarios in which DNS is
not as in the healthy world; with DANELAB_WHOLE=1 in the environment, every question of every scenario, which takes
twice as long.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from harness.lab.resolvers.chosen import departures_of
from harness.lab.resolvers.software import ResolverSoftware
from harness.targets.packages import prefix
from harness.world.answers import Rcode
from harness.world.resolution import Resolution, Security
from tests.lab.resolvers import bodies
from tests.lab.resolvers.asking import Said
from tests.lab.resolvers.bodies import Comparison, bundle, is_as_expected, is_senders
from tests.lab.resolvers.views import BY_ORDER, DIFFERENT_VIEWS, HARMLESS, UNCHECKED_VIEWS, known
from tests.support.findings import Finding, Question, Status
from tests.support.fixtures import COMPARED, available

pytestmark = [pytest.mark.validators, pytest.mark.quiet]

REAL = [software for software in ResolverSoftware if software.is_real]
WHOLE = os.environ.get("DANELAB_WHOLE", "") not in ("", "0")


def differences(comparison: Comparison) -> Iterator[str]:
    """One line for each answer that is neither what was expected nor a known view."""
    for finding in comparison.findings:
        resolution = comparison.expected[finding.question]
        view = known(DIFFERENT_VIEWS, comparison.software, finding.question, finding.status)
        if is_as_expected(finding, resolution) or view is not None:
            continue
        expected = f"{resolution.security} {resolution.rcode.name} {resolution.why}".rstrip()
        yield f"{finding}; expected {expected}"


def unchecked_differences(comparison: Comparison) -> Iterator[str]:
    """The same of the answers with checking disabled."""
    for question, (expected, said) in comparison.unchecked.items():
        status = Status.FAILED if said.rcode == "SERVFAIL" else Status.INSECURE
        if said != expected and known(UNCHECKED_VIEWS, comparison.software, question, status) is None:
            yield f"{comparison.software} says to {question} unchecked {said}; expected {expected}"


@pytest.fixture(scope="module", params=REAL)
def comparison(request: pytest.FixtureRequest, in_namespace: Callable[..., Any]) -> Comparison:
    software: ResolverSoftware = request.param
    available(prefix, bundle(software))
    found = in_namespace(bodies.compare, software, WHOLE, seconds=400)
    assert isinstance(found, Comparison)
    return found


def test_real_and_simulated_resolver_agree_on_every_question(
    comparison: Comparison, record_property: Callable[[str, object], None]
) -> None:
    assert list(differences(comparison)) == []
    count = len(comparison.findings)
    assert count == len(comparison.expected) > (9000 if WHOLE else 4000)
    views = sum(not is_as_expected(one, comparison.expected[one.question]) for one in comparison.findings)
    name = f"{COMPARED} {comparison.software}"
    record_property(name, f"{count} answers {name}, of which {views} are known to differ")


def test_with_checking_disabled_what_is_broken_passes_as_it_came(comparison: Comparison) -> None:
    assert list(unchecked_differences(comparison)) == []
    expected = [said for said, _ in comparison.unchecked.values()]
    assert {said.rcode for said in expected} == {"NOERROR", "NXDOMAIN"}
    assert {said.signed for said in expected if said.rdatas} == {True, False}


def test_what_senders_see_otherwise_is_said_in_the_recipe(comparison: Comparison) -> None:
    departures = set(departures_of(comparison.software))
    harmless = {scenario for software, scenario in HARMLESS if software is comparison.software}
    by_order = {scenario for software, scenario in BY_ORDER if software is comparison.software}
    seen = {
        comparison.scenarios[finding.question]
        for finding in comparison.findings
        if is_senders(finding.question) and not is_as_expected(finding, comparison.expected[finding.question])
    }
    assert {scenario for scenario in seen if not scenario.startswith("z-")} - harmless | by_order == departures
    assert not departures & harmless


@pytest.mark.parametrize("wrong", Security)
def test_a_wrong_expectation_is_noticed(comparison: Comparison, wrong: Security) -> None:
    """Each other standing is put in place of the right one, for one question of each."""
    seen: dict[Security, Finding] = {}
    for finding in comparison.findings:
        if is_as_expected(finding, comparison.expected[finding.question]):
            seen.setdefault(comparison.expected[finding.question].security, finding)
    assert set(seen) == set(Security)
    for right, finding in seen.items():
        if right is wrong or {right, wrong} == {Security.BOGUS, Security.FAILED}:
            continue
        bent = replace(comparison.expected[finding.question], security=wrong)
        assert not is_as_expected(finding, bent), finding


def test_other_data_is_noticed() -> None:
    question = Question("mx1.x.example.", "A")
    finding = Finding("unbound", question, Status.SECURE, "NOERROR", rdatas=(b"\x7f\0\0\x01",))
    nothing = Resolution(Security.SECURE, Rcode.NOERROR)
    missing = {question: (Said("NOERROR", finding.rdatas, signed=True), Said("NOERROR", finding.rdatas))}
    told = Comparison(ResolverSoftware.UNBOUND, {question: nothing}, (finding,), {}, missing, 0.0, 0.0)
    assert len(list(differences(told))) == len(list(unchecked_differences(told))) == 1


def test_every_view_has_a_reason() -> None:
    assert all(view.why.endswith(".") for view in (*DIFFERENT_VIEWS, *UNCHECKED_VIEWS))
    assert {view.software for view in (*DIFFERENT_VIEWS, *UNCHECKED_VIEWS)} <= set(REAL)
