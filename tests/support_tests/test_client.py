"""The DNS client and the reading of delv's output, without any server or program."""

from __future__ import annotations

import struct

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import pytest

from tests.support.client import parse
from tests.support.delv import bind_anchor, read_output
from tests.support.findings import Question, Status, rdata_text

_QUESTION = Question("_25._tcp.mx1.a.example", "TLSA")


def _answer_with(rdata: bytes) -> bytes:
    query = dns.message.make_query(_QUESTION.name, _QUESTION.rdtype)
    wire = bytearray(dns.message.make_response(query).to_wire())
    wire[6:8] = struct.pack("!H", 1)
    return bytes(wire) + struct.pack("!HHHIH", 0xC00C, 52, 1, 60, len(rdata)) + rdata


def test_a_malformed_tlsa_is_read_although_dnspython_refuses_it() -> None:
    short = bytes.fromhex("030101abcd")
    assert parse(_answer_with(short)).answer == (("_25._tcp.mx1.a.example.", "TLSA", short),)
    assert rdata_text(short, rdtype="TLSA") == "\\# 5 030101abcd"


def test_flags_extended_rcode_and_extended_errors_are_read() -> None:
    query = dns.message.make_query(_QUESTION.name, _QUESTION.rdtype, want_dnssec=True)
    response = dns.message.make_response(query)
    response.flags |= dns.flags.AD | dns.flags.TC
    response.use_edns(0, options=[dns.edns.EDEOption(dns.edns.EDECode.SIGNATURE_EXPIRED, "too old")])
    response.set_rcode(dns.rcode.BADVERS)
    reply = parse(response.to_wire())
    assert (reply.authentic, reply.truncated, reply.rcode, reply.ede) == (True, True, "BADVERS", ((7, "too old"),))


def test_compressed_names_in_records_come_out_whole() -> None:
    text = (
        "id 1\nopcode QUERY\nrcode NOERROR\nflags QR\n;QUESTION\na.example. IN MX\n"
        ";ANSWER\na.example. 60 IN MX 10 mx1.a.example.\n"
    )
    ((_, rdtype, rdata),) = parse(dns.message.from_text(text).to_wire()).answer
    assert rdata_text(rdata, rdtype=rdtype) == "10 mx1.a.example."


@pytest.mark.parametrize(
    ("output", "complaints", "status", "rcode"),
    [
        ("; fully validated\n", "", Status.SECURE, "NOERROR"),
        ("; unsigned answer\n", "", Status.INSECURE, "NOERROR"),
        ("; fully validated\n; unsigned answer\n", "", Status.INSECURE, "NOERROR"),
        (
            "; negative response, fully validated\n",
            ";; resolution failed: ncache nxdomain\n",
            Status.SECURE,
            "NXDOMAIN",
        ),
        (
            "; negative response, unsigned answer\n",
            ";; resolution failed: ncache nxrrset\n",
            Status.INSECURE,
            "NOERROR",
        ),
        ("", ";; resolution failed: insecurity proof failed\n", Status.BOGUS, "SERVFAIL"),
        ("", ";; resolution failed: timed out\n", Status.FAILED, "SERVFAIL"),
        ("; answer not validated\n", "", Status.FAILED, ""),
        ("", "", Status.FAILED, ""),
    ],
)
def test_delvs_words_are_understood(output: str, complaints: str, status: Status, rcode: str) -> None:
    finding = read_output(output, complaints=complaints, question=_QUESTION)
    assert (finding.status, finding.rcode) == (status, rcode)
    assert bool(finding.why) == (status in (Status.BOGUS, Status.FAILED))


def test_delvs_records_and_aliases_are_read_in_their_generic_form() -> None:
    target = bytes.fromhex("016207") + b"example\0"
    output = (
        "; fully validated\n"
        f"a.example.\t60\tCLASS1\tTYPE5\t\\# {len(target)} {target.hex().upper()}\n"
        "; unsigned answer\n"
        "b.example.\t60\tCLASS1\tTYPE52\t\\# 5 030101AB CD\n"
    )
    finding = read_output(output, complaints="", question=Question("a.example", "TLSA"))
    assert finding.status is Status.INSECURE
    assert finding.aliases == ("b.example.",)
    assert finding.rdatas == (bytes.fromhex("030101abcd"),)


def test_an_anchor_may_be_ds_or_dnskey() -> None:
    assert bind_anchor(". IN DS 5 13 2 ab cd\n\n. 60 IN DNSKEY 257 3 13 AA BB==") == (
        'trust-anchors {\n    . static-ds 5 13 2 "abcd";\n    . static-key 257 3 13 "AABB==";\n};\n'
    )
