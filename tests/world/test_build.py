"""A scenario worked out: names, placeholders, addresses, zones; and what is wrong with one that cannot be."""

from __future__ import annotations

from typing import Any

import dns.name
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from harness.errors import ScenarioError
from harness.world.answers import answer
from harness.world.records import Type
from tests.world.kit import DOMAIN, ID, internet, scenario, seen, world

ALIAS = {"alias_of": ["one.{domain}", "two.{provider}"]}


def test_the_healthy_world_has_one_domain_one_host_one_address_and_one_tlsa_record() -> None:
    made = world()
    address = made.host_addresses("mx1", ipv6=False)[0]
    rrsets = made.zones["domain"].rrsets
    assert str(seen(rrsets[DOMAIN][Type.MX])[0]) == f"10 mx1.{DOMAIN}"
    assert str(seen(rrsets[f"mx1.{DOMAIN}"][Type.A])[0]) == address
    assert list(rrsets[f"_25._tcp.mx1.{DOMAIN}"]) == [Type.TLSA]
    assert list(made.servers) == [address]
    assert made.servers[address].smtp.banner == "220 mx1.case.example ESMTP"
    assert (made.recipient, made.domain) == ("user@case.example", DOMAIN)
    made.check()


def test_names_of_a_host_follow_its_aliases() -> None:
    made = world(zones={"provider": {}}, mx=[ALIAS])
    assert made.host_name("mx1") == f"mx1.{DOMAIN}"
    assert made.address_owner("mx1") == made.tlsa_base("mx1") == f"two.{ID}-provider.example."
    rrsets = made.zones["domain"].rrsets
    for alias, target in ((f"mx1.{DOMAIN}", f"one.{DOMAIN}"), (f"one.{DOMAIN}", "two.case-provider.example.")):
        assert str(seen(rrsets[alias][Type.CNAME])[0]) == target
    assert list(made.zones["provider"].rrsets["_25._tcp.two.case-provider.example."]) == [Type.TLSA]


def test_owners_can_be_elsewhere() -> None:
    made = world(mx=[{"addresses_at": "a", "tlsa_at": "t", "host": "h.{domain}", "published": False}])
    rrsets = made.zones["domain"].rrsets
    assert Type.A in rrsets[f"a.{DOMAIN}"]
    assert Type.TLSA in rrsets[f"_25._tcp.t.{DOMAIN}"]
    assert Type.MX not in rrsets[DOMAIN]


def test_placeholders_stand_for_names_addresses_and_data() -> None:
    made = world(
        zones={"provider": {}},
        certs={"root": {"ca": True}},
        keys={"spare": {}},
        mx=[{**ALIAS, "ipv6": [""], "cert": {"issuer": "root"}}, {}],
    )
    leaf, root = made.issued("mx1")[0].path
    spki = leaf.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    expected = {
        "{id}": ID,
        "{domain}": "case.example",
        "{provider}": "case-provider.example",
        "{mx1}": "mx1.case.example",
        "{mx1.target}": "two.case-provider.example",
        "{mx1.ipv4}": made.host_addresses("mx1", ipv6=False)[0],
        "{mx1.ipv6}": made.host_addresses("mx1", ipv6=True)[0],
        "{mx1.spki.der}": spki.hex(),
        "{mx1.cert.der}": leaf.public_bytes(Encoding.DER).hex(),
        "{mx1.issuer.cert.der}": root.public_bytes(Encoding.DER).hex(),
        "{mx1.root.cert.der}": root.public_bytes(Encoding.DER).hex(),
        "{cert.root.cert.der}": root.public_bytes(Encoding.DER).hex(),
        "{mx1.tlsa 3 1 0}": f"\\# {len(spki) + 3} 030100{spki.hex()}",
        "<{mx2}> and {id}": "<mx2.case.example> and case",
    }
    assert {text: made.expand(text) for text in expected} == expected
    assert made.expand("{mx1} {domain} {id}", dotted=True) == f"mx1.{DOMAIN} {DOMAIN} {ID}"
    assert len(made.expand("{key.spare.spki.sha512}")) == 128


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{nobody}", "nothing is called"),
        ("{mx1.ipv6}", "has no such address"),
        ("{mx1.spki.md5}", "no data of a certificate"),
        ("{key.spare.cert.der}", "selector 0 means a whole certificate"),
        ("{cert.nobody.spki.der}", "cannot be filled in"),
    ],
)
def test_a_placeholder_that_means_nothing_is_an_error_at_its_key(text: str, why: str) -> None:
    made = world(keys={"spare": {}}, zones={"domain": {"records": ["a A 192.0.2.1", f"b TXT {text}"]}})
    with pytest.raises(ScenarioError, match=why) as caught:
        _ = made.zones
    assert (caught.value.file, caught.value.key) == ("case.toml", "zones.domain.records[1]")


