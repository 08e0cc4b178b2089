"""Markdown for the summary of a CI job: totals, a matrix where there are several targets, failures to be unfolded.

What targets say stands in fenced code or as escaped text, so that it is shown as it came. The text stays below the
1 MiB that GitHub takes; what does not fit is counted.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterable, Iterator

from harness.errors import ExitCode
from harness.verdict import Result, Verdict

from .matrix import MARKS
from .model import RunReport, Standing, fails
from .plain import plain
from .words import CONCLUSION, CUT_SHORT, counted, standing, told

LIMIT = 1_000_000
"""Octets; GitHub takes 1,048,576 for one step."""
_LONGEST = 20_000
"""Characters of one failure."""
_MARKUP = re.compile(r"[!#$&*.:<=>@\[\\\]^_`{|}~]")
"""What means something within a line; the text of others never begins one."""


def text(report: RunReport, *, limit: int = LIMIT) -> str:
    """The report as GitHub-flavoured Markdown, of at most `limit` octets (down to a few hundred)."""
    page: list[str] = []
    room = limit - 300
    parts = [*_head(report), *_totals(report), *_matrix(report), *_failures(report), *_others(report)]
    for number, part in enumerate(parts):
        room -= len(part.encode("utf-8"))
        if room < 0:
            left = len(parts) - number
            page.append(f"\n_{left} more entries have no room here; the JSON report has them all._\n")
            break
        page.append(part)
    return "".join(page)


def escaped(words: str) -> str:
    """Text of others, to be shown as it is: neither markup nor link nor mention."""
    return _MARKUP.sub(_entity, plain(" ".join(words.split())))


def _entity(found: re.Match[str]) -> str:
    char = found.group()
    # GitHub looks for mentions and references when everything else is done, in text that is of one piece.
    return f"&#{ord(char)};" + ("<!-- -->" if char in "@#" else "")


def _head(report: RunReport) -> Iterator[str]:
    run = report.run
    names = ", ".join(f"{escaped(each.name)} ({each.mode})" for each in run.targets)
    yield f"## DANE for SMTP: {CONCLUSION[ExitCode(report.exit_code)]}\n\n"
    shard = f"; shard {escaped(run.shard)}" if run.shard else ""
    number = f"{run.scenarios} scenario{'' if run.scenarios == 1 else 's'} in {run.duration:.1f} s"
    yield (
        f"Tested: {names or 'no target'}; {number}; lab {escaped(run.lab)}; resolver {escaped(run.resolver)}; "
        f"seed {escaped(run.seed)}{shard}\n\n"
    )
    if not run.complete:
        yield f"**{CUT_SHORT}**\n\n"
    for target in report.inactive:
        yield f"**DANE is not active in this configuration ({escaped(target)}).**\n\n"
    for problem in dict.fromkeys(report.faults):
        yield f"**danelab failed: {escaped(problem)}**\n\n"


def _totals(report: RunReport) -> Iterator[str]:
    verdicts = list(Verdict)
    yield _row(["", *verdicts]) + _row(["---", *("---:" for _ in verdicts)])
    by_target: dict[str, Counter[Verdict]] = {}
    for result in report.results:
        by_target.setdefault(result.target, Counter())[result.verdict] += 1
    for target, counts in by_target.items():
        yield _row([escaped(target), *(str(counts[verdict] or "") for verdict in verdicts)])
    yield "\n"


def _matrix(report: RunReport) -> Iterator[str]:
    """Every scenario that not all targets passed, where there are several."""
    names = [target.name for target in report.run.targets]
    if len(names) < 2:
        return
    rows: dict[str, dict[str, Result]] = {}
    for result in report.results:
        rows.setdefault(result.scenario, {})[result.target] = result
    telling = {key: row for key, row in rows.items() if any(each.verdict is not Verdict.PASS for each in row.values())}
    if not telling:
        return
    yield "### Scenarios that not every target passed\n\n"
    yield _row(["", *map(escaped, names)]) + _row(["---"] * (len(names) + 1))
    for key, row in telling.items():
        yield _row([f"`{_word(key)}`", *(_cell(row.get(name)) for name in names)])
    yield "\n"


def _cell(result: Result | None) -> str:
    if result is None:
        return "not run"
    mark = MARKS[result.verdict].strip()
    words = f"{mark} {escaped(result.outcome)}".strip()
    return f"**{words}**" if result.verdict is Verdict.FAIL else words


def _failures(report: RunReport) -> Iterator[str]:
    found = fails(report)
    if not found:
        return
    yield f"### Failures: {escaped(counted(found))}\n\n"
    several = len(report.run.targets) > 1
    for result in found:
        of = f" / {escaped(result.target)}" if several else ""
        yield (
            f"<details><summary><code>{_word(result.scenario)}</code>{of} ({result.grade}): "
            f"{escaped(_cut(result.reason, 300))}</summary>\n\n{_fenced(_cut(told(result), _LONGEST))}\n</details>\n\n"
        )


def _others(report: RunReport) -> Iterator[str]:
    """What was neither good nor bad, and what the baseline says."""
    for entry in report.known:
        if entry.standing is not Standing.KNOWN:
            yield f"* `{_word(entry.scenario)}` / {escaped(entry.target)}: {escaped(standing(entry))}\n"
    known = [entry for entry in report.known if entry.standing is Standing.KNOWN]
    if known:
        listed = [f"{each.scenario} / {each.target}: {each.reason}" for each in known]
        number = f"{len(known)} known failure{'s' * (len(known) != 1)}"
        yield f"\n<details><summary>{number}</summary>\n\n{_fenced(_lines(listed))}\n</details>\n\n"
    for verdict in (Verdict.ERROR, Verdict.INCONCLUSIVE, Verdict.UNSUPPORTED):
        some = [result for result in report.results if result.verdict is verdict]
        if some:
            listed = [f"{each.scenario} / {each.target}: {each.reason}" for each in some]
            yield (
                f"<details><summary>{len(some)} {verdict}</summary>\n\n"
                f"{_fenced(_cut(_lines(listed), 10 * _LONGEST))}\n</details>\n\n"
            )


def _lines(words: Iterable[str]) -> str:
    return "\n".join(map(plain, words))


def _fenced(words: str) -> str:
    """A block of code with a fence that the text cannot close."""
    longest = max(map(len, re.findall(r"`+", words)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{words}\n{fence}\n"


def _word(key: str) -> str:
    """An id. Those of scenarios are DNS labels; from a journal made elsewhere it might be anything."""
    return key if re.fullmatch(r"[a-z0-9-]+", key) else html.escape(re.sub(r"[`|\s]", "_", plain(key)))


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |\n"


def _cut(words: str, most: int) -> str:
    return words if len(words) <= most else words[: most - 3] + "..."
