"""The relay between targets and a real resolver."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from harness.lab.resolvers.software import ResolverSoftware
from harness.targets.packages import prefix
from tests.lab.resolvers import lives
from tests.lab.resolvers.bodies import bundle
from tests.support.fixtures import available

pytestmark = pytest.mark.validators


@pytest.fixture(autouse=True)
def _unbound() -> None:
    available(prefix, bundle(ResolverSoftware.UNBOUND))


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_questions_and_answers_pass_and_are_taken_down(transport: str, in_namespace: Callable[..., Any]) -> None:
    replies, events = in_namespace(lives.relayed, [("ee-311", transport), ("corrupt-sig-tlsa", transport)])
    assert [(reply.rcode, reply.authentic) for reply in replies] == [("NOERROR", True), ("SERVFAIL", False)]
    seen = [(event.scenario, event.transport, event.rcode, event.authentic_data, event.client) for event in events]
    assert seen == [
        ("ee-311", transport, "NOERROR", True, "203.0.113.1"),
        ("corrupt-sig-tlsa", transport, "SERVFAIL", False, "203.0.113.1"),
    ]
    assert events[1].faults == ("corrupt-rrsig",)


def test_what_a_scenario_says_of_the_resolver_holds_behind_a_relay(in_namespace: Callable[..., Any]) -> None:
    replies, _ = in_namespace(lives.relayed, [("ad-untrusted-resolver", "udp"), ("no-validation", "udp")])
    assert [(reply.rcode, reply.authentic) for reply in replies] == [("NOERROR", True), ("NOERROR", False)]


def test_many_clients_may_use_one_number(in_namespace: Callable[..., Any]) -> None:
    assert in_namespace(lives.crowd, 100) == 100


def test_silence_stays_silence_and_is_taken_down(in_namespace: Callable[..., Any]) -> None:
    reply, events = in_namespace(lives.silent)
    assert reply is None
    assert [event.rcode for event in events] == ["none"]