def test_everything_a_server_says_has_its_placeholders_filled_in() -> None:
    said = "221 {host} {mx1.ipv4}"
    smtp = dict.fromkeys(("first_banner", "ehlo_reply", "starttls_reply", "mail_reply", "data_reply"), said)
    made = world(mx=[{"smtp": {**smtp, "banner": said, "inject": [said], "ehlo": ["X {domain}"]}}])
    (server,) = made.servers.values()
    filled = f"221 mx1.case.example {server.addresses[0]}"
    assert all(getattr(server.smtp, key) == filled for key in (*smtp, "banner"))
    assert (server.smtp.inject, server.smtp.ehlo) == ((filled,), ("X case.example",))


@pytest.mark.parametrize(
    ("tables", "key", "why"),
    [
        ({"zones": {"domain": {"records": ["{mx1}. A 192.0.2.1"]}}}, "zones.domain.records[0]", "another dot follows"),
        ({"zones": {"domain": {"records": ["a CNAME {mx1}."]}}}, "zones.domain.records[0]", "another dot follows"),
        ({"zones": {"domain": {"records": ["a CNAME b.example.."]}}}, "zones.domain.records[0]", "two of its dots"),
        ({"zones": {"domain": {"records": ["a A 192.0.2.1", "b A 1.2.3"]}}}, "zones.domain.records[1]", "b A 1.2.3"),
        ({"zones": {"domain": {"records": ["a TLSA 3 1 1 xy"]}}}, "zones.domain.records[0]", "a TLSA 3 1 1 xy"),
        ({"zones": {"domain": {"records": ["a.other.example. A 192.0.2.1"]}}}, "zones.domain.records[0]", "none of"),
        ({"zones": {"domain": {"remove": ["mx1 AAAA"]}}}, "zones.domain.remove[0]", "has no AAAA"),
        ({"zones": {"domain": {"remove": ["mx1"]}}}, "zones.domain.remove[0]", "what to remove"),
        ({"zones": {"domain": {"remove": ["mx1 WHAT"]}}}, "zones.domain.remove[0]", "no record type"),
        ({"zones": {"sub": {"name": "{nobody}.example"}}}, "zones.sub.name", "nothing is called"),
        ({"zones": {"sub": {"name": "{domain}."}}}, "zones.sub.name", "ends in a dot"),
        ({"zones": {"sub": {"name": "x" * 64}}}, "zones.sub.name", "at most 63"),
        ({"mx": [{"host": "mx1..{domain}"}]}, "mx[0].host", "two of its dots"),
        ({"mx": [{}, {"host": "{domain}."}]}, "mx[1].host", "another dot follows"),
        ({"mx": [{"host": "mx\\999"}]}, "mx[0].host", "backslash"),
        ({"zones": {"sub": {"name": "a\\999.example"}}}, "zones.sub.name", "backslash"),
        ({"zones": {"domain": {"records": ["a\\9 A 192.0.2.1"]}}}, "zones.domain.records[0]", "backslash"),
        ({"mx": [{"alias_of": ["a", "b" * 64]}]}, "mx[0].alias_of[1]", "at most 63"),
        ({"mx": [{"tlsa_at": "x" * 64}]}, "mx[0].tlsa_at", "at most 63"),
        ({"mx": [{"addresses_at": "x.elsewhere.example."}]}, "mx[0]", "none of the scenario's zones"),
        ({"mx": [{"ipv4": ["", "nobody"]}]}, "mx[0].ipv4[1]", "no server is called"),
        ({"mx": [{"ipv4": [""] * 29}]}, "mx[0].ipv4[28]", "more than 28 addresses"),
        ({"hosts": [{"key": "relay", "host": "x" * 64}]}, "hosts[0].host", "at most 63"),
        ({"faults": [{"at": "{mx1}. A", "what": "drop"}]}, "faults[0].at", "another dot follows"),
        ({"faults": [{"at": "SOA", "what": "drop"}]}, "faults[0].at", "alone is no question"),
        ({"faults": [{"at": "a b c", "what": "drop"}]}, "faults[0].at", "is no question"),
        ({"faults": [{"at": "mx1 WHAT", "what": "drop"}]}, "faults[0].at", "no record type"),
        (
            {"faults": [{"at": "A", "what": "forged", "records": ["a A 192.0.2.1", "a A x"]}]},
            "faults[0].records[1]",
            "a A x",
        ),
        ({"recipient": "user@{nobody}"}, "recipient", "nothing is called"),
    ],
)
def test_what_cannot_be_worked_out_names_file_and_key(tables: dict[str, Any], key: str, why: str) -> None:
    with pytest.raises(ScenarioError, match=why) as caught:
        world(**tables).check()
    assert (caught.value.file, caught.value.key) == ("case.toml", key)


