"""What danelab's speed is measured against, and what loads it. All on loopback, at high ports.

Each server is a context manager that gives its address, its port and the processor time it has used. All
raise :class:`~tests.support.packages.Unavailable` where the program cannot be had.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.packages import Bundle, Program, program
from tests.support.processes import Server, ServerFailed, accepts_tcp, free_port

ADDRESS = "127.0.0.1"


@dataclass(frozen=True)
class Running:
    """A server that serves."""

    server: Server
    port: int
    address: str = ADDRESS

    def cpu_seconds(self) -> float:
        """Processor time its processes have used since their start."""
        return self.server.cpu_seconds()


@dataclass(frozen=True)
class DnsLoad:
    """What one run of dnsperf measured."""

    queries_per_second: float
    sent: int
    completed: int
    rcodes: Mapping[str, int]
    mean_latency: float
    """Seconds."""

    server_cpu: float
    """Processor seconds that the server used meanwhile; 0 when no server was named."""

    @property
    def lost(self) -> int:
        """Questions without an answer."""
        return self.sent - self.completed

    @property
    def server_microseconds(self) -> float:
        """Processor time of the server for each answer, in microseconds: the fair measure on few cores."""
        return self.server_cpu / self.completed * 1e6 if self.completed else 0.0


@dataclass(frozen=True)
class MailLoad:
    """What one run of smtp-source measured."""

    messages: int
    seconds: float
    server_cpu: float

    @property
    def messages_per_second(self) -> float:
        """The rate over the whole run."""
        return self.messages / self.seconds


@contextmanager
def nsd(zones: Mapping[str, Path], *, port: int = 0) -> Iterator[Running]:
    """NSD with one process, serving each zone (by origin) from its master file."""
    binary = program("nsd", bundle=Bundle.SERVERS)
    port = port or free_port(ADDRESS)
    with tempfile.TemporaryDirectory(prefix="danelab-nsd-") as scratch:
        folder = Path(scratch)
        (folder / "nsd.conf").write_text(_nsd_settings(zones, folder=folder, port=port), encoding="utf-8")
        with _serving(binary, arguments=["-d", "-c", "nsd.conf"], folder=folder, port=port) as running:
            yield running


@contextmanager
def stock_dnslib(zone: Path, *, port: int = 0) -> Iterator[Running]:
    """dnslib's own server and zone resolver, unaltered, in a process of its own."""
    port = port or free_port(ADDRESS)
    with tempfile.TemporaryDirectory(prefix="danelab-dnslib-") as scratch:
        arguments = ["-m", "dnslib.zoneresolver", "-z", str(zone.resolve()), "-p", str(port), "-a", ADDRESS]
        binary = Program(Path(sys.executable))
        quiet = ["--tcp", "--log=-request,-reply,-truncated,-error"]
        with _serving(binary, arguments=[*arguments, *quiet], folder=Path(scratch), port=port) as running:
            yield running


@contextmanager
def smtp_sink(*, port: int = 0, backlog: int = 256) -> Iterator[Running]:
    """Postfix's smtp-sink: takes any mail in clear text and throws it away."""
    binary = program("smtp-sink", bundle=Bundle.SERVERS)
    port = port or free_port(ADDRESS)
    with tempfile.TemporaryDirectory(prefix="danelab-sink-") as scratch:
        # As root it insists on being told whom to become; staying root also works with one mapped user id.
        identity = ["-u", "root"] if os.geteuid() == 0 else []
        arguments = [*identity, f"{ADDRESS}:{port}", str(backlog)]
        with _serving(binary, arguments=arguments, folder=Path(scratch), port=port) as running:
            yield running


