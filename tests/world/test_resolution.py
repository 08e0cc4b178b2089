"""What a correct validating resolver says, worked out without a signature being checked."""

from __future__ import annotations

from typing import Any

import pytest

from harness.world.answers import Rcode
from harness.world.records import Type
from harness.world.resolution import ALIAS_LIMIT, Resolution, Security, resolve
from tests.world.kit import DOMAIN, internet, scenario, seen, types

TLSA = f"_25._tcp.mx1.{DOMAIN}"


def resolved(name: str, kind: int, **tables: Any) -> Resolution:
    return resolve(internet(scenario(**tables)), name, kind)


def chain(length: int) -> dict[str, Any]:
    records = [f"a{number} CNAME a{number + 1}" for number in range(length)] + [f"a{length} A 192.0.2.1"]
    return {"zones": {"domain": {"records": records}}}


def test_the_healthy_world_is_secure_absence_included() -> None:
    for name, kind, rcode in (
        (TLSA, Type.TLSA, Rcode.NOERROR),
        (DOMAIN, Type.AAAA, Rcode.NOERROR),
        (f"nowhere.{DOMAIN}", Type.A, Rcode.NXDOMAIN),
        ("nobody.example.", Type.A, Rcode.NXDOMAIN),
        (".", Type.SOA, Rcode.NOERROR),
    ):
        found = resolved(name, kind)
        assert (found.security, found.rcode) == (Security.SECURE, rcode)


@pytest.mark.parametrize(
    "keys",
    [{"signed": False}, {"ds": "none"}, {"ds": "unknown-digest"}, {"algorithms": ["unknown"]}],
)
def test_zones_that_nothing_vouches_for_are_insecure(keys: dict[str, Any]) -> None:
    found = resolved(TLSA, Type.TLSA, zones={"domain": keys})
    assert (found.security, found.rcode) == (Security.INSECURE, Rcode.NOERROR)


@pytest.mark.parametrize(
    ("tables", "why"),
    [
        ({"zones": {"domain": {"ds": "other-key"}}}, "fits no key"),
        ({"zones": {"domain": {"zone_key_flag": False}}}, "no zone key flag"),
        ({"faults": [{"at": "DNSKEY", "what": "expired-rrsig"}]}, f"DNSKEY of {DOMAIN}: expired-rrsig"),
        ({"faults": [{"at": "TLSA", "what": "corrupt-rrsig"}]}, f"{TLSA}: corrupt-rrsig"),
    ],
)
def test_bogus_answers_say_what_makes_them_bogus(tables: dict[str, Any], why: str) -> None:
    found = resolved(TLSA, Type.TLSA, **tables)
    assert found.security is Security.BOGUS
    assert why in found.why


@pytest.mark.parametrize("what", ["servfail", "refused", "notimp", "formerr", "drop", "garbage", "truncate-no-tcp"])
def test_what_cannot_be_had_failed_signed_or_not(what: str) -> None:
    for signed in (True, False):
        tables = {"zones": {"domain": {"signed": signed}}, "faults": [{"at": "TLSA", "what": what}]}
        found = resolved(TLSA, Type.TLSA, **tables)
        assert (found.security, found.rcode, found.faults) == (Security.FAILED, Rcode.SERVFAIL, (what,))


@pytest.mark.parametrize("manners", [["dead"], ["lame"], ["dead", "lame"]])
def test_zones_without_a_live_server_fail(manners: list[str]) -> None:
    found = resolved(TLSA, Type.TLSA, zones={"domain": {"name_servers": manners}})
    assert found.security is Security.FAILED
    assert "no name server" in found.why
    assert (
        resolved(TLSA, Type.TLSA, zones={"domain": {"name_servers": [*manners, "alive"]}}).security is Security.SECURE
    )


def test_broken_signatures_do_not_matter_where_nobody_looks() -> None:
    tables = {"zones": {"domain": {"signed": False}}, "faults": [{"at": "TLSA", "what": "no-rrsig"}]}
    assert resolved(TLSA, Type.TLSA, **tables).security is Security.INSECURE


def test_aliases_are_followed_to_their_end() -> None:
    found = resolved(f"a0.{DOMAIN}", Type.A, **chain(5))
    assert types(found.answer) == ["CNAME"] * 5 + ["A"]
    assert found.security is Security.SECURE
    assert types(resolved(f"a0.{DOMAIN}", Type.CNAME, **chain(5)).answer) == ["CNAME"]


def test_aliases_are_followed_up_to_the_limit_and_no_further() -> None:
    assert resolved(f"a0.{DOMAIN}", Type.A, **chain(ALIAS_LIMIT)).security is Security.SECURE
    beyond = resolved(f"a0.{DOMAIN}", Type.A, **chain(ALIAS_LIMIT + 1))
    assert (beyond.security, beyond.why) == (Security.FAILED, "the aliases have no end")


@pytest.mark.parametrize(
    "records", [["a CNAME a"], ["a CNAME b", "b CNAME a"], ["a CNAME b", "b CNAME c", "c CNAME b"]]
)
def test_circles_of_aliases_fail(records: list[str]) -> None:
    found = resolved(f"a.{DOMAIN}", Type.A, zones={"domain": {"records": records}})
    assert (found.security, found.rcode, found.why) == (Security.FAILED, Rcode.SERVFAIL, "the aliases have no end")


def test_names_outside_the_lab_do_not_exist_which_is_proved() -> None:
    for name, kind in (("net.", Type.DS), ("1.113.0.203.in-addr.arpa.", Type.PTR), ("example.com.", Type.MX)):
        found = resolved(name, kind)
        assert (found.security, found.rcode, found.answer) == (Security.SECURE, Rcode.NXDOMAIN, ())
    found = resolved(f"a.{DOMAIN}", Type.A, zones={"domain": {"records": ["a CNAME example.com."]}})
    assert (found.security, found.rcode, types(found.answer)) == (Security.SECURE, Rcode.NXDOMAIN, ["CNAME"])


