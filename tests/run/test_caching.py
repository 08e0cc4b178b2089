"""A cache between the lab's name servers and a mail server: what it keeps is believed, and what has run out is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.lab.resolvers import ResolverSoftware
from harness.scenario.models import Choice
from harness.verdict import Verdict
from tests.support.fixtures import available

from .danelab import run
from .test_namespace import ready

pytestmark = [pytest.mark.namespace, pytest.mark.quiet]

CACHED = ("stale-cache", "signature-ends-in-cache", "insecurity-in-cache", "absence-in-cache")
CHANGED = ("tlsa-added", "tlsa-removed", "ds-removed", "tlsa-transient")


def test_postfix_behind_a_cache_believes_what_is_kept_until_it_has_run_out(tmp_path: Path) -> None:
    available(ready, "postfix:dane", "resolver:unbound", resolver=ResolverSoftware.UNBOUND)
    words = ("-t", "postfix:dane", "-t", "resolver:unbound", "--resolver", "unbound")
    done = run("-q", *words, *CACHED, *CHANGED, out=tmp_path)
    assert done.report.faults == ()
    postfix = {each.scenario: each for each in done.results if each.target == "postfix:dane"}
    assert postfix["stale-cache"].outcome == "AUTH then DEFER then AUTH"
    wrong = {key: each.reason for key, each in postfix.items() if each.verdict not in (Verdict.PASS, Verdict.ALLOWED)}
    # Postfix keeps TLSA records itself, in each of its processes, for the TTL that it is told; unbound tells too long a
    # one here. Which process has the second message in hand is chance.
    told = wrong.pop("signature-ends-in-cache", "") or "the lab's resolver vouched for an answer too long"
    assert told.startswith("the lab's resolver vouched for an answer too long")
    assert wrong == {}
    resolver = {each.scenario: each for each in done.results if each.target == "resolver:unbound"}
    assert resolver["stale-cache"].choice is Choice.REMEMBERED_ANSWER
    assert {resolver[key].verdict for key in CHANGED} == {Verdict.PASS}
