"""The lab in a network namespace: real ports, an address for every server, targets joined by wires."""

from __future__ import annotations

import contextlib

from harness.world.addresses import BENCHMARKING

from .dns_server import DnsServer, Transport
from .lab import Lab
from .mail import MailHosts

SMTP_PORT = 25
DNS_PORT = 53
EVERYWHERE = "0.0.0.0"


class NamespaceLab(Lab):
    """A lab that has a network to itself (`harness.isolation`): ports 25 and 53, every address of two blocks.

    The resolver answers at the lab's end of each wire, the authoritative servers at their own addresses.
    """

    plan = BENCHMARKING
    by_address = True

    def _mail_hosts(self, target: str) -> MailHosts:
        return MailHosts(self._server_at, self._recorder, port=SMTP_PORT, device="", target=target)

    async def _listen(self, stack: contextlib.AsyncExitStack) -> None:
        self.authority = self.resolver = await stack.enter_async_context(
            DnsServer(self._respond, address=EVERYWHERE, port=DNS_PORT)
        )

    @property
    def resolver_at(self) -> str:
        """Where somebody in the lab's own network finds it; targets have it at the lab's end of their wires."""
        return f"127.0.0.1:{DNS_PORT}"

    def _respond(self, message: bytes, transport: Transport, client: str, asked: str) -> bytes | None:
        is_authority = self.plan.world_of(asked) is not None
        server = self._authority if is_authority else self._resolver
        return server.respond(message, transport, client, asked)
