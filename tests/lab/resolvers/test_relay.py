"""The relay between targets and a real resolver."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from harness.journal import Asked, Event, HarnessFault
from harness.lab.dns_server import DnsServer, Responder
from harness.lab.packets import read_query
from harness.lab.recorder import Recorder
from harness.lab.resolvers.noting import LATE, unreasonable
from harness.lab.resolvers.relay import Relay
from harness.lab.resolvers.software import ResolverSoftware
from harness.targets.packages import prefix
from harness.world.addresses import LOOPBACK
from tests.lab.kit import CLIENT, query
from tests.lab.resolvers import lives
from tests.lab.resolvers.bodies import bundle
from tests.support.fixtures import available
from tests.world.kit import DOMAIN, internet, scenario


@pytest.fixture
def _unbound() -> None:
    available(prefix, bundle(ResolverSoftware.UNBOUND))


def before_unbound(test: Callable[..., None]) -> Callable[..., None]:
    """The relay stands before unbound, in a namespace."""
    marked: Callable[..., None] = pytest.mark.validators(pytest.mark.usefixtures("_unbound")(test))
    return marked


def relayed_from(
    fake: Responder, message: bytes, *, forgotten: list[str] | None = None, **tables: Any
) -> tuple[dns.message.Message, list[Event]]:
    """What a relay makes of a fake resolver's answer, and what it takes down, in a world of these tables.

    What the resolver is told to forget is added to `forgotten`.
    """

    async def forget(names: Iterable[str]) -> None:
        if forgotten is not None:
            forgotten.extend(names)

    net, recorder = internet(scenario(**tables), plan=LOOPBACK), Recorder(clock=lambda: 0.0)

    async def ask() -> bytes | None:
        async with (
            DnsServer(fake, address="127.0.0.1") as server,
            Relay(server.address, port=server.port, internet=net, recorder=recorder, forget=forget) as relay,
        ):
            reply = relay.respond(message, "udp", CLIENT, "")
            assert isinstance(reply, asyncio.Future)
            return await reply

    reply = asyncio.run(ask())
    assert reply is not None
    return dns.message.from_wire(reply), recorder.events


def answering(rcode: int) -> Responder:
    """A resolver that answers everything with this code, and with AD."""

    def respond(message: bytes, *_: str) -> bytes:
        reply = dns.message.make_response(dns.message.from_wire(message))
        reply.set_rcode(dns.rcode.Rcode(rcode))
        reply.flags |= dns.flags.AD
        return reply.to_wire()

    return respond


@before_unbound
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


@before_unbound
def test_what_a_scenario_says_of_the_resolver_holds_behind_a_relay(in_namespace: Callable[..., Any]) -> None:
    replies, _ = in_namespace(lives.relayed, [("ad-untrusted-resolver", "udp"), ("no-validation", "udp")])
    assert [(reply.rcode, reply.authentic) for reply in replies] == [("NOERROR", True), ("NOERROR", False)]


@before_unbound
def test_many_clients_may_use_one_number(in_namespace: Callable[..., Any]) -> None:
    assert in_namespace(lives.crowd, 100) == 100


def test_silence_stays_silence_and_is_taken_down(in_namespace: Callable[..., Any]) -> None:
    reply, events = in_namespace(lives.silent)
    assert reply is None
    assert [event.rcode for event in events] == ["none"]


@pytest.mark.parametrize(("rcode", "lies"), [("NOERROR", True), ("NXDOMAIN", True), ("SERVFAIL", False)])
def test_a_resolver_that_lies_about_ad_does_so_where_it_answers(rcode: str, *, lies: bool) -> None:
    code = dns.rcode.from_text(rcode)

    def without_ad(message: bytes, *rest: Any) -> bytes:
        reply = bytearray(answering(code)(message, *rest))  # type: ignore[arg-type]
        reply[3] &= ~0x20
        return bytes(reply)

    reply, events = relayed_from(without_ad, query(DOMAIN, "MX").to_wire(), resolver={"sets_ad": "always"})
    assert (reply.rcode(), bool(reply.flags & dns.flags.AD)) == (code, lies)
    assert [(event.rcode, event.authentic_data) for event in events if isinstance(event, Asked)] == [(rcode, lies)]


def test_a_resolver_that_fails_by_itself_does_so_in_front_of_a_real_one_too() -> None:
    failing = {"failures": {"MX": "refused"}}
    reply, events = relayed_from(answering(dns.rcode.NOERROR), query(DOMAIN, "MX").to_wire(), resolver=failing)
    assert reply.rcode() == dns.rcode.REFUSED
    assert [event.rcode for event in events if isinstance(event, Asked)] == ["REFUSED"]


@pytest.mark.parametrize(
    ("tables", "unreasonable"),
    [
        ({}, "SERVFAIL"),
        ({"faults": [{"at": f"{DOMAIN} MX", "what": "corrupt-rrsig"}]}, ""),
        ({"faults": [{"at": f"{DOMAIN} MX", "what": "servfail"}]}, ""),
        ({"resolver": {"failures": {"MX": "servfail"}}}, ""),
    ],
    ids=["nothing wrong", "bogus", "servers fail", "as the scenario wants it"],
)
def test_a_resolver_that_fails_without_a_reason_is_noticed(tables: dict[str, Any], unreasonable: str) -> None:
    _, events = relayed_from(answering(dns.rcode.SERVFAIL), query(DOMAIN, "MX").to_wire(), **tables)
    (seen,) = (event for event in events if isinstance(event, Asked))
    assert (seen.rcode, seen.unreasonable) == ("SERVFAIL", unreasonable)


@pytest.mark.parametrize("seconds", [LATE - 0.5, LATE + 0.5])
def test_a_resolver_that_is_late_is_noticed(seconds: float) -> None:
    asked = read_query(query(DOMAIN, "MX").to_wire())
    assert asked is not None
    reply = answering(dns.rcode.NOERROR)(query(DOMAIN, "MX").to_wire(), "udp", CLIENT, "")
    assert isinstance(reply, bytes)
    told = f"an answer after {seconds:.1f} s" if seconds > LATE else ""
    assert unreasonable(internet(scenario(), plan=LOOPBACK), asked, reply, seconds=seconds) == told


def test_a_question_that_failed_without_a_reason_is_put_once_more() -> None:
    codes = iter([dns.rcode.SERVFAIL, dns.rcode.NOERROR])

    def flushed(message: bytes, *_: str) -> bytes:
        reply = answering(next(codes))(message, "udp", CLIENT, "")
        assert isinstance(reply, bytes)
        return reply

    forgotten: list[str] = []
    reply, events = relayed_from(flushed, query(DOMAIN, "MX").to_wire(), forgotten=forgotten)
    assert reply.rcode() == dns.rcode.NOERROR
    assert forgotten == [DOMAIN]
    assert [(each.rcode, each.unreasonable) for each in events if isinstance(each, Asked)] == [("NOERROR", "")]


def test_where_it_matters_what_is_remembered_nothing_is_forgotten() -> None:
    forgotten: list[str] = []
    message = query(DOMAIN, "MX").to_wire()
    relayed_from(answering(dns.rcode.SERVFAIL), message, forgotten=forgotten, needs=["cache"])
    assert forgotten == []


@pytest.mark.parametrize(
    ("ttl", "needs", "told"),
    [
        (7, ["cache"], "a TTL of 7 s where 5 s are right"),
        (6, ["cache"], ""),
        (7, [], ""),
    ],
)
def test_a_ttl_that_is_too_long_is_noticed_where_it_matters_what_is_kept(ttl: int, needs: list[str], told: str) -> None:
    def answered(message: bytes, *_: object) -> bytes:
        asked = dns.message.from_wire(message)
        reply = dns.message.make_response(asked)
        reply.answer.append(dns.rrset.from_text(DOMAIN, ttl, "IN", "MX", f"10 mx1.{DOMAIN}"))
        return reply.to_wire()

    _, events = relayed_from(answered, query(DOMAIN, "MX").to_wire(), needs=needs)
    assert [each.overlong for each in events if isinstance(each, Asked)] == [told]


def test_a_world_that_cannot_be_made_is_our_fault_and_answered_servfail() -> None:
    reply, events = relayed_from(answering(0), query(DOMAIN, "MX").to_wire(), faults=[{"at": "a..b A", "what": "drop"}])
    assert reply.rcode() == dns.rcode.SERVFAIL
    assert [type(event) for event in events] == [HarnessFault]


def test_what_is_no_query_is_not_passed_on() -> None:
    relay = Relay("127.0.0.1", internet=internet(scenario(), plan=LOOPBACK), recorder=None)
    assert relay.respond(b"\x12\x34\x81\x80" + b"\0" * 8, "udp", CLIENT, "") is None
    assert isinstance(relay.respond(b"\x12\x34\x01\0" + b"\0" * 8, "udp", CLIENT, ""), bytes)
