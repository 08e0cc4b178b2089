"""A validating resolver as a target: it is asked what mail servers ask, and judged on each answer by itself.

So a report tells a sender's fault from its resolver's. `resolver:unbound` and the like are raised as the lab's own
resolver in a network of their own. `resolver:ADDRESS` is somebody's that has the lab's trust anchor: behind `--listen`
with the lab's root hints, on loopback, where port 53 is not the lab's, as a validating forwarder to the lab's resolver.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
from typing import Self

from harness.errors import NothingConcluded, UsageError
from harness.lab.resolvers import ResolverSoftware, packages_of
from harness.lab.resolvers.probe import validates
from harness.lab.resolvers.pulse import Pulse
from harness.scenario.models import Mode, Need
from harness.scenario.words import did_you_mean
from harness.world.records import Type

from .base import Kind, Network, Surroundings
from .packages import Bundle, Unavailable, prefix
from .stub import Said, Stub

WORD = "resolver"
_PATIENCE = 25.0
"""Seconds for a question; more than any resolver takes to give up."""
_TRIES = 3
"""How often a resolver that gives no answer for the root's keys is asked for them."""
_AT_ONCE = 40
"""How many questions are under way at a time."""
_DEAD = ("it gave no answer",)


class ResolverTarget:
    """Asks a resolver questions. An async context manager.

    Raises NothingConcluded on entry where nothing answers, or what answers does not validate with the lab's root.
    """

    repeats = False

    def __init__(self, name: str, around: Surroundings, *, address: str, port: int, keeps_answers: bool) -> None:
        """`keeps_answers`: nobody tells it when a world has changed."""
        self.name = name
        self.keeps_answers = keeps_answers
        self._place = (address, port)
        self._around = around
        self._dead = False
        self._free = asyncio.Semaphore(_AT_ONCE)
        self._waiting: set[object] = set()
        self._stack = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        address, port = self._place
        why = await self._probe()
        if why:
            raise NothingConcluded(f"{self.name}: asked for the root's keys, {why}{_remedy(why)}")
        async with contextlib.AsyncExitStack() as stack:
            patience = min(_PATIENCE, self._around.limit)
            self._stub = await stack.enter_async_context(Stub(address, port=port, patience=patience))
            if self.keeps_answers:
                await stack.enter_async_context(Pulse(address, port=port, waiting=self._waiting))
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def ask(self, name: str, kind: Type) -> Said:
        """What it answers. Once it has died, nothing."""
        async with self._free:
            if self._dead:
                return Said(rcode="none")
            waiting = object()
            self._waiting.add(waiting)
            try:
                said = await self._stub.ask(name, kind)
            finally:
                self._waiting.discard(waiting)
            if said.rcode == "none" and not self._dead:
                why = await self._probe()
                if why.startswith(_DEAD):
                    self._died(why)
            return said

    def _died(self, why: str) -> None:
        if not self._dead:
            self._dead = True
            self._around.died(f"asked for the root's keys once more, {why}", None)

    async def _probe(self) -> str:
        """Why it cannot be judged; empty where it can."""
        address, port = self._place
        why = ""
        for _ in range(_TRIES):
            why = await validates(address, port=port)
            if not why.startswith(_DEAD):
                break
        return why


def _remedy(why: str) -> str:
    if why.startswith(_DEAD):
        return "; is it running, and is that its address?"
    return (
        "; give it the lab's trust anchor, as `danelab serve` writes it, and let it ask the lab: "
        "with the lab's root hints behind --listen, on loopback as a forwarder to --resolver-port"
    )


def bundle(software: ResolverSoftware) -> Bundle:
    """The packages of a resolver that danelab runs."""
    return Bundle(f"resolver-{software}", packages_of(software))


def resolver_kind(rest: str) -> Kind:
    """What `resolver:unbound` or `resolver:ADDRESS[:PORT]` means. Raises UsageError."""
    if rest in list(ResolverSoftware) and rest != ResolverSoftware.TARGET:
        return _raised(ResolverSoftware(rest))
    address, port = _place(rest)
    name = f"{WORD}:{rest}"
    return Kind(
        name=name,
        offers=_OFFERS,
        make=lambda around: ResolverTarget(name, around, address=address, port=port, keeps_answers=True),
        has_cell=False,
        networks=frozenset({Network.LOOPBACK, Network.OUTSIDE}),
        mode=Mode.OPPORTUNISTIC,
        resolves=ResolverSoftware.TARGET,
    )


_OFFERS = frozenset(Need) - {Need.LAB_RESOLVER, Need.IPV6}
"""Whatever a scenario needs of a sender, its zones can be asked."""


def _raised(software: ResolverSoftware) -> Kind:
    name = f"{WORD}:{software}"

    def make(around: Surroundings) -> ResolverTarget:
        address, _, port = around.resolver.rpartition(":")
        return ResolverTarget(name, around, address=address, port=int(port), keeps_answers=False)

    def fetch() -> None:
        try:
            if software.is_real:
                prefix(bundle(software))
        except Unavailable as problem:
            raise UsageError(f"{name} cannot be had here: {problem.reason}; see: danelab doctor") from None

    networks = {Network.NAMESPACE} if software.is_real else {Network.LOOPBACK, Network.NAMESPACE}
    return Kind(
        name=name,
        offers=_OFFERS,
        make=make,
        has_cell=False,
        networks=frozenset(networks),
        mode=Mode.OPPORTUNISTIC,
        resolves=software,
        fetch=fetch,
    )


def _place(rest: str) -> tuple[str, int]:
    """`192.0.2.1`, `192.0.2.1:5353`, `2001:db8::1` and `[2001:db8::1]:5353`."""
    host, port = rest, "53"
    if rest.startswith("["):
        host, _, port = rest[1:].partition("]")
        port = port.removeprefix(":") or "53"
    elif rest.count(":") == 1:
        host, _, port = rest.partition(":")
    with contextlib.suppress(ValueError):
        if port.isdigit() and 0 < int(port) < 65536:
            return str(ipaddress.ip_address(host)), int(port)
    known = [str(each) for each in ResolverSoftware if each is not ResolverSoftware.TARGET]
    hint = f"{did_you_mean(rest, known)}; " if rest.isalpha() else ""
    raise UsageError(
        f"there is no resolver {rest!r}; {hint}write resolver:unbound, or an address: resolver:192.0.2.53:53"
    )
