"""How the scenarios cover the requirements: a page for people, and JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from harness.scenario.coverage import BINDING, Coverage, LineRow, Row

REGENERATE = "danelab coverage --output docs/coverage.md"


def markdown(coverage: Coverage, *, rfc: int | None = None, uncovered: bool = False) -> str:
    """The page, or only the part about one RFC, or only what no scenario covers."""
    lines = list(_head(coverage, rfc))
    for number in coverage.rfcs if rfc is None else (rfc,):
        rows = [row for row in coverage.of(number) if not (uncovered and row.scenarios)]
        if rows:
            lines += ["", f"## RFC {number}", "", *_table(rows)]
    if rfc is None:
        lines += _catalogue(coverage)
    return "\n".join(lines) + "\n"


def render_json(coverage: Coverage, *, rfc: int | None = None, uncovered: bool = False) -> str:
    """The same as one JSON object, with a final line end."""
    rows = [row for row in coverage.rows if rfc in (None, row.requirement.rfc) and not (uncovered and row.scenarios)]
    total = coverage.total(rfc=rfc)
    return (
        json.dumps(
            {
                "version": 1,
                "counted": {
                    "levels": [str(level) for level in BINDING],
                    "covered": total.covered,
                    "wanted": total.wanted,
                },
                "requirements": [_as_json(row) for row in rows],
                "lines": [] if rfc is not None else [_line_as_json(row) for row in coverage.lines],
                "unexplained": coverage.unexplained,
            },
            indent=1,
            ensure_ascii=False,
        )
        + "\n"
    )


def _head(coverage: Coverage, rfc: int | None) -> Iterator[str]:
    total = coverage.total(rfc=rfc)
    yield "# What the scenarios cover"
    yield ""
    yield f"<!-- Generated. After a change: {REGENERATE} -->"
    yield ""
    of = "" if rfc is None else f" of RFC {rfc}"
    yield (
        f"**{total} requirements{of} on senders and their resolvers are exercised**: those that say MUST, MUST NOT or "
        "SHOULD and can be seen from outside, where a lab that watches the wire and the outcome could tell who meets "
        "them."
    )
    yield (
        "What MAY be done, and what SHOULD NOT, is listed and not counted. That a requirement is exercised says that "
        "its scenarios would show one way of breaking it, not every way."
    )
    if rfc is not None:
        return
    yield (
        f"{coverage.scenarios} scenarios; {coverage.receivers} further requirements bind the receiving side, which the "
        "lab plays itself."
    )
    yield ""
    yield "| RFC | MUST | MUST NOT | SHOULD | other | not observable |"
    yield "|---|---|---|---|---|---|"
    for number in coverage.rfcs:
        rows = coverage.of(number)
        if any(row.later for row in rows):
            yield f"| {number} | later | later | later | later | |"
            continue
        counts = [str(coverage.total(level, rfc=number)) for level in BINDING]
        other = [row for row in rows if row.observable and row.requirement.level not in BINDING]
        counts.append(f"{sum(bool(row.scenarios) for row in other)} of {len(other)}")
        shown = ["" if count == "0 of 0" else count for count in counts]
        unseen = sum(not row.observable for row in rows)
        yield f"| {number} | {' | '.join(shown)} | {unseen or ''} |"


def _table(rows: Iterable[Row]) -> Iterator[str]:
    yield "| requirement | level | what is asked | scenarios |"
    yield "|---|---|---|---|"
    for row in rows:
        each = row.requirement
        level = f"{each.level} ({each.role})" if each.role != "sender" else str(each.level)
        yield f"| {each.id} | {level} | {_cell(each.summary)} | {_cell(_how(row))} |"


def _how(row: Row) -> str:
    if row.scenarios:
        return ", ".join(row.scenarios)
    if not row.reason:
        return "**none, and no reason given**"
    kind = "later" if row.later else "none" if row.observable else "not observable"
    return f"*{kind}*: {row.reason}"


def _catalogue(coverage: Coverage) -> Iterator[str]:
    yield from ("", "## The catalogue of scenarios", "")
    whole = sum(not row.scenarios for row in coverage.lines)
    yield f"{coverage.asked - whole} of {coverage.asked} lines have their scenarios." + (
        " What is left out:" if coverage.lines else ""
    )
    if coverage.lines:
        yield from ("", "| line | set-up | left out | why |", "|---|---|---|---|")
    for row in coverage.lines:
        part = row.part or ("all" if not row.scenarios else f"{row.line.runs - row.scenarios} of {row.line.runs} runs")
        reason = row.reason or "**no reason given**"
        yield f"| {row.line.slug} | {_cell(row.line.text)} | {_cell(part)} | {_cell(reason)} |"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")


def _as_json(row: Row) -> dict[str, object]:
    each = row.requirement
    return {
        "id": each.id,
        "rfc": each.rfc,
        "section": each.section,
        "level": str(each.level),
        "role": str(each.role),
        "summary": each.summary,
        "observable": row.observable,
        "counted": row.counted,
        "scenarios": list(row.scenarios),
        "reason": row.reason or None,
    }


def _line_as_json(row: LineRow) -> dict[str, object]:
    return {
        "slug": row.line.slug,
        "text": row.line.text,
        "runs": row.line.runs,
        "scenarios": row.scenarios,
        "part": row.part or None,
        "reason": row.reason or None,
    }
