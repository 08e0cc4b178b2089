"""Whether two scenario files describe the same world, told by a few characters."""

from __future__ import annotations

import hashlib
import json

from .models import Scenario
from .stages import CHANGEABLE

_WORLD = dict.fromkeys(("recipient", *CHANGEABLE), True)
_DONE = {"send", "times", "wait", "change", "retry"}
_LENGTH = 10


def fingerprint(scenario: Scenario) -> str:
    """Equal for scenarios in which the same is served and done; what is said and expected of it may differ.

    Keys at their defaults do not count, so that a new key of the language changes no fingerprint.
    """
    told = scenario.model_dump(mode="json", exclude_defaults=True, include=_WORLD)
    told["steps"] = [step.model_dump(mode="json", exclude_defaults=True, include=_DONE) for step in scenario.steps]
    text = json.dumps(told, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:_LENGTH]
