"""The authoritative servers' packets, read by dnspython; no sockets here."""

from __future__ import annotations

import random
import struct
from typing import Any

import dns.edns
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import pytest

from harness.journal import Asked, Event, HarnessFault, Strayed
from harness.lab.authority import Authority
from harness.lab.packets import LARGEST, OUR_LIMIT, UNFRAGMENTED
from harness.world.addresses import LOOPBACK
from harness.world.internet import Internet
from tests.lab.kit import CLIENT, authority, kinds, query
from tests.world.kit import DOMAIN, ID, internet, scenario

TLSA = f"_25._tcp.mx1.{DOMAIN}"
LARGE = {"mx": [{"tlsa": ["3 1 1", *(f"3 0 0 garbage {900 + n}" for n in range(2))]}]}


def fault(what: str, at: str = "TLSA", **keys: Any) -> dict[str, Any]:
    return {"faults": [{"at": at, "what": what, **keys}]}


def asked(events: list[Event]) -> list[Asked]:
    return [event for event in events if isinstance(event, Asked)]


def test_answers_are_authoritative_and_echo_the_flags_they_have_to() -> None:
    reply = authority()(TLSA, "TLSA")
    assert reply.flags == dns.flags.QR | dns.flags.AA | dns.flags.RD
    assert kinds(reply.answer) == ["TLSA", "RRSIG"]
    assert (reply.edns, reply.ednsflags, reply.payload) == (0, dns.flags.DO, OUR_LIMIT)


def test_without_do_no_signatures_and_without_edns_no_opt_record() -> None:
    ask = authority()
    without = ask(TLSA, "TLSA", dnssec=False)
    assert (kinds(without.answer), without.edns) == (["TLSA"], -1)
    plain = ask(TLSA, "TLSA", dnssec=False, use_edns=0)
    assert (kinds(plain.answer), plain.edns, plain.ednsflags) == (["TLSA"], 0, 0)
    assert kinds(ask(f"nowhere.{DOMAIN}", dnssec=False).authority) == ["SOA"]


def test_cd_is_echoed_and_ad_is_not() -> None:
    reply = authority()(TLSA, "TLSA", flags=dns.flags.CD | dns.flags.AD)
    assert reply.flags == dns.flags.QR | dns.flags.AA | dns.flags.CD


def test_the_question_comes_back_in_the_case_it_was_put_in() -> None:
    name = "_25._TCP.mX1.cAsE.eXaMpLe."
    reply = authority()(name, "TLSA")
    assert reply.question[0].name.to_text() == reply.answer[0].name.to_text() == name


def test_one_packed_answer_serves_every_id_and_no_other_question() -> None:
    ask = authority()
    found = [ask(TLSA, "TLSA", id=number) for number in (1, 2, 65535)]
    assert [reply.id for reply in found] == [1, 2, 65535]
    assert found[0].answer == found[1].answer
    assert kinds(ask(TLSA, "A").answer) == []
    assert ask(TLSA, "TLSA", flags=0).flags & dns.flags.RD == 0


def test_forgetting_lets_a_change_be_seen() -> None:
    ask = authority()
    before = ask(TLSA, "TLSA").answer
    ask.internet.replace(scenario(mx=[{"tlsa": ["3 1 1 other-key"]}]))
    assert ask(TLSA, "TLSA").answer == before
    assert isinstance(ask.server, Authority)
    ask.server.forget()
    assert ask(TLSA, "TLSA").answer != before


def test_records_rotate_where_the_scenario_says_so() -> None:
    hosts = {"mx": [{"ipv4": ["", "", ""]}]}
    still, turning = authority(**hosts), authority(**hosts, zones={"domain": {"rotate": True}})
    orders = [[[str(rdata) for rdata in ask(f"mx1.{DOMAIN}").answer[0]] for _ in range(3)] for ask in (still, turning)]
    assert len({tuple(order) for order in orders[0]}) == 1
    assert len({tuple(order) for order in orders[1]}) == 3
    assert len({tuple(sorted(order)) for order in orders[1]}) == 1


