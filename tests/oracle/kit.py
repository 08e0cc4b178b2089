"""Facts about worlds, made by hand: each says only what differs from the healthy one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from harness.oracle import UNDECLARED, Facts, Stance, permitted
from harness.oracle.certificate import Certificate
from harness.oracle.facts import (
    NOTHING,
    Destination,
    Exchange,
    Host,
    Lookup,
    Server,
    Standing,
    TlsaRecord,
    TlsaSet,
)
from harness.scenario.models import Mode

SECURE = Lookup(standing=Standing.SECURE)
INSECURE = Lookup(standing=Standing.INSECURE)
BOGUS = Lookup(standing=Standing.BOGUS, found=False)
FAILED = Lookup(standing=Standing.FAILED, found=False)
ABSENT = Lookup(standing=Standing.SECURE, found=False)

ROOT = Certificate(fingerprint="root", issued_by=frozenset({"root"}), is_ca=True)
INTERMEDIATE = Certificate(fingerprint="intermediate", issued_by=frozenset({"root"}), is_ca=True)
LEAF = Certificate(fingerprint="leaf", issued_by=frozenset({"intermediate"}), dns_names=("mx1.test.example",))
CHAIN = (LEAF, INTERMEDIATE, ROOT)


def record(
    usage: int = 3, selector: int = 1, matching_type: int = 1, *, fits: str = "leaf", **values: Any
) -> TlsaRecord:
    """A TLSA record that fits the certificate of this fingerprint; empty: none."""
    matches = frozenset({fits} if fits else ())
    return TlsaRecord(usage=usage, selector=selector, matching_type=matching_type, matches=matches, **values)


def server(key: str = "mx1", *, chain: tuple[Certificate, ...] = CHAIN, **values: Any) -> Server:
    """A mail server that shows this chain to everybody."""
    return Server(key=key, chains={"": chain}, **values)


def host(
    *records: TlsaRecord, key: str = "mx1", lookup: Lookup = SECURE, servers: tuple[Server, ...] = (), **values: Any
) -> Host:
    """A mail host with IPv4 and these TLSA records; `lookup` is what the question for them comes to."""
    name = f"{key}.test.example"
    tlsa = TlsaSet(base=name, lookup=replace(lookup, found=lookup.found and bool(records)), records=records)
    made = Host(name=name, ipv4=SECURE, ipv6=NOTHING, original=tlsa, servers=servers or (server(key),))
    return replace(made, **values)


def facts(*hosts: Host, mx: Lookup = SECURE, preferences: tuple[int, ...] = (10, 20, 30), **values: Any) -> Facts:
    """A domain with these MX hosts."""
    exchanges = tuple(Exchange(preference=number, host=each) for number, each in zip(preferences, hosts, strict=False))
    made = Destination(next_hop="test.example", expanded="test.example", mx=mx, exchanges=exchanges)
    return Facts(destinations=(replace(made, **values),))


def said(world: Facts, mode: Mode = Mode.OPPORTUNISTIC, *, stance: Stance = UNDECLARED) -> str:
    """What the oracle permits, the usual first: `AUTH@mx1 / DEFER`."""
    return " / ".join(
        f"{final.code}@{final.at}" if final.at else final.code for final in permitted(world, mode, stance)
    )


def said_in_all_modes(world: Facts) -> tuple[str, str, str]:
    """The same for opportunistic and mandatory DANE, and without DANE."""
    return said(world), said(world, Mode.MANDATORY), said(world, Mode.UNAWARE)
