"""The few requests to the kernel's network configuration that a lab needs (rtnetlink(7)), spoken by hand.

The library for this takes longer to import than a target takes to start, and does not go with a running event loop.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import struct
from collections.abc import Iterator

_NEW_LINK, _DELETE_LINK, _NEW_ADDRESS, _GET_ADDRESS, _NEW_ROUTE = 16, 17, 20, 22, 24
_REQUEST, _ACKNOWLEDGE, _EXCLUSIVE_CREATE, _DUMP = 0x1, 0x4, 0x600, 0x300
_UP = 0x1
_NAME, _NAMESPACE_PID, _INFO = 3, 19, 18
_INFO_KIND, _INFO_DATA, _VETH_PEER = 1, 2, 1
_ADDRESS, _LOCAL_ADDRESS, _ADDRESS_FLAGS = 1, 2, 8
_NO_DUPLICATE_DETECTION = 0x02
_DESTINATION, _INTERFACE, _GATEWAY = 1, 4, 5
_MAIN_TABLE, _LOCAL_TABLE = 254, 255
_STATIC = 4
_UNICAST, _LOCAL, _BLACKHOLE, _UNREACHABLE = 1, 2, 6, 7
_EVERYWHERE, _HOST = 0, 254

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def switch_on(name: str) -> None:
    """`ip link set NAME up`. Raises OSError."""
    _request(_NEW_LINK, _link(socket.if_nametoindex(name), flags=_UP), what=f"{name} up")


def rename(name: str, new: str) -> None:
    """`ip link set NAME name NEW`. Raises OSError."""
    _request(_NEW_LINK, _link(socket.if_nametoindex(name)) + _text(_NAME, new), what=f"rename {name}")


def delete(name: str) -> None:
    """`ip link del NAME`. Raises OSError."""
    _request(_DELETE_LINK, _link(socket.if_nametoindex(name)), what=f"delete {name}")


def add_pair(name: str, far: str, *, process: int) -> None:
    """A veth pair; the far end is made in the network namespace of the process. Raises OSError."""
    peer = _link(0) + _text(_NAME, far) + _attribute(_NAMESPACE_PID, struct.pack("=I", process))
    info = _text(_INFO_KIND, "veth") + _attribute(_INFO_DATA, _attribute(_VETH_PEER, peer))
    body = _link(0) + _text(_NAME, name) + _attribute(_INFO, info)
    _request(_NEW_LINK, body, flags=_EXCLUSIVE_CREATE, what=f"veth {name}")


def add_address(name: str, address: str, prefix: int) -> None:
    """`ip addr add ADDRESS/PREFIX dev NAME`, usable at once. Raises OSError."""
    parsed = ipaddress.ip_address(address)
    body = struct.pack("=4BI", _family(parsed.version), prefix, 0, _EVERYWHERE, socket.if_nametoindex(name))
    body += _attribute(_LOCAL_ADDRESS, parsed.packed) + _attribute(_ADDRESS, parsed.packed)
    # Else an IPv6 address waits a second for others that claim it (RFC 4862 section 5.4).
    body += _attribute(_ADDRESS_FLAGS, struct.pack("=I", _NO_DUPLICATE_DETECTION)) if parsed.version == 6 else b""
    _request(_NEW_ADDRESS, body, flags=_EXCLUSIVE_CREATE, what=f"address {address}")


def add_local_route(network: str, name: str) -> None:
    """`ip route add local NETWORK dev NAME`. Raises OSError."""
    parsed = ipaddress.ip_network(network)
    body = _route(parsed, table=_LOCAL_TABLE, scope=_HOST, kind=_LOCAL)
    body += _attribute(_INTERFACE, struct.pack("=I", socket.if_nametoindex(name)))
    _request(_NEW_ROUTE, body, flags=_EXCLUSIVE_CREATE, what=f"local route to {network}")


def add_dead_end(address: str, *, silent: bool) -> None:
    """`ip route add blackhole ADDRESS table local`, or unreachable where it is not silent. Raises OSError."""
    kind = _BLACKHOLE if silent else _UNREACHABLE
    body = _route(ipaddress.ip_network(address), table=_LOCAL_TABLE, scope=_EVERYWHERE, kind=kind)
    _request(_NEW_ROUTE, body, flags=_EXCLUSIVE_CREATE, what=f"no route to {address}")


def add_route(network: str, *, gateway: str) -> None:
    """`ip route add NETWORK via GATEWAY`. Raises OSError."""
    body = _route(ipaddress.ip_network(network), table=_MAIN_TABLE, scope=_EVERYWHERE, kind=_UNICAST)
    body += _attribute(_GATEWAY, ipaddress.ip_address(gateway).packed)
    _request(_NEW_ROUTE, body, flags=_EXCLUSIVE_CREATE, what=f"route to {network} via {gateway}")


def addresses() -> dict[str, str]:
    """Every address of this network, and the name of the device that has it."""
    found: dict[str, str] = {}
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as netlink:
        netlink.send(struct.pack("=IHHII4BI", 24, _GET_ADDRESS, _REQUEST | _DUMP, 1, 0, 0, 0, 0, 0, 0))
        while True:
            data = netlink.recv(1 << 16)
            place = 0
            while place < len(data):
                length, kind = struct.unpack_from("=IH", data, place)
                if kind != _NEW_ADDRESS:
                    return found
                index = struct.unpack_from("=I", data, place + 20)[0]
                held = dict(_attributes(data[place + 24 : place + length]))
                # A point-to-point device's own address is the local one.
                packed = held.get(_LOCAL_ADDRESS) or held[_ADDRESS]
                found[str(ipaddress.ip_address(packed))] = socket.if_indextoname(index)
                place += (length + 3) & ~3


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    while len(data) >= 4:
        length, kind = struct.unpack_from("=HH", data)
        yield kind, data[4:length]
        data = data[(length + 3) & ~3 :]


def _family(version: int) -> int:
    return int(socket.AF_INET if version == 4 else socket.AF_INET6)


def _link(index: int, *, flags: int = 0) -> bytes:
    return struct.pack("=BxHiII", socket.AF_UNSPEC, 0, index, flags, flags)


def _route(network: _Network, *, table: int, scope: int, kind: int) -> bytes:
    family = _family(network.version)
    body = struct.pack("=8BI", family, network.prefixlen, 0, 0, table, _STATIC, scope, kind, 0)
    return body + (_attribute(_DESTINATION, network.network_address.packed) if network.prefixlen else b"")


def _attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(value), kind) + value + b"\0" * (-len(value) % 4)


def _text(kind: int, value: str) -> bytes:
    return _attribute(kind, value.encode() + b"\0")


def _request(kind: int, body: bytes, *, flags: int = 0, what: str) -> None:
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as netlink:
        header = struct.pack("=IHHII", 16 + len(body), kind, _REQUEST | _ACKNOWLEDGE | flags, 1, 0)
        netlink.send(header + body)
        (error,) = struct.unpack_from("=i", netlink.recv(1 << 16), 16)
    if error:
        raise OSError(-error, f"{what}: {os.strerror(-error)}")
