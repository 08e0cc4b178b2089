"""A sender that takes raw public keys (RFC 7250), for one message: made of dnspython, a socket and a client of its own.

    python -m tests.run.raw_sender MANNER SENDER RECIPIENT MESSAGE

MANNER: `always` asks for a bare key whatever is published, `wise` only beside 3 1 x records, `careless` always, and
takes whatever key it is shown. Only usage 3 is understood; everything else waits.
"""

from __future__ import annotations

import hashlib
import os
import socket
import sys
from pathlib import Path

import dns.flags
import dns.resolver

from tests.lab.mail.bare.rawclient import RAW, X509, ClientError, RawKeyClient

DELIVERED, LATER = 0, 75


def secure(name: str, kind: str) -> list[dns.rdata.Rdata]:
    """Records that the resolver vouches for."""
    address, _, port = os.environ["DANELAB_RESOLVER"].rpartition(":")
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = [address], int(port)
    resolver.flags = dns.flags.RD | dns.flags.AD
    answer = resolver.resolve(name, kind)
    if not answer.response.flags & dns.flags.AD:
        raise ClientError(f"{kind} of {name} is not secure")
    return list(answer)


def matches(record: dns.rdata.Rdata, tls: RawKeyClient) -> bool:
    """Whether a TLSA record of usage 3 names what was shown (RFC 7671 section 5.1)."""
    usage, selector, matching, data = (getattr(record, name) for name in ("usage", "selector", "mtype", "cert"))
    if usage != 3 or (selector == 0 and tls.raw):
        return False
    shown = tls.key if selector == 1 else tls.certificates[0]
    return bool({0: shown, 1: hashlib.sha256(shown).digest(), 2: hashlib.sha512(shown).digest()}[matching] == data)


class Session:
    """SMTP, in the clear and inside TLS."""

    def __init__(self, address: str) -> None:
        self._sock = socket.create_connection((address, int(os.environ["DANELAB_SMTP_PORT"])), timeout=10)
        self._tls: RawKeyClient | None = None
        self._unread = b""

    def _receive(self) -> bytes:
        data = self._sock.recv(65536)
        if not data:
            raise ClientError("the server closed the connection")
        if self._tls is None:
            return data
        before = len(self._tls.said)
        self._tls.receive(data)
        return self._tls.said[before:]

    def reply(self) -> bytes:
        """The last line of the next reply. Raises ClientError for a refusal."""
        while True:
            line, end, rest = self._unread.partition(b"\r\n")
            if not end:
                self._unread += self._receive()
                continue
            self._unread = rest
            if line[3:4] == b"-":
                continue
            if line[:1] not in b"23":
                raise ClientError(line.decode())
            return line

    def say(self, data: bytes) -> bytes:
        """Send a command, or the message, and await its reply."""
        data += b"\r\n"
        self._sock.sendall(self._tls.say(data) if self._tls is not None else data)
        return self.reply()

    def secure(self, tls: RawKeyClient) -> None:
        """Shake hands."""
        self._sock.sendall(tls.hello())
        while not tls.complete:
            self._sock.sendall(tls.receive(self._receive()))
        self._tls = tls


def deliver(manner: str, sender: str, recipient: str, message: bytes) -> None:
    """Raises ClientError, dnspython's errors and OSError where the mail has to wait."""
    (host,) = (str(mx.exchange).rstrip(".") for mx in secure(recipient.partition("@")[2], "MX"))  # type: ignore[attr-defined]
    (address,) = (str(found) for found in secure(host, "A"))
    records = secure(f"_{os.environ['DANELAB_SMTP_PORT']}._tcp.{host}", "TLSA")
    asks = manner != "wise" or any((record.usage, record.selector) == (3, 1) for record in records)  # type: ignore[attr-defined]
    session = Session(address)
    session.reply()
    session.say(b"EHLO sender.example")
    session.say(b"STARTTLS")
    tls = RawKeyClient(name=host, session=bytes(32), types=(RAW, X509) if asks else (X509,))
    session.secure(tls)
    session.say(b"EHLO sender.example")
    if manner != "careless" and not any(matches(record, tls) for record in records):
        session.say(b"QUIT")
        raise ClientError(f"no record matches {'the bare key' if tls.raw else 'the certificate'}")
    for line in (f"MAIL FROM:<{sender}>", f"RCPT TO:<{recipient}>", "DATA"):
        session.say(line.encode())
    session.say(message.rstrip(b"\r\n").replace(b"\r\n.", b"\r\n..") + b"\r\n.")
    session.say(b"QUIT")


def main(manner: str, sender: str, recipient: str, file: str) -> int:
    try:
        deliver(manner, sender, recipient, Path(file).read_bytes())
    except (ClientError, dns.exception.DNSException, OSError) as reason:
        print(reason)
        return LATER
    return DELIVERED


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
