"""The marker `danelab`, and `danelab.run`."""

from __future__ import annotations

import sys

import pytest

from .conftest import EXAMPLES, Runs

pytestmark = pytest.mark.loopback
SMTPLIB = f"command:{sys.executable} {EXAMPLES / 'send_smtplib.py'} {{sender}} {{recipient}} {{message}}"


def test_a_marked_test_is_run_once_for_each_scenario(pytester: pytest.Pytester, runs: Runs) -> None:
    pytester.makepyfile("""
import pytest
from senders import careful, REFUSES

@pytest.mark.danelab("ee-mismatch", "ee-311")
def test_it(danelab):
    danelab.judge(send=careful, refuses=REFUSES)

@pytest.mark.danelab("ee-mismatch", mode="mandatory")
def test_in_a_block(danelab):
    with danelab() as lab:
        assert (lab.scenario, lab.message.mode) == ("ee-mismatch", "mandatory")
""")
    done = runs("-v", "--strict-markers")
    done.assert_outcomes(passed=3)
    done.stdout.fnmatch_lines(["*test_it?ee-mismatch?*PASSED*", "*test_it?ee-311?*PASSED*"])


@pytest.mark.parametrize(
    ("marked", "argument", "problem"),
    [
        ("@pytest.mark.danelab", "danelab", "names no scenario"),
        ("@pytest.mark.danelab('ee-311', lab='x')", "danelab", "has no argument 'lab'"),
        ("@pytest.mark.danelab(311)", "danelab", "wants ids of scenarios"),
        ("@pytest.mark.danelab('ee-311')", "", "does not take the fixture"),
        ("@pytest.mark.danelab('ee-311')", "danelab", "asks for no lab"),
    ],
)
def test_a_marker_that_means_nothing_is_no_test_that_passes(
    pytester: pytest.Pytester, runs: Runs, marked: str, argument: str, problem: str
) -> None:
    pytester.makepyfile(f"import pytest\n{marked}\ndef test_it({argument}): pass\n")
    done = runs()
    assert done.ret != 0
    assert done.parseoutcomes().get("passed", 0) == 0
    done.stdout.fnmatch_lines([f"*{problem}*"])


def test_any_target_can_be_run(pytester: pytest.Pytester, runs: Runs) -> None:
    pytester.makepyfile(f"""
import pytest
from harness.errors import UsageError
from harness.journal import Accepted

@pytest.mark.danelab("ee-mismatch")
def test_builtin(danelab):
    ran = danelab.run()
    assert ran.check() is ran
    assert (ran.outcome(), ran.outcome("ee-311")) == ("DEFER", "AUTH")
    assert ran.events.of(Accepted)

def test_one_that_knows_no_dane(danelab):
    danelab.run("ee-mismatch", target={SMTPLIB!r}).check()

def test_wrong_words(danelab):
    with pytest.raises(UsageError, match="no scenario matches; did you mean 'ee-mismatch'"):
        danelab.run("ee-mismach")
    with pytest.raises(UsageError, match="'--inside' is no id or pattern"):
        danelab.run("--inside")
    with pytest.raises(UsageError, match="names no scenario"):
        danelab.run()
""")
    done = runs("--danelab-target", "builtin:opportunistic")
    done.assert_outcomes(passed=2, failed=1)
    done.stdout.re_match_lines_random([r"E .*ee-mismatch \(security\)", r"E +seen +mx1 took the mail over TLS.*"])
    done.stdout.no_fnmatch_line("*harness/library*")
