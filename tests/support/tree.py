"""A tiny signed tree with known defects, and a server for it, both on dnspython: no part of danelab.

It is the control specimen for the validators: what they say of it is known beforehand.
"""

from __future__ import annotations

import asyncio
import struct
import time
from collections.abc import Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import cast

import dns.dnssec
import dns.flags
import dns.message
import dns.name
import dns.node
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdataset
import dns.rdatatype
import dns.rdtypes.ANY.DNSKEY
import dns.rdtypes.ANY.RRSIG
import dns.rrset
import dns.versioned
import dns.zone
from cryptography.hazmat.primitives.asymmetric import ec
from dns.dnssectypes import Algorithm

from tests.support.findings import Question, Status

_DAY = 86_400
_ALGORITHM = Algorithm.ECDSAP256SHA256


class Defect(StrEnum):
    """The one thing that is wrong with a zone."""

    NONE = "none"
    """Nothing: a secure zone."""

    UNSIGNED = "unsigned"
    """No signatures and no DS: an insecure delegation."""

    STRIPPED = "stripped"
    """No signatures, although the parent has a DS."""

    CORRUPT = "corrupt"
    """One bit of each signature over an address, MX or TLSA record is flipped."""

    EXPIRED = "expired"
    """All signatures ended a day ago."""

    WRONG_DS = "wrong-ds"
    """The parent's DS is that of another key."""

    NO_PROOF = "no-proof"
    """Denials come without their NSEC records."""

    SILENT = "silent"
    """The server never answers for this zone."""

    SERVFAIL = "servfail"
    """The server answers SERVFAIL for this zone."""

    @property
    def status(self) -> Status:
        """What a validator must find for a record that exists in the zone."""
        if self in (Defect.SILENT, Defect.SERVFAIL):
            return Status.FAILED
        if self in (Defect.NONE, Defect.NO_PROOF):
            return Status.SECURE
        return Status.INSECURE if self is Defect.UNSIGNED else Status.BOGUS

    @property
    def denial(self) -> Status:
        """What it must find for a record that does not exist there."""
        if self is Defect.NO_PROOF:
            return Status.BOGUS
        return Status.SECURE if self is Defect.CORRUPT else self.status


@dataclass(frozen=True)
class Leaf:
    """A zone of the tree as it is served."""

    origin: dns.name.Name
    zone: dns.zone.Zone
    defect: Defect = Defect.NONE


@dataclass(frozen=True)
class Tree:
    """Root, ``example.`` and one zone ``<defect>.example.`` for each defect."""

    anchor: str
    """The root's DS as master-file text."""

    leaves: tuple[Leaf, ...]
    """All zones, root first."""

    def expected(self) -> dict[Question, Status]:
        """What a validator must find: two names that exist in every zone, and two that do not."""
        wanted = {}
        for defect in Defect:
            origin = f"{defect}.example."
            wanted[Question(f"www.{origin}", "A")] = defect.status
            wanted[Question(f"_25._tcp.mx1.{origin}", "TLSA")] = defect.status
            wanted[Question(f"www.{origin}", "TLSA")] = defect.denial
            wanted[Question(f"absent.{origin}", "A")] = defect.denial
        return wanted


