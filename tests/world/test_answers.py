"""What an authoritative server says, before anything goes wrong."""

from __future__ import annotations

from itertools import pairwise

import dns.dnssec
import dns.name
import pytest

from harness.world.answers import ANY, Rcode, answer
from harness.world.records import RRset, Type
from tests.world.kit import DOMAIN, ID, NOW, internet, keys_of, scenario, seen, seen_signatures, types, world, zone


def test_data_that_is_there_is_answered_with_its_signature() -> None:
    made = zone()
    reply = answer(made, f"mx1.{DOMAIN}", Type.A)
    assert (reply.rcode, reply.authoritative, types(reply.answer), reply.authority) == (Rcode.NOERROR, True, ["A"], ())
    dns.dnssec.validate(seen(reply.answer[0].rrset), seen_signatures(reply.answer[0]), keys_of(made), now=NOW)


def test_an_unsigned_zone_signs_nothing_and_denies_without_proof() -> None:
    made = zone(signed=False)
    assert answer(made, f"mx1.{DOMAIN}", Type.A).answer[0].signatures == ()
    denied = answer(made, f"nowhere.{DOMAIN}", Type.A)
    assert (denied.rcode, types(denied.authority)) == (Rcode.NXDOMAIN, ["SOA"])
    assert answer(made, DOMAIN, Type.DNSKEY).answer == ()


@pytest.mark.parametrize(
    ("child", "authority", "signed"),
    [
        ({}, ["NS", "DS"], [0, 1]),
        ({"signed": False}, ["NS", "NSEC"], [0, 1]),
        ({"ds": "none"}, ["NS", "NSEC"], [0, 1]),
        ({"ds": "other-key"}, ["NS", "DS"], [0, 1]),
    ],
)
def test_a_referral_has_the_childs_servers_their_addresses_and_ds_or_its_denial(
    child: dict[str, object], authority: list[str], signed: list[int]
) -> None:
    made = world(zones={"sub": {"name": "sub.{domain}", **child}})
    reply = answer(made.zones["domain"], f"host.sub.{DOMAIN}", Type.A)
    assert (reply.rcode, reply.authoritative, reply.answer) == (Rcode.NOERROR, False, ())
    assert types(reply.authority) == authority
    assert [len(one.signatures) for one in reply.authority] == signed
    assert {one.rrset.owner for one in reply.authority} == {f"sub.{DOMAIN}"}
    assert [(one.rrset.owner, len(one.signatures)) for one in reply.additional] == [(f"ns1.sub.{DOMAIN}", 0)]
    proof = reply.authority[1]
    dns.dnssec.validate(seen(proof.rrset), seen_signatures(proof), keys_of(made.zones["domain"]), now=NOW)


def test_ds_is_the_parents_and_everything_else_at_the_apex_the_childs() -> None:
    net = internet(scenario(zones={"sub": {"name": "sub.{domain}"}}))
    made = net.world(ID)
    assert net.zone_for(f"sub.{DOMAIN}", Type.DS) is made.zones["domain"]
    assert net.zone_for(f"sub.{DOMAIN}", Type.DNSKEY) is made.zones["sub"]
    assert net.zone_for(DOMAIN, Type.DS) is net.tld
    assert net.zone_for("example.", Type.DS) is net.root
    assert net.zone_for(".", Type.DS) is net.root
    ds = net.answer(f"sub.{DOMAIN}", Type.DS).answer[0].rrset
    keys = seen(made.zones["sub"].dnskey)
    theirs = dns.dnssec.make_ds(dns.name.from_text(f"sub.{DOMAIN}"), keys[0], "SHA256")
    assert ds.rdatas == (theirs.to_wire(),)


def test_the_chain_of_trust_holds_from_the_root_down() -> None:
    net = internet(scenario())
    zones = [net.root, net.tld, net.world(ID).zones["domain"]]
    assert net.trust_anchor() == f". IN DS {seen_ds(net.root.dnskey)}"
    for above, below in pairwise(zones):
        one = net.answer(below.origin, Type.DS).answer[0]
        dns.dnssec.validate(seen(one.rrset), seen_signatures(one), keys_of(above), now=NOW)
        keys = net.answer(below.origin, Type.DNSKEY).answer[0]
        dns.dnssec.validate(seen(keys.rrset), seen_signatures(keys), keys_of(below), now=NOW)
        assert one.rrset.rdatas == (dns_ds(below.origin, below.dnskey),)


def dns_ds(origin: str, keys: RRset) -> bytes:
    made = dns.dnssec.make_ds(dns.name.from_text(origin), seen(keys)[0], "SHA256")
    return made.to_wire() or b""


