"""Random worlds find mutants, and shrink to the one defect that each is blind to: some of them each time, and more with
DANELAB_WHOLE=1 in the environment."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from harness.mutation.hunting import hunt
from harness.targets.mutants import known_mutants, mutant_kind, unbroken_kind

pytestmark = pytest.mark.loopback

SAID = ("title", "covers", "twin", "importance", "explain", "needs", "expect")


def _is_a_bare_other_key(world: dict[str, Any]) -> bool:
    """A key in full that is another one, whoever issued the certificate."""
    (host,) = world["mx"]
    (record,) = host["tlsa"]
    return str(record).endswith(" 1 0 other-key") and host.keys() <= {"tlsa", "cert"}


def _is_a_broken_session(world: dict[str, Any]) -> bool:
    return world in ({"mx": [{"smtp": {each: value}}]} for each, value in _BROKEN)


def _is_a_long_path(world: dict[str, Any]) -> bool:
    certs = {
        "ca": {"ca": True},
        "intermediate": {"ca": True, "issuer": "ca", "path_length": 0},
        "deep": {"ca": True, "issuer": "intermediate"},
    }
    return world == {"mx": [{"tlsa": ["2 1 1"], "cert": {"issuer": "deep"}}], "certs": certs}


DEMAND = {"requiretls": True}
OFFER = {"ehlo_tls": ["PIPELINING", "8BITMIME", "REQUIRETLS"]}
INSECURE_MX = {"domain": {"signed": False}, "provider": {}}


def _is_overruled(world: dict[str, Any]) -> bool:
    """The host keeps REQUIRETLS, and does not match."""
    host = {"smtp": OFFER, "tlsa": ["3 1 1 other-key"]}
    return world == {"message": {**DEMAND, "headers": ["TLS-Required: No"]}, "mx": [host]}


def _is_a_keeper_behind_insecure_mx(world: dict[str, Any]) -> bool:
    host = {"host": "mx1.{provider}", "smtp": OFFER}
    return world == {"message": DEMAND, "zones": INSECURE_MX, "mx": [host]}


def _is_a_keeper_without_tlsa(world: dict[str, Any]) -> bool:
    return world == {"message": DEMAND, "mx": [{"smtp": OFFER, "tlsa": []}]}


def _is_a_bare_demand(world: dict[str, Any]) -> bool:
    return world == {"message": DEMAND}


def _is_a_keeper(world: dict[str, Any]) -> bool:
    return world == {"message": DEMAND, "mx": [{"smtp": OFFER}]}


def _is_a_mismatch_behind_insecure_mx(world: dict[str, Any]) -> bool:
    return world == {"zones": INSECURE_MX, "mx": [{"host": "mx1.{provider}", "tlsa": ["3 1 1 other-key"]}]}


def _is_a_borrowed_name(world: dict[str, Any]) -> bool:
    host = {"host": "mx1.{provider}", "tlsa": ["2 1 1"], "cert": {"issuer": "ca", "names": ["{domain}"]}}
    return world == {"zones": INSECURE_MX, "mx": [host], "certs": {"ca": {"ca": True}}}


def _is_a_sha_512_record_alone(world: dict[str, Any]) -> bool:
    """That the server does not satisfy, by key, chain or name."""
    (host,) = world["mx"]
    (record,) = host["tlsa"]
    return record.split()[2] == "2" and world.keys() <= {"mx", "certs"} and host.keys() <= {"tlsa", "cert"}


_BROKEN = (("cut_in_data", True), ("after_220", "plaintext"))


def _is_a_record_that_ceases_to_match(world: dict[str, Any]) -> bool:
    first, change, *_ = world.pop("steps")
    return (
        change == {"change": {"mx": [{"tlsa": ["3 1 1 other-key"]}]}}
        and first["expect"]["opportunistic"] == "AUTH"
        and world == {"zones": {"domain": {"ttl": 1}}}
    )


def _is_a_refusal(world: dict[str, Any]) -> bool:
    """With what makes it show, or without."""
    return bool(world["resolver"] == {"failures": {"TLSA": "refused"}})


def _is_a_failure_that_lasts(world: dict[str, Any]) -> bool:
    return world.pop("steps") == [{"send": ["domain"], "times": 5}] and world == {
        "resolver": {"failures": {"TLSA": "servfail"}}
    }


def _is_a_flaw_of_the_server_that_stays(world: dict[str, Any]) -> bool:
    """Whichever: this mutant loses patience with all of them."""
    (host,) = world.pop("mx")
    return world == {"steps": [{"send": ["domain"], "times": 5}]} and len(host) == 1


def _is_a_name_right_for_one_of_two_domains(world: dict[str, Any]) -> bool:
    return [step["send"] for step in world.pop("steps")] == [["domain"], ["second"]] and world == {
        "zones": {"second": {"records": ["@ MX 10 {mx1}"]}},
        "mx": [{"tlsa": ["2 1 1"], "cert": {"issuer": "ca", "names": ["{domain}"]}}],
        "certs": {"ca": {"ca": True}},
    }


WHOLE = os.environ.get("DANELAB_WHOLE", "") not in ("", "0")
SAMPLE = (
    ("clear-retry-after-cut", _is_a_broken_session),
    ("requiretls-dropped", _is_a_keeper),
    ("sha-512-unusable", _is_a_sha_512_record_alone),
    ("dane-not-behind-insecure-mx", _is_a_mismatch_behind_insecure_mx),
)
MORE = (
    ("tlsa-refused-is-absence", _is_a_refusal),
    ("patience-lost-with-dns", _is_a_failure_that_lasts),
    ("connection-reused-by-host", _is_a_name_right_for_one_of_two_domains),
    ("digest-begins-alike", _is_a_bare_other_key),
    ("path-length-ignored", _is_a_long_path),
    ("waiver-beats-requiretls", _is_overruled),
    ("requiretls-at-any-mx", _is_a_keeper_behind_insecure_mx),
    ("requiretls-at-any-host", _is_a_keeper_without_tlsa),
    ("requiretls-unoffered", _is_a_bare_demand),
    ("insecure-mx-names-domain", _is_a_keeper_behind_insecure_mx),
    ("tlsa-kept-for-ever", _is_a_record_that_ceases_to_match),
    ("patience-lost-with-host", _is_a_flaw_of_the_server_that_stays),
)


@pytest.mark.parametrize(("name", "is_the_defect"), [*SAMPLE, *(MORE if WHOLE else ())])
def test_a_counterexample_is_the_one_defect(name: str, is_the_defect: Callable[[dict[str, Any]], bool]) -> None:
    prey = hunt(known_mutants()[name], mutant_kind(name), count=2000)
    assert prey.kind.startswith("security ")
    world = {key: value for key, value in tomllib.loads(prey.toml).items() if key not in SAID}
    assert is_the_defect(world), world


def test_a_name_that_an_insecure_mx_lends_shows_without_requiretls_too() -> None:
    """A target that does not know REQUIRETLS gets no such message; that it declares DANE at insecure MX is enough."""
    name = "insecure-mx-names-domain"
    kind = replace(mutant_kind(name), offers_with_dane=frozenset())
    prey = hunt(known_mutants()[name], kind, count=2000)
    world = {key: value for key, value in tomllib.loads(prey.toml).items() if key not in SAID}
    assert _is_a_borrowed_name(world), world
    assert "dane-at-insecure-mx=applied" in prey.toml


def test_what_a_sender_may_choose_is_no_finding_where_it_declares_nothing() -> None:
    name = "sha-512-unusable"
    prey = hunt(known_mutants()[name], mutant_kind(name).declaring({}), count=200)
    assert prey.kind == ""


def test_nothing_is_found_in_a_sender_that_keeps_every_rule() -> None:
    prey = hunt(known_mutants()["no-agility"], unbroken_kind(), count=100)
    assert (prey.kind, prey.worlds) == ("", 100)
    assert prey.told() == "no-agility: nothing found in 100 worlds\n"