def plant(*, address: str = "198.18.0.3", servers: tuple[str, str] = ("198.18.0.1", "198.18.0.2")) -> Tree:
    """Make and sign the tree; ``servers`` are named for root and ``example.``, ``address`` for all leaves.

    The names matter only to a resolver that iterates.
    """
    leaves, delegations = [], []
    for defect in Defect:
        origin = f"{defect}.example."
        text = (
            f"@ 60 IN SOA ns.{origin} hostmaster.{origin} 1 7200 3600 604800 60\n@ 60 IN NS ns.{origin}\n"
            f"ns 60 IN A {address}\nwww 60 IN A 198.51.100.1\n@ 60 IN MX 10 mx1.{origin}\nmx1 60 IN A 198.51.100.25\n"
            f"_25._tcp.mx1 60 IN TLSA 3 1 1 {'ab' * 32}\n"
        )
        signed = _Signed.make(origin, text=text, ended=defect is Defect.EXPIRED)
        zone = signed.plain if defect in (Defect.UNSIGNED, Defect.STRIPPED) else signed.zone
        if defect is Defect.CORRUPT:
            _corrupt(zone)
        leaves.append(Leaf(zone.origin or dns.name.root, zone, defect))
        other = _Signed.make(origin, text=text) if defect is Defect.WRONG_DS else signed
        ds = "" if defect is Defect.UNSIGNED else f"{origin} 60 IN DS {other.ds}\n"
        delegations.append(f"{origin} 60 IN NS ns.{origin}\nns.{origin} 60 IN A {address}\n{ds}")
    top = _Signed.make(
        "example.",
        text="@ 60 IN SOA ns.nic.example. hostmaster.example. 1 7200 3600 604800 60\n@ 60 IN NS ns.nic.example.\n"
        f"ns.nic 60 IN A {servers[1]}\n" + "".join(delegations),
    )
    root = _Signed.make(
        ".",
        text="@ 60 IN SOA a-root. hostmaster.example. 1 7200 3600 604800 60\n"
        "@ 60 IN NS a-root.\n"
        f"a-root. 60 IN A {servers[0]}\nexample. 60 IN NS ns.nic.example.\n"
        f"ns.nic.example. 60 IN A {servers[1]}\nexample. 60 IN DS {top.ds}\n",
    )
    parents = (Leaf(dns.name.root, root.zone), Leaf(dns.name.from_text("example."), top.zone))
    return Tree(f". IN DS {root.ds}", (*parents, *leaves))


@dataclass(frozen=True)
class _Signed:
    zone: dns.zone.Zone
    plain: dns.zone.Zone
    ds: str

    @classmethod
    def make(cls, origin: str, *, text: str, ended: bool = False) -> _Signed:
        key = ec.generate_private_key(ec.SECP256R1())
        public = dns.dnssec.make_dnskey(key.public_key(), _ALGORITHM, flags=257)
        zone = dns.zone.from_text(text, origin=origin, relativize=False)
        now = int(time.time())
        dns.dnssec.sign_zone(
            zone,
            keys=[(key, public)],
            inception=now - 9 * _DAY,
            expiration=now - _DAY if ended else now + 9 * _DAY,
            dnskey_ttl=60,
        )
        plain = dns.zone.from_text(text, origin=origin, relativize=False)
        return cls(zone, plain, dns.dnssec.make_ds(dns.name.from_text(origin), public, "SHA256").to_text())


def _corrupt(zone: dns.zone.Zone) -> None:
    for name, rdataset in list(zone.iterate_rdatasets()):
        if rdataset.covers in (dns.rdatatype.A, dns.rdatatype.MX, dns.rdatatype.TLSA):
            flipped = [each.replace(signature=bytes([each.signature[0] ^ 1]) + each.signature[1:]) for each in rdataset]
            zone.replace_rdataset(name, dns.rdataset.from_rdata_list(rdataset.ttl, flipped))


@dataclass(frozen=True)
class Authority:
    """Serves zones on one address and port, on UDP and TCP; ``async with`` starts and stops it.

    One that has all zones answers everything itself, DS from the parent's side. One that has only some
    gives referrals.
    """

    leaves: tuple[Leaf, ...]
    address: str = "127.0.0.1"
    port: int = 0
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def __aenter__(self) -> Authority:
        loop = asyncio.get_running_loop()
        tcp = await asyncio.start_server(self._serve, self.address, self.port)
        port = int(tcp.sockets[0].getsockname()[1])
        udp, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(self), local_addr=(self.address, port))
        self._stack.callback(udp.close)
        self._stack.callback(tcp.close)
        return replace(self, port=port)

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                (length,) = struct.unpack("!H", await reader.readexactly(2))
                reply = self.answer(await reader.readexactly(length), limit=65_535)
                if reply is not None:
                    writer.write(struct.pack("!H", len(reply)) + reply)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def answer(self, wire: bytes, *, limit: int) -> bytes | None:
        """The answer to a query message, or nothing where a silent zone is asked."""
        query = dns.message.from_wire(wire)
        question = query.question[0]
        reply = dns.message.make_response(query, our_payload=4096)
        leaf = self._leaf_for(question.name, rdtype=question.rdtype)
        if leaf is None or leaf.defect is Defect.SERVFAIL:
            reply.set_rcode(dns.rcode.REFUSED if leaf is None else dns.rcode.SERVFAIL)
        elif leaf.defect is Defect.SILENT:
            return None
        else:
            _fill(reply, leaf=leaf, name=question.name, rdtype=question.rdtype)
        return reply.to_wire(max_size=limit)

    def _leaf_for(self, name: dns.name.Name, *, rdtype: dns.rdatatype.RdataType) -> Leaf | None:
        fits: Iterable[Leaf] = (leaf for leaf in self.leaves if name.is_subdomain(leaf.origin))
        if rdtype == dns.rdatatype.DS and name != dns.name.root:
            fits = (leaf for leaf in fits if leaf.origin != name)
        return max(fits, key=lambda leaf: len(leaf.origin), default=None)


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, authority: Authority) -> None:
        self._authority = authority
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # The selector loop's own class does not inherit from the abstract one before Python 3.13.
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str | object, int]) -> None:
        reply = self._authority.answer(data, limit=1232)
        if reply is not None and self._transport is not None:
            self._transport.sendto(reply, addr)


