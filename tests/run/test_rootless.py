"""An ordinary user gets the verdicts that root gets, and one clear line where the machine gives no namespaces."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.targets.packages import Bundle, Unavailable, prefix
from tests.support.captures import keys, packets
from tests.support.fixtures import available

from .danelab import ROOT, Done, run
from .test_namespace import differing, ready, told

pytestmark = pytest.mark.namespace

NOBODY = 65534
TARGETS = ("postfix:dane", "posttls-finger")
WHIMS = {"ipv6-impostor", "ipv6-stripped", "both-families-impostor", "multihomed"}
"""Scenarios with a good and a bad address: posttls-finger looks at one of them only, whichever comes first to it."""


class Somebody:
    """An ordinary user: no root, no subordinate ids, a home of his own with packages in its cache."""

    def __init__(self, home: Path) -> None:
        self.home = home
        if os.geteuid() != 0 or shutil.which("setpriv") is None:
            raise Unavailable("tests as an ordinary user need root and setpriv, to become one")
        self.python = next((each for each in (sys.executable, "/usr/bin/python3") if self._can_run(each)), "")
        if not self.python:
            raise Unavailable("no Python of this version can be run by an ordinary user here")

    def _can_run(self, python: str) -> bool:
        code = f"import sys, pydantic, cryptography, harness; sys.exit(sys.version_info[:2] != {sys.version_info[:2]})"
        return self.does([python, "-c", code]).returncode == 0

    def does(self, command: list[str], **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a command as him."""
        libraries = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
        environment = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(self.home),
            "TMPDIR": str(self.home),
            "COLUMNS": "80",
            "PYTHONPATH": os.pathsep.join([str(ROOT), *libraries]),
            **variables,
        }
        try:
            return subprocess.run(
                command,
                env=environment,
                user=NOBODY,
                group=NOBODY,
                extra_groups=(),
                cwd="/",
                capture_output=True,
                text=True,
                timeout=300,
                check=False,
            )
        except PermissionError as error:
            return subprocess.CompletedProcess(command, 126, "", str(error))

    def danelab(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run the command as him."""
        return self.does([self.python, "-m", "harness.cli", *arguments], **variables)


@pytest.fixture(scope="module")
def somebody() -> Iterator[Somebody]:
    # Not below pytest's own folder, which nobody else may enter.
    home = Path(tempfile.mkdtemp(prefix="danelab-test-"))
    try:
        made: Somebody = available(Somebody, home)
        available(ready, *TARGETS)
        for bundle in (Bundle("postfix", ("postfix",)),):
            tree = prefix(bundle)
            shutil.copytree(tree, home / ".cache/danelab/packages" / tree.name, symlinks=True)
        subprocess.run(["chown", "-R", f"{NOBODY}:{NOBODY}", str(home)], check=True)
        yield made
    finally:
        shutil.rmtree(home)


@pytest.mark.quiet
def test_an_ordinary_user_gets_the_verdicts_of_root(somebody: Somebody, tmp_path: Path) -> None:
    words = [word for target in TARGETS for word in ("-t", target)]
    out = somebody.home / "out"
    done = somebody.danelab("run", "-q", *words, "--resolver", "simulated", "--out", str(out))
    assert (out / "report.json").exists(), done.stderr
    his = Done(done.returncode, done.stdout, done.stderr, out)
    ours = run("-q", *words, "--resolver", "simulated", out=tmp_path / "root")
    assert len(told(his)) > 800
    whims = {("posttls-finger", scenario) for scenario in WHIMS}
    assert {key: both for key, both in differing(his, ours).items() if key not in whims} == {}


def test_without_namespaces_there_is_one_clear_line(somebody: Somebody) -> None:
    # A user namespace within one that allows no further ones: what a locked-down machine looks like.
    inside = 'echo 0 > /proc/sys/user/max_user_namespaces; exec "$@"'
    command = ["unshare", "--user", "--map-root-user", "--mount-proc", "--pid", "--fork", "sh", "-c", inside, "sh"]
    done = somebody.does(
        [*command, "setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs",
         somebody.python, "-m", "harness.cli", "run", "-q", "-t", "postfix:dane", "ee-311"]
    )  # fmt: skip
    assert done.returncode == 2, done.stdout + done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith("danelab: ")]
    assert lines, done.stderr
    assert "Traceback" not in done.stderr
    assert "danelab doctor" in lines[-1]


def test_an_ordinary_user_can_capture_the_packets_of_his_lab(somebody: Somebody) -> None:
    out = somebody.home / "captured"
    done = somebody.danelab("run", "-q", "ee-311", "--capture", "--out", str(out))
    assert done.returncode == 0, done.stderr
    assert any(b"STARTTLS\r\n" in data for data, _, _ in packets(out / "capture.pcapng"))
    assert keys(out / "capture.pcapng")
