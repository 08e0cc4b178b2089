"""Servers without a lab, and conversations with them in memory."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from harness.lab.mail.bare import OLD_SUITES, OldServer, RawKeyServer, Suite
from harness.lab.mail.bare.connection import KeyLog
from harness.lab.mail.side import ServerSide
from tests.lab.mail.kit import certificate

from .oldclient import SSL3, OldClient


class AnyClient(Protocol):
    """What both clients of these tests have."""

    complete: bool
    said: bytes

    def hello(self) -> bytes: ...
    def receive(self, data: bytes) -> bytes: ...
    def say(self, data: bytes, *, kind: int = 23) -> bytes: ...


@cache
def ec_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@cache
def rsa_key(size: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=size)


def raw_server(**values: object) -> RawKeyServer:
    return RawKeyServer(**({"key": ec_key()} | values))  # type: ignore[arg-type]  # whatever a test wants


def old_server(
    version: int = SSL3, *, suites: tuple[Suite, ...] = OLD_SUITES, size: int = 1024, log: KeyLog | None = None
) -> OldServer:
    key = rsa_key(size)
    versions = ("ssl3",) if version == SSL3 else ("1.2",)
    return OldServer(versions=versions, suites=suites, key=key, chain=(_certificate(size),), log=log)


@cache
def _certificate(size: int) -> x509.Certificate:
    return certificate("leaf", rsa_key(size))


def shaken(
    server: ServerSide, client: AnyClient, *, change: Callable[[int, bytes], bytes] = lambda _, data: data
) -> bool:
    """Let them shake hands; whether the server thinks they did. `change`: what becomes of the client's flights on the
    way, by their number. Raises TlsError, and the client's errors."""
    flight, number, done = client.hello(), 0, False
    while flight and not done:
        server.receive(change(number, flight))
        done = server.handshake()
        number += 1
        flight = client.receive(server.outgoing())
    return done


def dripped(server: ServerSide, client: AnyClient) -> bool:
    """Let them shake hands, the client's octets arriving one by one; whether the server thinks they did."""
    flight, done = client.hello(), False
    while flight:
        for at in range(len(flight)):
            server.receive(flight[at : at + 1])
            done = server.handshake()
        flight = client.receive(server.outgoing())
    return done


def talked(server: ServerSide, client: OldClient | AnyClient) -> None:
    """Hold them to what they said to each other inside."""
    assert client.complete
    server.receive(client.say(b"EHLO client.example\r\n"))
    assert server.read() == b"EHLO client.example\r\n"
    assert server.read() is None
    server.write(b"250 " + b"x" * 40_000)
    client.receive(server.outgoing())
    assert client.said == b"250 " + b"x" * 40_000
    server.receive(client.say(b"QU") + client.say(b"IT\r\n"))
    assert (server.read(), server.pending, server.read(), server.read()) == (b"QU", True, b"IT\r\n", None)
    server.close()
    client.receive(server.outgoing())
    server.receive(client.say(b"\1\0", kind=21))
    assert (server.read(), server.pending) == (b"", True)