def test_any_is_answered_with_one_rrset_and_its_signature() -> None:
    reply = authority()(DOMAIN, "ANY")
    assert len(reply.answer) == 2


@pytest.mark.parametrize(("size", "truncated"), [(512, True), (1232, True), (4096, True)])
def test_large_answers_are_truncated_over_udp_and_whole_over_tcp(size: int, *, truncated: bool) -> None:
    ask = authority(**LARGE)
    reply = ask(TLSA, "TLSA", payload=size)
    assert bool(reply.flags & dns.flags.TC) is truncated
    assert (reply.answer, reply.edns) == ([], 0)
    whole = ask(TLSA, "TLSA", transport="tcp", payload=size)
    assert (len(whole.answer[0]), whole.flags & dns.flags.TC) == (3, 0)


def test_without_edns_512_octets_are_the_limit() -> None:
    hosts = {"mx": [{"tlsa": ["3 0 0 garbage 500"]}]}
    ask = authority(**hosts)
    assert ask(TLSA, "TLSA", dnssec=False).flags & dns.flags.TC
    assert not ask(TLSA, "TLSA", dnssec=False, use_edns=0, payload=1232).flags & dns.flags.TC
    # A client that takes less than 512 octets takes 512 all the same (RFC 6891 section 6.2.3).
    assert not ask(f"mx1.{DOMAIN}", "A", payload=100).flags & dns.flags.TC


def test_glue_is_left_out_before_the_answer_is_truncated() -> None:
    servers = {"zones": {"domain": {"name_servers": ["alive"] * 16}}}
    ask = authority(**servers)
    whole, cut = ask(DOMAIN, "NS", transport="tcp"), ask(DOMAIN, "NS", payload=640)
    assert (len(whole.additional), len(cut.additional)) == (16, 0)
    assert cut.answer == whole.answer
    assert not cut.flags & dns.flags.TC


def test_what_does_not_fit_into_tcp_is_servfail() -> None:
    hosts = {"mx": [{"tlsa": ["3 0 0 garbage 40000", "3 0 0 garbage 40001"]}]}
    reply = authority(**hosts)(TLSA, "TLSA", transport="tcp")
    assert (reply.rcode(), len(reply.to_wire()) < LARGEST) == (dns.rcode.SERVFAIL, True)


def test_an_unknown_edns_version_is_badvers() -> None:
    ask = authority()
    assert ask(TLSA, "TLSA", use_edns=1).rcode() == dns.rcode.BADVERS
    assert [event.rcode for event in asked(ask.events)] == ["BADVERS"]


def test_names_outside_the_lab_do_not_exist_and_are_noted() -> None:
    ask = authority()
    reply = ask("www.example.com.", "AAAA")
    assert (reply.rcode(), kinds(reply.authority)) == (dns.rcode.NXDOMAIN, ["SOA", "RRSIG", "NSEC", "RRSIG"])
    assert ask.events == [Strayed(at=0.0, name="www.example.com.", type="AAAA", client=CLIENT)]


def test_a_dot_inside_a_label_is_no_border_between_two() -> None:
    ask = authority()
    odd = dns.name.Name([b"mx1.case", b"example", b""])
    reply = ask(odd.to_text(), "A")
    assert (reply.rcode(), reply.question[0].name) == (dns.rcode.NXDOMAIN, odd)


def test_questions_are_noted_with_what_was_answered() -> None:
    ask = authority(**fault("corrupt-rrsig"))
    ask(TLSA, "TLSA", flags=dns.flags.CD)
    ask(f"nowhere.{DOMAIN}", "A", transport="tcp", dnssec=False)
    first, second = asked(ask.events)
    assert (first.scenario, first.name, first.type) == (ID, TLSA, "TLSA")
    assert (first.transport, first.rcode) == ("udp", "NOERROR")
    assert (first.dnssec_ok, first.checking_disabled, first.faults) == (True, True, ("corrupt-rrsig",))
    assert (second.transport, second.rcode, second.dnssec_ok, second.client) == ("tcp", "NXDOMAIN", False, CLIENT)


