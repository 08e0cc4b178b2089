"""Interfaces and routes inside a network namespace."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
from dataclasses import dataclass
from pathlib import Path

from . import netlink
from .namespaces import Namespace, unshare

BLOCKS = ("198.18.0.0/15", "2001:db8::/32")
"""Where the lab's servers are: for benchmarks (RFC 2544) and for documentation (RFC 3849)."""


_REFUSING = {
    # Only a host that forwards tells that it cannot; there is nowhere to forward to.
    "ipv4/conf/all/forwarding": "1",
    # Else a second attempt within a second is not refused but left waiting.
    "ipv4/icmp_ratelimit": "0",
    "ipv6/icmp/ratelimit": "0",
}


def own_network() -> None:
    """Leave the network for a new one that has nothing but a loopback interface, switched off. Raises OSError."""
    unshare(Namespace.NETWORK)


def loopback_up() -> None:
    """Switch the loopback interface on."""
    netlink.switch_on("lo")


def devices() -> dict[str, str]:
    """Every address of this network, and the name of the device that has it."""
    return netlink.addresses()


def is_local(address: str) -> bool:
    """Whether packets to this address end on this machine, by its devices or by a local route."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as tried:
        try:
            tried.bind((address, 0))
        except OSError:
            return False
    return True


def make_local(*networks: str) -> None:
    """Let every address of these networks be ours (AnyIP): what `ip route add local NETWORK dev lo` does.

    Such addresses are on no interface, so no MTA finds that it would be talking to itself. IPv6 ones are passed over
    where the kernel has no IPv6.
    """
    for network in networks:
        is_ipv6 = ipaddress.ip_network(network).version == 6
        with contextlib.suppress(OSError) if is_ipv6 else contextlib.nullcontext():
            netlink.add_local_route(network, "lo")


def close(address: str, *, silently: bool) -> None:
    """Let nobody reach this address of a local network: attempts are refused at once by ICMP, or lost.

    Raises OSError, but for an IPv6 address where the kernel has no IPv6.
    """
    for name, value in _REFUSING.items():
        with contextlib.suppress(OSError):
            Path("/proc/sys/net", name).write_text(value, encoding="ascii")
    with contextlib.suppress(OSError) if ":" in address else contextlib.nullcontext():
        netlink.add_dead_end(address, silent=silently)


@dataclass(frozen=True, kw_only=True)
class Wire:
    """A veth pair between the lab and one cell: point-to-point addresses, and the cell's routes to the lab's blocks.

    There is no default route: whatever is meant for anywhere else fails at once.
    """

    number: int
    """From 0; decides names and addresses."""

    @property
    def name(self) -> str:
        """The lab's end."""
        return f"cell{self.number}"

    @property
    def lab_ipv4(self) -> str:
        return str(ipaddress.IPv4Address("203.0.113.0") + 2 * self.number)

    @property
    def cell_ipv4(self) -> str:
        return str(ipaddress.IPv4Address("203.0.113.0") + 2 * self.number + 1)

    @property
    def lab_ipv6(self) -> str:
        return f"fd00:7672:{self.number:x}::1"

    @property
    def cell_ipv6(self) -> str:
        return f"fd00:7672:{self.number:x}::2"

    def lay(self, process: int) -> None:
        """Make the pair, with its far end in the network namespace of the process. Raises OSError."""
        netlink.add_pair(self.name, self._far, process=process)
        netlink.add_address(self.name, self.lab_ipv4, 31)
        with contextlib.suppress(OSError):
            netlink.add_address(self.name, self.lab_ipv6, 64)
        netlink.switch_on(self.name)

    def attach(self) -> None:
        """In the cell: give the far end its addresses and make it the way to the lab's blocks. Raises OSError."""
        netlink.rename(self._far, "eth0")
        netlink.add_address("eth0", self.cell_ipv4, 31)
        netlink.switch_on("eth0")
        netlink.add_route(BLOCKS[0], gateway=self.lab_ipv4)
        with contextlib.suppress(OSError):
            netlink.add_address("eth0", self.cell_ipv6, 64)
            netlink.add_route(BLOCKS[1], gateway=self.lab_ipv6)

    @property
    def _far(self) -> str:
        return f"far{self.number}"
