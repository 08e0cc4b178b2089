"""Known failures: a file that says which failures are expected of which target, why, and until when.

    [[failure]]
    target = "exim:try"
    scenario = "ttl-zero"
    reason = "reported upstream; the next release mends it"
    expires = 2027-01-01        # optional: the first day on which the entry excuses nothing

A known failure is no reason for the run to fail; one that is known and does not happen is, so that the file stays true.
Where nothing can be concluded about a scenario of the file, that is no reason either: it was not expected to pass.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from harness.errors import ExitCode, ScenarioError
from harness.scenario.source import Problem, Source, shown
from harness.scenario.words import did_you_mean
from harness.verdict import Result, Verdict, exit_code

from .model import Known, RunReport, Standing

TABLE = "failure"
_KEYS = ("target", "scenario", "reason", "expires")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One failure that is expected."""

    target: str
    scenario: str
    reason: str
    expires: date | None = None


@dataclass(frozen=True)
class Baseline:
    """A file of known failures."""

    source: Source
    entries: tuple[Entry, ...]


def read(file: Path, *, may_be_new: bool = False) -> Baseline:
    """The baseline in a file. Raises ScenarioError, naming file, line, key and remedy, for anything that is wrong.

    `may_be_new`: a file that is not there yet is an empty baseline.
    """
    source = _source(file, may_be_new=may_be_new)
    listed = source.tables.get(TABLE, [])
    for key in source.tables:
        if key != TABLE:
            raise source.error(Problem((key,), f"there is no key {key!r} here", f"write [[{TABLE}]] tables only"))
    if not isinstance(listed, list) or not all(isinstance(table, dict) for table in listed):
        raise source.error(Problem((TABLE,), "is no list of tables", f"write [[{TABLE}]] with two brackets"))
    entries: dict[tuple[str, str], Entry] = {}
    for number, table in enumerate(listed):
        entry = _entry(source, number, table)
        if (entry.target, entry.scenario) in entries:
            text = f"{entry.scenario!r} of {entry.target!r} is listed twice"
            raise source.error(Problem((TABLE, number, "scenario"), text, "remove one of the two"))
        entries[entry.target, entry.scenario] = entry
    return Baseline(source, tuple(entries.values()))


def check(
    baseline: Baseline, *, targets: Collection[str], open_ended: Collection[str], scenarios: Collection[str]
) -> None:
    """Whether everything that the file names exists. `open_ended` are beginnings of names that anything may follow.

    Raises ScenarioError with the nearest word.
    """
    for number, entry in enumerate(baseline.entries):
        plainly, _, copy = entry.target.rpartition("#")
        name = plainly if copy.isdigit() and plainly else entry.target
        if not {name, entry.target} & set(targets) and not name.startswith(tuple(open_ended)):
            remedy = did_you_mean(entry.target, targets)
            text = f"there is no target {entry.target!r}"
            raise baseline.source.error(Problem((TABLE, number, "target"), text, remedy))
        if entry.scenario not in scenarios:
            remedy = did_you_mean(entry.scenario, scenarios)
            text = f"there is no scenario {entry.scenario!r}"
            raise baseline.source.error(Problem((TABLE, number, "scenario"), text, remedy))


def applied(report: RunReport, baseline: Baseline, *, today: date) -> RunReport:
    """The report with what the baseline says of it, and the exit code that follows. Verdicts stay as they are.

    Entries about targets and scenarios that took no part in the run are passed over.
    """
    results = {(each.target, each.scenario): each for each in report.results}
    known = tuple(
        Known(
            target=entry.target,
            scenario=entry.scenario,
            reason=entry.reason,
            expires=entry.expires.isoformat() if entry.expires else "",
            standing=standing,
        )
        for entry in baseline.entries
        if (result := results.get((entry.target, entry.scenario))) is not None
        and (standing := _standing(entry, result, today)) is not None
    )
    excused = {(each.target, each.scenario) for each in known if each.standing in (Standing.KNOWN, Standing.UNDECIDED)}
    status = exit_code(report.results, faults=report.faults, known=excused)
    if any(each.standing is Standing.PASSED for each in known):
        status = ExitCode.NOT_CONFORMING
    return report.model_copy(update={"known": known, "exit_code": int(status)})


def _standing(entry: Entry, result: Result, today: date) -> Standing | None:
    """None: there is nothing to say, as the entry has expired and what it spoke of is mended."""
    good = result.verdict in (Verdict.PASS, Verdict.ALLOWED)
    if entry.expires is not None and entry.expires <= today:
        return None if good else Standing.EXPIRED
    if result.verdict is Verdict.FAIL:
        return Standing.KNOWN
    return Standing.PASSED if good else Standing.UNDECIDED


def _source(file: Path, *, may_be_new: bool) -> Source:
    name = shown(file)
    try:
        text = file.read_text(encoding="utf-8").replace("\r\n", "\n")
    except FileNotFoundError:
        if may_be_new:
            return Source(file, "", {})
        remedy = "make one with --update-baseline"
        raise ScenarioError("there is no such file", file=name, remedy=remedy) from None
    except UnicodeDecodeError:
        raise ScenarioError("is not UTF-8", file=name, remedy="save it as UTF-8") from None
    except OSError as error:
        raise ScenarioError(f"cannot be read: {error.strerror}", file=name, remedy="name a TOML file") from None
    try:
        return Source(file, text, tomllib.loads(text))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ScenarioError(f"is not TOML: {error}", file=name, remedy="mend or complete this line") from None


def _entry(source: Source, number: int, table: Mapping[str, Any]) -> Entry:
    def wrong(key: str, text: str, remedy: str) -> ScenarioError:
        return source.error(Problem((TABLE, number, key), text, remedy))

    for key in table:
        if key not in _KEYS:
            raise wrong(key, f"there is no key {key!r} here", did_you_mean(key, _KEYS))
    for key in ("target", "scenario", "reason"):
        if key not in table:
            remedy = "say why this failure is accepted" if key == "reason" else f'add {key} = "..."'
            raise wrong(key, "is missing", remedy)
        if not isinstance(table[key], str) or not table[key].strip():
            raise wrong(key, f"{table[key]!r} says nothing", f'write {key} = "..."')
    expires = table.get("expires")
    if expires is not None and (not isinstance(expires, date) or isinstance(expires, datetime)):
        raise wrong("expires", f"{expires!r} is no day", "write expires = 2027-01-01, without quotes")
    return Entry(target=table["target"], scenario=table["scenario"], reason=table["reason"], expires=expires)