def seen_ds(keys: RRset) -> str:
    made = dns.dnssec.make_ds(dns.name.root, seen(keys)[0], "SHA256")
    tag, algorithm, digest_type, digest = str(made).split()
    return f"{tag} {algorithm} {digest_type} {digest.upper()}"


def test_an_alias_is_the_answer_to_every_type_but_its_own_dnssec_ones() -> None:
    made = zone(records=["a CNAME mx1"])
    for kind in (Type.A, Type.TLSA, Type.CNAME):
        assert types(answer(made, f"a.{DOMAIN}", kind).answer) == ["CNAME"]
    assert answer(made, f"a.{DOMAIN}", Type.DS).answer == ()


def test_a_dname_comes_with_the_unsigned_alias_made_of_it() -> None:
    made = zone(records=["below DNAME other.example."])
    reply = answer(made, f"a.b.below.{DOMAIN}", Type.A)
    assert types(reply.answer) == ["DNAME", "CNAME"]
    assert [len(one.signatures) for one in reply.answer] == [1, 0]
    alias = reply.answer[1].rrset
    assert (alias.owner, str(seen(alias)[0])) == (f"a.b.below.{DOMAIN}", "a.b.other.example.")
    assert types(answer(made, f"below.{DOMAIN}", Type.DNAME).answer) == ["DNAME"]
    assert answer(made, f"below.{DOMAIN}", Type.A).answer == ()


def test_a_dname_whose_alias_would_be_too_long_fails() -> None:
    target = ".".join(["y" * 60] * 3) + "."
    made = zone(records=[f"below DNAME {target}"])
    name = ".".join(["x" * 60] * 2) + f".below.{DOMAIN}"
    assert answer(made, name, Type.A).rcode is Rcode.SERVFAIL


def test_wildcards_expand_and_stop_at_names_that_exist() -> None:
    made = zone(records=["* A 192.0.2.1", "x.stop A 192.0.2.2"])
    assert answer(made, f"anything.{DOMAIN}", Type.A).answer[0].rrset.owner == f"anything.{DOMAIN}"
    assert answer(made, f"y.stop.{DOMAIN}", Type.A).rcode is Rcode.NXDOMAIN
    assert answer(made, f"stop.{DOMAIN}", Type.A).rcode is Rcode.NOERROR


def test_any_is_answered_with_one_rrset() -> None:
    made = zone()
    reply = answer(made, DOMAIN, ANY)
    assert len(reply.answer) == 1
    assert answer(made, f"nowhere.{DOMAIN}", ANY).rcode is Rcode.NXDOMAIN


def test_the_root_proves_that_names_outside_the_lab_do_not_exist() -> None:
    net = internet(scenario())
    for name in ("example.com.", "com.", "notexample.", "1.113.0.203.in-addr.arpa."):
        for kind in (Type.A, Type.DS):
            reply = net.answer(name, kind)
            assert (reply.rcode, reply.zone) == (Rcode.NXDOMAIN, net.root)
            assert set(types(reply.authority)) == {"SOA", "NSEC"}
            assert all(one.signatures for one in reply.authority)


def test_zones_not_served_are_refused() -> None:
    net = internet(scenario())
    assert net.answer("example.com.", Type.A, served=lambda one: one is net.tld).rcode is Rcode.REFUSED
    assert net.answer(DOMAIN, Type.A, served=lambda _: False).rcode is Rcode.REFUSED
    assert net.answer(DOMAIN, Type.SOA, served=lambda one: one is net.tld).authoritative is False


def test_names_in_example_that_are_nobodys_do_not_exist() -> None:
    net = internet(scenario())
    assert net.answer("nobody.example.", Type.A).rcode is Rcode.NXDOMAIN
    net.add(scenario("nobody"))
    assert net.answer("mx1.nobody.example.", Type.A).rcode is Rcode.NOERROR


def test_the_root_knows_its_server() -> None:
    net = internet()
    reply = net.answer(".", Type.NS)
    assert [str(seen(one.rrset)[0]) for one in reply.additional] == [net.around.plan.root_server]
    assert net.around.plan.root_server in net.root_hints()


def test_owners_and_types_know_their_scenario() -> None:
    net = internet(scenario(), scenario("other"))
    assert [net.scenario_of(name) for name in (f"a.b.{DOMAIN}", "other.example.", "example.", "sender.example.")] == [
        "case", "other", "", "sender",
    ]  # fmt: skip
    with pytest.raises(KeyError):
        net.world("nobody")
