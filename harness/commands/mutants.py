"""`danelab mutants`: does the suite catch a sender that breaks one rule?"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.errors import ExitCode, UsageError

from .common import terminal
from .meter import in_parts
from .outputs import write_text

if TYPE_CHECKING:
    from harness.mutation.fates import Fate
    from harness.targets.mutants import MutantFacts

MODES = click.Choice(["opportunistic", "mandatory", "unaware"])

EPILOG = """\b
Patterns: names with * and ?, theme:fallbacks, harm:security, breaks:'7672-2.2*'

\b
Examples:
  danelab mutants                                  all of them
  danelab mutants 'tlsa-*' --whole                 some, in every scenario there is
  danelab mutants --list                           what each of them does wrong
  danelab mutants --fuzz 2000 harm:security        random worlds in place of scenarios
  danelab run -t mutant:clear-retry -v             one, with the verdicts on it

\b
Exit status: 0 all were caught for the right reason, or it has been argued why they may pass; 1 some were not;
2 usage error; 3 danelab failed.
"""


@click.command("mutants", short_help="Break the sender's rules one by one: does the suite notice?", epilog=EPILOG)
@click.argument("patterns", metavar="[PATTERN]...", nargs=-1)
@click.option("-m", "--mode", type=MODES, default=None, help="One mode for all. Default: that in which each shows.")
@click.option("--whole", is_flag=True, help="Each in every scenario. Default: until the right ones have caught it.")
@click.option("--list", "listing", is_flag=True, help="Only say which there are.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Also write what came of each to a file.")
@click.option("--markdown", "page", type=click.Path(path_type=Path), help="Only write the list of them to a file.")
@click.option("-j", "jobs", type=click.IntRange(1), default=None, help="How many at a time. Default: one per core.")
@click.option("--fuzz", "worlds", type=click.IntRange(1, 20000), default=None, help="Hunt in so many random worlds.")
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
def command(
    patterns: tuple[str, ...],
    *,
    mode: str | None,
    whole: bool,
    listing: bool,
    json_file: Path | None,
    page: Path | None,
    jobs: int | None,
    worlds: int | None,
    quiet: bool,
) -> int:
    """Let the built-in sender loose with one rule broken at a time, and see that the suite catches it.

    A mutant is caught for the right reason where a scenario that covers the broken requirement fails it, with the grade
    that the harm calls for.
    """
    from harness.mutation.fates import exit_status
    from harness.mutation.rounds import tried
    from harness.mutation.table import markdown, show
    from harness.mutation.trial import Trials
    from harness.scenario.choices import CHOICES, load_choices
    from harness.scenario.models import Mode
    from harness.scenario.requirements import load_requirements
    from harness.scenario.suite import REQUIREMENTS, load_suite, own_scenarios

    chosen = chosen_mutants(patterns)
    if listing:
        return _list(chosen)
    if page is not None:
        write_text(markdown(chosen), page)
        return ExitCode.AS_EXPECTED
    at_once = jobs or os.cpu_count() or 1
    if worlds is not None:
        return _hunt(chosen, worlds=worlds, mode=mode, at_once=at_once)
    requirements = load_requirements(own_scenarios() / REQUIREMENTS)
    trials = Trials(
        suite=load_suite(requirements=requirements.keys()),
        requirements=requirements,
        choices=load_choices(own_scenarios() / CHOICES),
        whole=whole,
        mode=Mode(mode) if mode else None,
    )
    began = time.monotonic()
    fates = tried(
        chosen, trials, at_once=at_once, progress=in_parts(len(chosen), "mutants", parts=10, visible=not quiet)
    )
    if json_file is not None:
        write_text(_as_json(fates), json_file)
    show(fates, terminal(), seconds=time.monotonic() - began)
    return exit_status(fates)


def chosen_mutants(patterns: Sequence[str]) -> tuple[MutantFacts, ...]:
    """The mutants that the patterns mean; all without any. Raises UsageError for a pattern that matches none."""
    from harness.scenario.words import did_you_mean
    from harness.targets.mutants import known_mutants

    known = known_mutants()
    wanted: set[str] = set()
    for pattern in patterns:
        found = {each.name for each in known.values() if _means(pattern, each)}
        if not found:
            raise UsageError(
                f"no mutant is meant by {pattern!r}; {did_you_mean(pattern, known)}; --list shows them all"
            )
        wanted |= found
    return tuple(each for each in known.values() if not patterns or each.name in wanted)


def _means(pattern: str, mutant: MutantFacts) -> bool:
    field, colon, word = pattern.partition(":")
    values = {"theme": (mutant.theme,), "harm": (mutant.harm,), "breaks": mutant.breaks}
    if colon and field in values:
        return any(fnmatchcase(value, word) for value in values[field])
    return fnmatchcase(mutant.name, pattern)


def _list(mutants: Sequence[MutantFacts]) -> int:
    for each in mutants:
        click.echo(f"{each.name} ({each.harm}, {each.mode}): {each.tells} [{', '.join(each.breaks)}]")
        if each.argument:
            click.echo(f"  passes: {each.argument}")
    click.echo(f"{len(mutants)} mutants, {sum(bool(each.argument) for each in mutants)} of them argued.")
    return ExitCode.AS_EXPECTED


def _hunt(mutants: Sequence[MutantFacts], *, worlds: int, mode: str | None, at_once: int) -> int:
    from harness.mutation.hunting import hunted
    from harness.scenario.models import Mode

    missed = 0
    mutants = [each for each in mutants if not each.argument]
    for prey in hunted(mutants, count=worlds, mode=Mode(mode) if mode else None, at_once=at_once):
        missed += prey.kind == ""
        click.echo(prey.told())
    click.echo(f"{len(mutants)} mutants, {missed} of them without a counterexample in {worlds} random worlds.")
    return ExitCode.NOT_CONFORMING if missed else ExitCode.AS_EXPECTED


def _as_json(fates: Sequence[Fate]) -> str:
    from pydantic import TypeAdapter

    from harness.mutation.fates import Fate

    return TypeAdapter(tuple[Fate, ...]).dump_json(tuple(fates), indent=2).decode() + "\n"
