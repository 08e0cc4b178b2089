"""Where programs cannot be had, the end of a test run says so."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

_TEST = """
import pytest
from tests.support.fixtures import available
from tests.support.packages import Unavailable

def get():
    raise Unavailable("no network to fetch\\nunbound")

@pytest.mark.parametrize("number", range(3))
def test_it(number):
    available(get)
"""


def _run(folder: Path, *options: str, needed: str = "") -> str:
    (folder / "test_it.py").write_text(_TEST)
    (folder / "pytest.ini").write_text("[pytest]\n")
    told = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "tests.support.fixtures", "-p", "no:cacheprovider", *options, "."],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join((str(Path(__file__).parents[2]), *filter(None, sys.path))),
            "DANELAB_NEED_PROGRAMS": needed,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    return told.stdout


@pytest.mark.parametrize("options", [("-ra",), ("-n", "2")])
def test_the_reason_stands_right_above_the_closing_line(tmp_path: Path, options: tuple[str, ...]) -> None:
    *_, heading, reason, _advice, closing = filter(None, _run(tmp_path, *options).splitlines())
    assert "NOT TESTED" in heading
    assert reason == "3 tests skipped: no network to fetch unbound"
    assert "3 skipped" in closing


def test_where_they_are_needed_the_tests_fail(tmp_path: Path) -> None:
    told = _run(tmp_path, needed="1")
    assert "3 failed" in told.splitlines()[-1]
    assert "no network to fetch" in told
