"""What follows from what a run was asked for: where the targets meet the lab, who resolves, who is judged by what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.errors import UsageError

if TYPE_CHECKING:
    from harness.lab.resolvers.software import ResolverSoftware
    from harness.run import Contender
    from harness.scenario.models import Mode, Need
    from harness.scenario.suite import Suite
    from harness.targets import Kind, Network

AUTO = "auto"


def choose_network(word: str, kinds: Sequence[Kind]) -> Network:
    """The kind of lab that all the targets can meet. Raises UsageError where there is none."""
    from harness.targets import Network

    wanted = list(Network) if word == AUTO else [Network(word)]
    for network in wanted:
        if all(network in kind.networks for kind in kinds):
            return network
    for kind in kinds:
        if not kind.networks & set(wanted):
            able = " or ".join(f"--lab {each}" for each in sorted(kind.networks))
            raise UsageError(f"{kind.name} cannot be run with --lab {word}; take {able}")
    names = ", ".join(kind.name for kind in kinds)
    raise UsageError(f"{names}: there is no kind of lab that all of these can meet; run them one by one")


def choose_resolver(word: str, network: Network, *, fetch: bool) -> ResolverSoftware:
    """Who resolves; fetched first, where it is a program and `fetch` is set. Raises UsageError."""
    from harness.lab.resolvers.software import ResolverSoftware
    from harness.targets import Network

    if word == AUTO:
        return ResolverSoftware.SIMULATED
    software = ResolverSoftware(word)
    if software is not ResolverSoftware.SIMULATED and network is Network.LOOPBACK:
        raise UsageError(f"--resolver {word} asks real name servers at port 53; take --lab namespace with it")
    return software


def offers_of(network: Network, resolver: ResolverSoftware) -> frozenset[Need]:
    """The needs of scenarios that such a lab meets."""
    from harness.run import LOOPBACK_OFFERS, NAMESPACE_OFFERS, REAL_RESOLVER_OFFERS
    from harness.targets import Network

    offers = LOOPBACK_OFFERS if network is Network.LOOPBACK else NAMESPACE_OFFERS
    return offers | REAL_RESOLVER_OFFERS if resolver.is_real else offers


def enter_lists(
    kinds: Sequence[Kind],
    suite: Suite,
    patterns: Sequence[str],
    *,
    mode: Mode,
    judge_as: Mode | None,
    offers: frozenset[Need],
) -> tuple[Contender, ...]:
    """Each target with its scenarios and what it is judged by. Those of one name are numbered.

    Raises UsageError and NothingConcluded as `harness.run.pick` does.
    """
    from harness.run import Contender, pick
    from harness.verdict import Profile

    contenders: list[Contender] = []
    taken: Counter[str] = Counter()
    for kind in kinds:
        taken[kind.name] += 1
        name = kind.name if taken[kind.name] == 1 else f"{kind.name}#{taken[kind.name]}"
        choices = {choice: frozenset(codes) for choice, codes in kind.choices.items()}
        profile = Profile.of(kind.mode or mode, choices=choices)
        if judge_as is not None:
            profile = replace(profile, judged_as=judge_as)
        picked = pick(suite, patterns, profile=profile, offers=offers | kind.offers, checks=kind.checks)
        contenders.append(Contender(name=name, kind=kind, profile=profile, picked=picked))
    return tuple(contenders)
