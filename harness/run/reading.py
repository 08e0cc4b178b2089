"""Runs that lie on disk: a folder, a journal (plain, .gz or .xz), or a JSON report."""

from __future__ import annotations

import gzip
import lzma
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from pydantic import ValidationError

from harness.errors import ScenarioError
from harness.journal import AnyEvent, RunStarted, decode
from harness.report import RunReport
from harness.report.json import read
from harness.scenario.source import shown

JOURNALS = ("journal.ndjson", "journal.ndjson.gz", "journal.ndjson.xz")
"""The names of a journal in a run's folder."""
REPORT = "report.json"


def journal_in(run: Path) -> Path:
    """The journal of a run. Raises ScenarioError where there is none."""
    if not run.exists():
        raise ScenarioError(
            "there is no such run", file=shown(run), remedy="name a folder written by --out, or a journal"
        )
    if not run.is_dir():
        return run
    found = next((run / name for name in JOURNALS if (run / name).is_file()), None)
    if found is None:
        raise ScenarioError("holds no journal.ndjson", file=shown(run), remedy="name a folder written by --out")
    return found


def events_of(run: Path) -> list[AnyEvent]:
    """What happened in a run. A last line that was cut short is passed over.

    Raises ScenarioError, naming file and line, for anything that is no journal of a run.
    """
    file = journal_in(run)
    name = shown(file)
    try:
        with _opened(file) as lines:
            events = list(decode(lines, file=name))
    except (EOFError, gzip.BadGzipFile, lzma.LZMAError) as error:
        raise ScenarioError(f"is packed and broken: {error}", file=name, remedy="fetch it again") from None
    except OSError as error:
        raise ScenarioError(f"cannot be read: {error.strerror}", file=name, remedy="check its mode") from None
    if not any(isinstance(event, RunStarted) for event in events):
        remedy = "a journal begins with it; was this run ended before its lab was up?"
        raise ScenarioError("tells of no run-started", file=name, remedy=remedy)
    return events


def stored_report(run: Path) -> RunReport | None:
    """The JSON report that lies in the run's folder, or that `run` itself is; None where there is only a journal.

    Raises ScenarioError for a report that cannot be read.
    """
    file = run / REPORT if run.is_dir() else run
    if file.suffix != ".json" or not file.is_file():
        return None
    name = shown(file)
    try:
        return read(file.read_text(encoding="utf-8"))
    except (ValidationError, UnicodeDecodeError) as error:
        remedy = "judge the journal anew with: danelab judge RUN"
        if isinstance(error, UnicodeDecodeError):
            raise ScenarioError("is not UTF-8", file=name, remedy=remedy) from None
        first = error.errors(include_url=False)[0]
        key = ".".join(map(str, first["loc"]))
        raise ScenarioError(f"is no report of danelab: {first['msg']}", file=name, key=key, remedy=remedy) from None
    except OSError as error:
        raise ScenarioError(f"cannot be read: {error.strerror}", file=name, remedy="check its mode") from None


def _opened(file: Path) -> IO[str]:
    match file.suffix:
        case ".gz":
            return gzip.open(file, "rt", encoding="utf-8", errors="replace")
        case ".xz":
            return lzma.open(file, "rt", encoding="utf-8", errors="replace")
    return file.open(encoding="utf-8", errors="replace")


def started(events: Iterable[AnyEvent]) -> dict[str, RunStarted]:
    """The start of each target's run, by its name."""
    return {event.target: event for event in events if isinstance(event, RunStarted)}
