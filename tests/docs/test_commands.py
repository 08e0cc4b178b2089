"""What the documents tell a reader to type works when typed as written."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.commands import Typed, UnknownNoteError, typed_in
from tests.run.danelab import ROOT, environment

pytestmark = pytest.mark.loopback
PAGES = sorted((ROOT / "docs").glob("**/*.md"))
_LIMIT = 120


def _reader(tmp_path: Path) -> dict[str, str]:
    """The environment of somebody who has set danelab up and stands in a checkout."""
    programs = tmp_path / "bin"
    programs.mkdir()
    danelab = programs / "danelab"
    danelab.write_text(f'#!/bin/sh\nexec {sys.executable} -m harness.cli "$@"\n', encoding="utf-8")
    danelab.chmod(0o755)
    shutil.copytree(ROOT / "docs" / "examples", tmp_path / "docs" / "examples")
    around = environment()
    return {**around, "PATH": f"{programs}:{Path(sys.executable).parent}:{around['PATH']}"}


def _typed(command: Typed, *, where: Path, around: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", "-c", command.command],
        cwd=where,
        env=around,
        capture_output=True,
        text=True,
        timeout=_LIMIT,
        check=False,
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_commands_of_a_page_do_what_it_says(page: Path, tmp_path: Path) -> None:
    around = _reader(tmp_path)
    for command in typed_in(page):
        done = _typed(command, where=tmp_path, around=around)
        told = f"{command.page}:{command.line}: {command.command}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        assert done.returncode == command.status, told
        assert "Traceback" not in done.stderr, told


def test_there_are_commands_to_run() -> None:
    first = [command.command for command in typed_in(ROOT / "docs" / "index.md")]
    assert "danelab run ee-mismatch starttls-stripped" in first
    assert len(first) >= 5


def test_a_command_that_fails_is_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```console\n$ danelab run no-such-scenario\n```\n", encoding="utf-8")
    (command,) = typed_in(page)
    assert _typed(command, where=tmp_path, around=_reader(tmp_path)).returncode == 2


def test_a_block_is_left_out_only_for_a_reason(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("<!-- not run: -->\n```console\n$ true\n```\n", encoding="utf-8")
    with pytest.raises(UnknownNoteError):
        list(typed_in(page))
    page.write_text("<!-- not run: for show -->\n```console\n$ false\n```\n", encoding="utf-8")
    assert list(typed_in(page)) == []
