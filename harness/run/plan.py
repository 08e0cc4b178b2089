"""What is to be run: the scenarios that were asked for, what their verdicts rest on, and what cannot be run here."""

from __future__ import annotations

import contextlib
import os
import re
import socket
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.errors import NothingConcluded
from harness.journal import Event
from harness.lab.lab import Ports
from harness.lab.resolvers.software import ResolverSoftware
from harness.scenario.choices import Choices
from harness.scenario.load import Entry
from harness.scenario.models import Need, Scenario
from harness.scenario.requirements import Requirement
from harness.scenario.selection import select
from harness.scenario.stages import Stage, stages
from harness.scenario.suite import Suite
from harness.targets import Kind, Network
from harness.verdict import Profile, companions
from harness.world.internet import Internet

from .letters import Letter, letter
from .shards import Shard

LOOPBACK_OFFERS = frozenset({Need.IPV6, Need.QUEUE, Need.LAB_RESOLVER, Need.REPETITION})
"""Needs that a lab on the loopback interface with the simulated resolver meets."""
NAMESPACE_OFFERS = LOOPBACK_OFFERS | {Need.NAMESPACE}
"""Needs that a lab in a network namespace meets."""
REAL_RESOLVER_OFFERS = frozenset({Need.VALIDATING_RESOLVER, Need.CACHE})
"""Needs that a resolver meets which really asks the authoritative servers."""
ASKED_FOR: Mapping[Need, str] = {Need.PATIENCE: "--patient"}
"""Needs that a run meets when it is told to, with the option that tells it."""


@dataclass(frozen=True, kw_only=True)
class Picked:
    """The scenarios of a run."""

    entries: tuple[Entry, ...]
    """All that are run, sorted by id."""
    along: tuple[str, ...] = ()
    """Ids of those among them that nobody asked for; verdicts on the others rest on them."""
    left_out: Mapping[str, tuple[Need, ...]] = field(default_factory=dict)
    """Ids of those that were asked for and cannot be run, each with what it needs and nobody offers."""
    shard: str = ""
    """Which part of what was asked for it is, as `3/16`; empty: all of it."""


