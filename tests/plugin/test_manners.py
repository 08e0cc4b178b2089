"""What the plugin does not do: cost time, get in the way of itself under xdist, or promise what the guide does not."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from .conftest import EXAMPLES, PLUGIN, Runs

ROOT = EXAMPLES.parents[1]
GUIDE = (ROOT / "docs" / "pytest.md").read_text(encoding="utf-8")


def test_importing_it_imports_nothing_else() -> None:
    script = (
        "import sys, pytest; before = set(sys.modules); import harness.pytest_plugin; "
        "print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.split() == ["harness", "harness.pytest_plugin"]


def test_danelab_runs_without_pytest() -> None:
    script = (
        "import sys; sys.modules['pytest'] = sys.modules['_pytest'] = None; import harness.cli, harness.library; "
        "from harness.commands import run"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["entry-points"]["pytest11"] == {"danelab": "harness.pytest_plugin"}
    assert not [each for each in project["dependencies"] if "pytest" in each]


@pytest.mark.loopback
def test_the_guide_s_example_is_ten_lines_and_passes(pytester: pytest.Pytester, runs: Runs) -> None:
    text = (EXAMPLES / "test_dane_sender.py").read_text(encoding="utf-8")
    body = text.partition('"""\n\n')[2]
    assert body in GUIDE
    assert len([line for line in body.splitlines() if line.strip()]) <= 10
    blocks = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
    assert len(blocks) == 3
    pytester.makepyfile(test_guide="\n".join(blocks))
    runs().assert_outcomes(passed=6)


@pytest.mark.loopback
def test_spread_over_processes_it_gives_the_same_verdicts(pytester: pytest.Pytester, folder: Path) -> None:
    pytest.importorskip("xdist")
    (folder / "own-fine.danelab.toml").write_text(
        'title = "Nothing is wrong here"\ncovers = ["7672-3.1.1-3"]\nexplain = "All is as it should be, as ever."\n'
        '[expect]\nopportunistic = "AUTH"\nmandatory = "AUTH"\nunaware = "OPP"\n'
    )
    pytester.makepyfile("""
import pytest
from senders import careful, careless, REFUSES

@pytest.mark.danelab("ee-mismatch", "ee-311", "starttls-stripped", "tlsa-servfail")
@pytest.mark.parametrize("sender", [careful, careless])
def test_it(danelab, sender):
    danelab.judge(send=sender, refuses=REFUSES)
""")
    done = pytester.runpytest_subprocess(*PLUGIN, "-n", "2", "-rA")
    done.assert_outcomes(passed=5, failed=4)
    done.stdout.no_fnmatch_line("FAILED*careful*")
    done.stdout.fnmatch_lines(["PASSED own-fine.danelab.toml::own-fine*"])