def test_errors_name_the_file_that_the_scenario_came_from() -> None:
    net = internet()
    net.add(scenario(mx=[{"host": "a..b"}]), file="scenarios/x/case.toml")
    with pytest.raises(ScenarioError, match=r"^scenarios/x/case\.toml: mx\[0\]\.host: "):
        net.world(ID).check()


def test_a_tlsa_owner_beyond_255_octets_is_an_error_that_says_what_to_do() -> None:
    room = 253 - len(f"_25._tcp.{DOMAIN}")
    label, rest = "x" * 60, room - 3 * 61
    fitting = ".".join([label] * 3 + ["y" * rest])
    world(mx=[{"host": fitting}]).check()
    made = world(mx=[{}, {"host": fitting + "y"}])
    dns.name.from_text(made.host_name("mx2"))
    with pytest.raises(ScenarioError, match=r"256 octets.*write tlsa = \[\]") as caught:
        made.check()
    assert caught.value.key == "mx[1].tlsa"
    world(mx=[{"host": fitting + "y", "tlsa": []}]).check()


def test_port_labels_follow_the_port_wherever_a_scenario_writes_25() -> None:
    made = world(
        port=2525,
        zones={"domain": {"records": ["_25._tcp.other TLSA 3 1 1 00", "x CNAME _25._tcp.y", "a_25 TXT _25.b"]}},
        mx=[{"alias_of": ["_25._tcp.odd"], "tlsa_at": "t"}],
        faults=[{"at": "TLSA", "what": "drop"}, {"at": "_25._tcp.other TLSA", "what": "drop"}],
    )
    rrsets = made.zones["domain"].rrsets
    assert f"_2525._tcp.other.{DOMAIN}" in rrsets
    assert str(seen(rrsets[f"x.{DOMAIN}"][Type.CNAME])[0]) == f"_2525._tcp.y.{DOMAIN}"
    assert rrsets[f"a_25.{DOMAIN}"][Type.TXT].rdatas == (b"\x05_25.b",)
    assert made.address_owner("mx1") == f"_2525._tcp.odd.{DOMAIN}"
    assert [fault.name for fault in made.faults] == [f"_2525._tcp.t.{DOMAIN}", f"_2525._tcp.other.{DOMAIN}"]


def test_a_removed_record_is_gone_and_port_labels_hold_there_too() -> None:
    made = world(port=2525, zones={"domain": {"remove": ["_25._tcp.mx1 TLSA", "@ MX"]}})
    rrsets = made.zones["domain"].rrsets
    assert f"_2525._tcp.mx1.{DOMAIN}" not in rrsets
    assert Type.MX not in rrsets[DOMAIN]


@pytest.mark.parametrize(
    ("at", "hits"),
    [
        ("MX", [(DOMAIN, Type.MX)]),
        ("TLSA", [(f"_25._tcp.two.{DOMAIN}", Type.TLSA)]),
        ("CNAME", [(f"mx1.{DOMAIN}", Type.CNAME)]),
        ("address", [(f"two.{DOMAIN}", Type.A), (f"two.{DOMAIN}", Type.AAAA)]),
        ("DS", [(DOMAIN, Type.DS)]),
        ("mx1 TXT", [(f"mx1.{DOMAIN}", Type.TXT)]),
        ("@ *", [(DOMAIN, None)]),
        ("*.mx1 *", [(f"*.mx1.{DOMAIN}", None)]),
    ],
)
def test_faults_are_placed_at_the_question_that_their_words_mean(at: str, hits: list[tuple[str, int | None]]) -> None:
    made = world(mx=[{"alias_of": ["two"]}], faults=[{"at": at, "what": "drop"}])
    assert [(fault.name, fault.type) for fault in made.faults] == hits


