"""From the tables of a made-up world to a scenario like any other, with what the oracle expects of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from harness.errors import DanelabError
from harness.oracle import UNDECLARED, Facts, Stance
from harness.oracle.reach import Beyond, beyond
from harness.oracle.words import expectation, requirements
from harness.scenario.checks import check
from harness.scenario.load import Entry
from harness.scenario.models import Expect, Scenario, WireRule
from harness.scenario.source import Source
from harness.scenario.stages import Stage, validated
from harness.survey import survey
from harness.world.addresses import LOOPBACK
from harness.world.internet import Internet

from .toml import write

CONTROL = "ee-311"
"""The scenario that a made-up one is the twin of: the healthy world, which lacks whatever its defect is."""

KEEPS_REQUIRETLS = "requiretls-ok"
"""The same for messages that demand TLS: a host that fulfils every condition."""

_NOW = 1_767_225_600
"""When made-up worlds are surveyed: the start of 2026. Dates in scenarios are relative, so that any time would do."""

ALWAYS = (
    WireRule.NO_STARTTLS_INSIDE_TLS,
    WireRule.NOTHING_IN_CLEAR_AFTER_STARTTLS,
    WireRule.ONLY_OFFERED_INSIDE_TLS,
)
"""What senders MUST and MUST NOT say on the wire, whatever the world (RFC 3207 section 4)."""

_PLACEHOLDER = {"opportunistic": "AUTH", "mandatory": "AUTH", "unaware": "OPP"}


@dataclass(frozen=True, kw_only=True)
class Label:
    """What is said about a made-up scenario, beside its world."""

    id: str
    title: str
    explain: str
    importance: str = "minor"
    twin: str = CONTROL
    """The scenario that is delivered when this one is not."""


class UnusableError(Exception):
    """No scenario can be made of the tables: they contradict themselves, or the oracle does not speak about them."""


class Maker:
    """Makes scenarios, each under an id of its own, and asks the oracle about them in one fake Internet."""

    def __init__(self, *, folder: str = "generated", stance: Stance = UNDECLARED) -> None:
        """`folder` is where the files would lie; it names their group. `stance` is what the sender declares."""
        self._folder = Path(folder)
        self._stance = stance
        self._internet = Internet(seed="oracle", now=_NOW, plan=LOOPBACK)

    def make(self, tables: Mapping[str, Any], label: Label) -> Entry:
        """The scenario of these tables, with the oracle's expectation. Raises UnusableError."""
        draft = _scenario({**tables, "expect": _PLACEHOLDER}, label, covers=("7672-2.2-1",))
        reason = beyond(draft)
        if reason is not None:
            raise UnusableError(reason)
        expect, covers = self._ask(draft)
        expect = expect.model_copy(update={"wire": (*ALWAYS, *expect.wire)})
        said: dict[str, Any] = {"title": label.title, "covers": list(covers)}
        if not _always_delivered(expect) and label.twin != label.id:
            said["twin"] = label.twin
        written = {
            **said,
            "importance": label.importance,
            "explain": f"{label.explain}\n",
            **tables,
            "expect": expect.model_dump(mode="json", exclude_none=True, exclude_defaults=True),
        }
        scenario = _scenario(written, label, covers=covers)
        return Entry(scenario, Source(self._folder / f"{label.id}.toml", write(written), written))

    def needed(self, tables: Mapping[str, Any]) -> Stance:
        """The least of what the sender declares that leads to the same expectation. Raises UnusableError."""
        label = Label(id="needed", title="what is needed", explain="Nobody reads what is told of this one.")
        facts, hosts = self._surveyed(_scenario({**tables, "expect": _PLACEHOLDER}, label, covers=("7672-2.2-1",)))
        said, needed = expectation(facts, hosts=hosts, stance=self._stance), self._stance
        for point in self._stance.positions:
            less = needed.without(point)
            needed = less if expectation(facts, hosts=hosts, stance=less) == said else needed
        return needed

    def _ask(self, draft: Scenario) -> tuple[Expect, tuple[str, ...]]:
        """What the oracle says, and the requirements it goes by."""
        facts, hosts = self._surveyed(draft)
        said = expectation(facts, hosts=hosts, stance=self._stance)
        if isinstance(said, Beyond):
            raise UnusableError(said)
        return said, requirements(facts, self._stance)

    def _surveyed(self, draft: Scenario) -> tuple[Facts, Collection[str]]:
        """The facts of a world, and the keys of the hosts that an outcome can name."""
        try:
            self._internet.add(draft)
            world = self._internet.world(draft.id)
            return survey(self._internet, draft, recipient=world.recipient), world.hosts.keys()
        except (DanelabError, ValueError) as error:
            raise UnusableError(str(error)) from None


def twin_of(tables: Mapping[str, Any]) -> str:
    """The scenario of the suite that has to be delivered for mail withheld here to mean anything."""
    return KEEPS_REQUIRETLS if tables.get("message", {}).get("requiretls") else CONTROL


def _scenario(tables: Mapping[str, Any], label: Label, *, covers: tuple[str, ...]) -> Scenario:
    whole = {"title": label.title, "explain": label.explain, "covers": list(covers), **tables, "id": label.id}
    try:
        scenario = validated(whole)
    except ValidationError as error:
        raise UnusableError(str(error)) from None
    problem = next(check((Stage(None, scenario),)), None)
    if problem is not None:
        raise UnusableError(problem.text)
    return scenario


def _always_delivered(expect: Expect) -> bool:
    return all(each.usual.is_delivery for each in (expect.opportunistic, expect.mandatory, expect.unaware))
