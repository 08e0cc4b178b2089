"""A scenario made of Python values: the keys of a scenario file as keyword arguments.

Values are those of the file, or the models of `harness.scenario`: `mx=[{"tlsa": ["3 1 1 other-key"]}]` says the same as
`mx=[Mx(tlsa=("3 1 1 other-key",))]`. What nobody says of the expectation, the oracle works out from RFC 7672.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from harness.errors import ScenarioError
from harness.scenario.load import Entry, examine_tables
from harness.scenario.models import Mode, Scenario
from harness.scenario.source import Source, dotted
from harness.scenario.suite import delivered
from harness.worldgen.entries import Label, Maker, UnusableError, twin_of

_TITLE = "A world built in a test"
_EXPLAIN = "The test that built this world knows what it is about."
_ANYTHING = {"opportunistic": "AUTH", "mandatory": "AUTH", "unaware": "OPP"}
_SAID_OF_IT = ("id", "title", "explain", "covers", "expect", "twin", "catalogue", "importance", "reading", "needs")
"""Keys that say something about the scenario and nothing about its world."""


def built(words: Mapping[str, Any], *, name: str, where: str) -> Entry:
    """The scenario of these keyword arguments. `name` is its id where they give none; `where` is the test.

    `expect` may be one outcome for all modes. Left out, with `covers`, both are what the oracle says; left out, `twin`
    is the healthy world, or for a message that demands TLS one whose host keeps REQUIRETLS. Raises ScenarioError that
    names the key.
    """
    tables = {"id": name, "title": _TITLE, "explain": _EXPLAIN, **_tables(words)}
    if isinstance(tables.get("expect"), str):
        tables["expect"] = _in_all_modes(tables["expect"])
    _examined({"covers": ["7672-2.2-1"], "expect": _ANYTHING, **tables}, where)
    if not {"expect", "covers"} <= tables.keys():
        tables = {**_worked_out(tables, where), **tables}
    scenario = _examined(tables, where)
    if "twin" not in tables and not all(delivered(scenario, mode) for mode in Mode):
        scenario = _examined({**tables, "twin": twin_of(tables)}, where)
    return of(scenario, where=where)


def of(scenario: Scenario, *, where: str) -> Entry:
    """A scenario that somebody has made already, as if it stood in a file."""
    return Entry(scenario, Source(Path(where), "", scenario.model_dump(mode="json", exclude_unset=True)))


def _in_all_modes(text: str) -> dict[str, str]:
    """The same outcome in every mode. What DANE authenticates, a sender without it delivers as it did before DANE."""
    before = dict.fromkeys(word.strip().replace("AUTH", "OPP") for word in text.split("/"))
    return {"opportunistic": text, "mandatory": text, "unaware": " / ".join(before)}


def _examined(tables: dict[str, Any], where: str) -> Scenario:
    found, scenario = examine_tables(tables)
    for problem in found:
        raise ScenarioError(problem.text, file=where, key=dotted(problem.path), remedy=problem.remedy)
    assert scenario is not None
    return scenario


def _worked_out(tables: Mapping[str, Any], where: str) -> dict[str, Any]:
    """`expect` and `covers` as the oracle has them."""
    wanting = " and ".join(key for key in ("expect", "covers") if key not in tables)
    if "steps" in tables:
        raise ScenarioError(
            "is missing", file=where, key=wanting, remedy="a scenario with steps has to say it by itself"
        )
    world = {key: value for key, value in tables.items() if key not in _SAID_OF_IT}
    try:
        made = Maker().make(world, Label(id=tables["id"], title=tables["title"], explain=tables["explain"]))
    except UnusableError as reason:
        problem = f"is missing, and danelab cannot work out what RFC 7672 asks for here: {reason}"
        raise ScenarioError(problem, file=where, key=wanting, remedy='write it, as in expect="DEFER"') from None
    return {key: made.source.tables[key] for key in ("expect", "covers")}


def _tables(value: Any) -> Any:
    """Models as the tables that a file would hold, at any depth."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", exclude_unset=True)
    if isinstance(value, Mapping):
        return {key: _tables(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_tables(each) for each in value]
    return value
