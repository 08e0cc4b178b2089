"""Subordinate ids: further uids and gids that an administrator has given to a user (subuid(5), newuidmap(1))."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

WANTED = 65536
OPTIONS = "--add-subuids 100000-165535 --add-subgids 100000-165535"
_PROGRAMS = ("newuidmap", "newgidmap")
_FILES = (Path("/etc/subuid"), Path("/etc/subgid"))


@dataclass(frozen=True, kw_only=True)
class Range:
    """Consecutive ids."""

    first: int
    count: int


def found() -> Range | None:
    """The subordinate uids of this user; None where there are too few, or no programs to use them."""
    return None if reason() else _range(_FILES[0])


def reason() -> str:
    """Why they cannot be used; empty where they can."""
    for file in _FILES:
        held = _range(file)
        if held is None or held.count < WANTED:
            return f"{file} gives this user no {WANTED} ids"
    lacking = [name for name in _PROGRAMS if shutil.which(name) is None]
    return f"this machine has no {' and no '.join(lacking)}" if lacking else ""


def give(pid: int) -> None:
    """Map root and all subordinate ids in the user namespace of this process. Raises OSError."""
    for program, file, own in zip(_PROGRAMS, _FILES, (os.geteuid(), os.getegid()), strict=True):
        held = _range(file)
        assert held is not None
        numbers = (0, own, 1, 1, held.first, held.count)
        done = subprocess.run([program, str(pid), *map(str, numbers)], capture_output=True, text=True, check=False)
        if done.returncode:
            raise OSError(f"{program}: {done.stderr.strip()}")


def _range(file: Path) -> Range | None:
    uid = os.geteuid()
    try:
        names = {str(uid), pwd.getpwuid(uid).pw_name}
    except KeyError:
        names = {str(uid)}
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    for line in lines:
        name, _, numbers = line.partition(":")
        first, _, count = numbers.partition(":")
        if name in names and first.isdigit() and count.isdigit():
            return Range(first=int(first), count=int(count))
    return None
