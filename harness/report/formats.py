"""All reports by name. Each is a function from the result of a run to text, in a module of its own: a new one is one
line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module

from .model import RunReport


@dataclass(frozen=True)
class Format:
    """A way to tell the result of a run."""

    name: str
    module: str
    """Module of this package that makes it, imported when it is asked for."""
    meaning: str
    """What it is for, in a few words."""
    function: str = "text"

    def text(self, report: RunReport) -> str:
        """The report in this format."""
        render: Callable[[RunReport], str] = getattr(import_module(self.module, __package__), self.function)
        return render(report)


_ALL = (
    Format("console", ".console", "what `danelab run` prints"),
    Format("json", ".json", "for programs (docs/report.schema.json)", "render"),
    Format("junit", ".junit", "for Jenkins and GitLab"),
    Format("markdown", ".markdown", "for the summary of a CI job"),
    Format("sarif", ".sarif", "for code scanning"),
    Format("badge", ".badge", "an SVG picture for a README"),
    Format("shields", ".badge", "JSON for shields.io's endpoint badge", "endpoint"),
    Format("github", ".github", "annotations as GitHub's workflow commands"),
)

FORMATS: Mapping[str, Format] = {each.name: each for each in _ALL}
"""Every format by its name, in the order of the help."""
