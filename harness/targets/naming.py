"""What the words after `--target` mean."""

from __future__ import annotations

from harness.errors import UsageError
from harness.scenario.models import Mode
from harness.scenario.words import did_you_mean

from .base import Kind
from .builtin import BuiltinSender
from .checker import checker_kind
from .checker_definition import known_checkers
from .command import CommandTarget
from .definition import definitions, load
from .managed import managed_kind
from .mutants import mutant_kind
from .outside import manual_kind, submission_kind
from .resolving import WORD, resolver_kind

_WITH_COLON = {
    "command": CommandTarget.kind,
    "submission": submission_kind,
    "mutant": mutant_kind,
    WORD: resolver_kind,
}
OPEN_ENDED = tuple(f"{word}:" for word in _WITH_COLON)
"""Beginnings of names of targets that anything may follow."""


def named(word: str) -> Kind:
    """The target that a word means: `builtin`, `builtin:mandatory`, `postfix:dane`, `./my-mta.toml`, `posttls-finger`,
    `command:...`, `submission:HOST:PORT`, `resolver:unbound`, `resolver:ADDRESS`, `manual`, `mutant:NAME`.

    Raises UsageError, also for a command that cannot be run and a mode that a target does not have.
    """
    kind, colon, rest = word.partition(":")
    if kind == "builtin":
        return _builtin(rest) if colon else BuiltinSender.kind()
    if colon and kind in _WITH_COLON:
        return _WITH_COLON[kind](rest)
    if word == "manual":
        return manual_kind()
    if word in known_checkers():
        return checker_kind(word)
    known = definitions()
    if kind in known or kind.endswith(".toml"):
        return managed_kind(word)
    words = ("builtin", "manual", *(f"{each}:" for each in _WITH_COLON), *known, *known_checkers())
    raise UsageError(f"there is no target {word!r}; {did_you_mean(word, words)}; `danelab targets list` shows them all")


def names() -> tuple[str, ...]:
    """Every name with which a target appears in reports, but for those that begin with one of `OPEN_ENDED` and those of
    definition files of one's own. Raises ScenarioError for a definition that is wrong."""
    managed = [f"{key}:{mode}" for key, file in definitions().items() for mode in load(file).modes]
    return ("builtin", *(f"builtin:{mode}" for mode in Mode), "manual", *managed, *known_checkers())


def _builtin(mode: str) -> Kind:
    if mode not in list(Mode):
        raise UsageError(f"builtin has no mode {mode!r}; {did_you_mean(mode, Mode)}")
    return BuiltinSender.kind(mode=Mode(mode))
