"""The fixture `danelab`: labs in a with block, judged by twin and all."""

from __future__ import annotations

import pytest

from .conftest import Runs

pytestmark = pytest.mark.loopback
HEAD = """
from pathlib import Path
import pytest
from harness.errors import HarnessError, ScenarioError, UsageError
from harness.journal import Accepted, Asked
from harness.library import DanelabWarning
from senders import careful, careless, dead, timid, REFUSES, NotSentError
"""


@pytest.fixture
def tests(pytester: pytest.Pytester, runs: Runs) -> Runs:
    """Runs tests that have these bodies."""

    def run(text: str, *arguments: str) -> pytest.RunResult:
        pytester.makepyfile(HEAD + text)
        return runs(*arguments)

    return run


def test_a_lab_can_be_sent_to_and_asked(tests: Runs) -> None:
    done = tests("""
def test_refused(danelab):
    with danelab("ee-mismatch") as lab:
        for message in lab.messages:
            try:
                careful(lab, message)
            except NotSentError:
                assert message.scenario == "ee-mismatch"
                assert lab.outcome() == "DEFER"
    assert lab.outcome() == "DEFER"
    assert [event.scenario for event in lab.events.of(Accepted)] == ["ee-311"]
    assert lab.verdict().verdict == "pass"
    assert lab.check().scenario == "ee-mismatch"

def test_delivered(danelab):
    with danelab("ee-311") as lab:
        careful(lab, lab.message)
    assert lab.outcome() == "AUTH"
    assert lab.events.of(Accepted)[0].recipients == lab.message.recipients
    lab.check()

def test_two_labs_of_one_test_support_each_other(danelab):
    with danelab("ee-311") as well, danelab("ee-mismatch") as forged:
        careful(well, well.message)
        with pytest.raises(NotSentError):
            careful(forged, forged.message)
    forged.check()
""")
    done.assert_outcomes(passed=3)


def test_a_careless_sender_fails_in_four_lines_and_without_our_code(tests: Runs) -> None:
    done = tests("""
def test_forged(danelab):
    danelab.judge("ee-mismatch", send=careless)

def test_in_a_block(danelab):
    with danelab("ee-mismatch") as lab:
        for message in lab.messages:
            careless(lab, message)
    lab.check()
""")
    done.assert_outcomes(failed=2)
    done.stdout.re_match_lines_random(
        [
            r"E .*AssertionError: ee-mismatch \(security\)",
            r"E +world +The published digest belongs to another key.*its twin ee-311 lacks that.*",
            r"E +rule +RFC 7672 section .*",
            r"E +expected +DEFER \(accepted nowhere, kept for a later attempt\)",
            r"E +seen +mx1 took the mail in cleartext.*leaked: the whole message.*",
        ]
    )
    done.stdout.no_fnmatch_line("*harness/library*")
    done.stdout.no_fnmatch_line("*_judged*")


def test_a_negative_proves_nothing_alone(tests: Runs) -> None:
    done = tests("""
def test_twin_not_sent(danelab):
    with danelab("ee-mismatch") as lab:
        with pytest.raises(NotSentError):
            careful(lab, lab.message)
    with pytest.raises(AssertionError, match="its twin ee-311 was not run; send all of `lab.messages`"):
        lab.check()

@pytest.mark.parametrize("sender", [dead, timid])
def test_no_sender_at_all(danelab, sender):
    with pytest.raises(AssertionError, match="allows no conclusion"):
        danelab.judge("ee-mismatch", send=sender)

def test_nothing_sent(danelab):
    with danelab("ee-mismatch") as lab:
        pass
    assert lab.outcome() == "withheld"
    with pytest.raises(AssertionError, match="asked nothing, connected nowhere and said nothing|connected to no mail"):
        lab.check()

@pytest.mark.filterwarnings("always")
def test_only_looked_at(danelab):
    with danelab("ee-mismatch") as lab:
        with pytest.raises(NotSentError):
            careful(lab, lab.message)
    assert lab.outcome() == "DEFER"
""")
    done.assert_outcomes(passed=5, warnings=1)
    done.stdout.fnmatch_lines(["*DanelabWarning: DEFER of ee-mismatch was looked at, but*ee-311 was not run*"])


def test_what_the_sender_says_and_raises(tests: Runs) -> None:
    done = tests("""
def test_a_mistake_in_the_sender_is_no_refusal(danelab):
    def wrong(lab, message):
        raise KeyError("mine")
    with pytest.raises(KeyError, match="mine"):
        danelab.judge("ee-mismatch", send=wrong, refuses=REFUSES)

def test_returned_where_it_had_to_be_kept(danelab):
    def returns(lab, message):
        try:
            careful(lab, message)
        except NotSentError:
            return "bounced"
    with pytest.raises(AssertionError, match="returned as undeliverable, though it had to be kept"):
        danelab.judge("ee-mismatch", send=returns)

def test_not_supported(danelab):
    danelab.judge("ee-mismatch", send=lambda lab, message: "unsupported")

def test_words(danelab):
    with danelab("ee-311") as lab:
        with pytest.raises(UsageError, match="nobody can say 'defered' of a message; did you mean 'deferred'"):
            lab.said("defered")

def test_a_failure_of_danelab_is_no_assertion(danelab):
    from harness.journal import HarnessFault
    with danelab("ee-mismatch") as lab:
        for message in lab.messages:
            with pytest.MonkeyPatch.context():
                try:
                    careful(lab, message)
                except NotSentError:
                    pass
        lab._recorder.record(HarnessFault, scenario="ee-mismatch", problem="made up")
    with pytest.raises(HarnessError, match="danelab itself failed.*made up"):
        lab.check()
""")
    done.assert_outcomes(passed=4, skipped=1)


