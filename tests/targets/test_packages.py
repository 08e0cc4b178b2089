"""Programs come from the cache when they are there, and a reason comes when they cannot be had."""

from __future__ import annotations

import shutil
import subprocess
import threading
from pathlib import Path

import pytest

from harness.targets import packages
from harness.targets.packages import Program, Unavailable
from tests.support.packages import Bundle


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "danelab" / "packages"


@pytest.fixture
def no_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with no package manager and none of the programs."""

    def nothing(_name: str, path: str | None = None) -> None:  # noqa: ARG001 (as in shutil)
        return None

    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(shutil, "which", nothing)


@pytest.mark.usefixtures("cache", "no_programs")
def test_without_a_package_manager_the_reason_is_told() -> None:
    with pytest.raises(Unavailable, match="not a Debian-like system: it has no apt-get"):
        packages.program("unbound", bundle=Bundle.VALIDATORS)


@pytest.mark.usefixtures("cache")
def test_an_installed_program_serves_where_nothing_can_be_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> Path:
        raise Unavailable("no network")

    monkeypatch.setattr(packages, "prefix", refuse)
    assert packages.program("sh", bundle=Bundle.VALIDATORS).path.name == "sh"
    with pytest.raises(Unavailable, match="no network"):
        packages.program("no-such-program", bundle=Bundle.VALIDATORS)


def test_many_at_once_unpack_once(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[Path] = []

    def build(_bundle: packages.Bundle, *, ready: Path) -> None:
        built.append(ready)
        ready.mkdir()

    monkeypatch.setattr(packages, "_build", build)
    threads = [threading.Thread(target=packages.prefix, args=(Bundle.SERVERS,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(built) == 1
    assert built[0].parent == cache


def test_folders_from_before_the_merger_are_folded_into_usr(tmp_path: Path) -> None:
    for name in ("sbin/a", "usr/sbin/b", "lib/x86_64-linux-gnu/c"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    packages._merge_usr(tmp_path)  # noqa: SLF001
    assert sorted(path.name for path in (tmp_path / "usr" / "sbin").iterdir()) == ["a", "b"]
    assert (tmp_path / "usr/lib/x86_64-linux-gnu/c").exists()
    assert not (tmp_path / "lib").exists()


def test_a_program_finds_its_libraries_and_perl_modules_in_the_prefix(tmp_path: Path) -> None:
    for name in ("bin/swaks", "lib/chromium/shell"):
        (tmp_path / "usr" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "usr" / name).touch()
    for name in ("share/perl5", "lib/x86_64-linux-gnu/perl5/5.36", "lib/x86_64-linux-gnu/pulseaudio"):
        (tmp_path / "usr" / name).mkdir(parents=True)
    swaks = packages._in_prefix("swaks", folder=tmp_path)  # noqa: SLF001
    around = swaks.environment()
    assert f"{tmp_path}/usr/share/perl5:{tmp_path}/usr/lib/x86_64-linux-gnu/perl5/5.36" in around["PERL5LIB"]
    assert f"{tmp_path}/usr/lib/x86_64-linux-gnu/pulseaudio" in around["LD_LIBRARY_PATH"].split(":")
    shell = packages._in_prefix("lib/chromium/shell", folder=tmp_path)  # noqa: SLF001
    assert shell.path == tmp_path / "usr/lib/chromium/shell"
    with pytest.raises(Unavailable, match="hold no program shell"):
        packages._in_prefix("shell", folder=tmp_path)  # noqa: SLF001


@pytest.mark.validators
def test_the_unpacked_program_runs_and_lacks_no_library(delv_program: Program) -> None:
    assert delv_program.missing_libraries() == ()
    told = subprocess.run(
        [str(delv_program.path), "-v"], env=delv_program.environment(), capture_output=True, text=True, check=True
    )
    assert (told.stdout + told.stderr).startswith("delv ")
