"""Programs that no package has, built from a Debian source package with one option more.

The compiler and the libraries it needs are unpacked beside, and the build runs in a private root in namespaces of its
own: no privilege is needed, nothing is installed, and the result lies in the cache.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harness.errors import UsageError
from harness.isolation.launch import command_inside, passed_environment
from harness.isolation.workshop import FOLDER
from harness.scenario.words import did_you_mean

from .apt import Apt, Unavailable, locked
from .packages import Bundle, cache_root, prefix

_BUILD_SECONDS = 900.0


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a program is built."""

    source: str
    """Debian's source package."""
    tools: tuple[str, ...]
    """Packages that the build needs."""
    files: dict[str, str]
    """Files written into the source tree before."""
    script: str
    """Run in the source tree; what it leaves below `$OUT` is the result."""


_SITE = """\
APPENDDEF(`confENVDEF', `-DSTARTTLS -DDANE -DTLS_EC=2 -DTLS_VRFY_PER_CTX -DNETINET6 -DHAS_GETHOSTBYNAME2')
define(`confMAPDEF', `')
APPENDDEF(`confLIBS', `-lssl -lcrypto -lresolv')
define(`confOPTIMIZE', `-O1')
"""

RECIPES = {
    "sendmail-dane": Recipe(
        source="sendmail",
        tools=("gcc", "libc6-dev", "m4", "make", "libssl-dev", "dpkg-dev", "patch", "xz-utils", "groff-base"),
        files={"devtools/Site/site.config.m4": _SITE},
        script="""
            for part in libsm libsmutil sendmail; do (cd $part && sh ./Build); done
            mkdir -p $OUT/usr/sbin $OUT/usr/share/sendmail
            cp obj.*/sendmail/sendmail $OUT/usr/sbin/sendmail
            cp -r cf $OUT/usr/share/sendmail/cf
        """,
    ),
}


def recipe(name: str) -> Recipe:
    """The recipe of this name. Raises UsageError."""
    if name not in RECIPES:
        raise UsageError(f"there is no recipe {name!r}; {did_you_mean(name, RECIPES)}")
    return RECIPES[name]


def built_path(name: str) -> Path:
    """Where the result lies, or would."""
    digest = hashlib.sha256(repr(recipe(name)).encode()).hexdigest()[:8]
    return cache_root() / f"{name}-built-{digest}"


def build(name: str, *, told: Callable[[str], None]) -> Path:
    """Build it if it is not there yet; some minutes may pass. Raises Unavailable."""
    how, ready = recipe(name), built_path(name)
    try:
        ready.parent.mkdir(parents=True, exist_ok=True)
        with locked(ready.with_suffix(".lock")):
            if ready.is_dir():
                return ready
            told(f"fetching what builds {how.source}: {' '.join(how.tools)}")
            tools = prefix(Bundle(f"{name}-tools", how.tools))
            with tempfile.TemporaryDirectory(prefix=f"{ready.name}.", dir=ready.parent) as scratch:
                work = Path(scratch)
                told(f"fetching the source of {how.source}")
                (work / "source").mkdir()
                for file in Apt(work, lists=ready.parent / "lists").sources(how.source):
                    shutil.copy(file, work / "source")
                told(f"building {how.source}; see {ready}.log")
                _compile(how, tools=tools, work=work, log=ready.with_suffix(".log"))
                (work / "out").rename(ready)
    except (OSError, subprocess.SubprocessError) as problem:
        raise Unavailable(f"cannot build {name}: {problem}") from problem
    return ready


def _compile(how: Recipe, *, tools: Path, work: Path, log: Path) -> None:
    (work / "out").mkdir()
    lines = [
        "set -e",
        f"cd {FOLDER}/source",
        f"dpkg-source --no-check -x *.dsc {FOLDER}/tree",
        f"cd {FOLDER}/tree",
        f"export OUT={FOLDER}/out",
    ]
    for place, text in how.files.items():
        (work / "given").mkdir(exist_ok=True)
        given = hashlib.sha256(place.encode()).hexdigest()[:8]
        (work / "given" / given).write_text(text, encoding="utf-8")
        lines.append(f"mkdir -p $(dirname {place}); cp {FOLDER}/given/{given} {place}")
    (work / "build.sh").write_text("\n".join((*lines, how.script)), encoding="utf-8")
    command = ["sh", f"{FOLDER}/build.sh"]
    inside = [sys.executable, "-P", "-m", "harness.isolation.workshop", str(tools), str(work), *command]
    with log.open("wb") as output:
        done = subprocess.run(
            command_inside(inside),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            timeout=_BUILD_SECONDS,
            check=False,
            env=passed_environment(),
        )
    if done.returncode:
        last = [line for line in log.read_text("utf-8", "replace").splitlines() if line.strip()][-1:]
        raise Unavailable(f"the build failed with status {done.returncode}: {' '.join(last)}; see {log}")
