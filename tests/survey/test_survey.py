"""What a sender finds in small worlds."""

from __future__ import annotations

from typing import Any

import pytest

from harness.oracle import Facts
from harness.oracle.facts import Destination, Host, Inside, Offer, Routing, Server, Standing, Suites, WellFormed
from harness.scenario.mailhosts import Tcp
from harness.scenario.models import Choice
from harness.scenario.stages import validated
from harness.survey import survey
from harness.world.addresses import BENCHMARKING
from harness.world.internet import Internet

NOW = 1_767_225_600
EXPECT = {"opportunistic": "AUTH", "mandatory": "AUTH", "unaware": "OPP"}
UNSIGNED = {"signed": False}
PROVIDER = {"host": "mx1.{provider}"}


def _facts(**tables: Any) -> Facts:
    said = {"id": "one", "title": "a scenario", "explain": "It is made for this test.", "covers": ["7672-2.2-1"]}
    scenario = validated({**said, "expect": EXPECT, **tables})
    internet = Internet(seed="survey", now=NOW, plan=BENCHMARKING)
    internet.add(scenario)
    return survey(internet, scenario, recipient=internet.world("one").recipient)


def _destination(**tables: Any) -> Destination:
    (destination,) = _facts(**tables).destinations
    return destination


def _host(**tables: Any) -> Host:
    return _destination(**tables).exchanges[0].host


def _server(**host: Any) -> Server:
    return _host(mx=[host]).servers[0]


def test_the_healthy_world() -> None:
    destination = _destination()
    (exchange,) = destination.exchanges
    assert (destination.next_hop, exchange.preference, exchange.host.name) == ("one.example", 10, "mx1.one.example")
    assert destination.mx.standing is Standing.SECURE
    original = exchange.host.original
    assert original is not None
    (record,), (server,) = original.records, exchange.host.servers
    (leaf,) = server.chain("mx1.one.example")
    assert record.matches == {leaf.fingerprint}
    assert leaf.issued_by == {leaf.fingerprint}
    assert leaf.dns_names == ("mx1.one.example",)


@pytest.mark.parametrize(
    ("tables", "standing"),
    [
        ({"zones": {"domain": UNSIGNED}}, Standing.INSECURE),
        ({"faults": [{"at": "MX", "what": "corrupt-rrsig"}]}, Standing.BOGUS),
        ({"faults": [{"at": "MX", "what": "servfail"}]}, Standing.FAILED),
        ({"zones": {"domain": {"ds": "other-key"}}}, Standing.BOGUS),
        ({"zones": {"domain": {"ds": "none"}}}, Standing.INSECURE),
    ],
)
def test_what_a_lookup_comes_to(tables: dict[str, Any], standing: Standing) -> None:
    assert _destination(**tables).mx.standing is standing


def test_each_lookup_has_a_standing_of_its_own() -> None:
    host = _host(zones={"provider": {}, "tcp": {"name": "_tcp.mx1.{provider}", **UNSIGNED}}, mx=[PROVIDER])
    assert host.ipv4.standing is Standing.SECURE
    assert (host.ipv6.standing, host.ipv6.found) == (Standing.SECURE, False)
    assert host.original is not None
    assert host.original.lookup.standing is Standing.INSECURE


def test_an_alias_is_followed_and_asked_for_by_itself() -> None:
    host = _host(zones={"provider": UNSIGNED}, mx=[{"alias_of": ["mx1.{provider}"], "tlsa_at": "{mx1}"}])
    assert (host.name, host.aliases) == ("mx1.one.example", 1)
    assert host.alias is not None
    assert (host.alias.standing, host.ipv4.standing) == (Standing.SECURE, Standing.INSECURE)
    assert host.expanded is not None
    assert host.expanded.base == "mx1.one-provider.example"
    assert host.original is not None
    assert len(host.original.records) == 1


def test_a_domain_without_mx_is_its_own_host() -> None:
    destination = _destination(mx=[], hosts=[{"key": "apex", "host": "{domain}"}])
    assert not destination.mx.found
    assert destination.exchanges[0].host.name == "one.example"


def test_an_alias_of_the_domain_is_expanded() -> None:
    zones = {"domain": {"records": ["mail CNAME {domain}"]}}
    destination = _destination(recipient="user@mail.{domain}", zones=zones)
    assert (destination.next_hop, destination.expanded) == ("mail.one.example", "one.example")


def test_a_relay_has_no_mx_lookup_and_may_have_a_port() -> None:
    records = ["_2525._tcp.relay TLSA {relay.tlsa 3 1 1}"]
    relay = {"hosts": [{"key": "relay", "tlsa": []}], "route": {"relay": "[{relay}]:2525"}}
    destination = _destination(zones={"domain": {"records": records}}, **relay)
    assert (destination.routing, destination.next_hop) == (Routing.RELAY, "relay.one.example")
    original = destination.exchanges[0].host.original
    assert original is not None
    assert len(original.records) == 1


def test_a_relay_keeps_its_fallback() -> None:
    hosts = [{"key": "relay"}, {"key": "fallback"}]
    destination = _destination(hosts=hosts, route={"relay": "[{relay}]", "fallback_relay": "[{fallback}]"})
    assert destination.fallback is not None
    assert destination.fallback.next_hop == "fallback.one.example"


def test_a_null_mx_is_no_host() -> None:
    destination = _destination(zones={"domain": {"records": ["@ MX 0 ."]}})
    assert destination.null_mx
    assert [each.host.name for each in destination.exchanges] == ["mx1.one.example"]


