"""What follows from what a run was asked for: where the targets meet the lab, who resolves, who is judged by what."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from harness.lab.resolvers import ResolverSoftware
    from harness.run import Contender, Shard
    from harness.scenario.choices import Positions
    from harness.scenario.models import Mode, Need
    from harness.scenario.suite import Suite
    from harness.targets import Kind, Network

AUTO = "auto"


def choose_network(word: str, kinds: Sequence[Kind], *, listens: str = "") -> Network:
    """The kind of lab that all the targets can meet; `listens` is the address at which one elsewhere would.

    Raises UsageError where there is none.
    """
    from harness.targets import Network

    word = Network.OUTSIDE if listens else word
    for kind in kinds:
        if kind.networks == {Network.OUTSIDE} and not listens:
            raise UsageError(f"{kind.name} is reached over a network; say at which address with --listen ADDRESS")
        if listens and Network.OUTSIDE not in kind.networks:
            raise UsageError(f"{kind.name} is run by danelab in a network of its own; leave --listen out")
    if listens and len(kinds) > 1:
        raise UsageError("with --listen there can be one target only, for nothing tells the mail of two apart")
    wanted = [Network.LOOPBACK, Network.NAMESPACE] if word == AUTO else [Network(word)]
    for network in wanted:
        if all(network in kind.networks for kind in kinds):
            return network
    for kind in kinds:
        if not kind.networks & set(wanted):
            able = " or ".join(f"--lab {each}" for each in sorted(kind.networks))
            raise UsageError(f"{kind.name} cannot be run with --lab {word}; take {able}")
    names = ", ".join(kind.name for kind in kinds)
    raise UsageError(f"{names}: there is no kind of lab that all of these can meet; run them one by one")


def choose_resolver(word: str, network: Network, kinds: Sequence[Kind]) -> ResolverSoftware:
    """Who resolves for these targets. Raises UsageError where it cannot be had in that kind of lab."""
    from harness.lab.resolvers import ResolverSoftware
    from harness.targets import Network

    if word == AUTO:
        return _usual(network, kinds)
    software = ResolverSoftware(word)
    if software is not ResolverSoftware.SIMULATED and network is Network.LOOPBACK:
        raise UsageError(f"--resolver {word} needs port 53 of a network of its own; take --lab namespace with it")
    return software


def _usual(network: Network, kinds: Sequence[Kind]) -> ResolverSoftware:
    """unbound in a namespace where it is at hand, unless there are more targets than cores to give each one its own;
    else the simulated one, which gives the same verdicts.

    Targets that could be on loopback ask for hundreds of domains at once, of which a real resolver refuses some.
    """
    from harness.lab.resolvers import ResolverSoftware
    from harness.targets import Network

    enough = network is Network.NAMESPACE and len(kinds) <= max(2, os.cpu_count() or 1)
    flooding = all(Network.LOOPBACK in kind.networks for kind in kinds)
    if enough and not flooding and prefix_of(ResolverSoftware.UNBOUND, fetch=False) is not None:
        return ResolverSoftware.UNBOUND
    return ResolverSoftware.SIMULATED


def prefix_of(software: ResolverSoftware, *, fetch: bool) -> Path | None:
    """Where the packages of a resolver lie unpacked; None where it is no program, or is not there and not to be
    fetched. Raises UsageError where it cannot be fetched."""
    from harness.targets import bundle
    from harness.targets.packages import Unavailable, prefix, prefix_path

    if not software.is_real:
        return None
    packages = bundle(software)
    if not fetch:
        return prefix_path(packages) if prefix_path(packages).is_dir() else None
    try:
        return prefix(packages)
    except Unavailable as problem:
        raise UsageError(f"--resolver {software} cannot be had here: {problem.reason}; see: danelab doctor") from None


def offers_of(network: Network, resolver: ResolverSoftware, *, patient: bool = False) -> frozenset[Need]:
    """The needs of scenarios that such a lab meets; `patient`: the run may last minutes."""
    from harness.lab.resolvers import ResolverSoftware
    from harness.run import LOOPBACK_OFFERS, NAMESPACE_OFFERS, REAL_RESOLVER_OFFERS
    from harness.scenario.models import Need
    from harness.targets import Network

    offers = LOOPBACK_OFFERS if network is Network.LOOPBACK else NAMESPACE_OFFERS
    if patient:
        offers |= {Need.PATIENCE}
    if resolver is ResolverSoftware.TARGET:
        return (offers | REAL_RESOLVER_OFFERS) - {Need.LAB_RESOLVER}
    return offers | REAL_RESOLVER_OFFERS if resolver.is_real else offers


def enter_lists(
    kinds: Sequence[Kind],
    suite: Suite,
    patterns: Sequence[str],
    *,
    mode: Mode,
    judge_as: Mode | None,
    offers: frozenset[Need],
    declared: Positions | None = None,
    shard: Shard | None = None,
) -> tuple[Contender, ...]:
    """Each target with its scenarios and what it is judged by. Those of one name are numbered.

    `declared` are positions that all of them declare, beside those of their own.
    Raises UsageError where a checker would declare, and UsageError and NothingConcluded as `harness.run.pick` does.
    """
    from harness.run import Contender, pick
    from harness.scenario.models import Need
    from harness.verdict import Profile

    contenders: list[Contender] = []
    taken: Counter[str] = Counter()
    for kind in kinds:
        if kind.checks and declared:
            raise UsageError(f"{kind.name} is a checker, and checkers declare no choices; leave --choice out")
        taken[kind.name] += 1
        name = kind.name if taken[kind.name] == 1 else f"{kind.name}#{taken[kind.name]}"
        choices = {**kind.choices, **(declared or {})}
        profile = Profile.of(kind.mode or mode, choices=choices)
        if judge_as is not None:
            profile = replace(profile, judged_as=judge_as)
        offered = kind.met(offers, profile.mode)
        if kind.resolves is not None:
            # What a scenario's resolver does wrong is nothing that another could be asked about.
            offered -= {Need.LAB_RESOLVER}
        picked = pick(suite, patterns, profile=profile, offers=offered, checks=kind.checks, shard=shard)
        contenders.append(Contender(name=name, kind=kind, profile=profile, picked=picked))
    return tuple(contenders)