@pytest.mark.parametrize("signed", [True, False])
def test_behind_a_box_that_drops_edns_no_signatures_and_no_proofs_arrive(*, signed: bool) -> None:
    zones = {"domain": {"signed": signed}}
    faults = [{"at": "TLSA", "what": "no-edns"}, {"at": "nowhere A", "what": "no-edns"}]
    security = Security.BOGUS if signed else Security.INSECURE
    there = resolved(TLSA, Type.TLSA, zones=zones, faults=faults)
    assert (there.security, types(there.answer), there.answer[0].signatures) == (security, ["TLSA"], ())
    absent = resolved(f"nowhere.{DOMAIN}", Type.A, zones=zones, faults=faults)
    assert (absent.security, absent.rcode, types(absent.authority)) == (security, Rcode.NXDOMAIN, ["SOA"])
    assert absent.authority[0].signatures == ()


def test_where_only_the_keys_are_lost_the_data_is_to_be_had_unchecked() -> None:
    zones = {"domain": {"records": ["a CNAME b", "b A 192.0.2.1"]}}
    keyless = resolved(f"a.{DOMAIN}", Type.A, zones=zones, faults=[{"at": "DNSKEY", "what": "drop"}])
    assert (keyless.security, keyless.is_to_be_had, types(keyless.answer)) == (Security.FAILED, True, ["CNAME", "A"])
    lost = resolved(f"a.{DOMAIN}", Type.A, zones=zones, faults=[{"at": "b A", "what": "drop"}])
    assert (lost.security, lost.is_to_be_had) == (Security.FAILED, False)


def test_an_alias_to_nowhere_is_denied_with_proof() -> None:
    found = resolved(f"a.{DOMAIN}", Type.A, zones={"domain": {"records": ["a CNAME nowhere"]}})
    assert (found.security, found.rcode, types(found.answer)) == (Security.SECURE, Rcode.NXDOMAIN, ["CNAME"])


@pytest.mark.parametrize(
    ("provider", "security"),
    [({"signed": False}, Security.INSECURE), ({"ds": "other-key"}, Security.BOGUS), ({}, Security.SECURE)],
)
def test_a_chain_is_no_better_than_its_worst_link(provider: dict[str, Any], security: Security) -> None:
    zones = {
        "provider": {**provider, "records": ["host CNAME back.{domain}"]},
        "domain": {"records": ["a CNAME host.{provider}", "back A 192.0.2.1"]},
    }
    found = resolved(f"a.{DOMAIN}", Type.A, zones=zones)
    assert (found.security, types(found.answer)) == (security, ["CNAME", "CNAME", "A"])


def test_behind_a_bogus_link_the_chain_goes_on_for_who_has_checking_disabled() -> None:
    tables = {
        "zones": {"domain": {"records": ["a CNAME b", "b A 192.0.2.1"]}},
        "faults": [{"at": "a A", "what": "corrupt-rrsig"}],
    }
    found = resolved(f"a.{DOMAIN}", Type.A, **tables)
    assert (found.security, types(found.answer)) == (Security.BOGUS, ["CNAME", "A"])
    assert found.why == f"a.{DOMAIN}: corrupt-rrsig"


def test_a_bogus_link_is_what_went_wrong_even_if_the_end_cannot_be_had() -> None:
    tables = {
        "zones": {"domain": {"records": ["a CNAME b", "b A 192.0.2.1"]}},
        "faults": [{"at": "a A", "what": "corrupt-rrsig"}, {"at": "b A", "what": "drop"}],
    }
    found = resolved(f"a.{DOMAIN}", Type.A, **tables)
    assert (found.security, found.rcode) == (Security.BOGUS, Rcode.SERVFAIL)


def test_a_name_with_a_dot_in_a_label_is_an_alias_target_like_any_other() -> None:
    records = [r"a CNAME b\.c", r"b\.c A 192.0.2.1"]
    found = resolved(f"a.{DOMAIN}", Type.A, zones={"domain": {"records": records}})
    assert [str(seen(one.rrset)[0]) for one in found.answer][-1] == "192.0.2.1"


@pytest.mark.parametrize(("iterations", "security"), [(150, Security.SECURE), (151, Security.INSECURE)])
def test_proofs_with_too_many_iterations_count_for_nothing(iterations: int, security: Security) -> None:
    zones = {"domain": {"denial": "nsec3", "nsec3": {"iterations": iterations}}}
    assert resolved(f"nowhere.{DOMAIN}", Type.A, zones=zones).security is security
    assert resolved(f"mx1.{DOMAIN}", Type.A, zones=zones).security is Security.SECURE


def test_opt_out_makes_the_denial_of_names_insecure_and_of_types_not() -> None:
    zones = {"domain": {"denial": "nsec3", "nsec3": {"opt_out": True}}}
    assert resolved(f"nowhere.{DOMAIN}", Type.A, zones=zones).security is Security.INSECURE
    assert resolved(f"mx1.{DOMAIN}", Type.AAAA, zones=zones).security is Security.SECURE


def test_all_faults_on_the_way_are_reported() -> None:
    tables = {
        "zones": {"domain": {"records": ["a CNAME b", "b A 192.0.2.1"]}},
        "faults": [{"at": "a A", "what": "mixed-case"}, {"at": "b A", "what": "truncate"}],
    }
    found = resolved(f"a.{DOMAIN}", Type.A, **tables)
    assert (found.security, found.faults) == (Security.SECURE, ("mixed-case", "truncate"))
