"""DNS messages against the other DNS library."""

from __future__ import annotations

import random

import dnslib
import pytest

from harness.sender.answer import Kind, read_step
from harness.sender.dnswire import QueryFlags, RdType, decode_reply, encode_question
from harness.sender.errors import MalformedReply, NoAnswer

FLAGS = QueryFlags(do=True, ad=True, cd=False)


def reply(*records: dnslib.RR, rcode: int = 0, ad: int = 1, name: str = "a.example", rdtype: int = 52) -> bytes:
    message = dnslib.DNSRecord(dnslib.DNSHeader(id=7, qr=1, ra=1, rcode=rcode), q=dnslib.DNSQuestion(name, rdtype))
    message.header.ad = ad
    for each in records:
        message.add_answer(each)
    return bytes(message.pack())


def cname(owner: str, target: str) -> dnslib.RR:
    return dnslib.RR(owner, 5, rdata=dnslib.CNAME(target))


def raw(owner: str, rdata: bytes) -> dnslib.RR:
    return dnslib.RR(owner, 52, rdata=dnslib.RD(rdata))


def test_a_question_asks_for_dnssec_status() -> None:
    wire = encode_question("_25._tcp.MX.example", rdtype=RdType.TLSA, ident=513, flags=FLAGS)
    question = dnslib.DNSRecord.parse(wire)
    assert (question.header.id, question.header.rd, question.header.ad, question.header.cd) == (513, 1, 1, 0)
    assert (str(question.q.qname), question.q.qtype) == ("_25._tcp.MX.example.", 52)
    assert (question.ar[0].edns_do, question.ar[0].edns_len) == (1, 1232)


def test_records_are_read_with_compressed_names_and_raw_tlsa_data() -> None:
    found = decode_reply(reply(raw("A.Example", b"\3"), raw("a.example", b"")))
    assert (found.ident, found.authentic, found.truncated, found.question) == (7, True, False, ("a.example", 52))
    assert [(each.owner, each.rdata) for each in found.answers] == [("a.example", b"\3"), ("a.example", b"")]
    mx = dnslib.RR("a.example", 15, rdata=dnslib.MX("mx.a.example", 10))
    (record,) = decode_reply(reply(mx, rdtype=15)).answers
    assert (record.preference, record.target) == (10, "mx.a.example")
    (null,) = decode_reply(reply(dnslib.RR("a.example", 15, rdata=dnslib.MX(".", 0)), rdtype=15)).answers
    assert null.target == "."


def test_the_extended_response_code_counts() -> None:
    message = dnslib.DNSRecord.parse(reply())
    message.add_ar(dnslib.EDNS0(ext_rcode=1))
    assert decode_reply(bytes(message.pack())).rcode == 16


@pytest.mark.parametrize("cut", [3, 11, 20])
def test_a_cut_reply_is_malformed(cut: int) -> None:
    with pytest.raises(MalformedReply):
        decode_reply(reply(raw("a.example", b"\3\1\1" + bytes(32)))[:-cut])


@pytest.mark.parametrize("length", [0, 3, 5])
def test_an_address_of_the_wrong_length_is_malformed(length: int) -> None:
    with pytest.raises(MalformedReply):
        decode_reply(reply(dnslib.RR("a.example", 1, rdata=dnslib.RD(bytes(length))), rdtype=1))


def test_junk_is_malformed_and_nothing_worse() -> None:
    chance = random.Random(1)
    header = reply()[:12]
    outcomes = set()
    for _ in range(2000):
        try:
            decode_reply(header + chance.randbytes(chance.randrange(60)))
        except MalformedReply:
            outcomes.add("malformed")
    assert outcomes == {"malformed"}


def test_aliases_inside_a_reply_are_followed_in_any_order() -> None:
    wire = reply(raw("c.example", b"x"), cname("b.example", "c.example"), cname("a.example", "b.example"))
    step = read_step(decode_reply(wire), name="a.example", rdtype=RdType.TLSA)
    assert (step.kind, step.names) == (Kind.RECORDS, ("a.example", "b.example", "c.example"))
    assert [each.rdata for each in step.records] == [b"x"]


def test_records_of_another_owner_are_not_the_answer() -> None:
    step = read_step(decode_reply(reply(raw("b.example", b"x"))), name="a.example", rdtype=RdType.TLSA)
    assert (step.kind, step.records) == (Kind.NODATA, ())


def test_a_loop_is_no_answer() -> None:
    wire = reply(cname("a.example", "b.example"), cname("b.example", "a.example"))
    with pytest.raises(NoAnswer, match="loop"):
        read_step(decode_reply(wire), name="a.example", rdtype=RdType.TLSA)


def test_nxdomain_is_told_from_nodata() -> None:
    assert read_step(decode_reply(reply(rcode=3)), name="a.example", rdtype=RdType.TLSA).kind is Kind.NXDOMAIN
    assert read_step(decode_reply(reply()), name="a.example", rdtype=RdType.TLSA).kind is Kind.NODATA


def test_a_question_for_the_alias_itself_is_not_followed() -> None:
    wire = reply(cname("a.example", "b.example"), rdtype=5)
    step = read_step(decode_reply(wire), name="a.example", rdtype=RdType.CNAME)
    assert (step.kind, step.names) == (Kind.RECORDS, ("a.example",))
