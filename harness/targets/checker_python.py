"""Python packages for checkers, without installing them: unpacked below the user's cache, as Debian's are."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .packages import Unavailable, cache_root

FOLDER = "/usr/share/danelab-python"
"""Where the packages are in a checker's root; PYTHONPATH names it."""

_LAYOUT = "1"
_NEWEST, _OLDEST = 16, 11
_SECONDS = 300.0
_ASK = "import json, sys; print(json.dumps([sys.version_info[:2], sys.base_prefix, sys._base_executable]))"


@dataclass(frozen=True, kw_only=True)
class Interpreter:
    """A Python of this machine."""

    version: tuple[int, int]
    prefix: Path
    """The folder that it and its library live in."""
    executable: Path

    @property
    def binds(self) -> dict[str, str]:
        """Folders that a root needs besides /usr for it to run."""
        return {} if self.prefix.is_relative_to("/usr") else {str(self.prefix): str(self.prefix)}


@dataclass(frozen=True, kw_only=True)
class PythonTree:
    """Packages unpacked, to be laid over /usr, and who can read them."""

    tree: Path
    interpreter: Interpreter


def interpreter(at_least: str) -> Interpreter:
    """The Python that danelab runs on, or another one of this machine that is new enough. Raises Unavailable."""
    wanted = (3, int(at_least.partition(".")[2]))
    names = [f"python3.{minor}" for minor in range(max(_OLDEST, wanted[1]), _NEWEST + 1)]
    # Managers of several Pythons keep them side by side.
    neighbours = [str(path) for name in names for path in sorted(Path(sys.base_prefix).parent.glob(f"*/bin/{name}"))]
    for candidate in (sys.executable, "/usr/bin/python3", *names, *neighbours):
        found = _asked(candidate)
        if found is not None and found.version >= wanted:
            return found
    raise Unavailable(f"it needs Python {at_least} or newer, and this machine has none")


def _asked(candidate: str) -> Interpreter | None:
    path = shutil.which(candidate)
    if path is None:
        return None
    told = subprocess.run([path, "-c", _ASK], capture_output=True, text=True, check=False)
    if told.returncode:
        return None
    version, prefix, executable = json.loads(told.stdout)
    return Interpreter(version=(version[0], version[1]), prefix=Path(prefix), executable=Path(executable))


def python_tree(requirements: tuple[str, ...], *, at_least: str) -> PythonTree:
    """The requirements and what they need, unpacked; fetched first if they are not there yet. Raises Unavailable."""
    python = interpreter(at_least)
    root = cache_root()
    words = f"{_LAYOUT} {' '.join(requirements)} {python.version} {os.uname().machine}"
    digest = hashlib.sha256(words.encode()).hexdigest()[:8]
    first = requirements[0].partition("=")[0]
    ready = root / f"python-{first}-{'.'.join(map(str, python.version))}-{digest}"
    if not ready.is_dir():
        try:
            root.mkdir(parents=True, exist_ok=True)
            for _ in _locked(ready.with_name(f"{ready.name}.lock")):
                if not ready.is_dir():
                    _build(requirements, python, ready=ready)
        except (OSError, subprocess.SubprocessError) as problem:
            raise Unavailable(f"cannot unpack {' '.join(requirements)}: {problem}") from problem
    return PythonTree(tree=ready, interpreter=python)


def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _build(requirements: tuple[str, ...], python: Interpreter, *, ready: Path) -> None:
    with tempfile.TemporaryDirectory(prefix=f"{ready.name}.", dir=ready.parent) as scratch:
        fresh = Path(scratch) / "prefix"
        into = fresh / FOLDER.lstrip("/")
        into.mkdir(parents=True)
        # One pip serves every Python of the machine, and not each of them has one.
        command = [sys.executable, "-m", "pip", "--python", str(python.executable), "install", "--quiet"]
        command += ["--disable-pip-version-check", "--no-warn-script-location", "--target", str(into), *requirements]
        told = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
        if told.returncode:
            lines = [line for line in told.stderr.splitlines() if line.startswith("ERROR")] or [told.stderr.strip()]
            raise Unavailable(f"pip: {lines[-1]}")
        fresh.rename(ready)
