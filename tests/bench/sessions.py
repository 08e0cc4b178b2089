"""Mail sessions: a well-behaved mail host against a bare handshake server and Postfix's smtp-sink."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass

from harness.world.addresses import LOOPBACK
from tests.bench import caller
from tests.bench.measure import Clocked, Cores, Effort, child, clocked, pinned
from tests.bench.rows import Aim, Row, compared, missing
from tests.support import comparisons
from tests.support.comparisons import Running
from tests.support.packages import Unavailable
from tests.support.processes import ServerFailed

SECTION = "Mail sessions with one message (server's processor time)"
HOST, JOURNAL, BARE, SINK = "mail host", "mail host with a journal file", "handshake server", "smtp-sink"
_BUSY = Aim(at_most=2.5)
_WORLD = 1
"""Number of the world whose mail host is called; number 0 is the sending domain."""
_PLENTY = 4
"""How many times as many sessions where one costs little."""


@dataclass(frozen=True)
class Load:
    """A kind of session with one of the servers."""

    server: str
    hold: Callable[[Clocked, int], None]
    times: int = 1


def _starttls(server: Clocked, sessions: int) -> None:
    caller.call(caller.message(server.address, port=server.port, tls=True), sessions=sessions)


def _in_the_clear(server: Clocked, sessions: int) -> None:
    caller.call(caller.message(server.address, port=server.port, tls=False), sessions=sessions)


def _by_smtp_source(server: Clocked, sessions: int) -> None:
    comparisons.smtp_source(address=server.address, port=server.port, messages=sessions, sessions=caller.THREADS)


def _bare(server: Clocked, sessions: int) -> None:
    caller.call(caller.handshake(server.address, port=server.port), sessions=sessions)


_LOADS = {
    "bare": Load(BARE, _bare),
    "starttls": Load(HOST, _starttls),
    "journal": Load(JOURNAL, _starttls),
    "sink": Load(SINK, _in_the_clear),
    "clear": Load(HOST, _by_smtp_source, _PLENTY),
    "sink-source": Load(SINK, _by_smtp_source, _PLENTY),
}
_COMPARISONS = (
    ("STARTTLS : a bare handshake", "starttls", "bare", _BUSY),
    ("STARTTLS, journal file : a bare handshake", "journal", "bare", None),
    ("STARTTLS : smtp-sink in the clear", "starttls", "sink", None),
    ("in the clear : smtp-sink (smtp-source)", "clear", "sink-source", None),
)


def measure(effort: Effort) -> Iterator[Row]:
    """Processor time of each server for a session, in turns."""
    cores = Cores.here()
    running: dict[str, Clocked] = {}
    used: dict[str, list[float]] = {name: [] for name in _LOADS}
    reasons: dict[str, str] = {}
    with ExitStack() as stack:
        for server, start in _SERVERS.items():
            try:
                with pinned(cores.server):
                    running[server] = clocked(stack.enter_context(start()))
            except (Unavailable, ServerFailed, OSError) as problem:
                reasons.update({name: f"{server}: {problem}" for name, load in _LOADS.items() if load.server == server})
        with pinned(cores.load):
            for turn in range(effort.rounds + 1):
                for name, load in _LOADS.items():
                    if name not in reasons:
                        sessions = effort.sessions * load.times if turn else 4 * caller.THREADS
                        try:
                            used[name].append(_microseconds(load, running[load.server], sessions))
                        except (Unavailable, ServerFailed, OSError) as problem:
                            reasons[name] = f"{load.server}: {problem}"
    for what, ours, theirs, aim in _COMPARISONS:
        reason = reasons.get(ours) or reasons.get(theirs)
        if reason:
            yield missing(SECTION, what, reason=reason)
        else:
            # The first turn made contexts and filled caches.
            yield compared(SECTION, what, ours=used[ours][1:], theirs=used[theirs][1:], unit="us", aim=aim)


def _microseconds(load: Load, server: Clocked, sessions: int) -> float:
    before = server.cpu_seconds()
    load.hold(server, sessions)
    return (server.cpu_seconds() - before) / sessions * 1e6


def _mail(recorder: str) -> AbstractContextManager[Running]:
    address = LOOPBACK.ipv4_at(_WORLD, 0)
    return child("serve", "mail", "--recorder", recorder, address=address)


_SERVERS: dict[str, Callable[[], AbstractContextManager[Running]]] = {
    BARE: lambda: child("serve", "handshake"),
    HOST: lambda: _mail("memory"),
    JOURNAL: lambda: _mail("file"),
    SINK: comparisons.smtp_sink,
}