def test_a_world_built_in_python(tests: Runs) -> None:
    done = tests("""
from harness.scenario.mailhosts import Smtp
from harness.scenario.models import Mx
from harness.scenario.zones import Fault

def test_of_models_and_of_tables(danelab):
    tables = danelab.judge(mx=[{"smtp": {"starttls": False}}], send=careful, refuses=REFUSES)
    models = danelab.judge(mx=[Mx(smtp=Smtp(starttls=False))], send=careful, refuses=REFUSES)
    assert (tables.outcome, models.outcome) == ("DEFER", "DEFER")
    assert tables.expected == models.expected == "DEFER"
    assert tables.requirements == models.requirements != ()

def test_faults_and_zones(danelab):
    lost = danelab.judge(faults=[Fault(at="TLSA", what="servfail")], send=careful, refuses=REFUSES)
    assert lost.outcome == "DEFER"
    plain = danelab.judge(
        zones={"domain": {"signed": False}}, mx=[{"smtp": {"starttls": False}}], send=careful, refuses=REFUSES
    )
    assert plain.outcome == "CLEAR"
    with pytest.raises(AssertionError, match="DEFER was expected"):
        danelab.judge(mx=[{"tlsa": ["3 1 1 other-key"]}], send=careless)

def test_an_expectation_of_ones_own(danelab):
    with pytest.raises(AssertionError, match="withheld, though it had to be delivered"):
        danelab.judge(
            mx=[{"tlsa": ["3 1 1 other-key"]}], expect="AUTH", covers=["7672-3.1.1-3"], send=careful, refuses=REFUSES
        )

@pytest.mark.parametrize(("world", "problem"), [
    ({"mxx": []}, "danelab...: mxx: there is no key 'mxx' here; did you mean 'mx'"),
    ({"mx": [{"smtp": {"startls": False}}]}, "mx.0..smtp.startls: .* did you mean 'starttls'"),
    ({"mx": {"tlsa": []}}, "mx: is a table where a list is wanted"),
    ({"faults": [{"at": "TLSA", "what": "servfial"}]}, "faults.0..what: .* did you mean 'servfail'"),
    ({"steps": [{"send": ["domain"]}]}, "expect and covers: is missing"),
    ({"mx": [{"tlsa": ["3 1 1 nobody"]}]}, "mx.0..tlsa.0.: "),
    ({"id": "Not An Id"}, "is no id"),
    ({"twin": "ee-312x", "mx": [{"tlsa": ["3 1 1 other-key"]}]}, "twin: there is no scenario 'ee-312x'"),
])
def test_what_is_wrong_is_named(danelab, world, problem):
    with pytest.raises(ScenarioError, match=problem):
        danelab(**world)

@pytest.mark.parametrize(("arguments", "world", "problem"), [
    ((), {}, "danelab.. names no scenario"),
    (("ee-mismach",), {}, "there is no scenario 'ee-mismach'; did you mean 'ee-mismatch'"),
    (("ee-311",), {"mx": []}, "name a scenario, or build one, not both"),
    (("ee-311",), {"mode": "strict"}, "there is no mode 'strict'"),
])
def test_what_is_asked_wrongly_is_said(danelab, arguments, world, problem):
    with pytest.raises(UsageError, match=problem):
        danelab(*arguments, **world)
""")
    done.assert_outcomes(passed=15)


def test_labs_are_used_as_they_are_meant(tests: Runs) -> None:
    done = tests("""
def test_in_a_block(danelab):
    lab = danelab("ee-311")
    with pytest.raises(UsageError, match="use it in a with block"):
        lab.resolver
    with lab:
        message = lab.message
        assert list(lab.messages) == [message]
        with pytest.raises(UsageError, match="have been handed out"):
            lab.messages
    with pytest.raises(UsageError, match="was up once"), lab:
        pass

def test_steps(danelab):
    steps = [
        {"send": ["domain"]},
        {"change": {"mx": [{"tlsa": ["3 1 1 other-key"]}]}},
        {"send": ["domain"], "expect": {"opportunistic": "DEFER", "mandatory": "DEFER", "unaware": "OPP"}},
    ]
    world = dict(steps=steps, expect="AUTH", covers=["7672-3.1.1-3"], twin="ee-311")
    assert danelab.judge(**world, send=careful, refuses=REFUSES).outcome == "AUTH then DEFER"
    with danelab(**world) as lab, pytest.raises(UsageError, match="sends 2 messages"):
        lab.message
""")
    done.assert_outcomes(passed=2)
