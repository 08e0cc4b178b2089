"""GitHub's workflow commands: each failure as an annotation at its scenario's file."""

from __future__ import annotations

from collections.abc import Iterator

from harness.verdict import Grade, Verdict

from .model import RunReport, Standing, fails
from .plain import plain
from .words import CUT_SHORT, standing, told

MOST = 10
"""GitHub shows so many errors of a step, and so many warnings; the last is used to count the rest."""


def text(report: RunReport) -> str:
    """The annotations, one a line; empty where there is nothing to say."""
    errors = list(_errors(report))
    warnings = list(_warnings(report))
    return "".join(f"{line}\n" for line in (*_few("error", errors), *_few("warning", warnings)))


def _errors(report: RunReport) -> Iterator[str]:
    for problem in report.faults:
        yield _command("error", "danelab itself failed", problem)
    for result in report.results:
        if result.verdict is Verdict.ERROR:
            title = f"{result.scenario} / {result.target}: danelab itself failed"
            yield _command("error", title, result.reason, file=report.sources.get(result.scenario, ""))
    for result in fails(report):
        if result.grade is not Grade.WARNING:
            title = f"{result.scenario} / {result.target} ({result.grade})"
            yield _command("error", title, told(result), file=report.sources.get(result.scenario, ""))
    for entry in report.known:
        if entry.standing is Standing.PASSED:
            yield _command("error", f"{entry.scenario} / {entry.target}", standing(entry))


def _warnings(report: RunReport) -> Iterator[str]:
    if not report.run.complete:
        yield _command("warning", "danelab", CUT_SHORT)
    for result in report.results:
        if result.verdict is Verdict.INCONCLUSIVE:
            title = f"{result.scenario} / {result.target} (inconclusive)"
            yield _command("warning", title, result.reason, file=report.sources.get(result.scenario, ""))
    for result in fails(report):
        if result.grade is Grade.WARNING:
            title = f"{result.scenario} / {result.target} (warning)"
            yield _command("warning", title, told(result), file=report.sources.get(result.scenario, ""))
    for entry in report.known:
        if entry.standing in (Standing.EXPIRED, Standing.UNDECIDED):
            yield _command("warning", f"{entry.scenario} / {entry.target}", standing(entry))


def _few(level: str, lines: list[str]) -> list[str]:
    if len(lines) <= MOST:
        return lines
    return [*lines[: MOST - 1], _command(level, "danelab", f"{len(lines) - MOST + 1} more; the reports name them all")]


def _command(level: str, title: str, message: str, *, file: str = "") -> str:
    place = f"file={_value(file)},line=1," if file else ""
    words = "\n".join(map(plain, message.split("\n")))
    return f"::{level} {place}title={_value(title)}::{_data(words)}"


def _data(words: str) -> str:
    """A workflow command ends with the line."""
    return words.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _value(words: str) -> str:
    return _data(plain(words)).replace(":", "%3A").replace(",", "%2C")
