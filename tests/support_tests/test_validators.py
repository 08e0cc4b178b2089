"""The validators judge a tree with known defects, and a wrong expectation does not slip through."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.packages import Program
from tests.support.tree import Authority, Defect, Tree, plant
from tests.support.validators import (
    Delv,
    Finding,
    Forwarding,
    Iterating,
    Question,
    ServerFailed,
    Status,
    Unbound,
    assert_agreement,
    disagreements,
)
from tests.support_tests import bodies

pytestmark = pytest.mark.validators


@pytest.fixture(scope="module")
def tree() -> Tree:
    return plant()


@pytest.fixture(scope="module")
def by_unbound(tree: Tree, unbound_program: Program) -> list[Finding]:
    async def ask() -> list[Finding]:
        async with Authority(tree.leaves) as authority:
            source = Forwarding("127.0.0.1", authority.port)
            with Unbound(tree.anchor, source=source, binary=unbound_program) as unbound:
                return await unbound.find(tree.expected())

    return asyncio.run(ask())


@pytest.fixture(scope="module")
def by_delv(tree: Tree, delv_program: Program) -> list[Finding]:
    async def ask() -> list[Finding]:
        async with Authority(tree.leaves) as authority:
            delv = Delv(tree.anchor, "127.0.0.1", authority.port, binary=delv_program)
            return await delv.find(tree.expected(), concurrency=8, seconds=2)

    return asyncio.run(ask())


@pytest.fixture(params=["by_unbound", "by_delv"])
def findings(request: pytest.FixtureRequest) -> list[Finding]:
    found: list[Finding] = request.getfixturevalue(request.param)
    return found


def test_every_zone_is_judged_rightly_and_each_failure_has_a_reason(tree: Tree, findings: list[Finding]) -> None:
    assert_agreement(findings, expected=tree.expected())
    assert {finding.status for finding in findings} == set(Status)


def test_a_wrong_expectation_is_reported_for_each_status(tree: Tree, findings: list[Finding]) -> None:
    for question, right in tree.expected().items():
        wrong = next(status for status in Status if status is not right)
        with pytest.raises(AssertionError, match="1 findings differ"):
            assert_agreement(findings, expected={**tree.expected(), question: wrong})


def test_the_records_and_the_rcode_come_along(findings: list[Finding]) -> None:
    found = {finding.question: finding for finding in findings}
    assert found[Question("www.none.example.", "A")].answers == ("198.51.100.1",)
    assert found[Question("_25._tcp.mx1.unsigned.example.", "TLSA")].answers == ("3 1 1 " + "ab" * 32,)
    assert found[Question("absent.none.example.", "A")].rcode == "NXDOMAIN"
    assert found[Question("www.none.example.", "TLSA")].rcode == "NOERROR"
    assert found[Question("www.corrupt.example.", "A")].rcode == "SERVFAIL"


@pytest.mark.parametrize(
    ("defect", "unbound_says", "delv_says"),
    [
        (Defect.EXPIRED, "expired", "expired"),
        (Defect.CORRUPT, "signature", "no valid signature found"),
        (Defect.STRIPPED, "DNSKEY", "got insecure response"),
        (Defect.WRONG_DS, "DS", "broken trust chain"),
        (Defect.SILENT, "timeout", "not done within"),
    ],
)
def test_the_reason_names_the_defect(
    defect: Defect, unbound_says: str, delv_says: str, by_unbound: list[Finding], by_delv: list[Finding]
) -> None:
    question = Question(f"www.{defect}.example.", "A")
    for findings, words in ((by_unbound, unbound_says), (by_delv, delv_says)):
        (finding,) = (finding for finding in findings if finding.question == question)
        assert words in finding.why


def test_questions_that_are_never_answered_spoil_no_others(tree: Tree, unbound_program: Program) -> None:
    good = [Question(f"x{number}.none.example", "A") for number in range(150)]
    silent = [Question(f"x{number}.silent.example", "A") for number in range(15)]

    async def ask() -> list[Finding]:
        async with Authority(tree.leaves) as authority:
            source = Forwarding("127.0.0.1", authority.port)
            with Unbound(tree.anchor, source=source, binary=unbound_program) as unbound:
                return await unbound.find(
                    [question for group in zip(*[iter(good)] * 10, silent, strict=True) for question in group]
                )

    expected = {**dict.fromkeys(good, Status.SECURE), **dict.fromkeys(silent, Status.FAILED)}
    assert_agreement(asyncio.run(ask()), expected=expected)


def test_what_was_not_looked_at_and_what_was_not_expected_both_count() -> None:
    seen, unseen = Question("a.example", "A"), Question("b.example", "A")
    finding = Finding("unbound", seen, Status.SECURE, "NOERROR")
    assert disagreements([finding], expected={unseen: Status.SECURE}) == (
        "unbound finds a.example. A secure, NOERROR; nothing was expected of it",
        "b.example. A was not looked at",
    )


def test_either_of_two_statuses_may_be_allowed() -> None:
    question = Question("a.example", "A")
    either = frozenset({Status.BOGUS, Status.FAILED})
    finding = Finding("delv", question, Status.FAILED, "SERVFAIL", why="silence")
    assert disagreements([finding], expected={question: either}) == ()
    assert disagreements([replace(finding, why="")], expected={question: either})
    assert disagreements([replace(finding, status=Status.SECURE)], expected={question: either})


@pytest.mark.parametrize("qname_minimisation", [True, False])
def test_unbound_iterates_from_root_hints_at_port_53(
    qname_minimisation: bool,  # noqa: FBT001 (a parameter of pytest)
    in_namespace: Callable[..., Any],
    unbound_program: Program,  # noqa: ARG001 (fetched before the namespace cuts us off)
) -> None:
    assert in_namespace(bodies.iterate, qname_minimisation) == ()


def test_unbound_does_not_iterate_where_a_question_could_leave_the_machine(
    tree: Tree, unbound_program: Program
) -> None:
    unbound = Unbound(tree.anchor, source=Iterating(("192.0.2.1",)), binary=unbound_program)
    with pytest.raises(ServerFailed, match="no address of this machine"):
        unbound.__enter__()


def test_a_broken_anchor_is_reported_with_what_unbound_said(unbound_program: Program) -> None:
    unbound = Unbound(". IN DS nonsense", source=Forwarding("127.0.0.1", 9), binary=unbound_program)
    with pytest.raises(ServerFailed, match="trust-anchor-file"):
        unbound.__enter__()


def test_the_process_and_its_folder_are_gone_afterwards(tree: Tree, unbound_program: Program) -> None:
    with Unbound(tree.anchor, source=Forwarding("127.0.0.1", 9), binary=unbound_program) as unbound:
        server, folder = unbound.server, unbound.server.log.parent
        assert Path(f"/proc/{server.pid}").exists()
    assert server.process.returncode is not None
    assert not folder.exists()
