"""TLS 1.3 with a raw public key: the server's side (RFC 8446 section 2, RFC 7250)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from harness.lab.mail.side import Agreed
from harness.world.model import PrivateKey

from . import alerts
from .alerts import ProtocolError
from .clienthello import (
    CLIENT_HELLO,
    KEY_SHARE,
    RAW_PUBLIC_KEY,
    SERVER_CERTIFICATE_TYPE,
    SIGNATURE_ALGORITHMS,
    SUPPORTED_GROUPS,
    SUPPORTED_VERSIONS,
    ClientHello,
    read,
)
from .connection import Connection, KeyLog, Randomness, system_randomness
from .groups import SECP256R1, X25519, Group
from .octets import Octets, extension, message, vector
from .records import CHANGE_CIPHER_SPEC, HANDSHAKE
from .schedule import Schedule, Traffic
from .sealed import SUITES, Sealed, Suite
from .signing import certificate_verify, chosen

_SERVER_HELLO, _ENCRYPTED_EXTENSIONS, _CERTIFICATE, _CERTIFICATE_VERIFY = 2, 8, 11, 15
_FINISHED, _KEY_UPDATE, _MESSAGE_HASH = 20, 24, 254
_LEGACY = 0x0303
_TLS13 = b"\x03\x04"
_RETRY = hashlib.sha256(b"HelloRetryRequest").digest()
"""The random of a HelloRetryRequest (RFC 8446 section 4.1.3)."""


class RawKeyServer(Connection):
    """One connection with a client that takes raw public keys; see `ServerSide`.

    `groups`: the favourite first; a HelloRetryRequest is sent where the client has a share of none of them, but could.
    There are no tickets and so no resumption, and early data is refused as anything unreadable is.
    """

    def __init__(
        self,
        *,
        key: PrivateKey,
        groups: Sequence[Group] = (X25519, SECP256R1),
        randomness: Randomness = system_randomness,
        log: KeyLog | None = None,
    ) -> None:
        super().__init__(version=_LEGACY, randomness=randomness, log=log)
        self._key = key
        self._shown = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self._groups = groups
        self._suite: Suite | None = None
        self._retried: Group | None = None
        self._transcript = b""
        self._client: Traffic | None = None
        """The secret under which the client sends; None before the ServerHello."""
        self._server: Traffic | None = None
        self._next: tuple[Traffic, Traffic] | None = None
        """The secrets that follow on the client's Finished."""

    @property
    def agreed(self) -> Agreed:
        """Nothing before the ServerHello."""
        if self._suite is None or self._client is None:
            return Agreed()
        return Agreed(
            version="TLSv1.3",
            cipher=self._suite.name,
            certificate=hashlib.sha256(self._shown).hexdigest(),
            marks=("raw public key shown",),
        )

    def _message(self, kind: int, whole: bytes) -> None:
        if kind == CLIENT_HELLO and self._client is None:
            self._messages.cut()
            self._greeted(read(whole), whole)
        elif kind == _FINISHED and self._next is not None:
            self._finish(whole, *self._next)
        elif kind == _KEY_UPDATE and self._complete:
            self._update(whole)
        else:
            raise ProtocolError(alerts.UNEXPECTED_MESSAGE, "unexpected message")

    def _greeted(self, hello: ClientHello, whole: bytes) -> None:
        suite = self._chosen(hello)
        groups = hello.listed(SUPPORTED_GROUPS)
        shares = _shares(hello)
        known = (self._retried,) if self._retried else self._groups
        group = next((each for each in known if each.number in shares), None)
        if group is not None:
            self._answer(hello, whole, suite=suite, group=group, share=shares[group.number])
            return
        group = next((each for each in self._groups if each.number in groups), None)
        if self._retried is not None or group is None:
            alert = alerts.ILLEGAL_PARAMETER if self._retried else alerts.HANDSHAKE_FAILURE
            raise ProtocolError(alert, "no suitable key share")
        self._retry(hello, whole, suite=suite, group=group)

    def _chosen(self, hello: ClientHello) -> Suite:
        """The suite. Raises ProtocolError where the client is none for this server, or not the one it was."""
        if 0x0304 not in hello.listed(SUPPORTED_VERSIONS, size=1):
            raise ProtocolError(alerts.PROTOCOL_VERSION, "unsupported protocol")
        if hello.compression != b"\x00":
            raise ProtocolError(alerts.ILLEGAL_PARAMETER, "invalid compression algorithm")
        if RAW_PUBLIC_KEY not in hello.certificate_types:
            raise ProtocolError(alerts.HANDSHAKE_FAILURE, "raw public keys are no longer offered")
        suite = next((suite for suite in SUITES if suite.number in hello.suites), None)
        if suite is None:
            raise ProtocolError(alerts.HANDSHAKE_FAILURE, "no shared cipher")
        if self._suite not in (None, suite):
            raise ProtocolError(alerts.ILLEGAL_PARAMETER, "bad cipher")
        self._suite = suite
        return suite

    def _hello(self, hello: ClientHello, *, suite: Suite, random: bytes, share: bytes) -> bytes:
        body = _LEGACY.to_bytes(2, "big") + random + vector(hello.session, size=1)
        body += suite.number.to_bytes(2, "big") + b"\x00"
        extensions = extension(SUPPORTED_VERSIONS, _TLS13) + extension(KEY_SHARE, share)
        return message(_SERVER_HELLO, body + vector(extensions, size=2))

    def _retry(self, hello: ClientHello, whole: bytes, *, suite: Suite, group: Group) -> None:
        """RFC 8446 sections 4.1.4 and 4.4.1: the first ClientHello counts by its digest only."""
        self._retried = group
        retry = self._hello(hello, suite=suite, random=_RETRY, share=group.number.to_bytes(2, "big"))
        self._transcript = message(_MESSAGE_HASH, hashlib.new(suite.digest, whole).digest()) + retry
        self._send(HANDSHAKE, retry)
        self._please_middleboxes(hello)

    def _please_middleboxes(self, hello: ClientHello) -> None:
        """RFC 8446 appendix D.4."""
        if hello.session:
            self._send(CHANGE_CIPHER_SPEC, b"\x01")

    def _digest(self, suite: Suite) -> bytes:
        return hashlib.new(suite.digest, self._transcript).digest()

    def _answer(self, hello: ClientHello, whole: bytes, *, suite: Suite, group: Group, share: bytes) -> None:
        scheme = chosen(self._key, offered=hello.listed(SIGNATURE_ALGORITHMS))
        mine, shared = group.agree(share, randomness=self._randomness)
        entry = group.number.to_bytes(2, "big") + vector(mine, size=2)
        greeting = self._hello(hello, suite=suite, random=self._randomness(32), share=entry)
        self._transcript += whole + greeting
        schedule = Schedule(shared, digest=suite.digest)
        self._client, self._server = schedule.handshake_traffic(self._digest(suite))
        self._told(hello, "HANDSHAKE_TRAFFIC_SECRET", self._client, self._server)
        self._send(HANDSHAKE, greeting)
        if self._retried is None:
            self._please_middleboxes(hello)
        self._sealer = Sealed(suite, traffic=self._server)
        self._opener = Sealed(suite, traffic=self._client, clear_alerts=True)
        self._send(HANDSHAKE, self._credentials(suite, scheme))
        self._next = schedule.application_traffic(self._digest(suite))
        self._told(hello, "TRAFFIC_SECRET_0", *self._next)
        self._sealer = Sealed(suite, traffic=self._next[1])

    def _credentials(self, suite: Suite, scheme: int) -> bytes:
        """From EncryptedExtensions to Finished. The bare key stands where a certificate would (RFC 7250 section 3)."""
        assert self._server is not None
        kind = extension(SERVER_CERTIFICATE_TYPE, bytes((RAW_PUBLIC_KEY,)))
        entry = vector(self._shown, size=3) + vector(b"", size=2)
        flight = message(_ENCRYPTED_EXTENSIONS, vector(kind, size=2))
        flight += message(_CERTIFICATE, vector(b"", size=1) + vector(entry, size=3))
        before = len(self._transcript)
        self._transcript += flight
        proof = certificate_verify(self._key, scheme=scheme, transcript=self._digest(suite))
        self._transcript += message(_CERTIFICATE_VERIFY, proof)
        self._transcript += message(_FINISHED, self._server.verify_data(self._digest(suite)))
        return self._transcript[before:]

    def _told(self, hello: ClientHello, label: str, client: Traffic, server: Traffic) -> None:
        if self._log is not None:
            self._log(f"CLIENT_{label}", hello.random, client.secret)
            self._log(f"SERVER_{label}", hello.random, server.secret)

    def _finish(self, whole: bytes, client: Traffic, server: Traffic) -> None:
        assert self._suite is not None
        assert self._client is not None
        if not hmac.compare_digest(whole[4:], self._client.verify_data(self._digest(self._suite))):
            raise ProtocolError(alerts.DECRYPT_ERROR, "digest check failed")
        self._messages.cut()
        self._client, self._server, self._next = client, server, None
        self._opener = Sealed(self._suite, traffic=client)
        self._complete = True

    def _update(self, whole: bytes) -> None:
        """KeyUpdate (RFC 8446 section 4.6.3)."""
        assert self._suite is not None
        assert self._client is not None
        assert self._server is not None
        body = Octets(whole[4:])
        wish = body.number(1)
        body.end()
        if wish > 1:
            raise ProtocolError(alerts.ILLEGAL_PARAMETER, "bad key update")
        self._messages.cut()
        self._client = self._client.updated()
        self._opener = Sealed(self._suite, traffic=self._client)
        if wish:
            self._send(HANDSHAKE, message(_KEY_UPDATE, b"\x00"))
            self._server = self._server.updated()
            self._sealer = Sealed(self._suite, traffic=self._server)

    def _change_cipher_spec(self) -> None:
        """Without a meaning, and tolerated up to the client's Finished (RFC 8446 section 5)."""
        if self._complete:
            raise ProtocolError(alerts.UNEXPECTED_MESSAGE, "unexpected ccs message")

    def _tolerates(self, alert: int, *, level: int) -> bool:  # noqa: ARG002 (older versions go by it)
        """RFC 8446 section 6: all alerts are fatal, whatever level they claim, but for user_canceled."""
        return alert == alerts.USER_CANCELED


def _shares(hello: ClientHello) -> dict[int, bytes]:
    """The client's shares by group (RFC 8446 section 4.2.8)."""
    value = hello.required(KEY_SHARE)
    entries = Octets(value.vector(2))
    value.end()
    found: dict[int, bytes] = {}
    while entries.more:
        group, share = entries.number(2), entries.vector(2)
        if group in found:
            raise ProtocolError(alerts.ILLEGAL_PARAMETER, "bad key share")
        found[group] = share
    return found
