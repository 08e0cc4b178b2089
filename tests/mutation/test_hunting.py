"""Random worlds find mutants, and shrink to the one defect that each is blind to."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from typing import Any

import pytest

from harness.mutation.hunting import hunt
from harness.targets.mutants import known_mutants, mutant_kind, unbroken_kind

pytestmark = pytest.mark.loopback

SAID = ("title", "covers", "twin", "importance", "explain", "expect")


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


_BROKEN = (("cut_in_data", True), ("after_220", "plaintext"))


def _is_a_record_that_ceases_to_match(world: dict[str, Any]) -> bool:
    first, change, *_ = world.pop("steps")
    return (
        change == {"change": {"mx": [{"tlsa": ["3 1 1 other-key"]}]}}
        and first["expect"]["opportunistic"] == "AUTH"
        and world == {"zones": {"domain": {"ttl": 1}}}
    )


def _is_a_failure_that_lasts(world: dict[str, Any]) -> bool:
    return world.pop("steps") == [{"send": ["domain"], "times": 5}] and world == {
        "resolver": {"failures": {"TLSA": "servfail"}}
    }


def _is_a_server_without_tls_that_stays_so(world: dict[str, Any]) -> bool:
    return world.pop("steps") == [{"send": ["domain"], "times": 5}] and world == {"mx": [{"smtp": {"starttls": False}}]}


def _is_a_name_right_for_one_of_two_domains(world: dict[str, Any]) -> bool:
    return [step["send"] for step in world.pop("steps")] == [["domain"], ["second"]] and world == {
        "zones": {"second": {"records": ["@ MX 10 {mx1}"]}},
        "mx": [{"tlsa": ["2 1 1"], "cert": {"issuer": "ca", "names": ["{domain}"]}}],
        "certs": {"ca": {"ca": True}},
    }


@pytest.mark.parametrize(
    ("name", "is_the_defect"),
    [
        ("digest-begins-alike", _is_a_bare_other_key),
        ("clear-retry-after-cut", _is_a_broken_session),
        ("path-length-ignored", _is_a_long_path),
        ("tlsa-kept-for-ever", _is_a_record_that_ceases_to_match),
        ("patience-lost-with-dns", _is_a_failure_that_lasts),
        ("patience-lost-with-host", _is_a_server_without_tls_that_stays_so),
        ("connection-reused-by-host", _is_a_name_right_for_one_of_two_domains),
    ],
)
def test_a_counterexample_is_the_one_defect(name: str, is_the_defect: Callable[[dict[str, Any]], bool]) -> None:
    prey = hunt(known_mutants()[name], mutant_kind(name), count=2000)
    assert prey.kind.startswith("security ")
    world = {key: value for key, value in tomllib.loads(prey.toml).items() if key not in SAID}
    assert is_the_defect(world), world


def test_a_counterexample_holds_what_the_mutant_is_blind_to() -> None:
    name = "tlsa-refused-is-absence"
    prey = hunt(known_mutants()[name], mutant_kind(name), count=2000)
    assert prey.kind.startswith("security ")
    assert tomllib.loads(prey.toml)["resolver"] == {"failures": {"TLSA": "refused"}}


def test_nothing_is_found_in_a_sender_that_keeps_every_rule() -> None:
    prey = hunt(known_mutants()["no-agility"], unbroken_kind(), count=100)
    assert (prey.kind, prey.worlds) == ("", 100)
    assert prey.told() == "no-agility: nothing found in 100 worlds\n"
