"""Mutants: the built-in sender with one rule broken on purpose, as targets."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from pydantic import BaseModel, ConfigDict, TypeAdapter

from harness.errors import HarnessError, UsageError
from harness.scenario.models import Mode
from harness.scenario.words import did_you_mean

from .base import Kind
from .builtin import BuiltinSender
from .builtin_choices import DECLARED

_ALSO_DECLARED = {"address-family": "ipv4-and-ipv6", "malformed-tlsa": "unusable"}
"""What the built-in sender does, and declares in no run, since not every machine or resolver lets it."""

_PROGRAM = (
    sys.executable,
    *("-P", "-c"),
    "import sys; sys.path.append(sys.argv.pop(1)); from harness.sender.mutants.__main__ import main; sys.exit(main())",
    str(Path(__file__).parents[2]),
)
_PATIENCE = ("--connect-timeout", "30", "--reply-timeout", "30", "--dns-timeout", "30", "--concurrency", "256")


class MutantFacts(BaseModel):
    """What is told of a mutant (harness/sender/mutants)."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    name: str
    theme: str
    tells: str
    """What it does wrong, in one sentence."""
    breaks: tuple[str, ...]
    """Requirements that it breaks, by id."""
    harm: str
    """What comes of it: `security`, `delivery` or `warning`."""
    mode: Mode
    """The mode in which it shows."""
    argument: str = ""
    """Why no scenario can show it, or none should; empty: the suite has to catch it."""


@cache
def known_mutants() -> Mapping[str, MutantFacts]:
    """All mutants by name. Raises HarnessError where they do not list themselves."""
    told = subprocess.run([*_PROGRAM, "--list"], capture_output=True, text=True, check=False)
    if told.returncode:
        said = told.stderr.strip().splitlines() or [f"status {told.returncode}"]
        raise HarnessError(f"the mutants do not list themselves: {said[-1]}")
    listed = TypeAdapter(tuple[MutantFacts, ...]).validate_json(told.stdout)
    return MappingProxyType({each.name: each for each in listed})


def mutant_kind(name: str) -> Kind:
    """The mutant of this name as a target. Raises UsageError where there is none."""
    known = known_mutants()
    if name not in known:
        raise UsageError(f"there is no mutant {name!r}; {did_you_mean(name, known)}; see: danelab mutants --list")
    sender = BuiltinSender.kind(name=f"mutant:{name}", command=(*_PROGRAM, name, *_PATIENCE))
    # It is held to what the unbroken one declares where the RFCs leave a choice, and may break its word.
    return sender.declaring({**DECLARED, **_ALSO_DECLARED})


def unbroken_kind() -> Kind:
    """The built-in sender as it is, held to the same choices."""
    return BuiltinSender.kind().declaring({**DECLARED, **_ALSO_DECLARED})
