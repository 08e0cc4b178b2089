"""What is settled for single destinations stands where a target's definition says, and only there."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import ScenarioError
from harness.run.letters import arranged
from harness.scenario.models import Mode, Need
from harness.scenario.suite import load_suite
from harness.targets import Arrangement, named
from harness.targets.arrangements import About, Lines, needs_met, written
from harness.targets.definition import find, load
from harness.world.addresses import BENCHMARKING
from harness.world.internet import Internet

from .test_definition import GOOD

RELAY = Lines(about=About.RELAY, file="/etc/routes", line="{{ number }} {{ domain }} {{ next_hop }}")
FALLBACK = Lines(about=About.FALLBACK_RELAY, file="/etc/routes", line="else {{ next_host }}\n  {{ next_port }}\n")
STRICT = Lines(about=About.MANDATORY, file="/etc/policy", line="{{ domain }} {{ host_name }}")

SETTLED = (
    Arrangement(domain="one.example", relay="[relay.one.example]:2525"),
    Arrangement(domain="two.example", fallback_relay="[else.two.example]"),
    Arrangement(domain="three.example", mode=Mode.MANDATORY, relay="[relay.three.example]"),
)


def test_each_file_gets_a_line_for_each_destination_that_it_is_about() -> None:
    files = written([RELAY, FALLBACK, STRICT], SETTLED, {"host_name": "mta"}, where="mine")
    assert files == {
        "/etc/routes": "1 one.example [relay.one.example]:2525\n"
        "3 three.example [relay.three.example]\n"
        "else else.two.example\n  25\n",
        "/etc/policy": "three.example mta\n",
    }


def test_a_next_hop_is_taken_apart_into_host_and_port() -> None:
    place = Lines(about=About.RELAY, file="/etc/routes", line="{{ next_host }}:{{ next_port }}")
    assert (
        written([place], SETTLED, {}, where="mine")["/etc/routes"] == "relay.one.example:2525\nrelay.three.example:25\n"
    )


def test_a_place_is_there_though_nothing_is_settled() -> None:
    assert written([RELAY], (), {}, where="mine") == {"/etc/routes": ""}


def test_what_a_target_can_be_told_decides_what_it_is_asked_about() -> None:
    modes = [Lines(about=about, file="/etc/policy", line="x") for about in (About.OPPORTUNISTIC, About.MANDATORY)]
    assert needs_met([RELAY]) == {Need.ROUTE}
    assert needs_met([FALLBACK, STRICT]) == {Need.FALLBACK_RELAY}
    unaware = Lines(about=About.UNAWARE, file="/etc/policy", line="x")
    assert needs_met([*modes, unaware]) == {Need.DESTINATION_POLICY}
    assert needs_met([Lines(about=About.AUDIT, file="/etc/policy", line="x")]) == {Need.AUDIT}


@pytest.mark.parametrize(("target", "policy"), [("postfix:dane", True), ("exim:require", True), ("postfix:may", False)])
def test_a_sender_without_dane_is_told_nothing_about_dane(target: str, policy: bool) -> None:  # noqa: FBT001
    assert (Need.DESTINATION_POLICY in named(target).offered(Mode.OPPORTUNISTIC)) is policy
    assert Need.ROUTE in named(target).offered(Mode.OPPORTUNISTIC)
    definition, mode = find(target)
    about = {place.about for place in definition.places(definition.modes[mode].mode)}
    assert (About.MANDATORY in about) is policy


def test_a_line_that_names_what_there_is_not_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    place = '[[destinations]]\nabout = "relay"\nfile = "/etc/routes"\nline = "{{ domain }} {{ next_hopp }}"\n'
    file.write_text(GOOD + place, encoding="utf-8")
    with pytest.raises(ScenarioError, match=r"destinations\.0\.line: .*no 'next_hopp'; did you mean 'next_hop'"):
        load(file)


@pytest.mark.parametrize(
    ("scenario", "settled"),
    [
        ("ee-311", [("ee-311.example", None, None, None, False)]),
        ("custom-port", [("custom-port.example", "[relay.custom-port.example]:2525", None, None, False)]),
        ("fallback-relay", [("fallback-relay.example", None, "[fallback.fallback-relay.example]", None, False)]),
        ("dane-disabled", [("dane-disabled.example", None, None, Mode.UNAWARE, False)]),
        ("dane-audit-only", [("dane-audit-only.example", None, None, None, True)]),
        (
            "dane-only-per-domain",
            [
                ("dane-only-per-domain.example", None, None, Mode.MANDATORY, False),
                ("dane-only-per-domain-other.example", None, None, Mode.OPPORTUNISTIC, False),
            ],
        ),
    ],
)
def test_what_a_scenario_settles_is_read_from_its_route(scenario: str, settled: list[tuple[object, ...]]) -> None:
    internet = Internet(seed="tests", now=1_800_000_000, plan=BENCHMARKING, port=25)
    entry = load_suite()[scenario]
    internet.add(entry.scenario, file=str(entry.file))
    found = arranged(entry.scenario, internet.world(scenario))
    told = [(each.domain, each.relay, each.fallback_relay, each.mode, each.audit_only) for each in found]
    assert told == settled
