"""What a target's definition asks for, fetched into the cache: packages of Debian and npm, programs built from source.

Nothing is installed, no privilege is needed, and what is in the cache is taken from there without the network.
"""

from __future__ import annotations

import hashlib
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from harness.errors import UsageError
from harness.isolation.namespaces import will_have_one_id

from . import recipes
from .apt import Unavailable, locked
from .definition import Definition
from .definition_parts import Rootless
from .packages import Bundle, cache_root, prefix, prefix_path

_NPM_SECONDS = 300.0
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_NODE_CPU = {"x86_64": "x64", "aarch64": "arm64"}

Told = Callable[[str], None]


def missing(definition: Definition) -> str:
    """What the target still needs here, in one line; empty when it can be started."""
    if reason := _never_here(definition):
        return reason
    if any(not tree.is_dir() for tree in _trees(definition)):
        return f"not fetched yet: danelab targets fetch {definition.name}"
    return ""


def _never_here(definition: Definition) -> str:
    """What cannot be mended by fetching."""
    if definition.rootless is Rootless.NEVER and will_have_one_id():
        return f"it runs as root or with subordinate ids only: {definition.rootless_reason}"
    lacking = [name for name in definition.programs if _program(name) is None]
    return f"this machine has no {' and no '.join(lacking)}" if lacking else ""


def trees(definition: Definition) -> tuple[Path, ...]:
    """The trees to lay over the machine's /usr, topmost first. Raises Unavailable where they are not there yet."""
    if reason := missing(definition):
        raise Unavailable(reason)
    return tuple(_trees(definition))


def fetch(definition: Definition, *, told: Told = lambda _: None) -> tuple[Path, ...]:
    """The same, fetched and built first where they are missing. Raises Unavailable; `told` gets the progress."""
    if reason := _never_here(definition):
        raise Unavailable(reason)
    bundle = _bundle(definition)
    if bundle is not None and not prefix_path(bundle).is_dir():
        told(f"fetching {bundle} with what it needs")
        prefix(bundle)
    if definition.npm and not _npm_path(definition).is_dir():
        told(f"fetching {' '.join(_npm_words(definition))} from npm")
        _install_npm(definition)
    if definition.build and not recipes.built_path(definition.build).is_dir():
        recipes.build(definition.build, told=told)
    return tuple(_trees(definition))


def fetch_or_say(definition: Definition, *, told: Told = lambda _: None) -> tuple[Path, ...]:
    """The same. Raises UsageError, with the way to a remedy, where they cannot be had."""
    try:
        return fetch(definition, told=told)
    except Unavailable as problem:
        raise UsageError(f"{definition.name} cannot be had here: {problem.reason}; see: danelab doctor") from None


def _trees(definition: Definition) -> list[Path]:
    bundle = _bundle(definition)
    found = [recipes.built_path(definition.build)] if definition.build else []
    found += [_npm_path(definition)] if definition.npm else []
    return [*found, *([prefix_path(bundle)] if bundle else [])]


def _bundle(definition: Definition) -> Bundle | None:
    return Bundle(definition.name, definition.packages) if definition.packages else None


def _program(name: str) -> str | None:
    """A program of the machine below /usr, where the target's root has it too."""
    return shutil.which(name, path=_PATH)


def _npm_words(definition: Definition) -> list[str]:
    cpu = _NODE_CPU.get(platform.machine(), platform.machine())
    return [word.replace("{cpu}", cpu) for word in definition.npm]


def _npm_path(definition: Definition) -> Path:
    digest = hashlib.sha256(" ".join(_npm_words(definition)).encode()).hexdigest()[:8]
    return cache_root() / f"{definition.name}-npm-{digest}"


def _install_npm(definition: Definition) -> None:
    ready = _npm_path(definition)
    npm = shutil.which("npm")
    if npm is None:
        raise Unavailable("this machine has no npm")
    try:
        ready.parent.mkdir(parents=True, exist_ok=True)
        with locked(ready.with_suffix(".lock")):
            if ready.is_dir():
                return
            with tempfile.TemporaryDirectory(prefix=f"{ready.name}.", dir=ready.parent) as scratch:
                fresh = Path(scratch) / "prefix"
                place = fresh / "usr/share/danelab"
                place.mkdir(parents=True)
                # No scripts: what packages run on installation would act on this machine.
                options = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--prefix", str(place))
                done = subprocess.run(
                    [npm, "install", *options, *_npm_words(definition)],
                    capture_output=True,
                    text=True,
                    errors="replace",
                    timeout=_NPM_SECONDS,
                    check=False,
                    cwd=place,
                )
                if done.returncode:
                    lines = [line for line in done.stderr.splitlines() if line.strip()]
                    raise Unavailable(f"npm install: {'; '.join(lines[:2]) or done.returncode}")
                fresh.rename(ready)
    except (OSError, subprocess.SubprocessError) as problem:
        raise Unavailable(f"cannot fetch {' '.join(definition.npm)}: {problem}") from problem
