"""Pages that are made of the scenarios when the documentation is built."""

from __future__ import annotations

from typing import Any

from mkdocs.structure.files import File, Files

from harness.report.drawing import drawing
from harness.report.pages import scenario_pages
from harness.scenario.requirements import load_requirements
from harness.scenario.suite import REQUIREMENTS, load_suite, own_scenarios

_FOLDER = "scenarios"


def on_config(config: Any) -> Any:
    """A place for them in the navigation."""
    groups = sorted({entry.group for entry in load_suite()})
    pages = [f"{_FOLDER}/index.md", *(f"{_FOLDER}/{group}.md" for group in groups)]
    config.nav = [*(config.nav or []), {"Scenarios": pages}]
    return config


def on_files(files: Files, *, config: Any) -> Files:
    """The pages themselves."""
    requirements = load_requirements(own_scenarios() / REQUIREMENTS)
    for path, text in scenario_pages(load_suite(), requirements, draw=drawing).items():
        files.append(File.generated(config, f"{_FOLDER}/{path}", content=text))
    return files
