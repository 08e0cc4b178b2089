"""JUnit XML as Jenkins and GitLab read it: unique names, failures in our words, nothing that XML cannot hold.

A failure is `<failure>`, danelab's own failure `<error>`, and what allows no conclusion or is not supported `<skipped>`
with a message. A failure that the baseline knows is `<skipped>`, what it wrongly expects to fail is `<failure>`.
So `failures` is the JSON's `summary.fail`, less its known failures, plus what passed unexpectedly; `errors` is
`summary.error` plus the number of `faults`, which get a suite of their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from harness.verdict import Result, Verdict

from .model import Known, RunReport, Standing, Tested, excuses, grouped
from .plain import plain
from .words import CUT_SHORT, standing, told

_COUNTED = {"failures": "failure", "errors": "error", "skipped": "skipped"}
_OURS = "danelab.itself"


def text(report: RunReport) -> str:
    """The report as JUnit XML."""
    root = Element("testsuites", name="danelab")
    names = _class_names(report.run.targets)
    known = excuses(report)
    tested = {target.name: target for target in report.run.targets}
    for (target, group), results in grouped(report.results).items():
        name = f"danelab.{names[target]}.{_dotless(group) or 'scenarios'}"
        suite = _suite(root, name, report)
        _properties(suite, report, tested[target])
        for result in results:
            _case(suite, result, report.sources.get(result.scenario, ""), known)
        _count(suite, time=sum(result.duration for result in results))
    _ourselves(root, report)
    _sum(root, report)
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _suite(root: Element, name: str, report: RunReport) -> Element:
    suite = SubElement(root, "testsuite", name=name)
    if report.run.started:
        suite.set("timestamp", plain(report.run.started))
    return suite


def _properties(suite: Element, report: RunReport, target: Tested) -> None:
    run = report.run
    told_of = {
        "target": target.name,
        "mode": target.mode,
        "judged-as": target.judged_as,
        "lab": run.lab,
        "resolver": run.resolver,
        "seed": run.seed,
        "shard": run.shard,
    }
    properties = SubElement(suite, "properties")
    for name, value in told_of.items():
        if value:
            SubElement(properties, "property", name=name, value=plain(value))


def _case(suite: Element, result: Result, file: str, known: Mapping[tuple[str, str], Known]) -> None:
    case = SubElement(suite, "testcase", name=plain(f"{result.scenario}: {result.title}"))
    case.set("classname", suite.attrib["name"])
    case.set("time", f"{result.duration:.3f}")
    if file:
        case.set("file", plain(file))
    entry = known.get((result.target, result.scenario))
    if entry is not None and entry.standing is Standing.PASSED:
        _add(case, "failure", f"unexpected: {standing(entry)}", kind="unexpected", body=told(result))
    elif result.verdict is Verdict.FAIL and entry is not None and entry.standing is Standing.KNOWN:
        _add(case, "skipped", f"known failure: {standing(entry)}")
    elif result.verdict is Verdict.FAIL:
        reason = f"{result.grade}: {result.reason}"
        reason += f"; {standing(entry)}" if entry is not None else ""
        _add(case, "failure", reason, kind=str(result.grade), body=told(result))
    elif result.verdict is Verdict.ERROR:
        _add(case, "error", result.reason, kind="danelab", body=told(result))
    elif result.verdict in (Verdict.INCONCLUSIVE, Verdict.UNSUPPORTED):
        _add(case, "skipped", f"{result.verdict}: {result.reason}")
    SubElement(case, "system-out").text = "\n".join(map(plain, _seen(result)))


def _seen(result: Result) -> Iterable[str]:
    yield f"verdict {result.verdict}; seen {result.outcome}; permitted {result.expected}"
    for note in result.notes:
        yield f"note: {note}"
    for leak in result.leaked:
        yield f"leaked: {leak}"
    for event in result.evidence if result.verdict is not Verdict.PASS else ():
        yield f"journal {event}"


def _add(case: Element, tag: str, message: str, *, kind: str = "", body: str = "") -> None:
    child = SubElement(case, tag, message=plain(message))
    if kind:
        child.set("type", kind)
    if body:
        child.text = body


def _ourselves(root: Element, report: RunReport) -> None:
    """What went wrong in no single scenario; a run cut short is told too, and counts for nothing."""
    if not report.faults and report.run.complete:
        return
    suite = _suite(root, _OURS, report)
    for number, problem in enumerate(report.faults, 1):
        case = SubElement(suite, "testcase", name=f"danelab failed ({number})", classname=_OURS, time="0.000")
        _add(case, "error", f"danelab failed: {problem}", kind="danelab", body=plain(problem))
    if not report.run.complete:
        SubElement(suite, "system-out").text = CUT_SHORT
    _count(suite, time=0.0)


def _count(suite: Element, *, time: float) -> None:
    cases = suite.findall("testcase")
    suite.set("tests", str(len(cases)))
    for name, tag in _COUNTED.items():
        suite.set(name, str(sum(case.find(tag) is not None for case in cases)))
    suite.set("time", f"{time:.3f}")


def _sum(root: Element, report: RunReport) -> None:
    for name in ("tests", *_COUNTED):
        root.set(name, str(sum(int(suite.attrib[name]) for suite in root)))
    root.set("time", f"{report.run.duration:.3f}")


def _class_names(targets: Iterable[Tested]) -> Mapping[str, str]:
    """Unique names without dots, at which readers cut class names apart."""
    found: dict[str, str] = {}
    for target in targets:
        name = _dotless(target.name) or "target"
        number = 1
        while (unique := name if number == 1 else f"{name}#{number}") in found.values():
            number += 1
        found[target.name] = unique
    return found


def _dotless(word: str) -> str:
    return re.sub(r"\s+", " ", plain(word)).replace(".", "_")
