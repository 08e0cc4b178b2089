"""`python -m tests.run.record [TARGET ...]`: record the journals of real MTAs that the tests judge again, and what is
held of them. It needs what `danelab doctor` says namespaces need, and the targets fetched."""

from __future__ import annotations

import lzma
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from harness.report import RunReport

from .danelab import ROOT, environment

JOURNALS = ROOT / "fixtures" / "journals"
TARGETS: Mapping[str, str] = {"postfix": "postfix:dane", "exim": "exim:try", "sendmail": "sendmail:unaware"}


def journal(name: str) -> Path:
    """The recorded journal, packed."""
    return JOURNALS / f"{name}.ndjson.xz"


def verdicts(name: str) -> Path:
    """What was held of it when it was recorded."""
    return JOURNALS / f"{name}.txt"


def listed(report: RunReport) -> str:
    """The verdicts of a run, one a line."""
    rows = (
        f"{each.scenario} {each.verdict}{f' {each.grade}' if each.grade else ''} {each.outcome.replace(' ', '_')}"
        for each in report.results
    )
    return "".join(f"{row}\n" for row in sorted(rows))


def main() -> None:
    """Record those that are named, or all."""
    from harness.report.json import read

    JOURNALS.mkdir(exist_ok=True)
    for name in sys.argv[1:] or TARGETS:
        with tempfile.TemporaryDirectory() as folder:
            words = ["run", "-q", "--lab", "namespace", "--resolver", "simulated", "-t", TARGETS[name], "--out", folder]
            subprocess.run(
                [sys.executable, "-m", "harness.cli", *words], stdout=subprocess.DEVNULL, env=environment(), check=False
            )
            told = (Path(folder) / "journal.ndjson").read_bytes()
            report = read((Path(folder) / "report.json").read_text(encoding="utf-8"))
        journal(name).write_bytes(lzma.compress(told, preset=9 | lzma.PRESET_EXTREME))
        verdicts(name).write_text(listed(report), encoding="utf-8")
        print(f"{name}: {len(report.results)} verdicts, {journal(name).stat().st_size} octets")


if __name__ == "__main__":
    main()
