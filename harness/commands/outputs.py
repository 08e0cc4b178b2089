"""Where a run's results go: files that were asked for, and lines below the report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import UsageError

if TYPE_CHECKING:
    from harness.report import RunReport
    from harness.report.formats import Background, Format
    from harness.run import Plan

_FEW = 4
"""How many scenarios that were run along are named."""


def notes(plan: Plan, outputs: Iterable[Output]) -> Iterator[str]:
    """What else there is to know about this run."""
    from harness.run import wanting

    several = len(plan.contenders) > 1
    for each in plan.contenders:
        if each.picked.left_out:
            needs = Counter(need for some in each.picked.left_out.values() for need in some)
            lacking = ", ".join(f"{number} for want of {wanting(need)}" for need, number in sorted(needs.items()))
            whom = f" for {each.name}" if several else ""
            yield f"Left out{whom}, as neither this lab nor this target offers what they need: {lacking}."
    along = sorted({key for each in plan.contenders for key in each.picked.along})
    if along:
        some = ", ".join(along[:_FEW])
        more = f" and {len(along) - _FEW} more" if len(along) > _FEW else ""
        yield f"Run along, since verdicts on the others rest on them: {some}{more}."
    files = [each.file for each in outputs]
    captured = [file for each in plan.contenders for file in plan.captured(each)] if plan.capture else []
    written = [str(file) for file in (*([plan.journal] if plan.journal else []), *files, *captured)]
    if written:
        yield f"Written: {', '.join(written)}"


@dataclass(frozen=True)
class Output:
    """A report that goes into a file."""

    form: Format
    file: Path


def output(word: str) -> Output:
    """What a `--report FORMAT=FILE` means. Raises UsageError."""
    from harness.report.formats import FORMATS
    from harness.scenario.words import did_you_mean

    form, equals, file = word.partition("=")
    if not equals or not file:
        raise UsageError(f"--report {word}: names no file; write {form if form in FORMATS else 'json'}=FILE")
    if form not in FORMATS:
        raise UsageError(f"--report {word}: there is no format {form!r}; {did_you_mean(form, FORMATS)}")
    path = Path(file)
    if not path.absolute().parent.is_dir():
        raise UsageError(f"--report {word}: there is no folder {path.absolute().parent}; make it first")
    if path.is_dir():
        raise UsageError(f"--report {word}: {path} is a folder; name a file")
    return Output(FORMATS[form], path)


def where_captured(lab: str, out: Path | None, *, listens: str) -> str:
    """The kind of lab for a capture: one with a network to itself, so that no packets of others are in it."""
    if out is None:
        raise UsageError("--capture needs a folder to write to; name it with --out FOLDER")
    if lab == "loopback" or listens:
        raise UsageError(
            "--capture needs a network that the lab has to itself, else it would hold packets of others; "
            "take --lab namespace"
        )
    return "namespace"


def make_folder(out: Path) -> None:
    """The folder of a run, with a journal that can be written. Raises UsageError."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / "journal.ndjson").touch()
    except OSError as error:
        raise UsageError(f"--out {out}: {error.strerror}; name a folder that can be written") from None


def in_folder(out: Path) -> Output:
    """The JSON report in a run's folder."""
    from harness.report.formats import FORMATS

    return Output(FORMATS["json"], out / "report.json")


def write(report: RunReport, to: Output, background: Background | None = None) -> None:
    """Write a report. Raises UsageError where that is not possible."""
    text = to.form.text(report) if background is None else to.form.text(report, background)
    write_text(text, to.file)


def make_new_folder(folder: Path, option: str) -> None:
    """The folder that an option names. Raises UsageError where it cannot be made."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{option} {folder}: {error.strerror}; name a folder that can be written") from None


def write_text(text: str, file: Path, *, remedy: str = "name a place that can be written") -> None:
    """Write a text as UTF-8. Raises UsageError, with what could be done, where that is not possible."""
    try:
        file.write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")
    except OSError as error:
        raise UsageError(f"cannot write {file}: {error.strerror}; {remedy}") from None
