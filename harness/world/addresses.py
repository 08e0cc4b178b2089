"""Which addresses a world's servers get. Each world has a block of 32; block 0 belongs to the lab itself."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

BLOCK = 32
_MAIL = 28
"""Places of a block for mail servers; the rest is for name servers."""


@dataclass(frozen=True)
class AddressPlan:
    """Where the blocks lie."""

    ipv4: ipaddress.IPv4Network
    ipv6: ipaddress.IPv6Network | None
    """None: IPv6 addresses are IPv4 ones in IPv6 clothes (RFC 4291 section 2.5.5.2), all that a loopback offers."""

    @property
    def worlds(self) -> int:
        """How many worlds have room."""
        return self.ipv4.num_addresses // BLOCK - 1

    def ipv4_at(self, world: int, place: int) -> str:
        """The IPv4 address at this place of a world's block."""
        return str(self.ipv4[world * BLOCK + place])

    def ipv6_at(self, world: int, place: int) -> str:
        """The IPv6 address at this place of a world's block."""
        if self.ipv6 is None:
            return f"::ffff:{self.ipv4_at(world, place)}"
        return str(self.ipv6[world * 65536 + place + 1])

    def name_server(self, world: int, place: int) -> str:
        """The IPv4 address of a world's name server, 0 to 3."""
        return self.ipv4_at(world, _MAIL + place)

    @property
    def root_server(self) -> str:
        """Where the root and `example.` are served."""
        return self.name_server(0, 3)

    @property
    def mail_places(self) -> int:
        """How many mail servers a world can have."""
        return _MAIL

    def world_of(self, address: str) -> int | None:
        """The block an address lies in."""
        parsed = ipaddress.ip_address(address)
        if isinstance(parsed, ipaddress.IPv6Address):
            if parsed.ipv4_mapped is not None:
                parsed = parsed.ipv4_mapped
            elif self.ipv6 is not None and parsed in self.ipv6:
                return (int(parsed) - int(self.ipv6.network_address)) // 65536
            else:
                return None
        return (int(parsed) - int(self.ipv4.network_address)) // BLOCK if parsed in self.ipv4 else None


LOOPBACK = AddressPlan(ipaddress.IPv4Network("127.16.0.0/12"), None)
"""For a lab on the loopback interface: 32,767 worlds."""

BENCHMARKING = AddressPlan(ipaddress.IPv4Network("198.18.0.0/15"), ipaddress.IPv6Network("2001:db8::/32"))
"""For a lab in a network of its own (RFC 2544, RFC 3849): 4,095 worlds."""
