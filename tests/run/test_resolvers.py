"""Resolvers graded by themselves: an honest one passes, each kind of liar is caught, real ones do as is known of them.

With DANELAB_WHOLE=1 in the environment all four real ones answer for every scenario; else unbound, for a sample.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.lab.resolvers import ResolverSoftware
from harness.scenario.models import Choice
from harness.verdict import Grade, Verdict
from tests.support.fixtures import available

from .danelab import Done, environment, only, run
from .liar import Manner, lying
from .test_namespace import ready

WHOLE = os.environ.get("DANELAB_WHOLE", "") not in ("", "0")
SAMPLE = ("ee-311", "group:dnssec-status", "group:denial", "mx-dname", "tlsa-removed", "tlsa-servfail", "data-empty")
SMALL = ("ee-311", "tlsa-bogus", "tlsa-servfail", "none-unsigned", "nsec-nodata", "address-insecure", "corrupt-sig-mx")

TOLD_TOO_LONG = "states the TTL with which a record arrived, whatever its signature says (RFC 4035 section 5.3.3)."
UNKNOWN_FLAGS = "heeds NSEC3 records with unknown flags (RFC 5155 section 8.2)."
NO_CUT = "5.6 does not find an unsigned cut two labels below the zone (RFC 4035 section 5.2)."

DEVIATIONS: dict[ResolverSoftware, dict[str, tuple[Grade, str]]] = {
    ResolverSoftware.UNBOUND: {
        "mx-dname": (
            Grade.DELIVERY,
            "1.17 fails at CNAME at a name below a DNAME, once it knows where that leads (RFC 4035 section 4.8).",
        ),
        "raised-ttl-in-cache": (Grade.SECURITY, TOLD_TOO_LONG),
        "signature-ends-in-cache": (Grade.SECURITY, TOLD_TOO_LONG),
    },
    ResolverSoftware.BIND: {
        "nsec3-unknown-flags": (Grade.SECURITY, UNKNOWN_FLAGS),
        "rrsig-labels-high": (
            Grade.SECURITY,
            "9.18 does not compare the labels field of a signature with the owner name (RFC 4035 section 5.3.1).",
        ),
    },
    ResolverSoftware.KNOT: {
        "nsec3-unknown-flags": (Grade.SECURITY, UNKNOWN_FLAGS),
        "tlsa-insecure-subzone-match": (Grade.DELIVERY, NO_CUT),
        "tlsa-insecure-subzone-mismatch": (Grade.DELIVERY, NO_CUT),
    },
    ResolverSoftware.POWERDNS: {
        "nsec3-unknown-flags": (Grade.SECURITY, UNKNOWN_FLAGS),
        "raised-ttl-in-cache": (Grade.SECURITY, "4.8 keeps a record for longer than its signature's original TTL."),
        "signature-ends-in-cache": (Grade.SECURITY, TOLD_TOO_LONG),
        "nsec3-unknown-hash": (
            Grade.SECURITY,
            "4.8 takes an unknown NSEC3 hash algorithm for SHA-1; RFC 5155 section 8.1 has such records ignored.",
        ),
    },
}
"""Where real resolvers break a rule: docs/deviations.md."""

CHOICES: dict[ResolverSoftware, dict[str, Choice]] = {
    ResolverSoftware.UNBOUND: {"mx-nxdomain-bogus": Choice.QNAME_MINIMISATION},
    ResolverSoftware.BIND: {"data-empty": Choice.MALFORMED_TLSA, "rdata-truncated": Choice.MALFORMED_TLSA},
    ResolverSoftware.KNOT: {
        "do-stripped-address": Choice.AGGRESSIVE_NSEC,
        "missing-sig-address": Choice.AGGRESSIVE_NSEC,
        "insecure-proof-forged-address": Choice.AGGRESSIVE_NSEC,
    },
    ResolverSoftware.POWERDNS: {"rdata-truncated": Choice.MALFORMED_TLSA},
}
"""Where they make use of a choice that the RFCs leave."""

KEPT = frozenset({"absence-in-cache", "stale-cache"})
"""Where a cache may go on answering with what was right before."""

BY_ORDER = frozenset(
    {
        "nsec-no-wildcard-proof",
        "nsec3-iter-forged",
        "wild-mx-noproof",
        "wild-tlsa-noproof-nsec",
        "wild-tlsa-noproof-nsec3",
    }
)
"""Where Knot Resolver may have met the true proof in another answer before, or not yet (RFC 8198)."""


def failed(done: Done) -> dict[str, Grade | None]:
    return {each.scenario: each.grade for each in done.results if each.verdict is Verdict.FAIL}


@pytest.mark.loopback
def test_a_correct_resolver_passes_every_scenario(tmp_path: Path) -> None:
    done = run("-t", "resolver:simulated", out=tmp_path / "out")
    assert done.status == 0, done.stderr
    assert only(done.results, (Verdict.PASS,)) == ["address-literal: unsupported, nothing is looked up here"]
    assert len(done.results) > 450
    assert {"ad-untrusted-resolver", "no-validation"} & {each.scenario for each in done.results} == set()


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[Manner, Done]:
    """What is said of each kind of liar."""
    found = {}
    for manner in Manner:
        with lying(manner) as (port, lab):
            limit = "1" if manner is Manner.DYING else "10"
            words = ("-t", f"resolver:127.0.0.1:{port}", "--resolver-port", str(lab), "--limit", limit)
            found[manner] = run(*words, *SMALL, out=tmp_path_factory.mktemp(manner.name) / "out")
    return found


@pytest.mark.loopback
def test_one_of_ones_own_that_is_honest_passes(told: dict[Manner, Done]) -> None:
    done = told[Manner.HONEST]
    assert (done.status, failed(done)) == (0, {}), done.stdout
    assert done.result("tlsa-bogus").outcome == "AD and SERVFAIL"


@pytest.mark.loopback
@pytest.mark.parametrize(
    ("manner", "wrong", "right"),
    [
        (Manner.VOUCHING, {"none-unsigned", "address-insecure"}, {"ee-311", "tlsa-bogus"}),
        (Manner.BLIND, {"ee-311", "tlsa-bogus", "corrupt-sig-mx"}, {"none-unsigned"}),
        (Manner.DENYING, {"tlsa-bogus", "tlsa-servfail", "corrupt-sig-mx"}, {"ee-311", "none-unsigned"}),
    ],
)
def test_every_liar_is_caught_where_it_lies(
    manner: Manner, wrong: set[str], right: set[str], told: dict[Manner, Done]
) -> None:
    done = told[manner]
    assert done.status == 1
    grades = failed(done)
    assert {key: grades.get(key) for key in wrong} == dict.fromkeys(wrong, Grade.SECURITY)
    assert not right & set(grades)


@pytest.mark.loopback
def test_what_leaks_is_told_with_the_question_and_the_rule(told: dict[Manner, Done]) -> None:
    story = told[Manner.DENYING].result("tlsa-bogus").story
    assert story is not None
    assert story.rule.startswith("RFC 4033 section 5, MUST: ")
    assert "TLSA: SERVFAIL (the answer is bogus: " in story.expected
    assert "a denial without valid proof was passed on as insecure [journal " in story.seen


@pytest.mark.loopback
def test_one_that_dies_is_not_blamed_for_its_silence(told: dict[Manner, Done]) -> None:
    done = told[Manner.DYING]
    assert failed(done) == {}
    assert done.status == 4
    assert any("the resolver died" in each.reason for each in done.results)


@pytest.mark.loopback
def test_one_that_is_not_there_is_told_in_one_line() -> None:
    with lying(Manner.HONEST) as (_, gone):
        done = subprocess.run(
            [sys.executable, "-m", "harness.cli", "run", "-q", "-t", f"resolver:127.0.0.1:{gone}", "ee-311"],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env=environment(),
        )
    assert done.returncode == 4
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert "it gave no answer: Connection refused" in done.stderr


@pytest.mark.namespace
@pytest.mark.parametrize("software", list(DEVIATIONS) if WHOLE else [ResolverSoftware.UNBOUND])
def test_real_resolvers_do_as_is_known_of_them(software: ResolverSoftware, tmp_path: Path) -> None:
    available(ready, f"resolver:{software}")
    done = run("-q", "-t", f"resolver:{software}", *(() if WHOLE else SAMPLE), out=tmp_path)
    assert done.report.faults == ()
    ran = {each.scenario for each in done.results}
    assert failed(done) == {key: grade for key, (grade, _) in DEVIATIONS[software].items() if key in ran}
    chosen = {each.scenario: each.choice for each in done.results if each.verdict is Verdict.ALLOWED}
    by_order = {key for key, choice in chosen.items() if choice is Choice.AGGRESSIVE_NSEC and key in BY_ORDER}
    by_order |= {key for key, choice in chosen.items() if choice is Choice.REMEMBERED_ANSWER and key in KEPT}
    # What a choice comes to may depend on what the resolver has in its cache.
    assert {key: choice for key, choice in chosen.items() if key not in by_order}.items() <= CHOICES[software].items()
    others = (Verdict.PASS, Verdict.ALLOWED, Verdict.FAIL)
    assert [each for each in only(done.results, others) if not each.startswith("address-literal")] == []


@pytest.mark.namespace
def test_beside_a_mail_server_it_has_a_column_of_its_own(tmp_path: Path) -> None:
    available(ready, "resolver:unbound")
    done = run("-q", "-t", "builtin", "-t", "resolver:unbound", "--lab", "namespace", *SMALL, out=tmp_path)
    assert done.status == 0, done.stdout
    assert {each.target for each in done.results} == {"builtin", "resolver:unbound"}
    assert "resolver simulated" in done.words or "resolver unbound" in done.words


def test_every_deviation_has_a_reason_and_stands_in_the_documents() -> None:
    page = (Path(__file__).parents[2] / "docs" / "deviations.md").read_text(encoding="utf-8")
    section = page.partition("## Validating resolvers")[2].partition("\n## ")[0]
    for known in DEVIATIONS.values():
        for scenario, (_, reason) in known.items():
            assert reason.endswith(".")
            assert scenario in section
    assert all(scenario in section for choices in CHOICES.values() for scenario in choices)
