"""The servers that are measured, each in a process of its own: `python -m tests.bench.serve KIND --port PORT`."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import datetime
import signal
import ssl
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import cast

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from harness.lab.authority import Authority
from harness.lab.dns_server import DnsServer
from harness.lab.lab import Lab, Ports
from harness.lab.recorder import Recorder
from harness.lab.resolver import SimulatedResolver
from tests.bench import fake
from tests.bench.measure import SEED

KINDS = ("authority", "resolver", "mail", "handshake")
RECORDERS = ("none", "memory", "file")
_KEPT = 50_000
"""Events after which memory is cleared: a run has some thousands, a benchmark millions."""


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--worlds", type=int, default=10)
    parser.add_argument("--now", type=int, default=int(time.time()))
    parser.add_argument("--recorder", choices=RECORDERS, default="memory")
    chosen = parser.parse_args()
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(_serve(chosen))


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """The kind of event loop that the lab runs on."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


async def _serve(chosen: argparse.Namespace) -> None:
    over = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, over.set)
    recorder = None if chosen.recorder == "none" else Recorder(_journal(chosen.recorder))
    async with contextlib.AsyncExitStack() as stack:
        if chosen.kind == "handshake":
            await stack.enter_async_context(_handshakes(chosen.port))
        elif chosen.kind == "mail":
            assert recorder is not None
            worlds = [(scenario, "") for scenario in fake.scenarios(chosen.worlds)]
            ports = Ports(smtp=chosen.port)
            await stack.enter_async_context(Lab(worlds, recorder=recorder, seed=SEED, now=chosen.now, ports=ports))
        else:
            internet = fake.internet(fake.scenarios(chosen.worlds), seed=SEED, now=chosen.now)
            kind = Authority if chosen.kind == "authority" else SimulatedResolver
            respond = kind(internet, recorder).respond
            await stack.enter_async_context(DnsServer(respond, address="127.0.0.1", port=chosen.port))
        while not over.is_set():
            if recorder is not None and len(recorder.events) > _KEPT:
                recorder.events.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), 0.1)


def _journal(recorder: str) -> Path | None:
    return Path("journal.ndjson") if recorder == "file" else None


@contextlib.asynccontextmanager
async def _handshakes(port: int) -> AsyncIterator[None]:
    """Accept, shake hands, send one octet, close: what TLS alone costs on this loop."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(_OneOctet, "127.0.0.1", port, ssl=_context(), backlog=1024)
    try:
        yield
    finally:
        server.close()


class _OneOctet(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # No isinstance: uvloop's transports are no asyncio.Transport.
        stream = cast(asyncio.Transport, transport)
        stream.write(b".")
        stream.close()


def _context() -> ssl.SSLContext:
    """As the mail hosts': a P-256 key with a certificate of its own, one session ticket."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mx1.bench.example")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("mx1.bench.example")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.num_tickets = 1
    with tempfile.NamedTemporaryFile() as file:
        file.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        file.write(certificate.public_bytes(Encoding.PEM))
        file.flush()
        context.load_cert_chain(file.name)
    return context


if __name__ == "__main__":
    main()
