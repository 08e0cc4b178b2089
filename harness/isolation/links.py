"""Interfaces and routes inside a network namespace, by netlink."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
from dataclasses import dataclass
from pathlib import Path

from pyroute2 import IPRoute

_LOCAL_TABLE = 255
_LOCAL_ROUTE = 2
_HOST_SCOPE = 254


def loopback_up() -> None:
    """Switch the loopback interface on."""
    with IPRoute() as netlink:
        netlink.link("set", index=netlink.link_lookup(ifname="lo")[0], state="up")


def make_local(*networks: str) -> None:
    """Let every address of these networks be ours (AnyIP): what `ip route add local NETWORK dev lo` does.

    Such addresses are on no interface, so no MTA finds that it would be talking to itself.
    """
    with IPRoute() as netlink:
        loopback = netlink.link_lookup(ifname="lo")[0]
        for network in map(ipaddress.ip_network, networks):
            family = socket.AF_INET if network.version == 4 else socket.AF_INET6
            with contextlib.suppress(OSError) if family == socket.AF_INET6 else contextlib.nullcontext():
                netlink.route(
                    "add",
                    family=family,
                    dst=str(network),
                    oif=loopback,
                    table=_LOCAL_TABLE,
                    type=_LOCAL_ROUTE,
                    scope=_HOST_SCOPE,
                )


@dataclass(frozen=True, kw_only=True)
class Wire:
    """A veth pair between the lab and one cell: point-to-point addresses and the cell's default route."""

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
        """Make the pair and put its far end into the network namespace of the process."""
        far = f"far{self.number}"
        with IPRoute() as netlink:
            netlink.link("add", ifname=self.name, kind="veth", peer={"ifname": far})
            near = netlink.link_lookup(ifname=self.name)[0]
            _no_duplicate_detection(self.name)
            netlink.addr("add", index=near, address=self.lab_ipv4, prefixlen=31)
            with contextlib.suppress(OSError):
                netlink.addr("add", index=near, address=self.lab_ipv6, prefixlen=64)
            netlink.link("set", index=near, state="up")
            netlink.link("set", index=netlink.link_lookup(ifname=far)[0], net_ns_pid=process)

    def attach(self) -> None:
        """In the cell: give the far end its addresses and make it the way to everywhere."""
        with IPRoute() as netlink:
            far = netlink.link_lookup(ifname=f"far{self.number}")[0]
            netlink.link("set", index=far, ifname="eth0")
            _no_duplicate_detection("eth0")
            netlink.addr("add", index=far, address=self.cell_ipv4, prefixlen=31)
            netlink.link("set", index=far, state="up")
            netlink.route("add", dst="default", gateway=self.lab_ipv4)
            with contextlib.suppress(OSError):
                netlink.addr("add", index=far, address=self.cell_ipv6, prefixlen=64)
                netlink.route("add", family=socket.AF_INET6, dst="default", gateway=self.lab_ipv6)


def _no_duplicate_detection(name: str) -> None:
    """An IPv6 address is usable at once, not after a second of asking around (RFC 4862 section 5.4)."""
    with contextlib.suppress(OSError):
        Path(f"/proc/sys/net/ipv6/conf/{name}/accept_dad").write_text("0", encoding="ascii")
