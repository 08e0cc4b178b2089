"""The simulated resolver's packets, read by dnspython; no sockets here."""

from __future__ import annotations

from typing import Any

import dns.edns
import dns.exception
import dns.flags
import dns.rcode
import pytest

from harness.journal import Asked, HarnessFault, Strayed, Where
from harness.lab.resolver import SimulatedResolver
from harness.world.addresses import LOOPBACK
from tests.lab.kit import CLIENT, kinds, query, resolver
from tests.world.kit import DOMAIN, ID, internet, scenario

TLSA = f"_25._tcp.mx1.{DOMAIN}"
RD, AD, CD = dns.flags.RD, dns.flags.AD, dns.flags.CD
BOGUS: dict[str, Any] = {"faults": [{"at": "TLSA", "what": "corrupt-rrsig"}]}
LOST: dict[str, Any] = {"faults": [{"at": "TLSA", "what": "drop"}]}
INSECURE: dict[str, Any] = {"zones": {"domain": {"signed": False}}}


@pytest.mark.parametrize(
    ("flags", "dnssec", "expected"),
    [(RD, True, True), (RD | AD, False, True), (RD, False, False), (RD | CD, True, False), (RD | AD | CD, True, False)],
)
def test_secure_answers_carry_ad_for_who_asks_with_do_or_ad_and_has_them_checked(
    flags: int, *, dnssec: bool, expected: bool
) -> None:
    reply = resolver()(TLSA, "TLSA", flags=flags, dnssec=dnssec)
    assert bool(reply.flags & AD) is expected
    assert reply.flags & (dns.flags.QR | dns.flags.RA | dns.flags.AA) == dns.flags.QR | dns.flags.RA
    assert bool(reply.flags & CD) is bool(flags & CD)
    assert kinds(reply.answer) == (["TLSA", "RRSIG"] if dnssec else ["TLSA"])


def test_absence_is_secure_as_well() -> None:
    reply = resolver()(f"nowhere.{DOMAIN}", "A")
    assert (reply.rcode(), bool(reply.flags & AD)) == (dns.rcode.NXDOMAIN, True)
    assert kinds(reply.authority)[0] == "SOA"


def test_insecure_answers_come_without_ad() -> None:
    reply = resolver(**INSECURE)(TLSA, "TLSA", flags=RD | AD)
    assert (reply.rcode(), reply.flags & AD, kinds(reply.answer)) == (dns.rcode.NOERROR, 0, ["TLSA"])


@pytest.mark.parametrize(("tables", "code"), [(BOGUS, 6), (LOST, 22)])
def test_bogus_and_lost_answers_are_servfail_with_the_reason_told(tables: dict[str, Any], code: int) -> None:
    ask = resolver(**tables)
    reply = ask(TLSA, "TLSA")
    assert (reply.rcode(), reply.answer, reply.flags & AD) == (dns.rcode.SERVFAIL, [], 0)
    (option,) = reply.options
    assert isinstance(option, dns.edns.EDEOption)
    assert option.code == code
    assert option.text is not None
    assert TLSA in option.text
    assert ask(TLSA, "TLSA", dnssec=False).rcode() == dns.rcode.SERVFAIL


def test_with_checking_disabled_bogus_data_is_handed_out_and_lost_data_is_not() -> None:
    bogus = resolver(**BOGUS)(TLSA, "TLSA", flags=RD | CD)
    assert (bogus.rcode(), kinds(bogus.answer), bogus.flags & AD) == (dns.rcode.NOERROR, ["TLSA", "RRSIG"], 0)
    assert resolver(**LOST)(TLSA, "TLSA", flags=RD | CD).rcode() == dns.rcode.SERVFAIL


def test_with_checking_disabled_a_chain_with_a_bogus_link_is_followed() -> None:
    tables = {
        "zones": {"domain": {"records": ["a CNAME b", "b A 192.0.2.1"]}},
        "faults": [{"at": "a A", "what": "no-rrsig"}],
    }
    reply = resolver(**tables)(f"a.{DOMAIN}", "A", flags=RD | CD)
    assert kinds(reply.answer) == ["CNAME", "A", "RRSIG"]


@pytest.mark.parametrize(
    ("manners", "tables", "rcode", "ad"),
    [
        ({"sets_ad": "never"}, {}, "NOERROR", False),
        ({"sets_ad": "always"}, INSECURE, "NOERROR", True),
        ({"validates": False}, {}, "NOERROR", False),
        ({"validates": False}, BOGUS, "NOERROR", False),
        ({"validates": False, "sets_ad": "always"}, BOGUS, "NOERROR", True),
    ],
)
def test_a_resolver_can_be_a_bad_one_for_one_scenario(
    manners: dict[str, Any], tables: dict[str, Any], rcode: str, *, ad: bool
) -> None:
    ask = resolver(**tables, resolver=manners)
    reply = ask(TLSA, "TLSA")
    assert (dns.rcode.to_text(reply.rcode()), bool(reply.flags & AD)) == (rcode, ad)
    ask.internet.add(scenario("other"))
    assert ask("_25._tcp.mx1.other.example.", "TLSA").flags & AD


@pytest.mark.parametrize(("what", "rcode"), [("servfail", 2), ("refused", 5), ("notimp", 4), ("formerr", 1)])
def test_a_resolver_can_fail_at_questions_of_one_type(what: str, rcode: int) -> None:
    ask = resolver(resolver={"failures": {"TLSA": what}})
    reply = ask(TLSA, "TLSA")
    assert (reply.rcode(), kinds(reply.answer), reply.flags & AD) == (rcode, [], 0)
    assert kinds(ask(f"mx1.{DOMAIN}", "A").answer) == ["A", "RRSIG"]
    noted = [event for event in ask.events if isinstance(event, Asked)]
    assert [(event.rcode, event.authentic_data) for event in noted] == [(what.upper(), False), ("NOERROR", True)]


