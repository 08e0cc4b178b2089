"""Badges: what stands on them."""

from __future__ import annotations

import json
from collections.abc import Callable
from xml.etree import ElementTree

import pytest

from harness.report import RunReport
from harness.report.badge import endpoint, said, text
from tests.verdict.tape import GOOD, Tape

from .runs import conforming, excused, mixed, report, two, unaware


def test_a_badge_says_what_came_of_the_run() -> None:
    nothing = report(Tape().start().end(), ())
    broken = report(Tape().start(GOOD).delivered("good").fault(problem="disk full").end(), (GOOD,))
    assert said(conforming(3)) == ("3 verified", "brightgreen")
    assert said(mixed()) == ("3 fail", "red")
    assert said(two()) == ("1 fails", "red")
    assert said(unaware()) == ("not active", "red")
    assert said(nothing) == ("inconclusive", "lightgrey")
    assert said(broken) == ("no result", "lightgrey")
    assert said(excused()) == ("3 fail", "red")


def test_known_failures_are_not_hidden() -> None:
    run = excused()
    calm = run.model_copy(update={"exit_code": 0, "known": run.known[:1]})
    message, colour = said(calm)
    assert message.endswith(" known")
    assert colour != "brightgreen"


@pytest.mark.parametrize("run", [mixed, conforming])
def test_the_picture_is_svg_with_the_words_in_it(run: Callable[[], RunReport]) -> None:
    root = ElementTree.fromstring(text(run()))
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    words = [each.text for each in root.iter("{http://www.w3.org/2000/svg}text")]
    assert words == ["DANE", said(run())[0]]


def test_the_endpoint_has_what_shields_reads() -> None:
    told = json.loads(endpoint(conforming(3)))
    assert told == {"schemaVersion": 1, "label": "DANE", "message": "3 verified", "color": "brightgreen"}
