"""The list of mutants is sound, and nothing of the sender's rules is left out of it."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from harness.mutation.table import markdown
from harness.scenario.requirements import Level, Role, load_requirements
from harness.scenario.suite import REQUIREMENTS, load_suite, own_scenarios
from harness.sender.mutants.model import Mutant, broken
from harness.sender.mutants.registry import all_mutants, names_of_all
from harness.sender.rules import Rules
from harness.targets.mutants import known_mutants

from .rules import methods, named_requirements, overridden

MUTANTS = all_mutants()
BINDING = (Level.MUST, Level.MUST_NOT, Level.SHOULD, Level.SHOULD_NOT)
PAGE = Path(__file__).parents[2] / "docs" / "mutants.md"


@pytest.mark.parametrize("mutant", MUTANTS.values(), ids=MUTANTS)
def test_a_mutant_is_well_described(mutant: Mutant) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", mutant.name)
    assert len(mutant.name) <= 40
    assert mutant.tells.endswith(".")
    assert len(mutant.tells) < 130
    assert mutant.breaks
    assert not mutant.argument or (mutant.argument.endswith(".") and len(mutant.argument) > 40)


def test_no_two_mutants_tell_the_same() -> None:
    told = [mutant.tells for mutant in MUTANTS.values()]
    assert len(set(told)) == len(told)
    assert len(MUTANTS) >= 300


def test_a_name_is_given_once() -> None:
    assert len(set(names_of_all())) == len(names_of_all()) == len(MUTANTS) == len(known_mutants())


def test_every_requirement_that_is_broken_is_in_the_catalogue() -> None:
    known = load_requirements(own_scenarios() / REQUIREMENTS)
    assert {each for mutant in MUTANTS.values() for each in mutant.breaks} <= known.keys()


def test_what_has_to_be_caught_is_covered_by_a_scenario() -> None:
    covered = {each for entry in load_suite() for each in entry.scenario.covers}
    bare = [name for name, mutant in MUTANTS.items() if not mutant.argument and not covered.intersection(mutant.breaks)]
    assert bare == []


@pytest.mark.parametrize("mutant", MUTANTS.values(), ids=MUTANTS)
def test_a_mutant_breaks_a_rule_in_its_own_words(mutant: Mutant) -> None:
    assert overridden(mutant.rules)
    for name in overridden(mutant.rules):
        right = inspect.signature(getattr(Rules, name)).parameters.values()
        wrong = inspect.signature(getattr(mutant.rules, name)).parameters.values()
        kinds = {each.kind for each in wrong}
        if inspect.Parameter.VAR_KEYWORD not in kinds:
            named = {each.name for each in right if each.kind is inspect.Parameter.KEYWORD_ONLY}
            assert {each.name for each in wrong if each.kind is inspect.Parameter.KEYWORD_ONLY} == named
        if inspect.Parameter.VAR_POSITIONAL not in kinds:
            places = inspect.Parameter.POSITIONAL_OR_KEYWORD
            assert [each.kind for each in wrong].count(places) == [each.kind for each in right].count(places)


def test_every_rule_is_broken_by_a_mutant() -> None:
    assert frozenset().union(*(overridden(mutant.rules) for mutant in MUTANTS.values())) == methods().keys()


def test_every_rule_but_for_argued_ones_is_broken_by_a_mutant_that_has_to_be_caught() -> None:
    caught = frozenset().union(*(overridden(each.rules) for each in MUTANTS.values() if not each.argument))
    for name in methods().keys() - caught:
        assert any(mutant.argument for mutant in MUTANTS.values() if name in overridden(mutant.rules)), name


def test_every_binding_requirement_that_a_rule_names_is_broken_by_a_mutant() -> None:
    known = load_requirements(own_scenarios() / REQUIREMENTS)
    binding = {each for each in named_requirements() if known[each].level in BINDING}
    senders = {each for each in binding if known[each].role is not Role.RECEIVER}
    assert len(senders) > 60
    broken_ones = {each for mutant in MUTANTS.values() for each in mutant.breaks}
    assert senders - broken_ones == set()


def test_what_is_no_rule_cannot_be_broken() -> None:
    with pytest.raises(TypeError, match="there is no rule is_kind"):
        broken(is_kind=lambda _: True)


def test_the_page_of_mutants_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == markdown(known_mutants().values()), (
        "write it anew: danelab mutants --markdown docs/mutants.md"
    )
