"""Debian packages without installing them: downloaded, unpacked below the user's cache, run from there.

Nothing of the machine's package state changes and no privilege is needed. What the machine already has
(libraries above all) is not downloaded again; only what is missing is. Every reason why a program cannot be
had is an :class:`Unavailable`, whose text is one line fit for a skip message.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from .apt import Apt, Unavailable, checked, locked, run

_LAYOUT = "1"  # part of every prefix's name: raise it when the way of unpacking changes
_LIBRARIES = ("lib/*-linux-*", "lib", "lib/postfix", "lib/*-linux-*/pulseaudio")
_PERL = ("share/perl5", "lib/*-linux-*/perl5/5.*", "share/perl/5.*", "lib/*-linux-*/perl/5.*")


__all__ = ["Bundle", "Program", "Unavailable", "cache_root", "prefix", "prefix_path", "program"]


@dataclass(frozen=True)
class Bundle:
    """Packages that are fetched and unpacked together; one that is missing spoils its own bundle only."""

    name: str
    packages: tuple[str, ...]

    def __str__(self) -> str:
        return " ".join(self.packages)


@dataclass(frozen=True)
class Program:
    """A program and the environment in which it finds its libraries."""

    path: Path
    libraries: tuple[Path, ...] = ()
    modules: tuple[Path, ...] = ()
    """Folders of Perl modules."""

    def environment(self) -> dict[str, str]:
        """The environment to run it in. Its children inherit it, so start nothing else through it."""
        environment = {**os.environ, "LC_ALL": "C"}
        for name, folders in (("LD_LIBRARY_PATH", self.libraries), ("PERL5LIB", self.modules)):
            if folders:
                inherited = environment.get(name, "")
                environment[name] = ":".join([*map(str, folders), *([inherited] if inherited else [])])
        return environment

    def missing_libraries(self) -> tuple[str, ...]:
        """Shared libraries that the loader does not find, by name; empty when the program can start."""
        traced = {**self.environment(), "LD_TRACE_LOADED_OBJECTS": "1"}
        told = run([str(self.path)], environment=traced, seconds=20)
        return tuple(line.split()[0] for line in told.stdout.splitlines() if "not found" in line)


def cache_root() -> Path:
    """The folder that all prefixes live in: ``danelab/packages`` below the user's cache directory."""
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if not base.is_absolute():
        try:
            base = Path.home() / ".cache"
        except RuntimeError as problem:
            raise Unavailable(f"no home directory for a cache: {problem}") from problem
    return base / "danelab" / "packages"


def program(name: str, *, bundle: Bundle) -> Program:
    """The program ``name`` of ``bundle``: unpacked (and fetched first if need be), else the machine's own.

    ``name`` may be a path below /usr where the program lies in none of the usual folders. The unpacked one is preferred
    because distributions confine an installed daemon to its usual folders. Raises :class:`Unavailable`.
    """
    try:
        found = _unpacked(name, bundle=bundle)
    except Unavailable:
        installed = shutil.which(
            f"/usr/{name}" if "/" in name else name, path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
        )
        if installed is None:
            raise
        found = Program(Path(installed))
    if missing := found.missing_libraries():
        raise Unavailable(f"{found.path.name} lacks the libraries {', '.join(missing)}")
    return found


def prefix(bundle: Bundle, *, renew: bool = False) -> Path:
    """The folder in which ``bundle`` lies unpacked; fetched and unpacked first if it is not there yet.

    Any number of processes may ask at once: one works, the others wait for it. ``renew`` unpacks anew even
    what is there. Raises :class:`Unavailable`.
    """
    root = cache_root()
    ready = prefix_path(bundle)
    if ready.is_dir() and not renew:
        return ready
    try:
        root.mkdir(parents=True, exist_ok=True)
        with locked(root / f"{ready.name}.lock"):
            # Another process may have done it while this one waited.
            if renew or not ready.is_dir():
                _build(bundle, ready=ready)
    except (OSError, subprocess.SubprocessError) as problem:
        raise Unavailable(f"cannot unpack {bundle}: {problem}") from problem
    return ready


def prefix_path(bundle: Bundle) -> Path:
    """Where that folder is, or would be. Raises :class:`Unavailable` where the system is not known."""
    return cache_root() / _prefix_name(bundle)


def _unpacked(name: str, *, bundle: Bundle) -> Program:
    found = _in_prefix(name, folder=prefix(bundle))
    if found.missing_libraries():
        # The machine's own libraries have changed since the prefix was made.
        found = _in_prefix(name, folder=prefix(bundle, renew=True))
    return found


def _in_prefix(name: str, *, folder: Path) -> Program:
    usr = folder / "usr"
    for place in ("",) if "/" in name else ("bin", "sbin", "libexec"):
        if (path := usr / place / name).is_file():
            libraries, modules = (
                tuple(each for pattern in patterns for each in sorted(usr.glob(pattern)) if each.is_dir())
                for patterns in (_LIBRARIES, _PERL)
            )
            return Program(path, libraries, modules)
    raise Unavailable(f"the unpacked packages hold no program {Path(name).name}")


def _prefix_name(bundle: Bundle) -> str:
    try:
        system = platform.freedesktop_os_release()
    except OSError as problem:
        raise Unavailable(f"this is not a Debian-like system: {problem}") from problem
    kind = "-".join((system.get("ID", "linux"), system.get("VERSION_ID", "0"), platform.machine()))
    digest = hashlib.sha256(f"{_LAYOUT} {bundle}".encode()).hexdigest()[:8]
    return f"{bundle.name}-{kind}-{digest}"


def _build(bundle: Bundle, *, ready: Path) -> None:
    for needed in ("apt-get", "apt-config", "dpkg-deb"):
        if shutil.which(needed) is None:
            raise Unavailable(f"this is not a Debian-like system: it has no {needed}")
    with tempfile.TemporaryDirectory(prefix=f"{ready.name}.", dir=ready.parent) as scratch:
        work = Path(scratch)
        fresh = work / "prefix"
        fresh.mkdir()
        archives = Apt(work, lists=ready.parent / "lists").download(bundle.packages)
        if not archives:
            raise Unavailable(f"the package manager offers no download for {bundle}")
        for archive in archives:
            checked(["dpkg-deb", "--extract", str(archive), str(fresh)])
        _merge_usr(fresh)
        if ready.exists():
            ready.rename(work / "former")  # goes with the scratch folder
        fresh.rename(ready)


def _merge_usr(folder: Path) -> None:
    """Fold /bin, /sbin, /lib of packages from before the merger into /usr."""
    for old in ("bin", "sbin", "lib", "lib64"):
        source = folder / old
        if source.is_dir() and not source.is_symlink():
            shutil.copytree(source, folder / "usr" / old, symlinks=True, dirs_exist_ok=True)
            shutil.rmtree(source)
