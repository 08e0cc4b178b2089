"""Worlds to test with, and dnspython's reading of what they hold."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import dns.name
import dns.node
import dns.rdata
import dns.rdataclass
import dns.rdataset
import dns.rdatatype
import dns.rrset

from harness.scenario.models import Scenario
from harness.world.addresses import BENCHMARKING, AddressPlan
from harness.world.answers import SignedSet
from harness.world.build import World
from harness.world.internet import Internet
from harness.world.records import RRset
from harness.world.zones import Zone

Keys = dict[dns.name.Name, dns.node.Node | dns.rdataset.Rdataset]
"""What dnspython validates with."""

NOW = 1_800_000_000
ID = "case"
DOMAIN = f"{ID}.example."


def scenario(name: str = ID, **tables: Any) -> Scenario:
    """The healthy world but for these tables."""
    return Scenario.model_validate(
        {
            "id": name,
            "title": "A world to test with",
            "explain": "It is healthy but for what the test says.",
            "covers": ["none"],
            "expect": {"opportunistic": "AUTH", "mandatory": "AUTH", "unaware": "OPP"},
            **tables,
        }
    )


def internet(
    *scenarios: Scenario, seed: str = "seed", now: int = NOW, port: int = 25, plan: AddressPlan = BENCHMARKING
) -> Internet:
    """An Internet of these scenarios."""
    made = Internet(seed=seed, now=now, plan=plan, port=port)
    for one in scenarios:
        made.add(one)
    return made


def world(*, seed: str = "seed", port: int = 25, **tables: Any) -> World:
    """The world of one scenario."""
    return internet(scenario(**tables), seed=seed, port=port).world(ID)


def zone(**keys: Any) -> Zone:
    """The recipient domain's zone, with these keys."""
    return world(zones={"domain": keys}).zones["domain"]


def seen(rrset: RRset) -> dns.rrset.RRset:
    """The RRset as dnspython reads it."""
    kind = dns.rdatatype.RdataType.make(rrset.type)
    rdatas = [dns.rdata.from_wire(dns.rdataclass.IN, kind, data, 0, len(data)) for data in rrset.rdatas]
    return dns.rrset.from_rdata_list(dns.name.from_text(rrset.owner), rrset.ttl, rdatas)


def seen_signatures(one: SignedSet) -> dns.rrset.RRset:
    """Its signatures as dnspython reads them."""
    rdatas = tuple(record.rdata for record in one.signatures)
    return seen(RRset(one.rrset.owner, dns.rdatatype.RRSIG, one.rrset.ttl, rdatas))


def keys_of(*zones: Zone) -> Keys:
    """The keys that dnspython validates with."""
    return {dns.name.from_text(one.origin): seen(one.dnskey) for one in zones}


def types(sets: Iterable[SignedSet]) -> list[str]:
    """What kinds of records these are, in order."""
    return [dns.rdatatype.to_text(dns.rdatatype.RdataType.make(one.rrset.type)) for one in sets]
