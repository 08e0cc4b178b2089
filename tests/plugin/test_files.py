"""`*.danelab.toml` files as tests."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from .conftest import EXAMPLES, Runs

pytestmark = pytest.mark.loopback
SMTPLIB = f"command:{sys.executable} {EXAMPLES / 'send_smtplib.py'} {{sender}} {{recipient}} {{message}}"
HEAD = """covers = ["7672-3.1.1-3"]
explain = "Whatever happens here, it happens to test the plugin."
"""
FORGED = f"""title = "The digest belongs to another key"
twin = "own-fine"
{HEAD}
[[mx]]
tlsa = ["3 1 1 other-key"]
[expect]
opportunistic = "DEFER"
mandatory = "DEFER"
unaware = "OPP"
"""
FINE = f"""title = "The digest is the right one"
{HEAD}
[expect]
opportunistic = "AUTH"
mandatory = "AUTH"
unaware = "OPP"
"""


@pytest.fixture
def own(folder: Path) -> Path:
    """A folder with two scenarios, one the other's twin."""
    (folder / "own-forged.danelab.toml").write_text(FORGED)
    (folder / "own-fine.danelab.toml").write_text(FINE)
    return folder


def test_one_test_for_each_target_and_mode(own: Path, runs: Runs) -> None:
    ini = "[pytest]\ndanelab_target =\n    builtin\n    builtin:mandatory\ndanelab_mode = opportunistic\n"
    (own / "pytest.ini").write_text(ini)
    done = runs("-v", "own-forged.danelab.toml")
    done.assert_outcomes(passed=2)
    done.stdout.fnmatch_lines(
        ["*::own-forged?builtin:opportunistic? PASSED*", "*::own-forged?builtin:mandatory? PASSED*"]
    )


def test_a_failure_is_told_in_our_words_and_shows_no_python(own: Path, runs: Runs) -> None:
    assert (own / "own-fine.danelab.toml").is_file()
    done = runs("--danelab-target", SMTPLIB, "own-forged.danelab.toml")
    done.assert_outcomes(failed=1)
    done.stdout.re_match_lines(
        [
            r"own-forged \(security\)",
            r"  world     The digest belongs to another key; its twin own-fine lacks that: .*",
            r"  rule      RFC 7672 section 3.1.1, MUST: .*",
            r"  expected  DEFER .*",
            r"  seen      mx1 took the mail over TLS; .*leaked: .*",
        ],
        consecutive=True,
    )
    for line in ("*Traceback*", "*.py:*", "*During handling*"):
        done.stdout.no_fnmatch_line(line)


def test_a_dead_target_does_not_pass_and_is_quoted(own: Path, runs: Runs) -> None:
    assert own.is_dir()
    done = runs("--danelab-target", "command:sh -c 'echo no way; exit 75' {recipient}")
    done.assert_outcomes(failed=2)
    done.stdout.fnmatch_lines(["own-forged allows no conclusion: *connected to no mail server*no way*"])


def test_one_that_fails_the_twin_only_does_not_pass_either(own: Path, runs: Runs) -> None:
    """It comes to every server and delivers to none."""
    visit = own / "visit.py"
    visit.write_text(
        "import os, socket, sys\n"
        "sys.path.insert(0, os.path.dirname(__file__))\n"
        "from dane_sender import look_up\n"
        "where = os.environ['DANELAB_RESOLVER']\n"
        "mx = min(look_up(sys.argv[1].partition('@')[2], 'MX', resolver=where)[0]).exchange\n"
        "at = str(look_up(str(mx), 'A', resolver=where)[0][0])\n"
        "socket.create_connection((at, int(os.environ['DANELAB_SMTP_PORT']))).close()\n"
        "sys.exit(75)\n"
    )
    done = runs("--danelab-target", f"command:{sys.executable} {visit} {{recipient}}", "own-forged.danelab.toml")
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(
        ["own-forged allows no conclusion: *own-fine ran along:", "own-fine (delivery)", "*world*"]
    )


def test_what_a_target_cannot_do_is_skipped_with_the_reason(own: Path, runs: Runs) -> None:
    assert own.is_dir()
    done = runs("--danelab-target", "command:sh -c 'exit 127' {recipient}", "-rs", "own-fine.danelab.toml")
    done.assert_outcomes(skipped=1)
    done.stdout.fnmatch_lines(["SKIPPED*own-fine: the target cannot do this*"])


def test_a_wrong_file_is_an_error_that_names_file_line_and_key(own: Path, runs: Runs) -> None:
    (own / "own-forged.danelab.toml").write_text(FORGED.replace("tlsa =", "tlse ="))
    done = runs("own-forged.danelab.toml")
    done.assert_outcomes(errors=1)
    done.stdout.re_match_lines([r"own-forged.danelab.toml:\d+: mx\[0\].tlse: there is no key 'tlse' here; .*"])
    (own / "own-forged.danelab.toml").write_text(FORGED.replace("own-fine", "own-gone"))
    done = runs("own-forged.danelab.toml")
    done.assert_outcomes(errors=1)
    done.stdout.re_match_lines([r"own-forged.danelab.toml:\d+: twin: there is no scenario 'own-gone'.*"])
    done.stdout.no_fnmatch_line("*During handling*")


def test_a_failure_of_danelab_is_an_error_and_says_so(own: Path, runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = own / "broken"
    broken.mkdir()
    (broken / "sitecustomize.py").write_text(
        "import harness.lab.lab\n"
        "def wrong(*_):\n    raise RuntimeError('out of order')\n"
        "harness.lab.lab.Lab._listen = wrong\n"
    )
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(broken), os.environ.get("PYTHONPATH", ""))))
    done = runs("own-fine.danelab.toml")
    done.assert_outcomes(errors=1)
    done.stdout.fnmatch_lines(["danelab itself failed, which is not the target's fault: *"])


def test_a_matrix_is_several_tests(own: Path, runs: Runs) -> None:
    matrix = '\n[[matrix]]\nsuffix = "rsa"\nmx = [{ cert = { key = "rsa-2048" } }]\n[[matrix]]\nsuffix = "plain"\n'
    (own / "own-keys.danelab.toml").write_text(FINE + matrix)
    done = runs("-v", "own-keys.danelab.toml")
    done.assert_outcomes(passed=2)
    done.stdout.fnmatch_lines(["*own-keys-rsa?builtin:opportunistic? PASSED*", "*own-keys-plain?builtin:opp*PASSED*"])


def test_a_target_that_does_not_exist_is_said_once(own: Path, runs: Runs) -> None:
    done = runs("--danelab-target", "buitin")
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines(["ERROR: --danelab-target: there is no target 'buitin'; did you mean 'builtin'*"])
    (own / "pytest.ini").write_text("[pytest]\ndanelab_target = buitin\n")
    done = runs("own-fine.danelab.toml")
    done.assert_outcomes(errors=1)
    done.stdout.fnmatch_lines(["danelab_target: there is no target 'buitin'; did you mean 'builtin'*"])
