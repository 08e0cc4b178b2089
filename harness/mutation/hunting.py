"""Random worlds instead of scenarios: a counterexample to each mutant, made as small as it can be."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from harness.oracle import Stance
from harness.run import Contender
from harness.run.plan import LOOPBACK_OFFERS, has_ipv6
from harness.run.together import side_by_side
from harness.scenario.models import Mode
from harness.scenario.suite import load_suite
from harness.targets import Kind
from harness.targets.mutants import MutantFacts, mutant_kind
from harness.verdict import Profile
from harness.verdict.result import Grade, Record
from harness.worldgen.bench import bench
from harness.worldgen.entries import CONTROL
from harness.worldgen.hunt import Hunt, kept, kinds


class Prey(Record):
    """What a hunt for one mutant came to."""

    mutant: str
    worlds: int
    """How many were tried until something was found, or in vain."""
    kind: str = ""
    """How grave it is and what was done; empty: nothing was found."""
    title: str = ""
    toml: str = ""
    """The smallest world, as a scenario file."""
    expected: str = ""

    def told(self) -> str:
        """For people."""
        if not self.kind:
            return f"{self.mutant}: nothing found in {self.worlds} worlds\n"
        world = "".join(f"    {line}".rstrip() + "\n" for line in self.toml.splitlines())
        return f"{self.mutant}: {self.kind}, expected {self.expected}, after {self.worlds} worlds\n{world}"


def hunt(mutant: MutantFacts, kind: Kind, *, count: int, mode: Mode | None = None, seed: int = 0) -> Prey:
    """Draw so many worlds at most until one shows as much harm as the mutant does, and shrink the gravest."""
    tested = mode or mutant.mode
    stance = Stance.of(kind.choices)
    # The oracle narrows what it permits by what is declared: the judge reads choices off scenarios that people wrote.
    with bench(load_suite()[CONTROL], kind, Profile(tested, tested), seed=str(seed), limit=60.0) as attempt:
        hunter = Hunt(
            seed=seed,
            count=count,
            attempt=attempt,
            ipv6=has_ipv6(),
            offers=kind.met(LOOPBACK_OFFERS, tested),
            stance=stance,
        )
        tally = hunter.run(until=Grade(mutant.harm))
        found = next(kinds(tally.found), None)
        if found is None:
            return Prey(mutant=mutant.name, worlds=tally.worlds)
        smallest = hunter.smallest(found)
    entry = kept(smallest, stance)
    return Prey(
        mutant=mutant.name,
        worlds=tally.worlds,
        kind=" ".join(found),
        title=entry.scenario.title,
        toml=entry.source.text,
        expected=smallest.result.expected,
    )


def hunted(mutants: Sequence[MutantFacts], *, count: int, mode: Mode | None = None, at_once: int) -> Iterator[Prey]:
    """Hunt each of them, several at a time, in processes of their own."""
    from .trial import Trials

    trials = Trials(suite=load_suite(), requirements={}, mode=mode)
    ready = [trials.contender(mutant_kind(each.name), each, whole=True) for each in mutants]
    facts = {id(contender): each for contender, each in zip(ready, mutants, strict=True)}
    with tempfile.TemporaryDirectory(prefix="danelab-") as folder:

        def one(contender: Contender, _: object) -> None:
            mutant = facts[id(contender)]
            prey = hunt(mutant, contender.kind, count=count, mode=mode)
            (Path(folder) / mutant.name).write_text(prey.model_dump_json(), encoding="utf-8")

        side_by_side(ready, one, at_once=at_once, progress=lambda _: None)
        for each in mutants:
            yield Prey.model_validate_json((Path(folder) / each.name).read_bytes())
