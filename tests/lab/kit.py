"""Questions to the lab's DNS servers, put and read by dnspython."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import dns.flags
import dns.message
import dns.rdatatype
import pytest
import uvloop

from harness.journal import Event
from harness.lab.authority import Authority
from harness.lab.dns_server import DnsServer, Responder, Transport
from harness.lab.recorder import Recorder
from harness.lab.resolver import SimulatedResolver
from harness.world.addresses import LOOPBACK
from tests.world.kit import internet, scenario

CLIENT = "127.0.0.9"
LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "asyncio": asyncio.SelectorEventLoop,
    "uvloop": uvloop.new_event_loop,
}


def on_each_loop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run the coroutine under asyncio's own loop and under uvloop, debugging switched on; no task may be left."""

    @pytest.mark.loopback
    @pytest.mark.parametrize("loop", LOOPS)
    def run(loop: str) -> None:
        with asyncio.Runner(loop_factory=LOOPS[loop], debug=True) as runner:
            complaints: list[dict[str, Any]] = []
            runner.get_loop().set_exception_handler(lambda _, context: complaints.append(context))
            runner.run(test())
            runner.run(asyncio.sleep(0))
        assert complaints == []

    run.__name__ = run.__qualname__ = test.__name__
    run.__doc__ = test.__doc__
    return run


def query(name: str, kind: str = "A", *, dnssec: bool = True, **options: Any) -> dns.message.QueryMessage:
    """A question as a validating client puts it, or with `dnssec=False` as a plain one does, without EDNS."""
    flags = options.pop("flags", dns.flags.RD)
    made: dns.message.QueryMessage = dns.message.make_query(name, kind, want_dnssec=dnssec, **options)
    made.flags = flags
    return made


class Asker:
    """One of the lab's servers, asked without sockets; what it notes is in `events`."""

    def __init__(self, make: type[Authority] | type[SimulatedResolver], **tables: Any) -> None:
        self.internet = internet(scenario(**tables), plan=LOOPBACK)
        self.recorder = Recorder(clock=lambda: 0.0)
        self.server = make(self.internet, self.recorder)

    @property
    def events(self) -> list[Event]:
        return self.recorder.events

    def raw(self, message: bytes, transport: Transport = "udp", asked: str = "127.0.0.1") -> bytes | None:
        """The reply to these octets."""
        return self.server.respond(message, transport, CLIENT, asked)

    def __call__(
        self, name: str, kind: str = "A", transport: Transport = "udp", asked: str = "127.0.0.1", **options: Any
    ) -> dns.message.Message:
        """The reply to a question; it has to be there, and dnspython has to find it well-formed."""
        asking = query(name, kind, **options)
        found = self.raw(asking.to_wire(), transport, asked)
        assert found is not None
        reply = dns.message.from_wire(found)
        assert asking.is_response(reply)
        return reply


def authority(**tables: Any) -> Asker:
    """The authoritative servers, of which one address serves all zones."""
    return Asker(Authority, **tables)


def resolver(**tables: Any) -> Asker:
    """The simulated resolver."""
    return Asker(SimulatedResolver, **tables)


@contextlib.asynccontextmanager
async def serving(respond: Responder) -> AsyncIterator[DnsServer]:
    """A server on any free port of the loopback interface."""
    async with DnsServer(respond, address="127.0.0.1") as server:
        yield server


def kinds(section: list[Any]) -> list[str]:
    """Types of the RRsets in a section, in order."""
    return [dns.rdatatype.to_text(rrset.rdtype) for rrset in section]
