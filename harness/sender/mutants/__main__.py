"""A mutant as a program: its name, then the sender's own arguments. `--list` prints all of them as JSON."""

from __future__ import annotations

import json
import sys

from harness.sender import __main__ as sender

from .registry import all_mutants, theme_of


def main() -> int:
    """Be the mutant whose name is the first argument, or print the list; returns the exit code."""
    mutants = all_mutants()
    if len(sys.argv) < 2 or sys.argv[1] == "--list":
        print(json.dumps([_told(name) for name in mutants]))
        return sender.Exit.OK
    name = sys.argv.pop(1)
    if name not in mutants:
        print(f"there is no mutant {name!r}", file=sys.stderr)
        return sender.Exit.USAGE
    return sender.main(rules=mutants[name].rules())


def _told(name: str) -> dict[str, object]:
    mutant = all_mutants()[name]
    return {
        "name": name,
        "theme": theme_of(mutant),
        "tells": mutant.tells,
        "breaks": mutant.breaks,
        "harm": mutant.harm,
        "mode": mutant.mode,
        "argument": mutant.argument,
    }


if __name__ == "__main__":
    sys.exit(main())
