"""DNS answers: the authority and the resolver against NSD and dnslib's own server, all with the same signed zones."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import dns.exception
import dns.flags
import dns.message
import dns.query

from tests.bench import fake, zonefile
from tests.bench.measure import SEED, Clocked, Cores, Effort, child, clocked, pinned
from tests.bench.rows import Aim, Row, compared, missing
from tests.support import comparisons
from tests.support.comparisons import DnsLoad, Running
from tests.support.packages import Bundle, Unavailable, program
from tests.support.processes import ServerFailed

SECTION = "DNS answers (dnsperf, EDNS with DO)"
WORLDS = 10
NSD, DNSLIB = "NSD", "dnslib's own server"
AUTHORITY, RECORDED, RESOLVER = "authority", "authority, recording", "simulated resolver, recording"
OURS = (AUTHORITY, RECORDED, RESOLVER)
PER_CORE = Aim(at_least=0.6)
_WARM_UP = 0.2


def measure(effort: Effort) -> Iterator[Row]:
    """Rates for each server, in turns."""
    try:
        program("dnsperf", bundle=Bundle.SERVERS)
    except Unavailable as problem:
        yield missing(SECTION, "all", reason=problem.reason)
        return
    worlds = fake.scenarios(WORLDS)
    asked = list(fake.questions(worlds))
    cores = Cores.here()
    with TemporaryDirectory(prefix="danelab-bench-") as scratch, ExitStack() as stack:
        running: dict[str, Clocked] = {}
        reasons: dict[str, str] = {}
        for name, start in _servers(Path(scratch)).items():
            try:
                with pinned(cores.server):
                    running[name] = clocked(stack.enter_context(start()))
            except (Unavailable, ServerFailed, OSError) as problem:
                reasons[name] = str(problem)
        if NSD in running:
            for name in (AUTHORITY, RECORDED):
                if name in running and (difference := _difference(asked, running[name], running[NSD])):
                    reasons[name] = difference
        loads = _loads(running, asked, effort, cores)
    yield from _rows(loads, reasons)


def _servers(folder: Path) -> Mapping[str, Callable[[], AbstractContextManager[Running]]]:
    now = int(time.time())
    internet = fake.internet(fake.scenarios(WORLDS), seed=SEED, now=now)
    domains = [internet.world(scenario.id).zones["domain"] for scenario in fake.scenarios(WORLDS)]
    files = {zone.origin: zonefile.write(zone, folder) for zone in domains}
    together = folder / "all.zone"
    together.write_text("".join(path.read_text(encoding="ascii") for path in files.values()), encoding="ascii")
    common = ("--worlds", str(WORLDS), "--now", str(now))
    return {
        NSD: lambda: comparisons.nsd(files),
        AUTHORITY: lambda: child("serve", "authority", *common, "--recorder", "none"),
        RECORDED: lambda: child("serve", "authority", *common, "--recorder", "memory"),
        RESOLVER: lambda: child("serve", "resolver", *common, "--recorder", "memory"),
        DNSLIB: lambda: comparisons.stock_dnslib(together),
    }


def _difference(asked: list[tuple[str, str]], ours: Running, theirs: Running) -> str:
    """The first question to which the two do not answer the same; empty if there is none."""
    for name, kind in asked:
        query = dns.message.make_query(name, kind, use_edns=0, want_dnssec=True, flags=0)
        try:
            mine, other = (
                dns.query.udp(query, each.address, port=each.port, timeout=5, ignore_trailing=False)
                for each in (ours, theirs)
            )
        except dns.exception.DNSException as problem:
            return f"no answer to compare for {name} {kind}: {problem}"
        for part in ("answer", "authority"):
            mentioned = [rrset for rrset in getattr(mine, part) if rrset not in getattr(other, part)]
            if (
                mentioned
                or mine.rcode() != other.rcode()
                or (part == "answer" and len(mine.answer) != len(other.answer))
            ):
                return f"the answers to {name} {kind} differ"
    return ""


def _loads(
    running: Mapping[str, Clocked], asked: list[tuple[str, str]], effort: Effort, cores: Cores
) -> dict[str, list[DnsLoad]]:
    loads: dict[str, list[DnsLoad]] = {name: [] for name in running}
    with pinned(cores.load):
        for server in running.values():
            comparisons.dnsperf(asked, port=server.port, seconds=_WARM_UP)
        for _ in range(effort.rounds):
            for name, server in running.items():
                loads[name].append(
                    comparisons.dnsperf(asked, port=server.port, seconds=effort.load_seconds, server=server)
                )
    return loads


def _rows(loads: Mapping[str, list[DnsLoad]], reasons: Mapping[str, str]) -> Iterator[Row]:
    for name in OURS:
        for other in (NSD, DNSLIB):
            for each in (name, other):
                if each in reasons:
                    yield missing(SECTION, f"{name} : {other}", reason=f"{each}: {reasons[each]}")
                    break
            else:
                yield from _comparison(name, loads[name], other, loads[other])


def _comparison(name: str, ours: list[DnsLoad], other: str, theirs: list[DnsLoad]) -> Iterator[Row]:
    own, foreign = ([1e6 / load.server_microseconds for load in loads] for loads in (ours, theirs))
    lost = sum(load.lost for load in ours)
    yield compared(
        SECTION,
        f"{name} : {other}",
        ours=own,
        theirs=foreign,
        unit="/CPU s",
        aim=PER_CORE if other == NSD and name != RESOLVER else None,
        note=f"{lost} questions were not answered" if lost else "",
    )
    if other == NSD:
        yield compared(
            SECTION,
            "  the same by the clock",
            ours=[load.queries_per_second for load in ours],
            theirs=[load.queries_per_second for load in theirs],
            unit="/s",
        )