def _fill(reply: dns.message.Message, *, leaf: Leaf, name: dns.name.Name, rdtype: dns.rdatatype.RdataType) -> None:
    zone = leaf.zone
    cut = _cut(zone, name=name, origin=leaf.origin)
    if cut is not None and not (cut == name and rdtype == dns.rdatatype.DS):
        reply.authority += _rrsets(zone, name=cut, rdtype=dns.rdatatype.NS)
        proof = dns.rdatatype.DS if zone.get_rdataset(cut, "DS") else dns.rdatatype.NSEC
        reply.authority += _rrsets(zone, name=cut, rdtype=proof)
        reply.additional += _glue(zone, cut=cut)
        return
    reply.flags |= dns.flags.AA
    if found := _rrsets(zone, name=name, rdtype=rdtype):
        reply.answer += found
        if rdtype == dns.rdatatype.NS:
            reply.additional += _glue(zone, cut=name)  # without it a primed resolver knows no root server
        return
    exists = any(each.is_subdomain(name) for each in zone.nodes)
    if not exists:
        reply.set_rcode(dns.rcode.NXDOMAIN)
    reply.authority += _rrsets(zone, name=leaf.origin, rdtype=dns.rdatatype.SOA)
    if leaf.defect is not Defect.NO_PROOF:
        wanted = [name] if exists else [name, dns.name.Name((b"*", *name.parent().labels))]
        covering = {_covering(zone, name=each): None for each in wanted}
        for owner in covering:
            if owner is not None:
                reply.authority += _rrsets(zone, name=owner, rdtype=dns.rdatatype.NSEC)


def _cut(zone: dns.zone.Zone, *, name: dns.name.Name, origin: dns.name.Name) -> dns.name.Name | None:
    """The delegation point at or above ``name``, highest first."""
    for depth in range(len(origin) + 1, len(name) + 1):
        ancestor = name.split(depth)[1]
        if zone.get_rdataset(ancestor, "NS"):
            return ancestor
    return None


def _glue(zone: dns.zone.Zone, *, cut: dns.name.Name) -> list[dns.rrset.RRset]:
    servers = zone.get_rdataset(cut, "NS") or ()
    return [rrset for each in servers for rrset in _rrsets(zone, name=each.target, rdtype=dns.rdatatype.A)]


def _covering(zone: dns.zone.Zone, *, name: dns.name.Name) -> dns.name.Name | None:
    """The owner of the NSEC that matches or covers ``name``."""
    owners = sorted(owner for owner, _ in zone.iterate_rdatasets(dns.rdatatype.NSEC))
    return max((owner for owner in owners if owner <= name), default=None)


def _rrsets(zone: dns.zone.Zone, *, name: dns.name.Name, rdtype: dns.rdatatype.RdataType) -> list[dns.rrset.RRset]:
    node = zone.get_node(name)
    if node is None:
        return []
    found = [node.get_rdataset(dns.rdataclass.IN, rdtype)]
    found.append(node.get_rdataset(dns.rdataclass.IN, dns.rdatatype.RRSIG, rdtype))
    if found[0] is None:
        return []
    return [dns.rrset.from_rdata_list(name, each.ttl, list(each)) for each in found if each is not None]
