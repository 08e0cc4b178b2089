"""TLS contexts of mail servers: made on first use, kept, and sending exactly the chain that the world says.

Out of reach of Python's ssl are SSL 3.0, raw public keys and the oldest cipher suites, which `bare` serves. What is
told as an error of ours: cipher suites that neither has, and taking a client certificate without verifying it.
"""

from __future__ import annotations

import ssl
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from harness.errors import HarnessError
from harness.scenario.mailhosts import Tls
from harness.world.model import Credentials, MailServer

from .division import left_to_openssl, old_suites

_MEMORY = Path("/dev/shm")
_READY_AT_MOST = 20_000
_HRR_GROUP = "secp384r1"
"""A group that all implementations know and none sends a key share for unasked."""
_VERSIONS = {
    "1.0": ssl.TLSVersion.TLSv1,
    "1.1": ssl.TLSVersion.TLSv1_1,
    "1.2": ssl.TLSVersion.TLSv1_2,
    "1.3": ssl.TLSVersion.TLSv1_3,
}


@dataclass(frozen=True)
class Showing:
    """A server side that is ready for one handshake."""

    tls: ssl.SSLObject
    certificate: str
    """SHA-256 of the first certificate, in hexadecimal."""


class Contexts:
    """The contexts of one lab.

    Tickets belong to the server, or to its session group, and not to the certificate shown: a server whose
    certificate is replaced between two steps still takes the tickets it gave out.
    """

    def __init__(self) -> None:
        self._made: dict[tuple[tuple[x509.Certificate, ...], Tls], tuple[ssl.SSLContext, str]] = {}
        self._tickets: dict[tuple[str, str, Tls], ssl.SSLContext] = {}
        self._ready: dict[tuple[int, str | None], tuple[MailServer, ssl.SSLContext, ssl.SSLContext, str]] = {}
        """What a server shows for a server name; the server itself is held so that its identity stays its own."""
        self._keys: Path | None = None

    def log_keys(self, file: Path) -> None:
        """Let the keys of all handshakes from now on be appended to the file, in the format of NSS key logs."""
        self._keys = file

    def showing(
        self, server: MailServer, *, sni: str | None, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO
    ) -> Showing:
        """The server side of a handshake with a client that sent this server name (None: none).

        Raises HarnessError, naming the scenario, where Python's ssl or this OpenSSL cannot do what is asked.
        """
        ready = self._ready.get((id(server), sni))
        if ready is not None:
            _, holder, context, digest = ready
            return _handshake(holder, context, digest, incoming, outgoing)
        if not server.tls.tickets:
            # A session cache cannot be switched off in Python; a context for one handshake has nothing to resume.
            credentials = server.credentials(sni)
            context = self._logging(_context(server, credentials))
            return Showing(context.wrap_bio(incoming, outgoing, server_side=True), _digest(credentials))
        context, digest = self._context_for(server, sni)
        holder = self._tickets.setdefault(
            (
                server.scenario,
                f"group {server.tls.session_group}" if server.tls.session_group else server.key,
                server.tls,
            ),
            context,
        )
        if len(self._ready) >= _READY_AT_MOST:
            self._ready.clear()  # clients choose the names
        self._ready[id(server), sni] = (server, self._logging(holder), self._logging(context), digest)
        return _handshake(holder, context, digest, incoming, outgoing)

    def _logging(self, context: ssl.SSLContext) -> ssl.SSLContext:
        # Not where contexts are made: several labs may share those, and each has a file of its own.
        if self._keys is not None and context.keylog_filename != str(self._keys):
            context.keylog_filename = str(self._keys)
        return context

    def prepare(self, server: MailServer, *, sni: str | None) -> None:
        """Make what this server shows for a server name before any client asks. Raises HarnessError as `showing`."""
        if server.tls.tickets and left_to_openssl(server.tls):
            self._context_for(server, sni)

    def log_secret(self, label: str, client: bytes, secret: bytes) -> None:
        """Append a secret to the key log, if there is one, by the client's random."""
        if self._keys is not None:
            with self._keys.open("a", encoding="ascii") as file:
                file.write(f"{label} {client.hex()} {secret.hex()}\n")

    def _context_for(self, server: MailServer, sni: str | None) -> tuple[ssl.SSLContext, str]:
        credentials = server.credentials(sni)
        key = (credentials.chain, server.tls)
        made = self._made.get(key)
        if made is None:
            made = self._made[key] = (_context(server, credentials), _digest(credentials))
        return made

    def forget(self, scenario: str) -> None:
        """Servers of this scenario are others now; tickets that were given out stay good."""
        self._ready = {key: ready for key, ready in self._ready.items() if ready[0].scenario != scenario}


