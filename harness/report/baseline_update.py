"""Writing a baseline anew from what a run came to: what still holds stays as it was written."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from harness.verdict import Result

from .baseline import TABLE, Baseline
from .model import RunReport, Standing, excuses, fails
from .plain import plain

_HEAD = """\
# Failures that are known and accepted for now: danelab run --baseline FILE
# Each has a reason; `expires = 2027-01-01` lets an entry excuse nothing from that day on.
"""
_HEADER = re.compile(rf"\s*\[\[\s*[\"']?{TABLE}[\"']?\s*\]\]")


def updated(baseline: Baseline, report: RunReport, *, reason: str = "") -> str:
    """The text of the file after this run, to which the baseline has been applied.

    Entries that passed unexpectedly are taken out, with the comment right above them; everything else stays as it is
    written, expired entries too. Failures that no entry names are added, with `reason`, or with what was seen.
    """
    passed = {key for key, each in excuses(report).items() if each.standing is Standing.PASSED}
    named = {(entry.target, entry.scenario) for entry in baseline.entries}
    head, blocks = _blocks(baseline.source.text)
    kept = [
        block
        for block, entry in zip(blocks, baseline.entries, strict=True)
        if (entry.target, entry.scenario) not in passed
    ]
    new = [_block(each, reason) for each in fails(report) if (each.target, each.scenario) not in named]
    text = head if baseline.source.text.strip() else _HEAD
    for block in (*kept, *new):
        text = f"{text.rstrip()}\n\n{block.strip()}\n" if text.strip() else f"{block.strip()}\n"
    return text if text.endswith("\n") else text + "\n"


def _blocks(text: str) -> tuple[str, list[str]]:
    """What stands before the first entry, and each entry with the comment lines right above its header."""
    lines = text.split("\n")
    starts = [_with_comment(lines, number) for number in _headers(lines)]
    if not starts:
        return text, []
    ends = [*starts[1:], len(lines)]
    head = "\n".join(lines[: starts[0]])
    return head, ["\n".join(lines[start:end]) for start, end in zip(starts, ends, strict=True)]


def _headers(lines: list[str]) -> Iterator[int]:
    """The lines at which entries begin, those inside long strings passed over."""
    inside = ""
    for number, line in enumerate(lines):
        if inside:
            inside = "" if inside in line else inside
            continue
        if _HEADER.match(line):
            yield number
        inside = next((quotes for quotes in ('"""', "'''") if line.count(quotes) % 2), "")


def _with_comment(lines: list[str], header: int) -> int:
    while header > 0 and lines[header - 1].lstrip().startswith("#"):
        header -= 1
    return header


def _block(result: Result, reason: str) -> str:
    said = reason or f"as first seen ({result.grade}): {result.reason}"
    values = {"target": result.target, "scenario": result.scenario, "reason": said}
    return "\n".join((f"[[{TABLE}]]", *(f"{key} = {_string(value)}" for key, value in values.items())))


def _string(value: str) -> str:
    """A TOML string; JSON's escapes are TOML's, and `plain` leaves no character that TOML forbids."""
    return json.dumps(plain(value), ensure_ascii=False)
