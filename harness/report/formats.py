"""All reports by name. Each is a function from the result of a run to text, in a module of its own: a new one is one
line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module

from harness.journal import Event
from harness.scenario.models import Scenario
from harness.scenario.requirements import Requirement

from .model import RunReport


@dataclass(frozen=True, kw_only=True)
class Background:
    """What some reports tell beside the results. Without it they say less."""

    events: Sequence[Event] = ()
    """The whole journal of the run."""
    scenarios: Sequence[Scenario] = ()
    requirements: Mapping[str, Requirement] = field(default_factory=dict)


_NOTHING = Background()


@dataclass(frozen=True)
class Format:
    """A way to tell the result of a run."""

    name: str
    module: str
    """Module of this package that makes it, imported when it is asked for."""
    meaning: str
    """What it is for, in a few words."""
    function: str = "text"
    tells_all: bool = False
    """Whether it tells of the background too."""
    compares: bool = False
    """Whether it can put several runs side by side."""

    def text(self, report: RunReport, background: Background = _NOTHING) -> str:
        """The report in this format."""
        render: Callable[..., str] = getattr(import_module(self.module, __package__), self.function)
        if not self.tells_all:
            return render(report)
        known = {"scenarios": background.scenarios, "requirements": background.requirements}
        return render(report, events=background.events, **known)

    def texts(self, runs: Sequence[tuple[str, RunReport, Background]]) -> str:
        """Several runs, each with a label, side by side; for a format that can."""
        module = import_module(self.module, __package__)
        recorded = [
            module.Recorded(report=report, events=background.events, label=label) for label, report, background in runs
        ]
        scenarios = {each.id: each for *_, background in runs for each in background.scenarios}
        rules = {key: rule for *_, background in runs for key, rule in background.requirements.items()}
        told: str = module.side_by_side(*recorded, scenarios=scenarios.values(), requirements=rules)
        return told


_ALL = (
    Format("console", ".console", "what `danelab run` prints"),
    Format("json", ".json", "for programs (docs/report.schema.json)", "render"),
    Format("junit", ".junit", "for Jenkins and GitLab"),
    Format("markdown", ".markdown", "for the summary of a CI job"),
    Format("html", ".html", "one page with all the evidence, to be looked at", tells_all=True, compares=True),
    Format("sarif", ".sarif", "for code scanning"),
    Format("badge", ".badge", "an SVG picture for a README"),
    Format("shields", ".badge", "JSON for shields.io's endpoint badge", "endpoint"),
    Format("github", ".github", "annotations as GitHub's workflow commands"),
)

FORMATS: Mapping[str, Format] = {each.name: each for each in _ALL}
"""Every format by its name, in the order of the help."""
