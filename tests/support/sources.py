"""Whom unbound asks: the servers it finds from the root downwards, or one server for everything."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from pathlib import Path

from tests.support.processes import ServerFailed


@dataclass(frozen=True)
class Iterating:
    """Walk down from these root servers, at port 53; so it needs a network namespace of its own."""

    roots: tuple[str, ...]
    """IPv4 or IPv6 addresses of the root servers."""

    def settings(self) -> str:
        """The part of the configuration that says so."""
        return "    root-hints: hints\n"

    def patience(self) -> tuple[str, ...]:
        """Time limits. unbound keeps book of each zone's servers apart, so a silent zone harms itself only."""
        return _time_limits(first=100, least=50, most=200)

    def check(self) -> None:
        """Raise ServerFailed unless all questions must stay on this machine: it would ask what zones name."""
        for address in self.roots:
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                try:
                    probe.bind((address, 0))
                except OSError as problem:
                    raise ServerFailed(f"the root server {address} is no address of this machine") from problem
        routes = Path("/proc/self/net/route").read_text(encoding="ascii").splitlines()[1:]
        if any(route.split()[1] == "00000000" for route in routes):
            raise ServerFailed("iterating needs a network namespace without a way out, and here is a default route")

    def hints(self) -> str:
        """The root hints as a zone file."""
        lines = []
        for index, address in enumerate(self.roots):
            lines.append(f". 3600 IN NS r{index}.root-servers.example.")
            lines.append(f"r{index}.root-servers.example. 3600 IN {'AAAA' if ':' in address else 'A'} {address}")
        return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class Forwarding:
    """Ask one server for everything, at any port. It must answer DS from the parent's side."""

    address: str
    port: int
    zones: tuple[tuple[str, str, int], ...] = ()
    """Zones that have a server of their own: origin, address, port."""

    def settings(self) -> str:
        """The part of the configuration that says so."""
        return "".join(
            f'forward-zone:\n    name: "{origin}"\n    forward-addr: {address}@{port}\n'
            for origin, address, port in ((".", self.address, self.port), *self.zones)
        )

    def patience(self) -> tuple[str, ...]:
        """Time limits. All zones share one server here; shorter ones let a silent zone condemn the others."""
        return _time_limits(first=300, least=100, most=1000)

    def check(self) -> None:
        """Nothing but the named servers is ever asked, so there is nothing to check."""

    def hints(self) -> str:
        """None are needed."""
        return ""


def _time_limits(*, first: int, least: int, most: int) -> tuple[str, ...]:
    """Milliseconds until a question is given up: to an unknown server, and the bounds of what is learnt."""
    return (
        f"unknown-server-time-limit: {first}",
        f"infra-cache-min-rtt: {least}",
        f"infra-cache-max-rtt: {most}",
    )