def _handshake(
    holder: ssl.SSLContext,
    context: ssl.SSLContext,
    digest: str,
    incoming: ssl.MemoryBIO,
    outgoing: ssl.MemoryBIO,
) -> Showing:
    tls = holder.wrap_bio(incoming, outgoing, server_side=True)
    if context is not holder:
        tls.context = context
    return Showing(tls, digest)


def _digest(credentials: Credentials) -> str:
    return credentials.chain[0].fingerprint(hashes.SHA256()).hex()


def _context(server: MailServer, credentials: Credentials) -> ssl.SSLContext:
    manners = server.tls.model_copy(update={"versions": left_to_openssl(server.tls)})
    if not manners.versions:
        raise _cannot(server, "be served by Python's ssl")
    ciphers = None if old_suites(manners) else manners.ciphers
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _versions(context, manners)
    weak = any(map(_is_weak, credentials.chain)) or not {"1.2", "1.3"}.issuperset(manners.versions)
    if ciphers is not None or weak:
        try:
            context.set_ciphers(f"{ciphers or 'DEFAULT'}:@SECLEVEL=0")
        except ssl.SSLError:
            raise _cannot(server, f"offer the cipher suites {ciphers!r} with {ssl.OPENSSL_VERSION}") from None
    if manners.hello_retry:
        context.set_ecdh_curve(_HRR_GROUP)
    if manners.request_client_certificate:
        context.verify_mode = ssl.CERT_OPTIONAL
    if manners.tickets:
        context.num_tickets = 1
    else:
        context.num_tickets = 0
        context.options |= ssl.OP_NO_TICKET
    _load(context, server, credentials)
    return context


def _cannot(server: MailServer, what: str) -> HarnessError:
    return HarnessError(f"scenario {server.scenario}: server {server.key} cannot {what}")


def _versions(context: ssl.SSLContext, manners: Tls) -> None:
    known = [word for word in _VERSIONS if word in manners.versions]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = _VERSIONS[known[0]]
        context.maximum_version = _VERSIONS[known[-1]]
        if "1.0" in known and "1.1" not in known and len(known) > 1:
            context.options |= ssl.OP_NO_TLSv1_1
        if "1.3" in known and "1.2" not in known and len(known) > 1:
            context.options |= ssl.OP_NO_TLSv1_2


def _is_weak(certificate: x509.Certificate) -> bool:
    """Whether OpenSSL would refuse to show it at its usual security level: RSA below 2048 bits, or SHA-1."""
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < 2048:
        return True
    return isinstance(certificate.signature_hash_algorithm, hashes.SHA1 | hashes.MD5)


def _load(context: ssl.SSLContext, server: MailServer, credentials: Credentials) -> None:
    """Hand over key and chain. OpenSSL sends a chain it was given as it is: nothing is added, dropped or sorted."""
    pem = credentials.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    pem += b"".join(certificate.public_bytes(Encoding.PEM) for certificate in credentials.chain)
    with tempfile.NamedTemporaryFile(dir=_MEMORY if _MEMORY.is_dir() else None, prefix="danelab-") as file:
        file.write(pem)
        file.flush()
        try:
            context.load_cert_chain(file.name)
        except ssl.SSLError as error:
            problem = "show its certificate chain: " + (error.reason or str(error)).lower().replace("_", " ")
            raise _cannot(server, problem) from None
