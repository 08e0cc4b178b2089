"""SARIF 2.1.0 (OASIS): the rules are requirements of the RFCs, the results are failures, placed at the scenario's file.

What danelab itself failed at, and what allowed no conclusion, are notifications of the invocation, not results.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from harness.verdict import Grade, Result, Verdict

from .model import Known, RunReport, Standing, excuses
from .plain import plain
from .words import CUT_SHORT, rule_of, standing, told

LEVELS = {Grade.SECURITY: "error", Grade.DELIVERY: "error", Grade.WARNING: "warning"}
"""SARIF's word for each grade."""
_SEVERITY = {Grade.SECURITY: "8.0", Grade.DELIVERY: "5.0", Grade.WARNING: "2.0"}
"""GitHub orders alerts by this."""
_REQUIREMENT = re.compile(r"(\d+)-([0-9A-Z][0-9A-Za-z.]*)-\d+")
_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"


def text(report: RunReport) -> str:
    """The report as SARIF."""
    failed = [result for result in report.results if result.verdict is Verdict.FAIL]
    rules = list(dict.fromkeys(map(rule_of, failed)))
    worst = {rule: next(g for g in Grade if any(rule_of(f) == rule and f.grade is g for f in failed)) for rule in rules}
    words = {rule_of(result): result.story.rule for result in failed if result.story}
    known = excuses(report)
    log = {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "danelab",
                        "version": _version(),
                        "rules": [_rule(rule, words.get(rule, ""), worst[rule]) for rule in rules],
                    }
                },
                "automationDetails": {"id": f"danelab/{_automation(report)}/"},
                "columnKind": "unicodeCodePoints",
                "invocations": [_invocation(report)],
                "results": [_result(each, rules, report.sources.get(each.scenario, ""), known) for each in failed],
            }
        ],
    }
    return json.dumps(log, indent=1, ensure_ascii=False) + "\n"


def _rule(rule: str, words: str, worst: Grade) -> dict[str, Any]:
    said = plain(words.removesuffix(f"[{rule}]").strip() or f"requirement {rule}")
    told_of: dict[str, Any] = {
        "id": plain(rule),
        "shortDescription": {"text": said},
        "defaultConfiguration": {"level": LEVELS[worst]},
        "properties": {"tags": ["DANE", "SMTP"], "security-severity": _SEVERITY[worst]},
    }
    place = _REQUIREMENT.fullmatch(rule)
    if place is not None:
        rfc, section = place.groups()
        part = "section" if section[0].isdigit() else "appendix"
        told_of["helpUri"] = f"https://www.rfc-editor.org/rfc/rfc{rfc}#{part}-{section}"
    return told_of


def _result(result: Result, rules: list[str], file: str, known: Mapping[tuple[str, str], Known]) -> dict[str, Any]:
    entry = known.get((result.target, result.scenario))
    said = f"{result.scenario} / {result.target}: {result.grade}\n{told(result)}"
    if entry is not None:
        said += f"\nbaseline: {standing(entry)}"
    mark = hashlib.sha256(f"{result.target}\0{result.scenario}\0{rule_of(result)}".encode("utf-8", "replace"))
    told_of: dict[str, Any] = {
        "ruleId": plain(rule_of(result)),
        "ruleIndex": rules.index(rule_of(result)),
        "kind": "fail",
        "level": LEVELS[result.grade or Grade.SECURITY],
        "message": {"text": "\n".join(map(plain, said.split("\n")))},
        "locations": [_location(result, file)],
        "partialFingerprints": {"targetScenarioRule/v1": mark.hexdigest()},
        "properties": {
            "target": plain(result.target),
            "scenario": plain(result.scenario),
            "grade": result.grade,
            "outcome": plain(result.outcome),
            "expected": plain(result.expected),
        },
    }
    if entry is not None and entry.standing is Standing.KNOWN:
        told_of["suppressions"] = [
            {"kind": "external", "status": "accepted", "justification": plain(entry.reason)},
        ]
    return told_of


def _location(result: Result, file: str) -> dict[str, Any]:
    name = {"name": plain(result.scenario), "fullyQualifiedName": plain(f"{result.target}/{result.scenario}")}
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": _uri(file or f"scenarios/{result.group}/{result.scenario}.toml")},
            "region": {"startLine": 1},
        },
        "logicalLocations": [{**name, "kind": "module"}],
    }


def _uri(file: str) -> str:
    path = PurePath(file)
    text_of_it = file.encode("utf-8", "replace").decode()
    return path.as_uri() if path.is_absolute() else quote(text_of_it.lstrip("/"))


def _invocation(report: RunReport) -> dict[str, Any]:
    ours = report.exit_code != 3 and report.run.complete
    told_of: dict[str, Any] = {
        "executionSuccessful": ours,
        "exitCode": report.exit_code,
        "toolExecutionNotifications": [_notification(level, words) for level, words in _notices(report)],
    }
    if report.run.started.endswith(("Z", "+00:00")):
        told_of["startTimeUtc"] = report.run.started.removesuffix("Z").removesuffix("+00:00") + "Z"
    return told_of


def _notices(report: RunReport) -> Iterable[tuple[str, str]]:
    for problem in report.faults:
        yield "error", f"danelab failed: {problem}"
    if not report.run.complete:
        yield "warning", CUT_SHORT
    for result in report.results:
        if result.verdict in (Verdict.ERROR, Verdict.INCONCLUSIVE, Verdict.UNSUPPORTED):
            level = {Verdict.ERROR: "error", Verdict.INCONCLUSIVE: "warning"}.get(result.verdict, "note")
            yield level, f"{result.scenario} / {result.target}: {result.verdict}: {result.reason}"
    for entry in report.known:
        if entry.standing is not Standing.KNOWN:
            level = "error" if entry.standing is Standing.PASSED else "warning"
            yield level, f"{entry.scenario} / {entry.target}: {standing(entry)}"


def _notification(level: str, words: str) -> dict[str, Any]:
    return {"level": level, "message": {"text": plain(words)}}


def _automation(report: RunReport) -> str:
    """What is compared with what from run to run: the targets, and the shard."""
    names = "+".join(target.name for target in report.run.targets)
    return quote(plain(names + (f"/{report.run.shard}" if report.run.shard else "")), safe=":+/#")


def _version() -> str:
    try:
        return version("danelab")
    except PackageNotFoundError:
        return "0"
