"""Both senders let loose in the scenes, in a lab of their own each."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.journal import Died, Event, decode
from harness.run import LOOPBACK_OFFERS, NAMESPACE_OFFERS, Contender, Picked, Plan, pick, run
from harness.scenario.load import Entry
from harness.scenario.models import Mode, Need
from harness.scenario.suite import Suite
from harness.scenario.zones import Resolver
from harness.targets import BuiltinSender, Kind, Network
from harness.verdict import Profile

from .gains import Gain, gain
from .scenes import HEALTHY, SCENES, letter


@dataclass(frozen=True, kw_only=True)
class Part:
    """A sender, and what came of its messages."""

    name: str
    gains: Mapping[str, Gain]
    """By scenario."""
    died: tuple[str, ...] = ()
    """Reasons why the sender's process ended when nobody asked it to."""

    @property
    def title(self) -> str:
        """What it is called in the story."""
        return "with DANE" if self.name == "builtin" else self.name

    @property
    def delivers(self) -> bool:
        """Whether the healthy domain got its message: else it shows nothing that others did not."""
        return self.gains[HEALTHY].arrived


@dataclass(frozen=True, kw_only=True)
class Performance:
    """What there is to be told."""

    without: Part
    """The built-in sender with DANE switched off, behind a resolver that checks no signatures."""
    within: Part
    """The sender that is to do DANE, behind a resolver that does check them."""


def perform(suite: Suite, kind: Kind, *, network: Network, limit: float) -> Performance:
    """Play all scenes with both senders. Raises DanelabError for what cannot be done, and where danelab fails."""
    patterns = [HEALTHY, *(scene.scenario for scene in SCENES)]
    mode = kind.mode or Mode.OPPORTUNISTIC
    offers = (NAMESPACE_OFFERS if network is Network.NAMESPACE else LOOPBACK_OFFERS) | kind.offers
    # In a namespace the target goes first: it is its plan that brings the network up.
    within = _part(kind, mode, _entries(suite, patterns, mode, offers), network=network, limit=limit)
    blind = [_unchecked(entry) for entry in _entries(suite, patterns, Mode.UNAWARE, LOOPBACK_OFFERS)]
    without = _part(BuiltinSender.kind(mode=Mode.UNAWARE), Mode.UNAWARE, blind, network=Network.LOOPBACK, limit=limit)
    return Performance(without=without, within=within)


def _entries(suite: Suite, patterns: Sequence[str], mode: Mode, offers: frozenset[Need]) -> list[Entry]:
    picked = pick(suite, patterns, profile=Profile.of(mode), offers=offers)
    return [entry for entry in picked.entries if entry.id in patterns]


def _unchecked(entry: Entry) -> Entry:
    """The same scenario behind a resolver that checks no signatures."""
    return replace(entry, scenario=entry.scenario.model_copy(update={"resolver": Resolver(validates=False)}))


def _part(kind: Kind, mode: Mode, entries: Sequence[Entry], *, network: Network, limit: float) -> Part:
    picked = Picked(entries=tuple(entries))
    contender = Contender(name=kind.name, kind=kind, profile=Profile.of(mode), picked=picked)
    with tempfile.TemporaryDirectory(prefix="danelab-") as folder:
        journal = Path(folder, "journal.ndjson")
        run(Plan(contenders=(contender,), network=network, journal=journal, limit=limit, letter=letter))
        with journal.open(encoding="utf-8") as lines:
            events: list[Event] = list(decode(lines))
    gains = {entry.id: gain(entry.scenario, events) for entry in entries}
    return Part(name=kind.name, gains=gains, died=tuple(each.reason for each in events if isinstance(each, Died)))
