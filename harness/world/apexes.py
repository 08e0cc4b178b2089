"""The names of a scenario's zones, worked out without the rest of its world."""

from __future__ import annotations

from harness.errors import ScenarioError
from harness.scenario.models import Scenario
from harness.scenario.names import DOMAIN, keyed_hosts
from harness.scenario.placeholders import PLACEHOLDER

from .names import absolute, to_wire


def zone_names(scenario: Scenario, *, file: str = "") -> dict[str, str]:
    """Absolute apex names of the scenario's zones, by key; cheap, for it is asked for each world at the start.

    Raises ScenarioError.
    """
    names = {DOMAIN: f"{scenario.id}.example."}
    named = {}
    for key, spec in scenario.zones.items():
        if spec.name is not None:
            named[key] = spec.name
        elif key != DOMAIN:
            names[key] = f"{scenario.id}-{key.replace('_', '-')}.example."
    # The others may be named after the recipient domain, so its own name comes first.
    for key in sorted(named, key=lambda key: key != DOMAIN):
        names[key] = _named(named[key], key, scenario, names, file or f"{scenario.id}.toml")
    return names


def _named(template: str, key: str, scenario: Scenario, names: dict[str, str], file: str) -> str:
    words = {word: name[:-1] for word, name in names.items() if word != key} | {"id": scenario.id}
    if key != DOMAIN:
        plain = (word for _, word, host in keyed_hosts(scenario) if host.host is None)
        words |= {word: f"{word}.{words[DOMAIN]}" for word in plain if word not in words}

    def error(problem: str, remedy: str) -> ScenarioError:
        return ScenarioError(problem, file=file, key=f"zones.{key}.name", remedy=remedy)

    unknown = next((word for word in PLACEHOLDER.findall(template) if word not in words), None)
    if unknown is not None:
        raise error(f"nothing is called {{{unknown}}} here", f"write one of {{{'}, {'.join(words)}}}")
    if template.endswith("."):
        raise error(f"{template!r} ends in a dot", "write the name without the final dot")
    try:
        name = absolute(PLACEHOLDER.sub(lambda found: words[found[1]], template) + ".")
        to_wire(name)
    except ValueError as problem:
        raise error(str(problem), "shorten it") from None
    return name