def test_a_star_hits_what_is_below_and_not_the_name_itself() -> None:
    (fault,) = world(faults=[{"at": "*.mx1 *", "what": "drop"}]).faults
    assert fault.hits(f"_25._tcp.mx1.{DOMAIN}", Type.TLSA)
    assert not fault.hits(f"mx1.{DOMAIN}", Type.A)
    assert not fault.hits(f"xmx1.{DOMAIN}", Type.A)


def test_zones_below_one_another_are_delegated_by_the_nearest() -> None:
    made = world(
        zones={
            "low": {"name": "b.a.{domain}", "records": ["host A {mx1.ipv4}"]},
            "middle": {"name": "a.{domain}", "signed": False},
        }
    )
    assert list(made.zones["domain"].children) == [f"a.{DOMAIN}"]
    assert list(made.zones["middle"].children) == [f"b.a.{DOMAIN}"]
    assert answer(made.zones["middle"], f"host.b.a.{DOMAIN}", Type.A).authority[0].rrset.owner == f"b.a.{DOMAIN}"


def test_servers_can_be_shared_and_stand_for_the_first_host_that_has_them() -> None:
    made = world(servers={"s": {}}, mx=[{"ipv4": ["s", ""]}, {"ipv4": ["s", "mx1"], "ipv6": ["s"]}])
    first, second = (made.host_addresses(key, ipv6=False) for key in ("mx1", "mx2"))
    assert first == second[:2]
    shared = made.servers[first[0]]
    assert (shared.key, shared.host, made.servers[first[1]].key) == ("s", "mx1.case.example", "mx1")
    assert shared.addresses == (first[0], *made.host_addresses("mx2", ipv6=True))


def test_a_server_that_no_host_uses_can_still_be_a_subject() -> None:
    made = world(servers={"s": {}}, mx=[{"tlsa": ["3 1 1 s"]}])
    made.check()


def test_two_worlds_cannot_have_one_zone_name() -> None:
    net = internet(scenario())
    with pytest.raises(Exception, match="both want the zone case"):
        net.add(scenario("other", zones={"domain": {"name": "case.example"}}))


def snapshot(seed: str) -> tuple[list[bytes], list[str]]:
    """Certificates and signed answers of a world that has everything random in it."""
    tables: dict[str, Any] = {
        "zones": {
            "domain": {"algorithms": ["rsa-sha256", "ecdsa-p256", "ed25519"], "denial": "nsec3"},
            "provider": {"split_keys": True, "records": ["host A 192.0.2.1"]},
        },
        "certs": {"ca": {"ca": True, "key": "p-384"}},
        "mx": [
            {"cert": {"key": "rsa-2048", "issuer": "ca"}, "tlsa": ["3 1 1", "3 0 0 garbage 99", "3 1 1 other-key"]},
            {"cert": {"key": "ed25519", "sha1": False}},
            {"cert": {"sha1": True}},
        ],
    }
    net = internet(scenario(**tables), seed=seed)
    made = net.world(ID)
    certificates = [
        one.public_bytes(Encoding.DER) for server in made.servers.values() for one in server.credentials(None).chain
    ]
    asked = [
        (name, kind)
        for zone in made.zones.values()
        for name, kinds in zone.rrsets.items()
        for kind in (*kinds, Type.DNSKEY, Type.AAAA, Type.DS)
    ]
    signatures = [
        f"{one.rrset} {record}"
        for name, kind in asked
        for reply in [net.answer(name, kind)]
        for one in (*reply.answer, *reply.authority)
        for record in one.signatures
    ]
    return certificates, signatures


def test_the_same_seed_gives_the_same_octets_and_another_seed_others() -> None:
    certificates, signatures = snapshot("seed")
    assert (certificates, signatures) == snapshot("seed")
    others = snapshot("another")
    assert not set(certificates) & set(others[0])
    assert not set(signatures) & set(others[1])
    assert len(signatures) > 100


def test_apexes_are_the_names_at_and_below_which_all_zones_lie() -> None:
    zones = {"hosts": {"name": "hosts.{domain}"}, "provider": {}}
    assert set(world(zones=zones).apexes) == {"case.example.", "case-provider.example."}
