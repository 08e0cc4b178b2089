"""A scenario with steps, as it stands at each of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from .complaints import problems
from .merge import merge
from .models import Scenario
from .source import Problem
from .words import did_you_mean

CHANGEABLE = (
    "zones", "mx", "hosts", "servers", "certs", "keys", "faults", "resolver", "route", "message",
)  # fmt: skip
"""The keys that a step's `change` may hold: those that describe the world, not what is said about the scenario."""


@dataclass(frozen=True)
class Stage:
    """The scenario while one step is done; `scenario.steps` is still the whole list."""

    step: int | None
    """Index of the step whose change led here; None: the file itself."""
    scenario: Scenario


def validated(tables: Mapping[str, Any]) -> Scenario:
    """The scenario that the tables describe; types are taken at their word (`"10"` is no number).

    Raises pydantic's ValidationError.
    """
    return Scenario.model_validate_json(json.dumps(tables, default=str), strict=True)


def stages(scenario: Scenario) -> tuple[Stage, ...]:
    """The scenario as it begins, then once after each change. Raises ValueError when a change fits nowhere."""
    made, wrong = examine_stages(scenario)
    if wrong:
        raise ValueError(f"{scenario.id}: {wrong[0].text}")
    return made


def examine_stages(scenario: Scenario) -> tuple[tuple[Stage, ...], tuple[Problem, ...]]:
    """The stages that could be worked out, and what is wrong with the changes that could not."""
    made = [Stage(None, scenario)]
    wrong: list[Problem] = []
    if all(step.change is None for step in scenario.steps):
        return tuple(made), ()
    tables = scenario.model_dump(mode="json", exclude_unset=True)
    for index, step in enumerate(scenario.steps):
        if step.change is None:
            continue
        here = ("steps", index, "change")
        strange = [key for key in step.change if key not in CHANGEABLE]
        wrong += [
            Problem((*here, key), f"a step cannot change {key!r}", did_you_mean(key, CHANGEABLE)) for key in strange
        ]
        changed = merge(tables, {key: value for key, value in step.change.items() if key in CHANGEABLE})
        try:
            made.append(Stage(index, validated(changed)))
            tables = changed
        except ValidationError as error:
            found = problems(error.errors(include_url=False), changed)
            wrong += [Problem((*here, *problem.path), problem.text, problem.remedy) for problem in found]
    return tuple(made), tuple(wrong)
