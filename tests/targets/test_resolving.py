"""A resolver as a target: found by name or address, asked as a mail server's stub asks, known to be dead if it is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from dnslib import QTYPE, RR, DNSQuestion, DNSRecord
from dnslib.dns import CNAME, EDNS0, MX, RD

from harness.errors import NothingConcluded, UsageError
from harness.lab.dns_server import DnsServer
from harness.lab.resolvers import ResolverSoftware
from harness.scenario.models import Need
from harness.targets import Network, named
from harness.targets.resolving import ResolverTarget
from harness.targets.stub import Said, Stub
from harness.world.records import Type

from .surroundings import Deaths, around

pytestmark = pytest.mark.loopback

AD = 0x20
NAME = "mx1.one.example."


@pytest.mark.parametrize("word", ["simulated", "unbound", "bind", "knot", "powerdns"])
def test_the_resolvers_that_danelab_raises_are_named(word: str) -> None:
    kind = named(f"resolver:{word}")
    assert (kind.name, kind.resolves, kind.checks) == (f"resolver:{word}", ResolverSoftware(word), False)
    assert not {Need.LAB_RESOLVER, Need.PATIENCE} & kind.offers
    assert (Need.CACHE in kind.offers) == (word != "simulated")
    assert Network.NAMESPACE in kind.networks


@pytest.mark.parametrize("word", ["127.0.0.1", "192.0.2.53:5353", "2001:db8::53", "[2001:db8::53]:5353"])
def test_a_resolver_of_ones_own_is_named_by_its_address(word: str) -> None:
    kind = named(f"resolver:{word}")
    assert kind.resolves is ResolverSoftware.TARGET
    assert Need.CACHE in kind.offers
    assert kind.networks == {Network.LOOPBACK, Network.OUTSIDE}


@pytest.mark.parametrize("word", ["", "unbuond", "target", "192.0.2", "192.0.2.53:0", "192.0.2.53:dns", "host:53"])
def test_what_is_neither_is_told_in_one_line_that_says_what_would_be(word: str) -> None:
    with pytest.raises(UsageError, match=r"there is no resolver '.*write resolver:unbound, or an address"):
        named(f"resolver:{word}")


def answered(message: bytes, *records: RR, rcode: int = 0, ad: bool = True, tc: bool = False) -> bytes:
    """A reply to a question."""
    reply = DNSRecord.parse(message).reply()
    reply.header.rcode, reply.header.ad, reply.header.tc = rcode, int(ad), int(tc)
    for record in records:
        reply.add_answer(record)
    return bytes(reply.pack())


async def _said(respond: Callable[[bytes, str], bytes | None], kind: Type, *, patience: float = 5.0) -> Said:
    async with (
        DnsServer(lambda message, transport, _, __: respond(message, transport), address="127.0.0.1") as server,
        Stub("127.0.0.1", port=server.port, patience=patience) as stub,
    ):
        return await stub.ask(NAME, kind)


def test_a_question_carries_do_and_ad_and_no_cd() -> None:
    asked: list[DNSRecord] = []

    def respond(message: bytes, _: str) -> bytes:
        asked.append(DNSRecord.parse(message))
        return answered(message)

    said = asyncio.run(_said(respond, Type.A))
    assert said == Said(rcode="NOERROR", authentic=True)
    (query,) = asked
    assert (str(query.q.qname), query.q.qtype, query.q.qclass) == (NAME, 1, 1)
    assert (query.header.rd, query.header.ad, query.header.cd) == (1, 1, 0)
    assert [(type(each), each.edns_do) for each in query.ar if isinstance(each, EDNS0)] or query.ar[0].edns_do


def test_records_of_the_type_asked_for_are_read_whether_names_are_compressed_or_not() -> None:
    record = RR(NAME, QTYPE.MX, rdata=MX("MX2.one.example", 10), ttl=5)
    said = asyncio.run(_said(lambda message, _: answered(message, record, ad=False), Type.MX))
    assert said == Said(rcode="NOERROR", answer=("10 mx2.one.example.",), ttl=5)


def test_the_largest_ttl_of_the_records_asked_for_is_told() -> None:
    records = [RR(NAME, Type.TLSA, rdata=RD(bytes((3, 1, 1, number))), ttl=number) for number in (7, 9)]
    alias = RR("alias.one.example.", QTYPE.CNAME, rdata=CNAME(NAME), ttl=3600)
    assert asyncio.run(_said(lambda message, _: answered(message, alias, *records), Type.TLSA)).ttl == 9
    assert asyncio.run(_said(lambda message, _: answered(message, alias), Type.TLSA)).ttl is None


def test_malformed_tlsa_data_is_told_as_it_is() -> None:
    record = RR(NAME, Type.TLSA, rdata=RD(b"\x03\x01"), ttl=5)
    assert asyncio.run(_said(lambda message, _: answered(message, record), Type.TLSA)).answer == ("0301",)


def test_a_truncated_answer_is_fetched_over_tcp() -> None:
    def respond(message: bytes, transport: str) -> bytes:
        return answered(message, tc=transport == "udp", rcode=3 if transport == "tcp" else 0)

    assert asyncio.run(_said(respond, Type.A)).rcode == "NXDOMAIN"


@pytest.mark.parametrize("reply", [None, b"\0" * 12 + b"rubbish"])
def test_silence_and_rubbish_are_no_answer(reply: bytes | None) -> None:
    def respond(message: bytes, _: str) -> bytes | None:
        return message[:2] + b"\x81\x80\0\1\0\1" + reply if reply else None

    assert asyncio.run(_said(respond, Type.A, patience=0.3)) == Said(rcode="none")


async def _entered(respond: Callable[[bytes], bytes | None]) -> None:
    async with (
        DnsServer(lambda message, *_: respond(message), address="127.0.0.1") as server,
        ResolverTarget("resolver:one", around(), address="127.0.0.1", port=server.port, keeps_answers=False),
    ):
        pass


def test_one_that_does_not_validate_is_not_judged() -> None:
    with pytest.raises(NothingConcluded, match=r"resolver:one: .* it does not validate; give it the lab's trust"):
        asyncio.run(_entered(lambda message: answered(message, ad=False)))
    with pytest.raises(NothingConcluded, match="it answers SERVFAIL; give it the lab's trust anchor"):
        asyncio.run(_entered(lambda message: answered(message, rcode=2)))


def test_one_that_does_not_answer_is_not_judged() -> None:
    async def enter() -> None:
        async with DnsServer(lambda *_: None, address="127.0.0.1") as server:
            port = server.port
        async with ResolverTarget("resolver:one", around(), address="127.0.0.1", port=port, keeps_answers=False):
            pass

    with pytest.raises(NothingConcluded, match="it gave no answer: Connection refused; is it running"):
        asyncio.run(enter())


def test_one_that_dies_says_so_once_and_is_asked_no_more() -> None:
    deaths = Deaths()
    asked: list[DNSQuestion] = []

    async def live() -> list[Said]:
        def respond(message: bytes, *_: object) -> bytes | None:
            asked.append(DNSRecord.parse(message).q)
            return answered(message) if len(asked) == 1 else None

        async with DnsServer(respond, address="127.0.0.1") as server:
            told = around(died=deaths, limit=0.2)
            target = ResolverTarget("one", told, address="127.0.0.1", port=server.port, keeps_answers=False)
            async with target:
                first = await target.ask(NAME, Type.A)
                before = len(asked)
                second = await target.ask(NAME, Type.TLSA)
                assert len(asked) == before
        return [first, second]

    assert asyncio.run(live()) == [Said(rcode="none")] * 2
    assert [reason for _, reason in deaths.told] == ["asked for the root's keys once more, it gave no answer"]