def dnsperf(
    queries: Sequence[tuple[str, str]],
    *,
    port: int,
    address: str = ADDRESS,
    seconds: float = 2.0,
    clients: int = 2,
    outstanding: int = 50,
    dnssec: bool = True,
    server: Running | None = None,
) -> DnsLoad:
    """Ask the queries (name, type) over and over for ``seconds`` from one thread. ServerFailed if it fails."""
    binary = program("dnsperf", bundle=Bundle.SERVERS)
    with tempfile.TemporaryDirectory(prefix="danelab-dnsperf-") as scratch:
        questions = Path(scratch) / "queries"
        questions.write_text("".join(f"{name} {rdtype}\n" for name, rdtype in queries), encoding="utf-8")
        before = server.cpu_seconds() if server else 0.0
        told = _run(
            binary,
            arguments=[
                *("-s", address, "-p", str(port), "-d", str(questions), "-l", f"{seconds:g}"),
                *("-c", str(clients), "-T", "1", "-q", str(outstanding), "-t", "2"),
                *(("-e", "-D") if dnssec else ()),
            ],
            seconds=seconds + 20,
        )
        used = server.cpu_seconds() - before if server else 0.0
    return read_dnsperf(told, server_cpu=used)


def smtp_source(
    *, port: int, address: str = ADDRESS, messages: int = 1000, sessions: int = 10, server: Running | None = None
) -> MailLoad:
    """Send ``messages``, one in each session, ``sessions`` at once. ServerFailed when any is refused."""
    binary = program("smtp-source", bundle=Bundle.SERVERS)
    before = server.cpu_seconds() if server else 0.0
    began = time.perf_counter()
    arguments = ["-s", str(sessions), "-m", str(messages), "-f", "a@example.com", "-t", "b@example.com"]
    _run(binary, arguments=[*arguments, f"{address}:{port}"], seconds=120)
    elapsed = time.perf_counter() - began
    return MailLoad(messages, elapsed, server.cpu_seconds() - before if server else 0.0)


def read_dnsperf(text: str, *, server_cpu: float = 0.0) -> DnsLoad:
    """dnsperf's closing statistics. Raises ServerFailed when they are not there."""

    def number(label: str) -> float:
        found = re.search(rf"{label}:\s+([\d.]+)", text)
        if found is None:
            raise ServerFailed(f"dnsperf tells no {label!r}: {' | '.join(text.splitlines()[-5:])}")
        return float(found[1])

    codes = re.findall(r"([A-Z]+) (\d+) \([\d.]+%\)", text)
    return DnsLoad(
        queries_per_second=number("Queries per second"),
        sent=int(number("Queries sent")),
        completed=int(number("Queries completed")),
        rcodes={name: int(count) for name, count in codes},
        mean_latency=number(r"Average Latency \(s\)"),
        server_cpu=server_cpu,
    )


@contextmanager
def _serving(
    binary: Program, *, arguments: Sequence[str], folder: Path, port: int, seconds: float = 20.0
) -> Iterator[Running]:
    server = Server.start(binary, arguments=arguments, folder=folder)
    try:
        server.await_ready(lambda: accepts_tcp(ADDRESS, port=port), seconds=seconds)
        yield Running(server, port)
    finally:
        server.stop()


def _run(binary: Program, *, arguments: Sequence[str], seconds: float) -> str:
    told = subprocess.run(
        [str(binary.path), *arguments],
        env=binary.environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=seconds,
        check=False,
    )
    if told.returncode != 0:
        ending = " | ".join((told.stdout + told.stderr).splitlines()[-5:])
        raise ServerFailed(f"{binary.path.name} ended with status {told.returncode}: {ending}")
    return told.stdout


def _nsd_settings(zones: Mapping[str, Path], *, folder: Path, port: int) -> str:
    head = f"""
server:
    ip-address: {ADDRESS}@{port}
    server-count: 1
    username: ""
    chroot: ""
    zonesdir: "{folder}"
    database: ""
    pidfile: "{folder}/nsd.pid"
    xfrdfile: "{folder}/xfrd.state"
    xfrdir: "{folder}"
    zonelistfile: "{folder}/zone.list"
    rrl-ratelimit: 0
    rrl-whitelist-ratelimit: 0
    do-ip6: no
remote-control:
    control-enable: no
"""
    return head + "".join(
        f'zone:\n    name: "{origin}"\n    zonefile: "{path.resolve()}"\n' for origin, path in zones.items()
    )
