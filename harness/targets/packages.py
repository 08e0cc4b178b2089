"""Debian packages without installing them: downloaded, unpacked below the user's cache, run from there.

Nothing of the machine's package state changes and no privilege is needed. What the machine already has
(libraries above all) is not downloaded again; only what is missing is. Every reason why a program cannot be
had is an :class:`Unavailable`, whose text is one line fit for a skip message.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_LAYOUT = "1"  # part of every prefix's name: raise it when the way of unpacking changes
_COMMAND_SECONDS = 300.0
_KEPT_SETTINGS = ("Acquire::", "APT::Architecture", "APT::Default-Release")


class Unavailable(Exception):  # noqa: N818 (a state of the machine, not a fault of anyone)
    """A program cannot be had on this machine; ``reason`` says why, in one line."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


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

    def environment(self) -> dict[str, str]:
        """The environment to run it in. Its children inherit it, so start nothing else through it."""
        environment = {**os.environ, "LC_ALL": "C"}
        if self.libraries:
            inherited = environment.get("LD_LIBRARY_PATH", "")
            parts = [*map(str, self.libraries), *([inherited] if inherited else [])]
            environment["LD_LIBRARY_PATH"] = ":".join(parts)
        return environment

    def missing_libraries(self) -> tuple[str, ...]:
        """Shared libraries that the loader does not find, by name; empty when the program can start."""
        traced = {**self.environment(), "LD_TRACE_LOADED_OBJECTS": "1"}
        told = _run([str(self.path)], environment=traced, seconds=20)
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

    The unpacked one is preferred because distributions confine an installed daemon to its usual folders.
    Raises :class:`Unavailable`.
    """
    try:
        found = _unpacked(name, bundle=bundle)
    except Unavailable:
        installed = shutil.which(name, path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin")
        if installed is None:
            raise
        found = Program(Path(installed))
    if missing := found.missing_libraries():
        raise Unavailable(f"{name} lacks the libraries {', '.join(missing)}")
    return found


def prefix(bundle: Bundle, *, renew: bool = False) -> Path:
    """The folder in which ``bundle`` lies unpacked; fetched and unpacked first if it is not there yet.

    Any number of processes may ask at once: one works, the others wait for it. ``renew`` unpacks anew even
    what is there. Raises :class:`Unavailable`.
    """
    root = cache_root()
    ready = root / _prefix_name(bundle)
    if ready.is_dir() and not renew:
        return ready
    try:
        root.mkdir(parents=True, exist_ok=True)
        with _locked(root / f"{ready.name}.lock"):
            # Another process may have done it while this one waited.
            if renew or not ready.is_dir():
                _build(bundle, ready=ready)
    except (OSError, subprocess.SubprocessError) as problem:
        raise Unavailable(f"cannot unpack {bundle}: {problem}") from problem
    return ready


def _unpacked(name: str, *, bundle: Bundle) -> Program:
    found = _in_prefix(name, folder=prefix(bundle))
    if found.missing_libraries():
        # The machine's own libraries have changed since the prefix was made.
        found = _in_prefix(name, folder=prefix(bundle, renew=True))
    return found


def _in_prefix(name: str, *, folder: Path) -> Program:
    usr = folder / "usr"
    for place in ("bin", "sbin", "libexec"):
        if (path := usr / place / name).is_file():
            libraries = [*sorted(usr.glob("lib/*-linux-*")), usr / "lib", usr / "lib" / "postfix"]
            return Program(path, tuple(each for each in libraries if each.is_dir()))
    raise Unavailable(f"the unpacked packages hold no program {name}")


def _prefix_name(bundle: Bundle) -> str:
    try:
        system = platform.freedesktop_os_release()
    except OSError as problem:
        raise Unavailable(f"this is not a Debian-like system: {problem}") from problem
    kind = "-".join((system.get("ID", "linux"), system.get("VERSION_ID", "0"), platform.machine()))
    digest = hashlib.sha256(f"{_LAYOUT} {bundle}".encode()).hexdigest()[:8]
    return f"{bundle.name}-{kind}-{digest}"


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _build(bundle: Bundle, *, ready: Path) -> None:
    for needed in ("apt-get", "apt-config", "dpkg-deb"):
        if shutil.which(needed) is None:
            raise Unavailable(f"this is not a Debian-like system: it has no {needed}")
    with tempfile.TemporaryDirectory(prefix=f"{ready.name}.", dir=ready.parent) as scratch:
        work = Path(scratch)
        fresh = work / "prefix"
        fresh.mkdir()
        archives = _Apt(work, lists=ready.parent / "lists").download(bundle.packages)
        if not archives:
            raise Unavailable(f"the package manager offers no download for {bundle}")
        for archive in archives:
            _checked(["dpkg-deb", "--extract", str(archive), str(fresh)])
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


class _Apt:
    """The machine's package manager with its sources and network settings, but a state of its own."""

    def __init__(self, work: Path, *, lists: Path) -> None:
        self._state = work / "apt"
        self._lists = lists  # kept between runs, unlike the rest
        self._config = self._state / "apt.conf"
        for each in ("cache/archives/partial", "log"):
            (self._state / each).mkdir(parents=True)
        self._settings = _checked(["apt-config", "dump"]).splitlines()
        # A copy, because the lock lies next to the status file.
        shutil.copyfile(self._setting("Dir::State::status"), self._state / "status")

    def download(self, packages: tuple[str, ...]) -> list[Path]:
        """Fetch the packages and all they need beyond what the machine has; the archives' paths."""
        hosts = Path("/", self._setting("Dir::State"), self._setting("Dir::State::lists"))
        try:
            if not any(hosts.glob("*_Packages*")):
                raise Unavailable("the machine has no package lists")
            self._fetch(packages, lists=hosts)
        except Unavailable:  # no lists, or stale ones that name archives which are gone
            (self._lists / "partial").mkdir(parents=True, exist_ok=True)
            with _locked(self._lists.with_suffix(".lock")):
                outdated = self._update()
                try:
                    self._fetch(packages, lists=self._lists)
                except Unavailable as problem:
                    raise Unavailable("; ".join(filter(None, (problem.reason, outdated)))) from problem
        return sorted((self._state / "cache" / "archives").glob("*.deb"))

    def _update(self) -> str:
        """Renew our own package lists; what went wrong, which need not matter when one source of many fails."""
        try:
            self._apt_get("update", lists=self._lists)
        except Unavailable as problem:
            return problem.reason
        return ""

    def _setting(self, name: str) -> str:
        values = [line.partition(" ")[2] for line in self._settings if line.partition(" ")[0] == name]
        if not values:
            raise Unavailable(f"the package manager does not tell its {name}")
        return values[-1].rstrip(";").strip('"')

    def _fetch(self, packages: tuple[str, ...], *, lists: Path) -> None:
        self._apt_get("install", "--download-only", "--reinstall", *packages, lists=lists)

    def _apt_get(self, *arguments: str, lists: Path) -> None:
        # The machine's settings are taken over without its hooks, which would act on the machine.
        own = {
            "Dir::Etc::main": "/dev/null",
            "Dir::Etc::parts": "/dev/null",
            "Dir::State": str(self._state),
            "Dir::State::lists": str(lists),
            "Dir::State::status": str(self._state / "status"),
            "Dir::Cache": str(self._state / "cache"),
            "Dir::Log": str(self._state / "log"),
            "APT::Install-Recommends": "false",
            "APT::Sandbox::User": "root",
            "APT::Update::Error-Mode": "any",
            "Acquire::Languages": "none",
            "Acquire::Retries": "1",
            "Acquire::http::Timeout": "20",
            "Acquire::https::Timeout": "20",
        }
        kept = [line for line in self._settings if line.startswith(_KEPT_SETTINGS)]
        lines = [*kept, *(f'{key} "{value}";' for key, value in own.items())]
        self._config.write_text("\n".join(lines) + "\n", encoding="utf-8")
        environment = {
            **os.environ,
            "APT_CONFIG": str(self._config),
            "LC_ALL": "C",
            "DEBIAN_FRONTEND": "noninteractive",
        }
        _checked(["apt-get", "-qq", "--yes", *arguments], environment=environment)


def _run(command: list[str], *, environment: dict[str, str], seconds: float) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=seconds,
        check=False,
    )


def _checked(command: list[str], *, environment: dict[str, str] | None = None) -> str:
    told = _run(command, environment=environment or {**os.environ, "LC_ALL": "C"}, seconds=_COMMAND_SECONDS)
    if told.returncode != 0:
        complaints = [line for line in (told.stderr + told.stdout).splitlines() if line.strip()]
        summary = "; ".join(complaints[-3:]) or f"exit status {told.returncode}"
        raise Unavailable(f"{command[0]} {command[-1]}: {summary}")
    return told.stdout
