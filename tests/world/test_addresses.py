"""Where worlds lie: blocks do not overlap, and an address leads back to its world."""

from __future__ import annotations

import ipaddress

import pytest

from harness.errors import UsageError
from harness.world.addresses import BENCHMARKING, BLOCK, LOOPBACK, AddressPlan
from harness.world.internet import Internet
from tests.world.kit import NOW, internet, scenario


@pytest.mark.parametrize("plan", [LOOPBACK, BENCHMARKING])
def test_every_address_leads_back_to_its_world(plan: AddressPlan) -> None:
    for world in (0, 1, 2, plan.worlds):
        found = [plan.ipv4_at(world, place) for place in range(plan.mail_places)]
        found += [plan.name_server(world, place) for place in range(BLOCK - plan.mail_places)]
        assert len(set(found)) == BLOCK
        found += [plan.ipv6_at(world, place) for place in range(plan.mail_places)]
        assert {plan.world_of(address) for address in found} == {world}


@pytest.mark.parametrize("plan", [LOOPBACK, BENCHMARKING])
def test_addresses_stay_inside_ranges_that_are_nobodys(plan: AddressPlan) -> None:
    last = ipaddress.ip_address(plan.name_server(plan.worlds, 3))
    assert last in plan.ipv4
    for outside in ("192.0.2.1", "2001:db9::1", "8.8.8.8", "::1"):
        assert plan.world_of(outside) is None


def test_loopback_has_ipv6_addresses_that_are_ipv4_ones_in_disguise() -> None:
    address = ipaddress.IPv6Address(LOOPBACK.ipv6_at(3, 1))
    assert str(address.ipv4_mapped) == LOOPBACK.ipv4_at(3, 1)


def test_the_root_server_is_no_worlds() -> None:
    assert LOOPBACK.world_of(LOOPBACK.root_server) == 0


def test_the_lab_finds_its_mail_servers_by_either_address() -> None:
    net = internet(scenario(mx=[{"ipv6": [""]}]), plan=LOOPBACK)
    made = net.world("case")
    (ipv4,), (ipv6,) = (made.host_addresses("mx1", ipv6=family) for family in (False, True))
    for address in (ipv4, ipv6, ipv6.removeprefix("::ffff:"), f"::ffff:{ipv4}"):
        found = net.server_at(address)
        assert found is not None
        assert found.key == "mx1"
    assert net.server_at("192.0.2.1") is None
    assert net.server_at(LOOPBACK.ipv4_at(99, 0)) is None
    assert net.server_at(LOOPBACK.ipv4_at(made.index, 20)) is None


def test_more_worlds_than_there_is_room_for_are_refused() -> None:
    plan = AddressPlan(ipaddress.IPv4Network("198.51.100.0/25"), None)
    net = Internet(seed="seed", now=NOW, plan=plan)
    for number in range(plan.worlds):
        net.add(scenario(f"case{number}"))
    with pytest.raises(UsageError, match=f"room for {plan.worlds} scenarios"):
        net.add(scenario("one-more"))
