"""In a checker's cell: routes to the lab's own blocks only, so that asking elsewhere fails at once.

`python -m harness.targets.checker_routes GATEWAY NETWORK...`, each gateway followed by the networks behind it.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import struct
import sys

_NEW_ROUTE, _WANTED = 24, 0x1 | 0x4 | 0x600  # a request, to be acknowledged, for something new
_MAIN_TABLE, _STATIC, _UNICAST, _UNREACHABLE = 254, 4, 1, 7
_DESTINATION, _GATEWAY = 1, 5
_HALVES = {4: ("0.0.0.0/1", "128.0.0.0/1"), 6: ("::/1", "8000::/1")}
"""More specific than a default route, and together all there is."""


def main() -> None:
    """Set the routes. Raises OSError; a machine may have no IPv6."""
    gateway: ipaddress.IPv4Address | ipaddress.IPv6Address | None = None
    for word in sys.argv[1:]:
        if "/" in word:
            assert gateway is not None
            _add(word, gateway.packed)
        else:
            gateway = ipaddress.ip_address(word)
            for half in _HALVES[gateway.version]:
                _add(half, b"")


def _add(network: str, gateway: bytes) -> None:
    """A route to the network by the gateway, or the word that there is none."""
    parsed = ipaddress.ip_network(network)
    family = socket.AF_INET if parsed.version == 4 else socket.AF_INET6
    kind = _UNICAST if gateway else _UNREACHABLE
    body = struct.pack("=8BI", family, parsed.prefixlen, 0, 0, _MAIN_TABLE, _STATIC, 0, kind, 0)
    for number, value in ((_DESTINATION, parsed.network_address.packed), (_GATEWAY, gateway)):
        body += struct.pack("=HH", 4 + len(value), number) + value if value else b""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as netlink:
        netlink.send(struct.pack("=IHHII", 16 + len(body), _NEW_ROUTE, _WANTED, 1, 0) + body)
        (error,) = struct.unpack_from("=i", netlink.recv(1 << 16), 16)
    if error and parsed.version == 4:
        raise OSError(-error, f"route to {network}: {os.strerror(-error)}")


if __name__ == "__main__":
    main()
