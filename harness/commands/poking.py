"""`danelab serve --only ID`: one scenario kept up on loopback, and commands to poke at it with."""

from __future__ import annotations

import asyncio
import contextlib
import shlex
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from harness.lab.lab import Lab
    from harness.scenario.load import Entry
    from harness.world.build import World


def keep_up(entry: Entry, *, out: Path, seed: str) -> int:
    """Raise the lab of this scenario, tell where everything is, and wait for Ctrl-C. Raises DanelabError."""
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(entry, out=out, seed=seed))
    click.echo("danelab: the lab is closed", err=True)
    return 0


async def _serve(entry: Entry, *, out: Path, seed: str) -> None:
    from harness.lab.lab import Lab
    from harness.lab.recorder import Recorder
    from harness.lab.resolvers.files import write_root_files
    from harness.run import work_out
    from harness.scenario.source import shown

    journal = out / "journal.ndjson"
    journal.write_bytes(b"")
    recorder = Recorder(journal)
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    lab = Lab([(entry.scenario, shown(entry.file))], recorder=recorder, seed=seed, now=int(time.time()))
    try:
        async with lab:
            work_out(lab.internet, entry)
            write_root_files(lab.internet, out)
            click.echo("\n".join(introduction(lab, entry.id, out)))
            while not ended.is_set():
                recorder.write()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(ended.wait(), 0.2)
    finally:
        recorder.close()


def introduction(lab: Lab, scenario: str, out: Path) -> Iterator[str]:
    """Where everything is, and commands that can be pasted as they stand."""
    world = lab.internet.world(scenario)
    yield f"{scenario} is up; Ctrl-C ends it."
    yield f"  resolver       {lab.resolver_at} (validates)"
    yield f"  authority      {lab.authority.address}:{lab.authority.port} (all zones, from the root down)"
    yield f"  mail hosts     port {lab.smtp_port}"
    yield f"  recipient      {world.recipient}"
    yield f"  files          {out}: journal, trust anchor, root hints"
    yield ""
    for command in commands(lab, world):
        yield shlex.join(command)
    if world.scenario.steps:
        yield ""
        yield "Its steps are not gone through: this is the world as it begins."


def commands(lab: Lab, world: World) -> Iterator[list[str]]:
    """Each with its arguments: DNS first, then every host."""
    from harness.scenario.names import keyed_hosts
    from harness.world.presentation import owner
    from harness.world.records import Type, type_name

    resolver, authority = ((each.address, str(each.port)) for each in (lab.resolver, lab.authority))
    domain = owner(world.domain)
    yield _dig(resolver, domain, "MX")
    yield [*_dig(authority, domain, "DNSKEY"), "+norecurse"]
    for _, key, _ in keyed_hosts(world.scenario):
        base = owner(world.tlsa_base(key))
        yield _dig(resolver, base, "A")
        yield _dig(resolver, f"_{lab.smtp_port}._tcp.{base}", type_name(Type.TLSA))
        for address in (each for ipv6 in (False, True) for each in world.host_addresses(key, ipv6=ipv6)):
            yield _openssl(lab, world, key, address)
            yield [
                *("swaks", "--server", address, "--port", str(lab.smtp_port), "--tls"),
                *("--from", lab.sender, "--to", world.recipient),
            ]


def _dig(where: tuple[str, str], name: str, kind: str) -> list[str]:
    return ["dig", f"@{where[0]}", "-p", where[1], name, kind, "+dnssec"]


def _openssl(lab: Lab, world: World, key: str, address: str) -> list[str]:
    """A handshake, verified against the TLSA records that stand in DNS; without any where there are none."""
    from harness.world.presentation import data
    from harness.world.records import Type

    base = world.tlsa_base(key)
    host = base.rstrip(".")
    where = f"[{address}]:{lab.smtp_port}" if ":" in address else f"{address}:{lab.smtp_port}"
    command = ["openssl", "s_client", "-starttls", "smtp", "-connect", where, "-servername", host]
    name = f"_{lab.smtp_port}._tcp.{base}"
    found = lab.internet.zone_for(name, Type.TLSA).find(name, Type.TLSA)
    records = [data(each) for each in found.records] if found else []
    readable = [each for each in records if not each.startswith("\\#")]
    if readable:
        command += ["-dane_tlsa_domain", host, "-dane_ee_no_namechecks"]
    for each in readable:
        command += ["-dane_tlsa_rrdata", each]
    return command
