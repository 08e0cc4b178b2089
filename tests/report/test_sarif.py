"""SARIF 2.1.0: the shape that its specification asks for, rules that are requirements, results that are failures."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

from harness.report import RunReport
from harness.report.sarif import text
from harness.verdict import Grade, Verdict

from .runs import conforming, excused, hostile, mixed, two, unaware

RUNS = [mixed, two, excused, unaware, conforming, hostile]
LEVELS = {"none", "note", "warning", "error"}
"""SARIF 2.1.0 section 3.27.10."""


def checked(text_of_it: str) -> dict[str, Any]:
    """The only run of a log, once what the specification asks of it has been held against it."""
    log = json.loads(text_of_it)
    assert log["version"] == "2.1.0"  # section 3.13.2
    assert urlsplit(log["$schema"]).path.endswith("sarif-schema-2.1.0.json")
    (run,) = log["runs"]
    driver = run["tool"]["driver"]  # sections 3.14.6, 3.18.2
    assert driver["name"] == "danelab"
    rules = driver["rules"]
    ids = [rule["id"] for rule in rules]
    assert len(set(ids)) == len(ids)  # section 3.19.23: unique
    for rule in rules:
        assert rule["shortDescription"]["text"]  # section 3.49.9
        assert rule["defaultConfiguration"]["level"] in LEVELS
        assert urlsplit(rule.get("helpUri", "https://x")).scheme == "https"
        assert 0 < float(rule["properties"]["security-severity"]) <= 10
    for result in run["results"]:
        _check_result(result, ids)
    for invocation in run["invocations"]:
        assert isinstance(invocation["executionSuccessful"], bool)  # section 3.20.14
        for notice in invocation["toolExecutionNotifications"]:
            assert notice["message"]["text"]  # section 3.58.5
            assert notice["level"] in LEVELS
    return dict(run)


def _check_result(result: dict[str, Any], ids: list[str]) -> None:
    assert ids[result["ruleIndex"]] == result["ruleId"]  # sections 3.27.5, 3.27.6
    assert result["level"] in LEVELS
    assert result["kind"] == "fail"
    assert result["message"]["text"]
    (location,) = result["locations"]
    uri = location["physicalLocation"]["artifactLocation"]["uri"]  # section 3.4.3: a URI reference
    assert uri == uri.encode("ascii").decode()
    assert not set(uri) & set(' <>"\\^`{|}')
    assert location["physicalLocation"]["region"]["startLine"] >= 1
    assert all(isinstance(value, str) for value in result["partialFingerprints"].values())
    for suppression in result.get("suppressions", ()):
        assert suppression["kind"] in {"inSource", "external"}  # section 3.35.2
        assert suppression["status"] in {"accepted", "underReview", "rejected"}


@pytest.mark.parametrize("run", RUNS)
def test_it_has_the_shape_of_sarif(run: Callable[[], RunReport]) -> None:
    report = run()
    told = checked(text(report))
    assert len(told["results"]) == report.summary[Verdict.FAIL]


def test_results_that_break_the_shape_are_noticed() -> None:
    good = text(mixed())
    for old, new in (
        ('"ruleIndex": 0', '"ruleIndex": 1'),
        ('"version": "2.1.0"', '"version": "2"'),
        ('"fail"', '"bad"'),
    ):
        assert old in good
        with pytest.raises((AssertionError, IndexError)):
            checked(good.replace(old, new))


def test_rules_are_requirements_and_levels_follow_the_grade() -> None:
    report = mixed()
    told = checked(text(report))
    assert {rule["id"] for rule in told["tool"]["driver"]["rules"]} == {"7672-2.2-1"}
    rule = told["tool"]["driver"]["rules"][0]
    assert rule["helpUri"] == "https://www.rfc-editor.org/rfc/rfc7672#section-2.2"
    assert rule["shortDescription"]["text"].startswith("RFC 7672 section 2.2, MUST: ")
    levels = {result["properties"]["scenario"]: result["level"] for result in told["results"]}
    grades = {each.scenario: each.grade for each in report.results if each.grade}
    assert levels == {key: "warning" if grade is Grade.WARNING else "error" for key, grade in grades.items()}
    places = {result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for result in told["results"]}
    assert "scenarios/records/mismatch.toml" in places


def test_what_is_no_result_is_a_notification() -> None:
    notices = checked(text(mixed()))["invocations"][0]["toolExecutionNotifications"]
    assert {(each["level"], each["message"]["text"].split(" ")[0]) for each in notices} == {
        ("error", "servfail"),
        ("warning", "alias-wrong"),
    }


def test_a_known_failure_is_suppressed_with_its_reason() -> None:
    results = checked(text(excused()))["results"]
    suppressed = [each for each in results if "suppressions" in each]
    assert [each["properties"]["scenario"] for each in suppressed] == ["mismatch"]
    assert suppressed[0]["suppressions"][0]["justification"] == "reported <upstream>"


def test_the_same_failure_has_the_same_fingerprint_in_every_run() -> None:
    marks = [each["partialFingerprints"] for each in checked(text(unaware()))["results"]]
    assert len({json.dumps(each) for each in marks}) == len(marks)
    assert marks == [each["partialFingerprints"] for each in checked(text(unaware()))["results"]]
