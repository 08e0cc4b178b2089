"""The oracle against the hand-written expectations of every scenario."""

from __future__ import annotations

from collections import Counter

from harness.oracle import permitted
from harness.oracle.reach import Beyond
from harness.oracle.words import deciding
from harness.scenario.models import Mode
from harness.scenario.requirements import load_requirements
from harness.scenario.suite import REQUIREMENTS, own_scenarios

from .suite import spoken, told

BETTER: dict[tuple[str, int, str, Mode], str] = {}
"""Where the oracle is right and the file is not, with what it should say."""

OUT_OF_REACH = {
    Beyond.LOCAL_POLICY: 2,
    Beyond.EARLIER_SESSIONS: 1,
    Beyond.CACHE: 6,
    Beyond.REPLIES: 1,
}
"""How many scenarios the oracle does not speak about, by reason."""


def test_the_oracle_permits_what_the_scenarios_permit_and_nothing_else() -> None:
    found = {(*sent.place, mode): said for sent in spoken() for mode in Mode if (said := sent.disagreement(mode))}
    assert found == BETTER


def test_the_oracle_names_the_choice_that_the_scenarios_name() -> None:
    disagreeing = {
        sent.place: (sent.expect.choice, choice)
        for sent in spoken()
        if (choice := deciding(permitted(sent.facts, Mode.OPPORTUNISTIC))) is not sent.expect.choice
        and len(sent.expect.opportunistic.outcomes) > 1
    }
    assert disagreeing == {}


def test_the_scenarios_out_of_reach_are_these_and_no_more() -> None:
    assert Counter({place[0]: reason for place, reason in told()[1].items()}.values()) == OUT_OF_REACH


def test_nine_scenarios_of_ten_are_within_reach() -> None:
    found, silent = told()
    out = {place[0] for place in silent}
    assert len(out) * 10 < len({sent.place[0] for sent in found} | out)


def test_every_outcome_names_rules_that_exist() -> None:
    known = load_requirements(own_scenarios() / REQUIREMENTS).keys()
    for sent in spoken():
        for mode in Mode:
            for final in permitted(sent.facts, mode):
                assert final.because, (sent.place, mode, final)
                assert known >= set(final.because), (sent.place, mode, final)