def test_without_a_recorder_nothing_is_noted_and_all_is_answered() -> None:
    server = Authority(internet(scenario(), plan=LOOPBACK), None)
    for name in (TLSA, "www.example.com.", f"nowhere.{DOMAIN}"):
        for _ in range(2):
            assert server.respond(query(name, "TLSA").to_wire(), "udp", CLIENT, "127.0.0.1") is not None


@pytest.mark.parametrize("what", ["servfail", "refused", "notimp", "formerr"])
def test_response_codes_of_faults_are_answered_and_noted(what: str) -> None:
    ask = authority(**fault(what))
    reply = ask(TLSA, "TLSA")
    assert dns.rcode.to_text(reply.rcode()) == what.upper()
    assert reply.answer == []
    assert [(event.rcode, event.faults) for event in asked(ask.events)] == [(what.upper(), (what,))]


def test_a_dropped_question_is_noted_and_not_answered() -> None:
    ask = authority(**fault("drop"))
    assert ask.raw(query(TLSA, "TLSA").to_wire()) is None
    assert ask.raw(query(TLSA, "TLSA").to_wire(), "tcp") is None
    assert [event.rcode for event in asked(ask.events)] == ["none", "none"]


def test_garbage_has_a_sound_header_and_nothing_that_can_be_read_behind_it() -> None:
    ask = authority(**fault("garbage"))
    found = ask.raw(query(TLSA, "TLSA", id=4711).to_wire())
    assert found is not None
    assert struct.unpack_from("!H", found) == (4711,)
    assert found[2] & 0x80
    with pytest.raises(dns.exception.DNSException):
        dns.message.from_wire(found)


def test_truncation_by_fault_spares_tcp_unless_tcp_is_refused_too() -> None:
    for what in ("truncate", "truncate-no-tcp"):
        ask = authority(**fault(what))
        over_udp = ask(TLSA, "TLSA")
        assert (over_udp.answer, bool(over_udp.flags & dns.flags.TC)) == ([], True)
        over_tcp = ask.raw(query(TLSA, "TLSA").to_wire(), "tcp")
        assert (over_tcp is None) == (what == "truncate-no-tcp")


def test_large_datagrams_are_lost_for_who_takes_them_and_truncated_for_others() -> None:
    ask = authority(**LARGE, **fault("drop-large-udp"))
    assert ask.raw(query(TLSA, "TLSA", payload=4096).to_wire()) is None
    assert ask(TLSA, "TLSA", payload=1232).flags & dns.flags.TC
    assert len(ask(TLSA, "TLSA", transport="tcp", payload=4096).answer[0]) == 3
    small = authority(**fault("drop-large-udp"))
    assert len(small(TLSA, "TLSA", payload=4096).to_wire()) < UNFRAGMENTED


def test_an_old_middlebox_knows_no_edns_and_no_signatures() -> None:
    reply = authority(**fault("no-edns"))(TLSA, "TLSA")
    assert (reply.edns, kinds(reply.answer), reply.rcode()) == (-1, ["TLSA"], dns.rcode.NOERROR)


def test_ad_is_set_by_an_authority_that_lies() -> None:
    assert authority(**fault("set-ad"))(TLSA, "TLSA").flags & dns.flags.AD


def test_mixed_case_answers_have_another_case_than_the_question_and_the_same_name() -> None:
    reply = authority(**fault("mixed-case"))(TLSA, "TLSA")
    assert reply.answer[0].name.to_text() != TLSA
    assert reply.answer[0].name.to_text().lower() == TLSA


def header(flags: int, *, questions: int = 1) -> bytes:
    return struct.pack("!6H", 4711, flags, questions, 0, 0, 0)


QUESTION = b"\x03mx1\x04case\x07example\0" + struct.pack("!HH", 1, 1)


