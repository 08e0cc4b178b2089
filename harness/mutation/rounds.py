"""All mutants, several at a time, each in a process of its own."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from harness.errors import HarnessError
from harness.run import Contender
from harness.run.together import side_by_side
from harness.scenario.models import Mode
from harness.targets.mutants import MutantFacts, mutant_kind, unbroken_kind

from .fates import Fate
from .trial import Trials

_CONTROL = "the sender without a mutation"


def tried(
    mutants: Sequence[MutantFacts], trials: Trials, *, at_once: int, progress: Callable[[int], None] = lambda _: None
) -> tuple[Fate, ...]:
    """What becomes of these mutants, in their order. `progress` is told how many are through.

    Raises HarnessError where the sender without a mutation fails: nothing would follow from a mutant's failing then.
    """
    # What takes longest comes first, so that no core stands idle in the end.
    controls = [control(mode) for mode in dict.fromkeys(trials.mode or each.mode for each in mutants)]
    waiting = [*controls, *sorted(mutants, key=lambda each: not each.argument)]
    kinds = {each.name: mutant_kind(each.name) for each in mutants}
    kinds |= {each.name: unbroken_kind() for each in controls}
    ready = {each.name: trials.contender(kinds[each.name], each, whole=True) for each in waiting}
    facts = {id(ready[each.name]): each for each in waiting}
    with tempfile.TemporaryDirectory(prefix="danelab-") as folder:

        def one(contender: Contender, tell: Callable[[int], None]) -> None:
            mutant = facts[id(contender)]
            fate = trials.fate(contender.kind, mutant)
            _file(folder, mutant).write_text(fate.model_dump_json(), encoding="utf-8")
            tell(1)

        side_by_side([ready[each.name] for each in waiting], one, at_once=at_once, progress=progress)
        for each in controls:
            _check(Fate.model_validate_json(_file(folder, each).read_bytes()))
        return tuple(Fate.model_validate_json(_file(folder, each).read_bytes()) for each in mutants)


def control(mode: Mode) -> MutantFacts:
    """The sender without a mutation, told as a mutant that passes everything, as it should."""
    return MutantFacts(
        name=f"none-{mode}", theme="", tells=_CONTROL, breaks=(), harm="", mode=mode, argument="It keeps every rule."
    )


def _check(fate: Fate) -> None:
    if fate.problems:
        raise HarnessError(f"danelab failed with {_CONTROL}: {fate.problems[0]}")
    if fate.catches:
        first = fate.catches[0]
        told = f"{first.scenario} expected {first.expected}, seen {first.outcome}"
        raise HarnessError(
            f"{_CONTROL} fails in {len(fate.catches)} scenarios ({fate.mode}), so no mutant counts: {told}"
        )


def _file(folder: str, mutant: MutantFacts) -> Path:
    return Path(folder) / f"{mutant.name}.json"
