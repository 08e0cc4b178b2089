"""The documentation as a site, and the pages made of the scenarios."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from harness.report.pages import scenario_pages
from harness.scenario.load import Entry
from harness.scenario.models import Scenario
from harness.scenario.requirements import load_requirements
from harness.scenario.suite import REQUIREMENTS, load_suite, own_scenarios
from tests.run.danelab import ROOT


def _pages() -> dict[str, str]:
    return scenario_pages(load_suite(), load_requirements(own_scenarios() / REQUIREMENTS))


def test_every_scenario_has_its_place() -> None:
    pages = _pages()
    for entry in load_suite():
        assert f"\n## {entry.id}\n" in pages[f"{entry.group}.md"]
        assert f"({entry.group}.md)" in pages["index.md"]


def test_a_page_tells_story_rules_outcomes_and_the_file() -> None:
    page = _pages()["ee.md"]
    part = page[page.index("\n## ee-mismatch\n") :]
    part = part[: part.index("\n## ", 5)]
    assert "a sender that delivers here does not enforce DANE" in " ".join(part.split())
    assert "| opportunistic | `DEFER`" in part
    assert "`7672-3.2-2` RFC 7672 section 3.2, MUST NOT" in part
    assert "(baseline.md#ee-311)" in part
    assert 'tlsa = ["3 1 1 other-key"]' in part


def test_what_a_file_says_stays_text() -> None:
    suite = load_suite()
    entry = suite["ee-mismatch"]
    hostile = entry.scenario.model_copy(update={"title": "<script>alert(1)</script> | *x*"})
    (made,) = [page for path, page in _made(entry, hostile).items() if path == "ee.md"]
    assert "<script>" not in made
    assert "&#60;script&#62;" in made


def _made(entry: Entry, scenario: Scenario) -> dict[str, str]:
    changed = replace(entry, scenario=scenario)
    return scenario_pages([changed], load_requirements(own_scenarios() / REQUIREMENTS))


def test_the_site_is_built_without_a_warning(tmp_path: Path) -> None:
    pytest.importorskip("mkdocs", reason="mkdocs-material is not installed")
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "-q", "-f", ".mkdocs.yml", "-d", str(tmp_path / "site")],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert built.returncode == 0, built.stderr[-2000:]
    assert "ee-mismatch" in (tmp_path / "site" / "scenarios" / "ee" / "index.html").read_text(encoding="utf-8")