@pytest.mark.parametrize(
    ("message", "rcode"),
    [
        (header(0x0100, questions=2) + QUESTION + QUESTION, "FORMERR"),
        (header(0x0100, questions=0), "FORMERR"),
        (header(0x0100) + QUESTION[:-3], "FORMERR"),
        (header(0x0100) + b"\xc0\x0c\x00\x01\x00\x01", "FORMERR"),
        (header(0x0100) + b"\xff\xff" * 8, "FORMERR"),
        (header(0x2900) + QUESTION, "NOTIMP"),
        (header(0x1100) + QUESTION, "NOTIMP"),
        (header(0x0100) + QUESTION[:-1] + b"\x03", "REFUSED"),
    ],
)
def test_what_is_no_query_gets_a_header_that_says_so(message: bytes, rcode: str) -> None:
    found = authority().raw(message)
    assert found is not None
    reply = dns.message.from_wire(found)
    assert (reply.id, dns.rcode.to_text(reply.rcode()), len(found)) == (4711, rcode, 12)
    assert reply.flags & (dns.flags.QR | dns.flags.AA | dns.flags.RD) == dns.flags.QR | dns.flags.RD
    assert found[2] & 0x78 == message[2] & 0x78


@pytest.mark.parametrize("message", [b"", b"\0" * 11, header(0x8100) + QUESTION, header(0x8000) + b"\xff" * 9])
def test_replies_and_scraps_are_not_answered(message: bytes) -> None:
    ask = authority()
    assert ask.raw(message) is None
    assert ask.events == []


def test_no_octets_whatever_make_it_stumble() -> None:
    chance = random.Random(7672)
    ask = authority()
    sound = query(TLSA, "TLSA").to_wire()
    for _ in range(3000):
        message = bytearray(sound)
        for _ in range(chance.randrange(1, 6)):
            message[chance.randrange(2, len(message))] = chance.randrange(256)
        length = chance.choice((len(message), chance.randrange(len(message))))
        found = ask.raw(bytes(message[:length]))
        assert found is None or (found[:2] == message[:2] and found[2] & 0x80)
    assert not any(isinstance(event, HarnessFault) for event in ask.events)


def test_a_world_that_cannot_be_made_is_our_fault_and_answered_servfail() -> None:
    ask = authority(mx=[{"host": "a..b"}])
    assert ask(DOMAIN, "MX").rcode() == dns.rcode.SERVFAIL
    assert ask("example.", "SOA").rcode() == dns.rcode.NOERROR
    (failed, *_) = ask.events
    assert isinstance(failed, HarnessFault)
    assert (failed.scenario, failed.problem[:40]) == (ID, "ScenarioError: case.toml: mx[0].host: 'a")


def by_address(net: Internet) -> Authority:
    return Authority(net, None, by_address=True)


def test_by_address_each_server_knows_its_own_zones_only() -> None:
    net = internet(
        scenario(zones={"domain": {"name_servers": ["alive", "dead", "lame"]}}), scenario("other"), plan=LOOPBACK
    )
    server = by_address(net)

    def ask(address: str, name: str, kind: str) -> dns.message.Message | None:
        found = server.respond(query(name, kind).to_wire(), "udp", CLIENT, address)
        return dns.message.from_wire(found) if found is not None else None

    index = net.world(ID).index
    alive, dead, lame = (LOOPBACK.name_server(index, place) for place in range(3))
    root = LOOPBACK.root_server
    own = ask(alive, DOMAIN, "MX")
    assert own is not None
    assert own.flags & dns.flags.AA
    assert ask(dead, DOMAIN, "MX") is None
    for address, name in ((lame, DOMAIN), (alive, "other.example."), (alive, "example."), (alive, "example.com.")):
        refused = ask(address, name, "MX")
        assert refused is not None
        assert refused.rcode() == dns.rcode.REFUSED, (address, name)
    referral = ask(root, DOMAIN, "MX")
    assert referral is not None
    assert (referral.flags & dns.flags.AA, kinds(referral.authority)) == (0, ["NS", "DS", "RRSIG"])
    assert {str(rdata) for rrset in referral.additional for rdata in rrset} == {alive, dead, lame}