def test_a_resolver_that_fails_by_itself_leaves_the_question_open() -> None:
    for destination in _facts(resolver={"failures": {"TLSA": "refused"}}).destinations:
        (exchange,) = destination.exchanges
        assert destination.mx.standing is Standing.SECURE
        assert exchange.host.original is not None
        assert exchange.host.original.lookup.standing is Standing.FAILED


@pytest.mark.parametrize(
    ("tables", "choice", "standings"),
    [
        ({"resolver": {"sets_ad": "never"}}, Choice.VALIDATING_STUB, [Standing.INSECURE, Standing.SECURE]),
        (
            {"resolver": {"validates": False, "sets_ad": "always"}, "faults": [{"at": "MX", "what": "no-rrsig"}]},
            Choice.VALIDATING_STUB,
            [Standing.SECURE, Standing.BOGUS],
        ),
        ({"faults": [{"at": "@ DS", "what": "drop"}]}, Choice.RESOLVER_RETRY, [Standing.FAILED, Standing.SECURE]),
    ],
)
def test_where_senders_or_resolvers_differ_each_finds_its_own(
    tables: dict[str, Any], choice: Choice, standings: list[Standing]
) -> None:
    found = _facts(**tables).destinations
    assert [destination.mx.standing for destination in found] == standings
    assert [destination.choice for destination in found] == [None, choice]


def test_nsec3_iterations_may_make_a_denial_fail() -> None:
    host = _host(zones={"domain": {"denial": "nsec3", "nsec3": {"iterations": 1}}})
    assert (host.ipv6.may_fail, host.ipv6.choice) == (True, Choice.NSEC3_ITERATIONS)
    assert not host.ipv4.may_fail


@pytest.mark.parametrize(
    ("record", "well_formed"),
    [
        ("3 1 1", WellFormed.YES),
        ("3 1 1 octets 31", WellFormed.NO),
        ("3 0 0", WellFormed.YES),
        ("3 0 0 garbage 64", WellFormed.GARBAGE),
        ("2 1 0 garbage 64", WellFormed.GARBAGE),
        ("3 1 3 garbage 5", WellFormed.YES),
        ("raw 0301", WellFormed.CUT_SHORT),
        ("raw 030101", WellFormed.CUT_SHORT),
    ],
)
def test_whether_a_record_is_well_formed(record: str, well_formed: WellFormed) -> None:
    original = _host(mx=[{"tlsa": [record]}]).original
    assert original is not None
    assert original.records[0].well_formed is well_formed


@pytest.mark.parametrize(
    ("host", "seen"),
    [
        ({"tcp": "refused"}, {"tcp": Tcp.REFUSED}),
        ({"smtp": {"starttls": False}}, {"offer": Offer.NONE}),
        ({"smtp": {"ehlo_reply": "502 no"}}, {"offer": Offer.UNSAID}),
        ({"smtp": {"starttls_keyword": "XXXXXXXA"}}, {"offer": Offer.UNSAID}),
        ({"smtp": {"starttls_reply": "454 no"}}, {"grants": False}),
        ({"smtp": {"after_220": "close"}}, {"shakes_hands": False}),
        ({"smtp": {"after_220": "plaintext"}}, {"shakes_hands": True, "inside": Inside.IN_CLEAR}),
        ({"smtp": {"cut_in_data": True}}, {"inside": Inside.CUT_IN_DATA}),
        ({"smtp": {"banner": "421 busy"}}, {"greets": False}),
        ({"smtp": {"rcpt_reply": "451 later"}}, {"takes_mail": False}),
        ({"tls": {"versions": ["1.2"], "ciphers": "aNULL"}}, {"suites": Suites.ANONYMOUS}),
        ({"tls": {"ciphers": "aNULL"}}, {"suites": Suites.ANY}),
    ],
)
def test_how_a_server_shows_itself(host: dict[str, Any], seen: dict[str, Any]) -> None:
    server = _server(**host)
    assert {key: getattr(server, key) for key in seen} == seen


@pytest.mark.parametrize(
    ("certificate", "seen"),
    [
        ({"not_after": "-1d"}, {"in_date": False}),
        ({"not_before": "+1d"}, {"in_date": False}),
        ({"ca": True}, {"is_ca": True, "signs_handshakes": False}),
        ({"ca": True, "path_length": 0}, {"path_length": 0}),
        ({"ca": True, "key_usage": ["digital-signature"]}, {"is_ca": False, "signs_handshakes": True}),
        ({"extended_key_usage": ["client-auth"]}, {"is_for_servers": False}),
        ({"unknown_critical_extension": True}, {"has_strange_extension": True}),
        ({"key": "rsa-1024"}, {"is_weak": True}),
        ({"sha1": True}, {"is_weak": True}),
        ({"key": "ed25519"}, {"is_exotic": True}),
        ({"revoked": True}, {"is_revoked": True}),
        ({"names": [], "subject": "mx1"}, {"dns_names": (), "common_name": "mx1"}),
        ({"ca": True, "excluded_names": ["{domain}"]}, {"excluded": ("one.example",)}),
        ({"signature": "broken"}, {"issued_by": frozenset()}),
    ],
)
def test_what_counts_about_a_certificate(certificate: dict[str, Any], seen: dict[str, Any]) -> None:
    leaf = _server(cert=certificate).chain("mx1.one.example")[0]
    assert {key: getattr(leaf, key) for key in seen} == seen


def test_the_certificate_is_the_one_for_the_server_name() -> None:
    certs = {"first": {"names": ["{mx1}"]}, "other": {"names": ["other.example"]}}
    server = _host(mx=[{"cert": "other", "cert_by_name": {"{mx1}": "first"}, "tlsa": []}], certs=certs).servers[0]
    assert server.chain("mx1.one.example")[0].dns_names == ("mx1.one.example",)
    assert server.chain("elsewhere.example")[0].dns_names == ("other.example",)
