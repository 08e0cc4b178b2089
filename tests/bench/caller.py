"""A client for the mail servers that are measured: sessions over blocking sockets, some at once."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

THREADS = 8
_LIMIT = 20.0
_MESSAGE = b"From: a@example.com\r\nTo: b@example.com\r\nSubject: bench\r\n\r\nOne line.\r\n.\r\n"

Session = Callable[[], None]


def call(session: Session, *, sessions: int) -> None:
    """Hold so many sessions. Raises OSError where one fails."""
    with ThreadPoolExecutor(THREADS) as pool:
        for done in [pool.submit(_repeat, session, sessions // THREADS) for _ in range(THREADS)]:
            done.result()


def _repeat(session: Session, times: int) -> None:
    for _ in range(times):
        session()


def handshake(address: str, *, port: int) -> Session:
    """Connect, shake hands, read to the end."""
    return partial(_handshake, address, port, _context())


def message(address: str, *, port: int, tls: bool) -> Session:
    """Deliver one message, after STARTTLS or in the clear."""
    return partial(_message, address, port, _context() if tls else None)


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _handshake(address: str, port: int, context: ssl.SSLContext) -> None:
    with socket.create_connection((address, port), timeout=_LIMIT) as plain, context.wrap_socket(plain) as secured:
        while secured.recv(4096):
            pass


def _message(address: str, port: int, context: ssl.SSLContext | None) -> None:
    stream: socket.socket = socket.create_connection((address, port), timeout=_LIMIT)
    try:
        _reply(stream, "220")
        _say(stream, b"EHLO bench.example\r\n", "250")
        if context is not None:
            _say(stream, b"STARTTLS\r\n", "220")
            stream = context.wrap_socket(stream, server_hostname="mx1.bench.example")
            _say(stream, b"EHLO bench.example\r\n", "250")
        _say(stream, b"MAIL FROM:<a@example.com>\r\n", "250")
        _say(stream, b"RCPT TO:<b@example.com>\r\n", "250")
        _say(stream, b"DATA\r\n", "354")
        _say(stream, _MESSAGE, "250")
        _say(stream, b"QUIT\r\n", "221")
        while stream.recv(4096):
            pass
    finally:
        stream.close()


def _say(stream: socket.socket, data: bytes, expected: str) -> None:
    stream.sendall(data)
    _reply(stream, expected)


def _reply(stream: socket.socket, expected: str) -> None:
    """Read one whole reply; it is never followed by anything unasked for."""
    got = b""
    while not got.endswith(b"\r\n") or got.splitlines()[-1][3:4] == b"-":
        data = stream.recv(4096)
        if not data:
            raise ConnectionError(f"the server ended the connection after {got!r}")
        got += data
    if not got.startswith(expected.encode()):
        raise ConnectionError(f"the server said {got!r} and not {expected}")
