"""The machine's package manager, asked to download and to do nothing else."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

_COMMAND_SECONDS = 300.0
_KEPT_SETTINGS = ("Acquire::", "APT::Architecture", "APT::Default-Release")


class Unavailable(Exception):  # noqa: N818 (a state of the machine, not a fault of anyone)
    """A program cannot be had on this machine; ``reason`` says why, in one line."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class Apt:
    """The machine's package manager with its sources and network settings, but a state of its own."""

    def __init__(self, work: Path, *, lists: Path) -> None:
        self._state = work / "apt"
        self._lists = lists  # kept between runs, unlike the rest
        self._source_state = lists.with_name("source-lists")
        self._config = self._state / "apt.conf"
        for each in ("cache/archives/partial", "log"):
            (self._state / each).mkdir(parents=True)
        self._settings = checked(["apt-config", "dump"]).splitlines()
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
            with locked(self._lists.with_suffix(".lock")):
                outdated = self._update()
                try:
                    self._fetch(packages, lists=self._lists)
                except Unavailable as problem:
                    raise Unavailable("; ".join(filter(None, (problem.reason, outdated)))) from problem
        return sorted((self._state / "cache" / "archives").glob("*.deb"))

    def sources(self, package: str) -> list[Path]:
        """Fetch the files of a source package; their paths, the description (.dsc) among them."""
        into = self._state / "source"
        into.mkdir()
        parts = self._source_lists()
        (self._source_state / "partial").mkdir(parents=True, exist_ok=True)
        more = {"Dir::Etc::sourcelist": "/dev/null", "Dir::Etc::sourceparts": str(parts)}
        with locked(self._source_state.with_suffix(".lock")):
            outdated = ""
            try:
                self._apt_get("update", lists=self._source_state, more=more)
            except Unavailable as problem:
                outdated = problem.reason
            try:
                self._apt_get("source", "--download-only", package, lists=self._source_state, more=more, folder=into)
            except Unavailable as problem:
                raise Unavailable("; ".join(filter(None, (problem.reason, outdated)))) from problem
        return sorted(into.iterdir())

    def _source_lists(self) -> Path:
        """The machine's package sources, with those of source packages added."""
        parts = self._state / "sources.d"
        parts.mkdir()
        etc = Path("/", self._setting("Dir"), self._setting("Dir::Etc"))
        given = [etc / self._setting("Dir::Etc::sourcelist")]
        given += sorted((etc / self._setting("Dir::Etc::sourceparts")).glob("*"))
        for number, file in enumerate(each for each in given if each.is_file()):
            text = file.read_text("utf-8", "replace")
            if file.suffix == ".sources":
                text = re.sub(r"(?m)^Types:.*\bdeb\b.*$", "Types: deb-src", text)
            elif file.suffix == ".list":
                text = re.sub(r"(?m)^deb(?=[ \t])", "deb-src", text)
            else:
                continue
            (parts / f"{number}{file.suffix}").write_text(text, "utf-8")
        return parts

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

    def _apt_get(
        self, *arguments: str, lists: Path, more: Mapping[str, str] | None = None, folder: Path | None = None
    ) -> None:
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
            **(more or {}),
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
        checked(["apt-get", "-qq", "--yes", *arguments], environment=environment, folder=folder)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """While this runs, nobody else holds the lock on this file; waits for whoever does."""
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def run(
    command: list[str], *, environment: dict[str, str], seconds: float, folder: Path | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=seconds,
        check=False,
    )


def checked(command: list[str], *, environment: dict[str, str] | None = None, folder: Path | None = None) -> str:
    own = environment or {**os.environ, "LC_ALL": "C"}
    told = run(command, environment=own, seconds=_COMMAND_SECONDS, folder=folder)
    if told.returncode != 0:
        complaints = [line for line in (told.stderr + told.stdout).splitlines() if line.strip()]
        summary = "; ".join(complaints[-3:]) or f"exit status {told.returncode}"
        raise Unavailable(f"{command[0]} {command[-1]}: {summary}")
    return told.stdout
