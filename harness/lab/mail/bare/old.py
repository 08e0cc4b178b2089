"""SSL 3.0 to TLS 1.2 with RSA key exchange: the server's side (RFC 5246 section 7.3, RFC 6101 section 5.5)."""

from __future__ import annotations

import hmac
from collections.abc import Sequence

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding

from harness.lab.mail.side import Agreed

from . import alerts, maced
from .alerts import ProtocolError
from .clienthello import CLIENT_HELLO, RENEGOTIATION_INFO, ClientHello, read
from .connection import Clear, Connection, KeyLog, Randomness, system_randomness
from .dialects import CLIENT, DIALECTS, MASTER_SECRET, SERVER, Dialect
from .octets import Octets, extension, message, vector
from .records import CHANGE_CIPHER_SPEC, HANDSHAKE
from .suites import Suite

_SERVER_HELLO, _CERTIFICATE, _SERVER_HELLO_DONE, _CLIENT_KEY_EXCHANGE, _FINISHED = 2, 11, 14, 16, 20


class OldServer(Connection):
    """One connection; see `ServerSide`.

    `versions`: of `ssl3`, `1.0`, `1.1`, `1.2`; the highest that the client's version allows is spoken, as servers did
    before TLS 1.3 (RFC 5246 appendix E.1). `suites`: the favourite first.
    """

    def __init__(
        self,
        *,
        versions: Sequence[str],
        suites: Sequence[Suite],
        key: RSAPrivateKey,
        chain: Sequence[x509.Certificate],
        randomness: Randomness = system_randomness,
        log: KeyLog | None = None,
    ) -> None:
        self._dialects = sorted((DIALECTS[word] for word in versions), key=lambda known: -known.number)
        super().__init__(version=self._dialects[-1].number, randomness=randomness, log=log)
        self._suites = suites
        self._key = key
        self._chain = chain
        self._transcript = b""
        self._hello: ClientHello | None = None
        self._dialect: Dialect | None = None
        self._suite: Suite | None = None
        self._server_random = b""
        self._master = b""
        self._keys: tuple[maced.Keys, maced.Keys] | None = None
        self._changed = False

    @property
    def agreed(self) -> Agreed:
        """Nothing before the ServerHello."""
        if self._dialect is None or self._suite is None:
            return Agreed()
        return Agreed(
            version=self._dialect.name,
            cipher=self._suite.name,
            certificate=self._chain[0].fingerprint(hashes.SHA256()).hex(),
        )

    def _message(self, kind: int, whole: bytes) -> None:
        if self._complete:
            self._again(kind)
        elif kind == CLIENT_HELLO and self._hello is None:
            self._answer(read(whole), whole)
        elif kind == _CLIENT_KEY_EXCHANGE and self._hello is not None and self._dialect and not self._keys:
            self._exchange(self._dialect, self._hello, whole)
        elif kind == _FINISHED and self._changed and self._dialect is not None:
            self._finish(self._dialect, whole)
        else:
            raise ProtocolError(alerts.UNEXPECTED_MESSAGE, "unexpected message")

    def _again(self, kind: int) -> None:
        """Renegotiation is refused (RFC 5246 section 7.2.2); SSL 3.0 has no gentle word for it."""
        if kind != CLIENT_HELLO or self._dialect is DIALECTS["ssl3"]:
            raise ProtocolError(alerts.HANDSHAKE_FAILURE, "no renegotiation")
        self._alert(alerts.NO_RENEGOTIATION, level=alerts.WARNING)

    def _answer(self, hello: ClientHello, whole: bytes) -> None:
        dialect = next((known for known in self._dialects if known.number <= hello.version), None)
        if dialect is None:
            raise ProtocolError(alerts.PROTOCOL_VERSION, "unsupported protocol")
        suite = next((suite for suite in self._suites if suite.number in hello.suites), None)
        if suite is None:
            raise ProtocolError(alerts.HANDSHAKE_FAILURE, "no shared cipher")
        self._hello, self._dialect, self._suite = hello, dialect, suite
        self._server_random = self._randomness(32)
        body = dialect.number.to_bytes(2, "big") + self._server_random + vector(b"", size=1)
        body += suite.number.to_bytes(2, "big") + b"\x00"
        if hello.renegotiates_safely:
            body += vector(extension(RENEGOTIATION_INFO, vector(b"", size=1)), size=2)
        certificates = b"".join(vector(each.public_bytes(Encoding.DER), size=3) for each in self._chain)
        flight = (
            message(_SERVER_HELLO, body)
            + message(_CERTIFICATE, vector(certificates, size=3))
            + message(_SERVER_HELLO_DONE, b"")
        )
        self._transcript = whole + flight
        self._messages.cut()
        self._sealer = self._opener = Clear(dialect.number)
        self._send(HANDSHAKE, flight)

    def _exchange(self, dialect: Dialect, hello: ClientHello, whole: bytes) -> None:
        assert self._suite is not None
        body = Octets(whole[4:])
        encrypted = body.vector(2) if dialect.key_exchange_length else whole[4:]
        if dialect.key_exchange_length:
            body.end()
        self._master = dialect.master(
            self._premaster(encrypted, version=hello.version), client=hello.random, server=self._server_random
        )
        if self._log is not None:
            self._log("CLIENT_RANDOM", hello.random, self._master)
        block = dialect.key_block(
            self._master,
            client=hello.random,
            server=self._server_random,
            size=maced.block_size(self._suite, dialect=dialect),
        )
        self._keys = maced.split(block, suite=self._suite, dialect=dialect)
        self._transcript += whole

    def _premaster(self, encrypted: bytes, *, version: int) -> bytes:
        """A wrong one is replaced by a random one, and Finished will not be understood (RFC 5246 section 7.4.7.1)."""
        random = self._randomness(MASTER_SECRET)
        try:
            premaster = self._key.decrypt(encrypted, PKCS1v15())
        except ValueError:
            return random
        return premaster if len(premaster) == MASTER_SECRET and premaster[:2] == version.to_bytes(2, "big") else random

    def _change_cipher_spec(self) -> None:
        if self._keys is None or self._changed:
            raise ProtocolError(alerts.UNEXPECTED_MESSAGE, "ccs received early")
        assert self._dialect is not None
        assert self._suite is not None
        self._messages.cut()
        self._changed = True
        self._opener = maced.Opening(dialect=self._dialect, suite=self._suite, keys=self._keys[0])

    def _finish(self, dialect: Dialect, whole: bytes) -> None:
        assert self._suite is not None
        assert self._keys is not None
        expected = dialect.finished(self._master, messages=self._transcript, sender=CLIENT)
        if not hmac.compare_digest(whole[4:], expected):
            raise ProtocolError(alerts.DECRYPT_ERROR, "digest check failed")
        self._send(CHANGE_CIPHER_SPEC, b"\x01")
        self._sealer = maced.Sealing(
            dialect=dialect, suite=self._suite, keys=self._keys[1], randomness=self._randomness
        )
        mine = dialect.finished(self._master, messages=self._transcript + whole, sender=SERVER)
        self._send(HANDSHAKE, message(_FINISHED, mine))
        self._complete = True

    def _tolerates(self, alert: int, *, level: int) -> bool:  # noqa: ARG002 (TLS 1.3 goes by it)
        return level == alerts.WARNING
