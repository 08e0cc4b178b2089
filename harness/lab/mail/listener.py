"""The mail hosts of a lab: any number of servers behind one listener, told apart by the address that was called."""

from __future__ import annotations

import asyncio
import errno
import itertools
import socket
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Self

from harness.errors import UsageError
from harness.lab.recorder import Recorder
from harness.scenario.base import seconds
from harness.scenario.mailhosts import Tcp
from harness.world.model import MailServer

from . import rude
from .contexts import Contexts
from .polite import Manner
from .transcript import Transcript
from .wire import Wire

Directory = Callable[[str], MailServer | None]
"""The server at an address, in its usual text form; None: there is none."""
_BACKLOG = 4096
_PORT_TRIALS = 20
_CLOSING = 5.0


class Blackhole:
    """A server that accepts, as the kernel does on a wildcard listener, and never says a word."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def begin(self) -> None:
        """Only the end is arranged for."""
        self._wire.later(seconds(self._wire.server.smtp.hang_limit), self._wire.cut)

    def received(self, data: bytes) -> None:
        """Not listened to."""

    def secured(self) -> None:
        """Never."""

    def ended(self) -> None:
        """Nothing is left to be done."""


class MailHosts:
    """Serves mail for all addresses that the directory knows; an async context manager.

    `addresses` empty: one listener for every address, IPv4 and IPv6, on the network device `device` alone (`lo`: nobody
    outside can reach it; empty: all devices, for a network namespace of its own). Otherwise: a listener for each.
    `port` 0: any free one, the same everywhere; `port` then says which. At `further_ports` they listen as well, for
    next hops with a port of their own. `contexts` are those that somebody has prepared.

    No mail leaves the lab: where an impostor passes it on (`proxy_to`), the journal has it at both servers.

    Raises UsageError on entry where the port is taken or not permitted, or where the device cannot be bound to.
    """

    def __init__(
        self,
        directory: Directory,
        recorder: Recorder,
        *,
        port: int = 0,
        addresses: Iterable[str] = (),
        device: str = "lo",
        target: str = "",
        further_ports: Iterable[int] = (),
        contexts: Contexts | None = None,
    ) -> None:
        self.port = port
        self._directory = directory
        self._recorder = recorder
        self._addresses = tuple(addresses)
        self._device = device
        self._further_ports = tuple(further_ports)
        self._target = target
        self._contexts = contexts or Contexts()
        self._memory = rude.Memory()
        self._manners: dict[int, tuple[MailServer, Manner | None]] = {}
        self._numbers = itertools.count(1)
        self._wires: set[Wire] = set()
        self._quiet = asyncio.Event()
        self._servers: list[asyncio.Server] = []

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        sockets = self._bind()
        self.port = sockets[0].getsockname()[1]
        for listener in (*sockets, *self._bind_further()):
            self._servers.append(await loop.create_server(self._wire, sock=listener, backlog=_BACKLOG))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for server in self._servers:
            server.close()
        self._quiet.clear()
        for wire in tuple(self._wires):
            wire.reset()
        if self._wires:
            await asyncio.wait_for(self._quiet.wait(), _CLOSING)
        for server in self._servers:
            await server.wait_closed()
        self._servers.clear()
        await asyncio.sleep(0)

    def forget(self, scenario: str) -> None:
        """The world of this scenario has changed: connections kept open between two messages end in good order, and
        the manners of its servers are read anew. Mail under way is not disturbed; session tickets are still taken."""
        for wire in tuple(self._wires):
            if wire.server.scenario == scenario and wire.transcript.idle:
                wire.close()
        self._manners = {key: known for key, known in self._manners.items() if known[0].scenario != scenario}
        self._contexts.forget(scenario)

    def _bind(self) -> list[socket.socket]:
        wanted = [(socket.AF_INET6 if ":" in address else socket.AF_INET, address, "") for address in self._addresses]
        if not wanted:
            wanted.append((socket.AF_INET, "0.0.0.0", self._device))
            if socket.has_ipv6:
                wanted.append((socket.AF_INET6, "::", self._device))
        for trial in range(_PORT_TRIALS):
            bound: list[socket.socket] = []
            port = self.port
            try:
                for family, address, device in wanted:
                    listener = _listener(family, address, port, device=device)
                    if listener is not None:
                        bound.append(listener)
                        port = listener.getsockname()[1]
            except OSError as error:
                for listener in bound:
                    listener.close()
                if error.errno == errno.EADDRINUSE and not self.port and trial < _PORT_TRIALS - 1:
                    continue
                raise _refused(error, port) from None
            except UsageError:
                for listener in bound:
                    listener.close()
                raise
            return bound
        raise AssertionError

    def _bind_further(self) -> list[socket.socket]:
        """Sockets for the further ports, which are fixed. Raises UsageError."""
        bound: list[socket.socket] = []
        for port in self._further_ports:
            for family, address in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
                try:
                    listener = _listener(family, address, port, device=self._device)
                except OSError as error:
                    raise _refused(error, port) from None
                if listener is not None:
                    bound.append(listener)
        return bound

    def _wire(self) -> Wire:
        return Wire(self._arrived, self._gone, contexts=self._contexts)

    def _arrived(self, wire: Wire) -> bool:
        """Find the server that was called; False: there is none."""
        address = wire.transport.get_extra_info("sockname")[0].removeprefix("::ffff:")
        peer = wire.transport.get_extra_info("peername")
        server = self._directory(address)
        if server is None or peer is None:
            return False
        client = peer[0].removeprefix("::ffff:")
        number = next(self._numbers)
        wire.server = server
        wire.transcript = Transcript(
            self._recorder,
            server=server,
            session=f"{self._target}/{number}" if self._target else str(number),
            address=address,
            client=client,
            target=self._target,
        )
        self._wires.add(wire)
        if server.tcp is not Tcp.OPEN:
            wire.dialogue = Blackhole(wire)
            if server.tcp is Tcp.REFUSED:
                wire.reset()
            return True
        manner = self._manner(server)
        wire.dialogue = manner.session(wire) if manner else rude.Rude(wire, memory=self._memory, client=client)
        return True

    def _manner(self, server: MailServer) -> Manner | None:
        """How a well-behaved server speaks; None for another."""
        known = self._manners.get(id(server))
        if known is None:
            manner = None if rude.needed(server.smtp) else Manner(server, loop=asyncio.get_running_loop())
            known = self._manners[id(server)] = (server, manner)
        return known[1]

    def _gone(self, wire: Wire) -> None:
        self._wires.discard(wire)
        if not self._wires:
            self._quiet.set()


def _listener(family: socket.AddressFamily, address: str, port: int, *, device: str) -> socket.socket | None:
    """A bound socket; None where the machine has no IPv6. asyncio sets TCP_NODELAY only if the protocol is named."""
    try:
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    except OSError:
        if family == socket.AF_INET6:
            return None
        raise
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if device:
            _to_device(listener, device)
        listener.bind((address, port))
    except OSError as error:
        listener.close()
        if family == socket.AF_INET6 and address == "::" and error.errno == errno.EADDRNOTAVAIL:
            return None
        raise
    except UsageError:
        listener.close()
        raise
    return listener


def _to_device(listener: socket.socket, device: str) -> None:
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode() + b"\0")
    except (AttributeError, PermissionError):
        raise UsageError(
            f"a listener cannot be kept to the network device {device} on this machine: name the addresses to serve"
        ) from None


def _refused(error: OSError, port: int) -> UsageError:
    if error.errno == errno.EADDRINUSE:
        return UsageError(f"port {port} is in use: stop what listens there, or choose another port (0: any free one)")
    if error.errno == errno.EACCES:
        return UsageError(f"port {port} is not permitted to this user: choose one above 1023, or run in a namespace")
    return UsageError(f"cannot listen on port {port}: {error.strerror}")