@dataclass(frozen=True, kw_only=True)
class Contender:
    """A target in a run, and what it is judged by there."""

    name: str
    """Unique in the run."""
    kind: Kind
    profile: Profile
    picked: Picked


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A run that can be carried out."""

    contenders: tuple[Contender, ...]
    network: Network = Network.LOOPBACK
    resolver: ResolverSoftware = ResolverSoftware.SIMULATED
    seed: str = "danelab"
    ports: Ports = field(default_factory=Ports)
    """Where to listen on loopback."""
    resolver_prefix: Path | None = None
    """Where the packages of a real resolver lie unpacked."""
    listens: str = ""
    """The address on a network device at which a target elsewhere finds the lab."""
    quiet: float = 5.0
    """How long nothing may happen about a message before a target elsewhere counts as keeping it, in seconds."""
    tell: Callable[[str], None] = lambda _: None
    """Called with what the person at the keyboard should see at once."""
    raised: Callable[[Internet, str], None] = lambda _internet, _at: None
    """Called once the lab is up, with what it serves and the place of its resolver."""
    recorded: Callable[[Sequence[Event]], None] = lambda _: None
    """Called with all that happened, once the run is over."""
    letter: Letter = letter
    """Writes the messages."""
    limit: float = 60.0
    """How long a target may take to make up its mind about one message, in seconds."""
    journal: Path | None = None
    """Where to write the journal."""
    capture: Path | None = None
    """The folder for packet captures and TLS keys, one of each for every target; None: none are made."""
    requirements: Mapping[str, Requirement] = field(default_factory=dict)
    """The rules whose words failures are told in."""
    choices: Choices = field(default_factory=dict)
    """The choices that the RFCs leave to the target, to read off where it stands on them."""

    @property
    def side_by_side(self) -> int:
        """How many targets are tested at a time. With a real resolver, or where one is tested, it is one for each core:
        it loses patience with name servers that have to wait for the machine."""
        several = len(self.contenders)
        impatient = self.resolver.is_real or any(each.kind.resolves is not None for each in self.contenders)
        return min(several, max(2, os.cpu_count() or 1)) if impatient else several

    def captured(self, contender: Contender) -> tuple[Path, Path]:
        """The files for a target's packets and for the TLS keys of its lab."""
        assert self.capture is not None
        mark = "-" + re.sub(r"[^\w.-]+", "-", contender.name) if len(self.contenders) > 1 else ""
        return self.capture / f"capture{mark}.pcapng", self.capture / f"keys{mark}.log"

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All scenarios that any target has to do with, sorted by id."""
        found = {entry.id: entry for contender in self.contenders for entry in contender.picked.entries}
        return tuple(found[key] for key in sorted(found))


def pick(
    suite: Suite,
    patterns: Iterable[str] = (),
    *,
    profile: Profile,
    offers: frozenset[Need],
    checks: bool = False,
    shard: Shard | None = None,
) -> Picked:
    """The scenarios that the patterns mean, and those without which nothing follows from them.

    `offers` are the needs that lab and target meet; `checks` is for a checker, which can be judged only where a
    scenario says what is to be found; `shard` takes a part of what was asked for. Raises UsageError for a pattern that
    matches nothing, ScenarioError where IPv6 is wanted of a machine that has none, and NothingConcluded when nothing
    can be run.
    """
    asked = [entry for entry in select(suite, patterns).chosen if not checks or _can_be_checked(entry.scenario)]
    out_of_reach = {entry.id: found for entry in suite if (found := lacking(entry.scenario, offers))}
    chosen = tuple(entry for entry in asked if entry.id not in out_of_reach)
    left_out = {entry.id: out_of_reach[entry.id] for entry in asked if entry.id in out_of_reach}
    if not chosen:
        raise NothingConcluded(_nothing(left_out))
    if shard is not None:
        chosen = shard.part_of(chosen)
    runnable = {entry.id: entry for entry in suite if entry.id not in out_of_reach}
    scenarios = {key: entry.scenario for key, entry in runnable.items()}
    along = companions((entry.id for entry in chosen), scenarios, profile)
    entries = sorted((*chosen, *(runnable[key] for key in along)), key=lambda entry: entry.id)
    _check_ipv6(entries)
    return Picked(entries=tuple(entries), along=tuple(sorted(along)), left_out=left_out, shard=str(shard or ""))


def _can_be_checked(scenario: Scenario) -> bool:
    expects = [scenario.expect, *(step.expect for step in scenario.steps if step.expect is not None)]
    return any(expect.checker is not None for expect in expects)


def lacking(scenario: Scenario, offers: frozenset[Need]) -> tuple[Need, ...]:
    """What the scenario needs, as it says or as follows from its worlds and steps, and nobody offers."""
    worlds = stages(scenario)
    implied = [Need.IPV6] if _ipv6_key(worlds) else []
    implied += [Need.REPETITION] if any(step.times > 1 for step in scenario.steps) else []
    implied += [Need.LAB_RESOLVER] if any("resolver" in each.scenario.model_fields_set for each in worlds) else []
    needs = dict.fromkeys((*scenario.needs, *implied))
    return tuple(need for need in needs if need not in offers)


def wanting(need: Need) -> str:
    """The need as reports name it, with the option that would meet it: `patience (--patient)`."""
    return f"{need} ({ASKED_FOR[need]})" if need in ASKED_FOR else str(need)


def _nothing(left_out: Mapping[str, tuple[Need, ...]]) -> str:
    if not left_out:
        return "nothing that was asked for says what a checker should find; `danelab list` shows what else there is"
    key, needs = next(iter(left_out.items()))
    which = f"{key} needs {' and '.join(map(wanting, needs))}" + (
        f", and {len(left_out) - 1} more likewise" * (len(left_out) > 1)
    )
    return f"nothing that was asked for can be run here: {which}; `danelab list` shows what else there is"


def _check_ipv6(entries: Iterable[Entry]) -> None:
    wanting = next((entry for entry in entries if _ipv6_key(stages(entry.scenario))), None)
    if wanting is None or has_ipv6():
        return
    raise wanting.error(
        *_ipv6_key(stages(wanting.scenario)),
        text="asks for IPv6, which this machine does not have",
        remedy="switch IPv6 on, or leave such scenarios out with --no-ipv6",
    )


def _ipv6_key(worlds: tuple[Stage, ...]) -> tuple[str | int, ...]:
    """Where in the file a host is given an IPv6 address; empty where none is."""
    for stage in worlds:
        where = () if stage.step is None else ("steps", stage.step, "change")
        for table, hosts in (("mx", stage.scenario.mx), ("hosts", stage.scenario.hosts)):
            for number, host in enumerate(hosts):
                if host.ipv6:
                    return (*where, table, number, "ipv6")
    return ()


def has_ipv6() -> bool:
    """Whether a client on this machine can speak IPv6 to an address of the loopback lab."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as tried:
        tried.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        tried.bind(("::ffff:127.0.0.1", 0))
        return True
    return False
