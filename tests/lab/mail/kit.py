"""Mail servers built by hand, with certificates of their own, and clients of plain sockets to talk to them."""

from __future__ import annotations

import asyncio
import datetime
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from harness.journal import Connected, Event, Left, Spoke
from harness.lab.mail import MailHosts
from harness.lab.recorder import Recorder
from harness.scenario.mailhosts import Role, Smtp, Tcp, Tls
from harness.world.model import Credentials, MailServer, PrivateKey

E = TypeVar("E", bound=Event)
T = TypeVar("T")

MESSAGE = b"Subject: hello\r\n\r\n.a line that begins with a dot\r\n"


def certificate(
    subject: str,
    key: PrivateKey,
    *,
    issuer: str = "",
    issuer_key: PrivateKey | None = None,
    names: Iterable[str] = (),
    padding: int = 0,
) -> x509.Certificate:
    """A certificate; self-signed unless an issuer's key is given. `padding`: octets of a meaningless extension."""
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer or subject)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(n) for n in names]), critical=False)
    if padding:
        builder = builder.add_extension(
            x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.32473.1"), bytes(padding)), critical=False
        )
    return builder.sign(issuer_key or key, hashes.SHA256())


def credentials(name: str = "mx1.test.example") -> Credentials:
    """A fresh key with a self-signed certificate for this name."""
    key = ec.generate_private_key(ec.SECP256R1())
    return Credentials(private_key=key, chain=(certificate(name, key, names=[name]),))


def server(
    *,
    scenario: str = "test",
    key: str = "mx1",
    host: str = "mx1.test.example",
    role: Role = Role.GENUINE,
    tcp: Tcp = Tcp.OPEN,
    smtp: Smtp | None = None,
    tls: Tls | None = None,
    shown: Credentials | Callable[[str | None], Credentials] | None = None,
    proxy_to: str | None = None,
) -> MailServer:
    """A server, healthy unless told otherwise."""
    smtp = smtp or Smtp()
    known = shown or credentials(host)
    return MailServer(
        scenario=scenario,
        key=key,
        host=host,
        role=role,
        tcp=tcp,
        smtp=smtp.model_copy(update={"banner": smtp.banner.replace("{host}", host)}),
        tls=tls or Tls(),
        addresses=(),
        credentials=(lambda _: known) if isinstance(known, Credentials) else known,
        proxy_to=proxy_to,
    )


@dataclass(frozen=True)
class Lab:
    """A running `MailHosts` and what it recorded."""

    hosts: MailHosts
    recorder: Recorder

    def all(self, kind: type[E]) -> list[E]:
        """The events of this kind, in order."""
        return [event for event in self.recorder.events if isinstance(event, kind)]

    def one(self, kind: type[E]) -> E:
        """The only event of this kind."""
        events = self.all(kind)
        assert len(events) == 1, events
        return events[0]

    def dialogue(self) -> list[tuple[str, str, bool]]:
        """Verb, code of the reply, and whether it was said inside TLS."""
        return [(spoke.command.partition(" ")[0], spoke.reply[:3], spoke.tls) for spoke in self.all(Spoke)]


@asynccontextmanager
async def lab(*servers: MailServer) -> AsyncIterator[Lab]:
    """Serve these at 127.5.0.1, 127.5.0.2, ...; on leaving, the event loop must have nothing to complain of."""
    book = {f"127.5.0.{number}": each for number, each in enumerate(servers, 1)}
    recorder = Recorder()
    complaints: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    async with MailHosts(book.get, recorder, target="postfix") as hosts:
        yield Lab(hosts, recorder)
    assert complaints == []
    assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []


def trusting() -> ssl.SSLContext:
    """A client that takes any certificate, any version and any cipher suite."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class Client:
    """A client of a plain socket, in a thread of its own."""

    def __init__(self, port: int, *, address: str = "127.5.0.1") -> None:
        self.sock: socket.socket | ssl.SSLSocket = socket.create_connection((address, port), timeout=20)
        self._input = b""

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.close()

    def reply(self) -> str:
        """The next reply, all its lines; empty at the end of the connection."""
        lines: list[str] = []
        while True:
            line, end, rest = self._input.partition(b"\r\n")
            if end:
                self._input = rest
                lines.append(line.decode())
                if line[3:4] != b"-":
                    return "\n".join(lines)
                continue
            data = self.sock.recv(65536)
            if not data:
                return "\n".join(lines)
            self._input += data

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def say(self, line: str) -> str:
        """Send a command and read the reply."""
        self.send(line.encode() + b"\r\n")
        return self.reply()

    def rest(self) -> bytes:
        """All that comes until the end of the connection."""
        data, self._input = self._input, b""
        while more := self.sock.recv(65536):
            data += more
        return data

    def handshake(
        self, *, context: ssl.SSLContext | None = None, sni: str | None = None, session: ssl.SSLSession | None = None
    ) -> ssl.SSLSocket:
        """Begin TLS here and now."""
        context = context or trusting()
        context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF  # some builds of Python set it, and all ends look alike
        self.sock = context.wrap_socket(self.sock, server_hostname=sni, session=session, suppress_ragged_eofs=False)
        return self.sock

    def starttls(
        self, *, context: ssl.SSLContext | None = None, sni: str | None = None, session: ssl.SSLSession | None = None
    ) -> ssl.SSLSocket:
        """From the banner to the handshake."""
        assert self.reply().startswith("220 ")
        assert "STARTTLS" in self.say("EHLO client.example")
        assert self.say("STARTTLS").startswith("220 ")
        return self.handshake(context=context, sni=sni, session=session)

    def deliver(self, *, message: bytes = MESSAGE) -> str:
        """One message from EHLO to the reply at its end."""
        self.say("EHLO client.example")
        assert self.say("MAIL FROM:<alice@sender.example>").startswith("250")
        assert self.say("RCPT TO:<bob@test.example>").startswith("250")
        assert self.say("DATA").startswith("354")
        self.send((b"\r\n" + message).replace(b"\r\n.", b"\r\n..")[2:] + b".\r\n")
        return self.reply()

    def quit(self) -> str:
        """QUIT, and wait until the connection is closed."""
        reply = self.say("QUIT")
        assert self.rest() == b""
        return reply


async def talk(running: Lab, conversation: Callable[[Client], T], *, address: str = "127.5.0.1") -> T:
    """Hold a conversation in a thread; then wait until the lab has told its end."""

    def hold() -> T:
        with Client(running.hosts.port, address=address) as client:
            return conversation(client)

    result = await asyncio.to_thread(hold)
    while len(running.all(Left)) < len(running.all(Connected)):
        await asyncio.sleep(0.001)
    return result


def run(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a test's coroutine."""
    return asyncio.run(main())
