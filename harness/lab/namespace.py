"""The lab in a network namespace: real ports, an address for every server, targets joined by wires."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import UsageError
from harness.isolation.links import BLOCKS, close, devices, is_local
from harness.isolation.namespaces import SCRATCH
from harness.scenario.mailhosts import Tcp
from harness.scenario.models import Need, Scenario
from harness.world.addresses import BENCHMARKING
from harness.world.build import World

from .authority import Authority
from .dns_server import DnsServer, Response, Transport
from .lab import Lab
from .mail import MailHosts
from .resolvers import ChosenResolver, ResolverSoftware, resolver_for

SMTP_PORT = 25
DNS_PORT = 53
EVERYWHERE = "0.0.0.0"
_PORT = re.compile(r":(\d+)$")
"""The port of a next hop, `[host]:port`."""


@dataclass(frozen=True, kw_only=True)
class Resolving:
    """Who resolves for the targets, and what it takes."""

    software: ResolverSoftware = ResolverSoftware.SIMULATED
    prefix: Path | None = None
    """Where its packages lie unpacked; None: the machine's own program."""
    scratch: Path = SCRATCH / "resolver"
    """A folder for its files."""


class NamespaceLab(Lab):
    """A lab that has a network to itself (`harness.isolation`): ports 25 and 53, every address of two blocks.

    The resolver answers at the lab's end of each wire, the authoritative servers at their own addresses. On a network
    that it shares with others it keeps to one device.
    """

    plan = BENCHMARKING
    by_address = True

    def __init__(
        self,
        scenarios: Iterable[tuple[Scenario, str]],
        *,
        resolving: Resolving | None = None,
        device: str = "",
        resolver_died: Callable[[str], None] | None = None,
        **options: Any,
    ) -> None:
        """`device` is the network device whose packets alone are answered; empty: all.

        `resolver_died` is called, with a reason, when a real resolver ends without being asked to. `options` are those
        of `Lab`.
        """
        self._device = device
        self._resolver_died = resolver_died
        self._resolving = resolving or Resolving()
        self._chosen: ChosenResolver | None = None
        super().__init__(scenarios, **options)

    def _mail_hosts(self, target: str) -> MailHosts:
        routes = [
            route for scenario, _ in self._scenarios for route in (scenario.route.relay, scenario.route.fallback_relay)
        ]
        found = (_PORT.search(route) for route in routes if route)
        return MailHosts(
            self._server_at,
            self._recorder,
            port=SMTP_PORT,
            device=self._device,
            target=target,
            further_ports=sorted({int(port[1]) for port in found if port} - {SMTP_PORT}),
            contexts=self._contexts,
        )

    async def _listen(self, stack: contextlib.AsyncExitStack) -> None:
        if not self._device:
            self._close_what_cannot_be_reached()
        # A real resolver asks the authoritative servers as soon as it is up.
        self._authority = Authority(self.internet, self._recorder, by_address=self.by_address)
        self.authority = self.resolver = await stack.enter_async_context(
            DnsServer(self._respond, address=EVERYWHERE, port=DNS_PORT, device=self._device)
        )
        self._chosen = await stack.enter_async_context(
            resolver_for(
                self._resolving.software,
                internet=self.internet,
                recorder=self._recorder,
                scratch=self._resolving.scratch,
                prefix=self._resolving.prefix,
                died=self._resolver_died,
            )
        )

    def _close_what_cannot_be_reached(self) -> None:
        """A network of one's own can refuse and lose packets as the real one does, and not only connections."""
        for scenario, _ in self._scenarios:
            servers = (*scenario.mx, *scenario.hosts, *scenario.servers.values())
            if all(server.tcp is Tcp.OPEN for server in servers):
                continue
            for address, server in self.internet.world(scenario.id).servers.items():
                if server.tcp is not Tcp.OPEN:
                    close(address, silently=server.tcp is Tcp.BLACKHOLE)
                if server.tcp is Tcp.REFUSED:
                    self.refused = (*self.refused, address)

    def _respond(self, message: bytes, transport: Transport, client: str, asked: str) -> Response:
        if self.plan.world_of(asked) is not None:
            return self._authority.respond(message, transport, client, asked)
        return self._chosen.respond(message, transport, client, asked) if self._chosen else None

    async def _look_up_anew(self, before: World, after: World) -> None:
        """Whoever resolves forgets this world's names, and no others: all scenarios are under way at once.

        What a scenario is about that needs a cache is that nothing is forgotten.
        """
        assert self._chosen is not None
        if self._resolving.software.is_real and Need.CACHE in after.scenario.needs:
            return
        apexes = {*before.apexes, *after.apexes}
        signed = [
            {zone.origin for zone in world.zones.values() if zone.ds_rdatas and zone.origin in apexes}
            for world in (before, after)
        ]
        await self._chosen.forget(sorted(apexes), newly_signed=bool(signed[1] - signed[0]))

    @property
    def resolver_at(self) -> str:
        """Where somebody in the lab's own network finds it; targets have it at the lab's end of their wires."""
        return f"127.0.0.1:{DNS_PORT}"


def device_of(address: str) -> str:
    """The network device that has the address, on a machine where the lab's blocks are local.

    Raises UsageError, with the commands that mend it, where no device has it or the blocks are not local.
    """
    found = devices().get(address)
    if found is None:
        raise UsageError(f"--listen {address}: no network device of this machine has that address; see: ip address")
    if not is_local(BENCHMARKING.root_server):
        raise UsageError(
            f"--listen {address}: the lab's mail and name servers have the addresses {BLOCKS[0]}, which are not local "
            f"here; as root: ip route add local {BLOCKS[0]} dev lo; and where the product is: "
            f"ip route add {BLOCKS[0]} via {address}"
        )
    return found