def test_a_resolver_can_cut_its_replies_short() -> None:
    reply = resolver(resolver={"failures": {"MX": "truncated"}})(DOMAIN, "MX")
    assert reply.flags & dns.flags.TC
    assert reply.answer == []


def test_a_resolver_can_answer_with_what_is_no_message() -> None:
    with pytest.raises(dns.exception.DNSException):
        resolver(resolver={"failures": {"A": "garbage"}})(f"mx1.{DOMAIN}", "A")


def test_questions_are_noted_once_each_with_what_was_answered() -> None:
    ask = resolver(**BOGUS)
    for _ in range(2):
        ask(TLSA, "TLSA")
    ask(f"mx1.{DOMAIN}", "A")
    noted = [event for event in ask.events if isinstance(event, Asked)]
    assert [(event.rcode, event.authentic_data, event.faults) for event in noted] == [
        ("SERVFAIL", False, ("corrupt-rrsig",)),
        ("SERVFAIL", False, ("corrupt-rrsig",)),
        ("NOERROR", True, ()),
    ]
    assert {(event.where, event.scenario, event.client) for event in noted} == {(Where.RESOLVER, ID, CLIENT)}


def test_with_checking_disabled_an_answer_comes_as_it_passed_the_box_that_drops_edns() -> None:
    ask = resolver(faults=[{"at": "TLSA", "what": "no-edns"}])
    assert ask(TLSA, "TLSA").rcode() == dns.rcode.SERVFAIL
    assert kinds(ask(TLSA, "TLSA", flags=RD | CD).answer) == ["TLSA"]
    assert kinds(ask(f"mx1.{DOMAIN}", "A", flags=RD | CD).answer) == ["A", "RRSIG"]


def test_with_checking_disabled_lost_keys_do_not_matter() -> None:
    ask = resolver(faults=[{"at": "DNSKEY", "what": "drop"}])
    assert ask(TLSA, "TLSA").rcode() == dns.rcode.SERVFAIL
    assert kinds(ask(TLSA, "TLSA", flags=RD | CD).answer) == ["TLSA", "RRSIG"]
    assert ask(DOMAIN, "DNSKEY", flags=RD | CD).rcode() == dns.rcode.SERVFAIL


def test_the_root_answers_for_itself() -> None:
    ask = resolver()
    for kind in ("DNSKEY", "NS", "SOA"):
        reply = ask(".", kind)
        assert (reply.rcode(), kinds(reply.answer), bool(reply.flags & AD)) == (0, [kind, "RRSIG"], True)


def test_names_outside_the_lab_do_not_exist_and_are_noted() -> None:
    ask = resolver()
    reply = ask("mx.example.net.", "MX")
    assert (reply.rcode(), bool(reply.flags & AD)) == (dns.rcode.NXDOMAIN, True)
    assert kinds(reply.authority) == ["SOA", "RRSIG", *["NSEC", "RRSIG"] * 2]
    assert ask.events == [Strayed(at=0.0, name="mx.example.net.", type="MX", client=CLIENT)]


def test_forgetting_lets_a_change_be_seen() -> None:
    ask = resolver()
    before = ask(TLSA, "TLSA").answer
    ask.internet.replace(scenario(mx=[{"tlsa": []}]))
    assert ask(TLSA, "TLSA").answer == before
    assert isinstance(ask.server, SimulatedResolver)
    ask.server.forget()
    assert ask(TLSA, "TLSA").rcode() == dns.rcode.NXDOMAIN


def test_rotating_records_rotate_here_too() -> None:
    ask = resolver(mx=[{"ipv4": ["", ""]}], zones={"domain": {"rotate": True}})
    orders = {tuple(str(rdata) for rdata in ask(f"mx1.{DOMAIN}").answer[0]) for _ in range(4)}
    assert len(orders) == 2


def test_large_answers_are_truncated_over_udp_and_whole_over_tcp() -> None:
    ask = resolver(mx=[{"tlsa": ["3 0 0 garbage 2000"]}])
    assert ask(TLSA, "TLSA").flags & dns.flags.TC
    whole = ask(TLSA, "TLSA", transport="tcp")
    assert (whole.flags & dns.flags.TC, kinds(whole.answer)) == (0, ["TLSA", "RRSIG"])


def test_any_and_unknown_edns_versions_are_answered() -> None:
    ask = resolver()
    assert ask(DOMAIN, "ANY").rcode() == dns.rcode.NOERROR
    assert ask(DOMAIN, "MX", use_edns=7).rcode() == dns.rcode.BADVERS


def test_a_world_that_cannot_be_made_is_our_fault_and_answered_servfail() -> None:
    ask = resolver(mx=[{"host": "a..b"}])
    assert ask(DOMAIN, "MX").rcode() == dns.rcode.SERVFAIL
    assert isinstance(ask.events[0], HarnessFault)


def test_without_a_recorder_nothing_is_noted_and_all_is_answered() -> None:
    server = SimulatedResolver(internet(scenario(), plan=LOOPBACK), None)
    for name in (TLSA, "mx.example.net."):
        assert server.respond(query(name, "TLSA").to_wire(), "udp", CLIENT, "") is not None


def test_replies_are_not_answered() -> None:
    ask = resolver()
    assert ask.raw(b"\x12\x34\x81\x80" + b"\0" * 8) is None
