"""The worlds that are measured: any number of copies of the healthy one, and what is asked of them."""

from __future__ import annotations

from collections.abc import Iterator

from harness.lab.packets import OUR_LIMIT
from harness.scenario.load import load_scenario
from harness.scenario.models import Scenario
from harness.scenario.suite import own_scenarios
from harness.world.addresses import LOOPBACK
from harness.world.internet import Internet
from harness.world.names import to_wire
from harness.world.records import type_number

HEALTHY = "baseline/ee-311.toml"


def scenarios(count: int) -> list[Scenario]:
    """Copies of the healthy scenario, each with an id and so with a domain of its own."""
    model = load_scenario(own_scenarios() / HEALTHY)
    return [model.model_copy(update={"id": f"bench-{number:05}", "twin": None}) for number in range(1, count + 1)]


def internet(worlds: list[Scenario], *, seed: str, now: int) -> Internet:
    """The Internet that holds them. The same seed and time give the same records."""
    made = Internet(seed=seed, now=now, plan=LOOPBACK)
    for scenario in worlds:
        made.add(scenario)
    return made


def questions(worlds: list[Scenario]) -> Iterator[tuple[str, str]]:
    """What a DANE sender asks of each, by name and type; one of five is answered by a denial."""
    for scenario in worlds:
        host = f"mx1.{scenario.id}.example"
        yield f"{scenario.id}.example", "MX"
        yield host, "A"
        yield host, "AAAA"
        yield f"_25._tcp.{host}", "TLSA"
        yield f"{scenario.id}.example", "DNSKEY"


def query(name: str, kind: str) -> bytes:
    """A question on the wire, with EDNS and DO."""
    head = bytes.fromhex("123401000001000000000001")
    options = b"\0" + (41).to_bytes(2, "big") + OUR_LIMIT.to_bytes(2, "big") + bytes.fromhex("000080000000")
    return head + to_wire(name + ".") + type_number(kind).to_bytes(2, "big") + b"\0\1" + options
