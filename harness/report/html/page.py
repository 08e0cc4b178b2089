"""The file itself: templates filled in, style and script inside, and a policy that lets nothing else in.

The policy names style and script by their digests (Content Security Policy level 2, hash sources); whatever else a
target or a peer may smuggle in does not run, and nothing can be fetched.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from harness.errors import DanelabError
from harness.journal import Event
from harness.report.drawing import STYLE, SYMBOLS, drawing
from harness.report.drawing.svg import NIGHT
from harness.report.model import RunReport, excuses
from harness.report.plain import plain
from harness.report.words import is_known, standing
from harness.scenario.docs import member_docs
from harness.scenario.models import Choice, Scenario
from harness.scenario.outcomes import Code
from harness.scenario.requirements import Requirement
from harness.verdict import Grade, Result, Verdict

from .columns import KINDS, Column, Recorded, columns_of, groups_of
from .connection import Type
from .mending import broken

_ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect x="3" y="7" width="10" height="7" rx="1.5" '
    'fill="#0b6e4f"/><path d="M5 7V5a3 3 0 0 1 6 0v2" fill="none" stroke="#0b6e4f" stroke-width="1.8"/></svg>'
)
_STRANGE = re.compile(r"[^\n\x20-\x7e]")
_CODES = {
    0: "As expected",
    1: "Not conforming",
    3: "danelab itself failed in part",
    4: "Nothing could be concluded",
}


def text(
    report: RunReport,
    *,
    events: Sequence[Event] = (),
    scenarios: Iterable[Scenario] = (),
    requirements: Mapping[str, Requirement] | None = None,
) -> str:
    """The report of one run as one HTML file.

    `events` is its whole journal, for the timelines; `scenarios` are those that were run, for their stories and
    drawings; `requirements` the rules by id. Without them a report says less and is otherwise the same.
    """
    return side_by_side(Recorded(report=report, events=events), scenarios=scenarios, requirements=requirements)


def side_by_side(
    *runs: Recorded,
    scenarios: Iterable[Scenario] = (),
    requirements: Mapping[str, Requirement] | None = None,
) -> str:
    """Several runs in one matrix, each target of each run in a column. Raises ValueError without a run."""
    if not runs:
        raise ValueError("a report needs at least one run")
    known = {scenario.id: scenario for scenario in scenarios}
    rules = requirements or {}
    columns = columns_of(runs)
    played = {key for column in columns for key in column.results}
    drawings = {key: _drawn(known[key]) for key in known if key in played}
    groups = groups_of(columns, known, rules, drawings)
    style, script = _style(), _asset("script.js")
    covered = sorted({rule for group in groups for row in group.rows for rule in row.covers})
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            title=", ".join(column.name for column in columns),
            headline=_headline(runs),
            facts=_facts(runs),
            problems=_problems(runs),
            policy=policy(style, script),
            style=Markup(style),
            script=Markup(script),
            icon=f"data:image/svg+xml,{quote(_ICON)}",
            symbols=Markup(SYMBOLS),
            columns=columns,
            groups=groups,
            broken=broken(groups),
            shown=played,
            requirements=[rules[each] for each in covered if each in rules],
            types=list(Type),
            verdicts=[("f" if each is Verdict.FAIL else each[0], str(each)) for each in Verdict],
            verdict_docs=_verdict_docs(),
            outcome_docs=[*member_docs(Code).items(), ("NEXT", "At another MX host than the preferred one.")],
            choice_docs=member_docs(Choice),
            bar=_bar,
            standing=standing,
            seen=_seen,
            leaks=_leaks,
            breakable=_breakable,
        )
    )


def policy(style: str, script: str) -> str:
    """The content security policy of a page with this style and this script and nothing else."""
    return (
        f"default-src 'none'; style-src {_digest(style)}; script-src {_digest(script)}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _digest(source: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()}'"


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("harness.report.html"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_harmless,
    )


def _harmless(value: object) -> object:
    """Text that is not ours without characters that hide, or turn text around (U+202E and the like)."""
    if hasattr(value, "__html__") or not _STRANGE.search(words := str(value)):
        return value
    return "\n".join(map(plain, words.split("\n")))


@cache
def _asset(name: str) -> str:
    loader = _environment().loader
    assert loader is not None
    return loader.get_source(_environment(), name)[0]


@cache
def _style() -> str:
    night = f"@media (prefers-color-scheme:dark){{{NIGHT.strip()}}}"
    paper = "@media print{.w{" + STYLE.split("{", 1)[1].split("font:", 1)[0].strip() + "}}"
    return f"{STYLE.strip()}\n{night}\n{paper}\n{_asset('style.css')}"


def _drawn(scenario: Scenario) -> str:
    """The drawing; nothing where no world can be made of the scenario, which the run will have said."""
    try:
        return drawing(scenario, alone=False)
    except (DanelabError, ValueError):
        return ""


def _headline(runs: Sequence[Recorded]) -> str:
    worst = next((code for code in (1, 3, 4) if any(run.report.exit_code == code for run in runs)), 0)
    counted = {verdict: sum(run.report.summary.get(verdict, 0) for run in runs) for verdict in Verdict}
    expected = sum(is_known(result, excuses(run.report)) for run in runs for result in run.report.results)
    told = ", ".join(
        f"{number} {verdict}" + (f" ({expected} known)" if expected and verdict is Verdict.FAIL else "")
        for verdict, number in counted.items()
        if number
    )
    return f"{_CODES[worst]}: {told}" if told else f"{_CODES[worst]}"


def _facts(runs: Sequence[Recorded]) -> Sequence[Sequence[tuple[str, str]]]:
    """What there is to know of each run, beginning with its label where there are several."""
    told: list[list[tuple[str, str]]] = []
    for run in runs:
        facts = run.report.run
        found = [("Run", run.label)] if len(runs) > 1 and run.label else []
        found += [
            ("Scenarios", str(facts.scenarios)),
            ("Lab", facts.lab),
            ("Resolver", facts.resolver),
            ("Seed", facts.seed),
            ("Took", f"{facts.duration:.1f} s"),
        ]
        found += [("Began", facts.started)] if facts.started else []
        found += [("Part", f"{facts.shard} of the scenarios; the others are elsewhere")] if facts.shard else []
        told.append(found)
    return told


def _problems(runs: Sequence[Recorded]) -> Sequence[str]:
    told: list[str] = []
    for run in runs:
        report: RunReport = run.report
        told += [f"danelab failed: {problem}" for problem in report.faults]
        if not report.run.complete:
            told.append("The journal of this run does not reach its end; what is missing was not judged.")
    return told


def _verdict_docs() -> Sequence[tuple[str, str, str]]:
    verdicts, grades = member_docs(Verdict), member_docs(Grade)
    told = {
        "p": ("pass", verdicts["pass"]),
        "a": ("allowed", verdicts["allowed"]),
        "fs": ("fail, security", grades["security"]),
        "fd": ("fail, delivery", grades["delivery"]),
        "fw": ("fail, warning", grades["warning"]),
        "i": ("inconclusive", verdicts["inconclusive"]),
        "u": ("unsupported", verdicts["unsupported"]),
        "e": ("error", verdicts["error"]),
    }
    return [(kind, *told[kind]) for kind in KINDS]


def _breakable(name: str) -> Markup:
    """A target's name that may be broken before its colon."""
    return Markup("<wbr>:").join(escape(plain(part)) for part in name.split(":"))


def _bar(column: Column) -> Markup:
    """The verdicts as a bar; widths in thousandths, since the policy lets no element have a style of its own."""
    total = sum(number for _, _, number in column.counts) or 1
    parts, x = [], 0.0
    for kind, _, number in column.counts:
        width = number * 1000 / total
        parts.append(f'<rect class="k-{kind}" x="{x:.1f}" y="0" width="{max(width - 2, 1.5):.1f}" height="10"/>')
        x += width
    return Markup(
        f'<svg class="bar" viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true">{"".join(parts)}</svg>'
    )


def _leaks(result: Result) -> Iterable[tuple[str, int]]:
    """What leaked to whom, and how often the same did."""
    return Counter(str(leak) for leak in result.leaked).items()


def _seen(result: Result) -> str:
    """The fourth line of a failure without the journal lines, which are marked in the timeline below it."""
    assert result.story is not None
    return result.story.seen.removesuffix(f" [journal {'; '.join(map(str, result.evidence))}]")
