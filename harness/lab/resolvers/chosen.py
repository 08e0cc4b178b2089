"""The resolver that was chosen, whichever it is, behind one face."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from harness.isolation.links import Wire
from harness.lab.dns_server import Responder
from harness.lab.recorder import Recorder
from harness.lab.resolver import SimulatedResolver
from harness.world.internet import Internet

from .files import RootFile, write_root_files
from .real import RESOLVER_WIRE, RealResolver, recipe
from .refusing import RefusingResolver
from .relay import Relay
from .software import ResolverSoftware


class Forget(Protocol):
    """Has names looked up anew."""

    async def __call__(self, names: Iterable[str], *, newly_signed: bool = False) -> None:
        """Let these names, the apexes of zones, and all below them be looked up anew.

        `newly_signed`: one of them had no DS record, and has one now. Raises HarnessError where a resolver cannot be
        told.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class ChosenResolver:
    """What serves the targets."""

    software: ResolverSoftware
    respond: Responder
    forget: Forget
    """To be awaited when a world has changed, and the authority has forgotten."""
    root_files: Mapping[RootFile, Path] = field(default_factory=dict)
    """Root hints and trust anchor for a product that resolves by itself; nothing where it need not."""


def packages_of(software: ResolverSoftware) -> tuple[str, ...]:
    """The Debian packages that have to be fetched beforehand; none for what is no program."""
    return recipe(software).packages if software.is_real else ()


def departures_of(software: ResolverSoftware) -> Mapping[str, str]:
    """Scenarios by which no target can be judged that has this resolver, by id, each with the reason."""
    return recipe(software).departures if software.is_real else {}


@contextlib.asynccontextmanager
async def resolver_for(
    software: ResolverSoftware,
    *,
    internet: Internet,
    recorder: Recorder | None,
    scratch: Path,
    prefix: Path | None = None,
    wire: Wire = RESOLVER_WIRE,
    died: Callable[[str], None] | None = None,
) -> AsyncIterator[ChosenResolver]:
    """Raise the resolver; it is gone at the end of the context.

    A real one needs a process that is root in its own network namespace, and authoritative servers that answer
    already: it looks up the root's keys before it is let in. `prefix` is where its packages lie unpacked (None: the
    machine's own program), `wire` what its cell hangs on. `died` is told, once and in one line, when it ends without
    having been asked to. Its log, and the root files for a product that resolves by itself, come to lie in `scratch`.
    Raises HarnessError where it does not come to serve.
    """

    async def nothing_kept(names: Iterable[str], *, newly_signed: bool = False) -> None:
        pass

    match software:
        case ResolverSoftware.SIMULATED:
            simulated = SimulatedResolver(internet, recorder)

            async def forget(names: Iterable[str], *, newly_signed: bool = False) -> None:  # noqa: ARG001 (all is forgotten)
                simulated.forget()

            yield ChosenResolver(software=software, respond=simulated.respond, forget=forget)
        case ResolverSoftware.TARGET:
            refusing = RefusingResolver(internet, recorder)
            files = write_root_files(internet, scratch / "root")
            yield ChosenResolver(software=software, respond=refusing.respond, forget=nothing_kept, root_files=files)
        case _:
            async with (
                RealResolver(
                    software, internet=internet, wire=wire, prefix=prefix, scratch=scratch, died=died
                ) as resolver,
                Relay(
                    resolver.address,
                    internet=internet,
                    recorder=recorder,
                    pulse=recipe(software).gives_servers_up,
                    forget=resolver.forget_below,
                ) as relay,
            ):
                yield ChosenResolver(software=software, respond=relay.respond, forget=resolver.forget_below)
