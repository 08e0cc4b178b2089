"""JUnit XML: it fits the schema, names are unique, counts are those of the JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
import xmlschema

from harness.report import RunReport
from harness.report.junit import text
from harness.report.model import Standing
from harness.verdict import Verdict

from .runs import conforming, excused, hostile, mixed, two, unaware

SCHEMA = xmlschema.XMLSchema(str(Path(__file__).with_name("junit.xsd")))
RUNS = [mixed, two, excused, unaware, conforming, hostile]
Run = Callable[[], RunReport]


@pytest.mark.parametrize("run", RUNS)
def test_it_fits_the_schema(run: Run) -> None:
    SCHEMA.validate(text(run()))


def test_the_schema_refuses_what_readers_do_not_understand() -> None:
    good = text(mixed())
    for old, new in (("<testcase name=", "<testcase nome="), ('errors="1"', 'errors="one"'), ("<failure ", "<broken ")):
        assert old in good
        with pytest.raises((xmlschema.XMLSchemaException, ElementTree.ParseError)):
            SCHEMA.validate(good.replace(old, new))


@pytest.mark.parametrize("run", RUNS)
def test_names_are_unique(run: Run) -> None:
    cases = ElementTree.fromstring(text(run())).iter("testcase")
    names = Counter((case.attrib["classname"], case.attrib["name"]) for case in cases)
    assert set(names.values()) == {1}


def test_targets_that_would_have_one_name_are_told_apart() -> None:
    run = two()
    names = {"postfix:dane": "a.b", "exim:try": "a_b"}
    results = tuple(each.model_copy(update={"target": names[each.target]}) for each in run.results)
    targets = tuple(each.model_copy(update={"name": names[each.name]}) for each in run.run.targets)
    same = run.model_copy(update={"results": results, "run": run.run.model_copy(update={"targets": targets})})
    suites = ElementTree.fromstring(text(same)).findall("testsuite")
    classes = {suite.attrib["name"].split(".")[1] for suite in suites}
    assert classes == {"a_b", "a_b#2"}
    assert {suite.attrib["name"].count(".") for suite in suites} == {2}


@pytest.mark.parametrize("run", RUNS)
def test_counts_are_those_of_the_json(run: Run) -> None:
    report = run()
    root = ElementTree.fromstring(text(report))
    standings = Counter(each.standing for each in report.known)
    told = report.summary
    known, passed = standings[Standing.KNOWN], standings[Standing.PASSED]
    assert int(root.attrib["failures"]) == told[Verdict.FAIL] - known + passed == len(list(root.iter("failure")))
    assert int(root.attrib["errors"]) == told[Verdict.ERROR] + len(report.faults) == len(list(root.iter("error")))
    skipped = told[Verdict.INCONCLUSIVE] + told[Verdict.UNSUPPORTED] + known
    assert int(root.attrib["skipped"]) == skipped == len(list(root.iter("skipped")))
    assert int(root.attrib["tests"]) == sum(told.values()) + len(report.faults) == len(list(root.iter("testcase")))
    for suite in root:
        assert int(suite.attrib["tests"]) == len(suite.findall("testcase"))


def test_a_failure_is_told_in_four_lines_and_says_where_it_stands() -> None:
    root = ElementTree.fromstring(text(mixed()))
    case = next(case for case in root.iter("testcase") if case.attrib["name"].startswith("mismatch: "))
    assert case.attrib["classname"] == "danelab.built-in sender.records"
    assert case.attrib["file"] == "scenarios/records/mismatch.toml"
    failure = case.find("failure")
    assert failure is not None
    assert failure.attrib["type"] == "security"
    assert [line.split(":")[0] for line in (failure.text or "").splitlines()] == ["world", "rule", "expected", "seen"]


def test_our_own_failure_is_an_error_and_an_open_question_is_skipped_with_its_reason() -> None:
    cases = {case.attrib["name"].split(":")[0]: case for case in ElementTree.fromstring(text(mixed())).iter("testcase")}
    error, open_question = cases["servfail"].find("error"), cases["alias-wrong"].find("skipped")
    assert error is not None
    assert "socket was closed" in error.attrib["message"]
    assert open_question is not None
    assert open_question.attrib["message"].startswith("inconclusive: ")
