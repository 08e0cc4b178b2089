"""The built-in sender with one rule broken on purpose, as a target.

Run as a program: the name of what is broken, then the sender's own arguments.
"""

from __future__ import annotations

import sys
from pathlib import Path

from harness.sender.__main__ import main
from harness.sender.policy import Level
from harness.sender.rules import Rules
from harness.sender.tlsa import TlsaRecord
from harness.targets import BuiltinSender, Kind


class TakesFailureForAbsence(Rules):
    """A TLSA lookup that fails is taken for a denial."""

    def level_if_tlsa_unknown(self) -> Level:
        return Level.MAY


class GoesOnInClear(Rules):
    """Where STARTTLS is not offered, mail goes in cleartext."""

    def goes_on_without_offer(self, level: Level) -> bool:
        del level
        return True


class LooksAtNoName(Rules):
    """Any name does for DANE-TA(2)."""

    def names_are_acceptable(self, certificate: bytes, *, references: tuple[str, ...]) -> bool:
        del certificate, references
        return True


class BelievesEverAfter(Rules):
    """A host that was authenticated once is not looked at again."""

    def __init__(self) -> None:
        self._proved: set[str] = set()

    def fault(self, record: TlsaRecord, *, chain: tuple[bytes, ...], references: tuple[str, ...]) -> str | None:
        found = super().fault(record, chain=chain, references=references)
        if found is None:
            self._proved.add(references[0])
        return None if references[0] in self._proved else found


BROKEN: dict[str, type[Rules]] = {
    each.__name__: each for each in (TakesFailureForAbsence, GoesOnInClear, LooksAtNoName, BelievesEverAfter)
}


def broken(name: str) -> Kind:
    """The target."""
    root = str(Path(__file__).resolve().parents[2])
    program = "import sys; sys.path.insert(0, sys.argv.pop(1)); from tests.worldgen.senders import run; run()"
    patience = ("--connect-timeout", "30", "--reply-timeout", "30", "--dns-timeout", "30", "--concurrency", "256")
    return BuiltinSender.kind(name=name, command=(sys.executable, "-P", "-c", program, root, name, *patience))


def run() -> None:
    """Be the sender whose name is the first argument."""
    sys.exit(main(rules=BROKEN[sys.argv.pop(1)]()))
