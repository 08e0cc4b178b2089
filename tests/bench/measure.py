"""What all measurements need: how much is done, where processes run, what processor time they have used."""

from __future__ import annotations

import os
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.support.comparisons import ADDRESS, Running
from tests.support.packages import Program
from tests.support.processes import Server, accepts_tcp, free_port

CHECKOUT = Path(__file__).resolve().parents[2]
SEED = "bench"


@dataclass(frozen=True, kw_only=True)
class Effort:
    """How much is measured."""

    rounds: int = 5
    load_seconds: float = 2.0
    """How long each DNS server is asked in a round."""
    sessions: int = 1000
    """Mail sessions with each server in a round."""
    worlds: tuple[int, ...] = (10, 1_000, 10_000)
    signatures: int = 4000
    """Signatures of each kind in a round; a fiftieth of it for RSA."""
    runs: int = 3
    patterns: tuple[str, ...] = ()
    """Scenarios of a whole run; empty: all."""


FULL = Effort()
QUICK = Effort(rounds=2, load_seconds=0.25, sessions=48, worlds=(10, 1_000), signatures=200, runs=1, patterns=("ee-*",))


@dataclass(frozen=True)
class Clocked(Running):
    """A server whose processor time is told to the microsecond where the system can."""

    def cpu_seconds(self) -> float:
        """Processor time of all its processes since their start."""
        try:
            return sum(map(process_seconds, family(self.server.pid)))
        except OSError:
            return self.server.cpu_seconds()


def clocked(running: Running) -> Clocked:
    """The same server, with the better clock."""
    return Clocked(running.server, running.port, running.address)


def process_seconds(pid: int) -> float:
    """Processor time of a process, ended threads included. Raises OSError where that cannot be told."""
    # The clock of any process is addressed by its id (clock_getcpuclockid(3)); Python names it for threads only.
    return time.clock_gettime((~pid << 3) | 2)


def family(pid: int) -> list[int]:
    """A process and all its living descendants."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    except OSError:
        return [pid]
    return [pid, *(member for child in children for member in family(int(child)))]


@dataclass(frozen=True)
class Cores:
    """Where servers and where their load run; None: wherever the system likes."""

    server: frozenset[int] | None = None
    load: frozenset[int] | None = None

    @classmethod
    def here(cls) -> Cores:
        """Two different cores, if this process may use two."""
        usable = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
        return cls(frozenset(usable[:1]), frozenset(usable[1:2])) if len(usable) >= 2 else cls()


@contextmanager
def pinned(cores: frozenset[int] | None) -> Iterator[None]:
    """Keep this thread, and all that it starts meanwhile, to these cores."""
    if cores is None:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def child(module: str, *arguments: str, address: str = ADDRESS, seconds: float = 20.0) -> Iterator[Clocked]:
    """Run a module of this package as a server of its own, with `--port`; ended by its id."""
    port = free_port(ADDRESS)
    with TemporaryDirectory(prefix="danelab-bench-") as scratch:
        command = ["-m", f"tests.bench.{module}", *arguments, "--port", str(port)]
        # It runs in a folder of its own, for what it writes.
        with _environment(PYTHONPATH=str(CHECKOUT)):
            server = Server.start(Program(Path(sys.executable)), arguments=command, folder=Path(scratch))
        try:
            server.await_ready(lambda: accepts_tcp(address, port=port), seconds=seconds)
            yield Clocked(server, port, address)
        finally:
            server.stop()


@contextmanager
def _environment(**values: str) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


class Noise:
    """How busy the machine was with other things than this process and its children."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._busy, self._own = _busy_seconds(), _own_seconds()

    @property
    def share(self) -> float | None:
        """Part of all cores' time that others used so far; None where the system does not tell."""
        busy = _busy_seconds()
        if busy is None or self._busy is None:
            return None
        others = busy - self._busy - (_own_seconds() - self._own)
        return max(0.0, others) / ((time.monotonic() - self._began) * (os.cpu_count() or 1))


def _busy_seconds() -> float | None:
    try:
        first = Path("/proc/stat").read_text(encoding="ascii").partition("\n")[0].split()[1:]
    except OSError:
        return None
    # user, nice, system, (idle, iowait,) irq, softirq, steal: proc(5).
    ticks = [int(first[place]) for place in (0, 1, 2, 5, 6, 7)]
    return sum(ticks) / os.sysconf("SC_CLK_TCK")


def _own_seconds() -> float:
    used = (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in used)
