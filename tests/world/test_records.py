"""Master-file lines, held against dnspython's reading of them."""

from __future__ import annotations

import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import pytest

from harness.world.records import Record, RRset, Type, read_record, type_name, type_number

ORIGIN = "case.example."
DATA = {
    "A": "192.0.2.1",
    "AAAA": "2001:db8::1",
    "NS": "ns1",
    "CNAME": "other.example.",
    "DNAME": "other.example.",
    "PTR": "mx1",
    "MX": "10 mx1",
    "SRV": "1 2 25 mx1",
    "TLSA": "3 1 1 " + "ab" * 32,
    "SMIMEA": "3 0 2 " + "cd" * 64,
    "DS": "12345 13 2 " + "ef" * 32,
    "TXT": '"v=spf1 -all" "more"',
    "CAA": '0 issue "ca.example"',
    "TYPE65280": "\\# 3 010203",
}


@pytest.mark.parametrize("kind", DATA)
def test_wire_form_of_each_type_is_that_of_dnspython(kind: str) -> None:
    record = read_record(f"mx1 60 IN {kind} {DATA[kind]}", origin=ORIGIN, ttl=5)
    theirs = dns.rdata.from_text(
        dns.rdataclass.IN, dns.rdatatype.from_text(kind), DATA[kind], dns.name.from_text(ORIGIN), relativize=False
    )
    assert record == Record("mx1.case.example.", dns.rdatatype.from_text(kind), 60, theirs.to_wire() or b"")


def test_data_in_the_form_for_unknown_types_holds_for_any_type() -> None:
    assert read_record("a TLSA \\# 2 03 01", origin=ORIGIN, ttl=5).rdata == b"\x03\x01"


def test_what_stands_in_no_line_comes_from_the_zone() -> None:
    record = read_record("@ A 192.0.2.1", origin=ORIGIN, ttl=7)
    assert (record.owner, record.ttl) == (ORIGIN, 7)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("a A", "is no record"),
        ("a 5 IN", "is no record"),
        ("a A 192.0.2.999", "192.0.2.999"),
        ("a A 192.0.2.1 192.0.2.2", "too many values"),
        ("a AAAA 192.0.2.1", "192.0.2.1"),
        ("a MX 70000 b", "type MX"),
        ("a MX ten b", "ten"),
        ("a MX 10 b..", "nothing between two of its dots"),
        ("a.. A 192.0.2.1", "nothing between two of its dots"),
        ("a TLSA 3 1 1 xyz", "hexadecimal"),
        ("a TLSA 300 1 1 00", "type TLSA"),
        ("a TLSA \\# 3 0102", "says 3 octets, there are 2"),
        ("a TXT " + "x" * 256, "type TXT"),
        ("a 2147483648 A 192.0.2.1", "TTL"),
        ("a NSEC b A", "write its data as"),
        ("a WHAT 1", "no record type"),
        ("a TYPE70000 1", "no record type"),
        ("a TYPE65280 \\# 65536 " + "00" * 65536, "at most 65535"),
    ],
)
def test_an_impossible_line_is_quoted_and_explained(line: str, why: str) -> None:
    with pytest.raises(ValueError, match=why) as caught:
        read_record(line, origin=ORIGIN, ttl=5)
    assert line[:40] in str(caught.value).replace("\\\\", "\\")


def test_type_names_and_numbers_are_those_of_dnspython() -> None:
    for kind in Type:
        assert type_name(kind) == dns.rdatatype.to_text(dns.rdatatype.RdataType.make(kind))
        assert type_number(kind.name.lower()) == kind
    assert type_name(65280) == "TYPE65280"
    assert type_number("type65280") == 65280


def test_an_rrset_falls_into_its_records() -> None:
    rrset = RRset("a.example.", Type.A, 5, (b"1234", b"5678"))
    assert [str(record) for record in rrset.records] == [
        "a.example. 5 IN A \\# 4 31323334",
        "a.example. 5 IN A \\# 4 35363738",
    ]
