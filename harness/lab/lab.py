"""The lab on one machine: authoritative servers, resolver and mail hosts of any number of worlds, on one event loop."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from harness.errors import HarnessError
from harness.scenario.models import Scenario
from harness.world.addresses import LOOPBACK
from harness.world.build import World
from harness.world.internet import Internet
from harness.world.model import MailServer

from .authority import Authority
from .dns_server import DnsServer
from .mail import Contexts, MailHosts
from .recorder import Recorder
from .resolver import SimulatedResolver

LOOPBACK_ADDRESS = "127.0.0.1"


@dataclass(frozen=True, kw_only=True)
class Ports:
    """Where the lab listens; 0: any free port."""

    resolver: int = 0
    authority: int = 0
    smtp: int = 0


class Lab:
    """A lab on the loopback interface. Any user may raise one; an async context manager.

    Nothing outside the machine can reach it, and it never relays.
    Raises UsageError on entry where a port is taken.
    """

    plan = LOOPBACK
    refused: tuple[str, ...] = ()
    """Addresses of mail hosts where the lab cannot refuse connections by itself before it has taken them."""
    by_address = False
    """Whether each name server has an address of its own and knows its own zones only."""

    def __init__(
        self,
        scenarios: Iterable[tuple[Scenario, str]],
        *,
        recorder: Recorder,
        seed: str,
        now: int,
        ports: Ports | None = None,
        target: str = "",
        internet: Internet | None = None,
        contexts: Contexts | None = None,
    ) -> None:
        """`scenarios` with the files they come from; `now` is the start of the run, in seconds since 1970.

        `internet` has the scenarios already, and `contexts` are prepared for it, where somebody has made them before.
        """
        self._scenarios = tuple(scenarios)
        self._recorder = recorder
        self._seed = seed
        self._now = now
        self._ports = ports or Ports()
        self._stack = contextlib.AsyncExitStack()
        self._made = internet
        self._contexts = contexts
        self._internet: Internet | None = None
        self.mail = self._mail_hosts(target)

    async def __aenter__(self) -> Self:
        async with contextlib.AsyncExitStack() as stack:
            # The mail hosts come first: their port is the port label of every TLSA owner name.
            await stack.enter_async_context(self.mail)
            self._internet = self._made or self._new_internet()
            await self._listen(stack)
            self._stack = stack.pop_all()
        return self

    def _new_internet(self) -> Internet:
        internet = Internet(seed=self._seed, now=self._now, plan=self.plan, port=self.mail.port)
        for scenario, file in self._scenarios:
            internet.add(scenario, file=file)
        return internet

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    def _mail_hosts(self, target: str) -> MailHosts:
        return MailHosts(self._server_at, self._recorder, port=self._ports.smtp, target=target, contexts=self._contexts)

    async def _listen(self, stack: contextlib.AsyncExitStack) -> None:
        """Start the DNS servers."""
        self._authority = Authority(self.internet, self._recorder, by_address=self.by_address)
        self._resolver = SimulatedResolver(self.internet, self._recorder)
        self.authority = await stack.enter_async_context(
            DnsServer(self._authority.respond, address=LOOPBACK_ADDRESS, port=self._ports.authority)
        )
        self.resolver = await stack.enter_async_context(
            DnsServer(self._resolver.respond, address=LOOPBACK_ADDRESS, port=self._ports.resolver)
        )

    def _server_at(self, address: str) -> MailServer | None:
        return self._internet.server_at(address) if self._internet is not None else None

    @property
    def internet(self) -> Internet:
        """The zones and servers of the lab. Raises HarnessError before the lab is up."""
        if self._internet is None:
            raise HarnessError("the lab is not up")
        return self._internet

    @property
    def smtp_port(self) -> int:
        """The port of every mail host."""
        return self.mail.port

    @property
    def resolver_at(self) -> str:
        """Address and port of the resolver, as `127.0.0.1:5353`."""
        return f"{self.resolver.address}:{self.resolver.port}"

    @property
    def sender(self) -> str:
        """An address in the domain that mail is sent from."""
        return f"postmaster@{self.internet.sender_domain}"

    async def change(self, scenario: Scenario) -> None:
        """Let the world of this scenario look different from now on."""
        before = self.internet.world(scenario.id)
        after = self.internet.replace(scenario)
        self._authority.forget()
        await self._look_up_anew(before, after)
        self.mail.forget(scenario.id)

    async def _look_up_anew(self, _before: World, _after: World) -> None:
        self._resolver.forget()
