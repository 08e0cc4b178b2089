"""Every error danelab raises on purpose, and the exit code it stands for.

DanelabError                  exit code 3 unless a class below says otherwise
├── UsageError            2   the command line or the machine cannot do what was asked
├── ScenarioError         2   a scenario, requirement or profile file is wrong; names file, key and remedy
├── HarnessError          3   danelab itself failed; never the target's fault
└── NothingConcluded      4   nothing ran, or nothing could be concluded
"""

from __future__ import annotations

from enum import IntEnum
from functools import partial
from pathlib import Path
from typing import Any


class ExitCode(IntEnum):
    """What the command's exit status means. It is never a count."""

    AS_EXPECTED = 0
    NOT_CONFORMING = 1
    USAGE = 2
    HARNESS = 3
    NOTHING_CONCLUDED = 4


class DanelabError(Exception):
    """Root of all errors meant for the person at the keyboard: one clear line, no traceback."""

    exit_code = ExitCode.HARNESS


class UsageError(DanelabError):
    """What was asked cannot be done; the text says what would be right."""

    exit_code = ExitCode.USAGE


class ScenarioError(DanelabError):
    """A file says something wrong. The text names the file, the key, and the remedy."""

    exit_code = ExitCode.USAGE

    def __init__(self, problem: str, *, file: Path | str, key: str = "", remedy: str = "") -> None:
        self.problem = problem
        self.file = str(file)
        self.key = key
        self.remedy = remedy
        where = f"{file}: {key}: " if key else f"{file}: "
        super().__init__(where + problem + (f"; {remedy}" if remedy else ""))

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(ScenarioError, file=self.file, key=self.key, remedy=self.remedy), (self.problem,)


class HarnessError(DanelabError):
    """danelab itself failed. It is reported as ours and never as the target's."""

    exit_code = ExitCode.HARNESS


class NothingConcluded(DanelabError):  # noqa: N818 (it is the name of the exit code, not of a fault)
    """Nothing ran, or no verdict could be reached."""

    exit_code = ExitCode.NOTHING_CONCLUDED
