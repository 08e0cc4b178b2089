"""A TLS 1.3 client that asks for raw public keys, written from RFC 8446 and RFC 7250 and from nothing in danelab.

It does no I/O. Whoever uses it sends `hello()`, then whatever `receive` returns, until `complete`.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Sequence

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, x25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

RAW, X509 = 2, 0
X25519, SECP256R1, SECP384R1 = 29, 23, 24
_CURVES: dict[int, ec.EllipticCurve] = {SECP256R1: ec.SECP256R1(), SECP384R1: ec.SECP384R1()}
_SUITES: dict[int, tuple[Callable[[bytes], AESGCM | ChaCha20Poly1305], int, hashes.HashAlgorithm]] = {
    0x1301: (AESGCM, 16, hashes.SHA256()),
    0x1302: (AESGCM, 32, hashes.SHA384()),
    0x1303: (ChaCha20Poly1305, 32, hashes.SHA256()),
}
_HASHES = {0x0403: hashes.SHA256(), 0x0503: hashes.SHA384(), 0x0804: hashes.SHA256(), 0x0806: hashes.SHA512()}
_RETRY = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")


class ClientError(Exception):
    """The server did what this client does not expect, or sent an alert."""


def pack(data: bytes, size: int) -> bytes:
    return len(data).to_bytes(size, "big") + data


class _Keys:
    def __init__(self, secret: bytes, suite: int) -> None:
        self.secret, self.suite, self.number = secret, suite, 0
        kind, size, _ = _SUITES[suite]
        self._aead: AESGCM | ChaCha20Poly1305 = kind(_label(secret, "key", b"", size, suite))
        self._iv = int.from_bytes(_label(secret, "iv", b"", 12, suite), "big")

    def _nonce(self) -> bytes:
        self.number += 1
        return (self._iv ^ (self.number - 1)).to_bytes(12, "big")

    def seal(self, kind: int, data: bytes) -> bytes:
        inner = data + bytes((kind,)) + bytes(3)
        header = b"\x17\x03\x03" + (len(inner) + 16).to_bytes(2, "big")
        return header + self._aead.encrypt(self._nonce(), inner, header)

    def open(self, record: bytes) -> tuple[int, bytes]:
        inner = self._aead.decrypt(self._nonce(), record[5:], record[:5]).rstrip(b"\0")
        return inner[-1], inner[:-1]

    def updated(self) -> _Keys:
        return _Keys(_label(self.secret, "traffic upd", b"", len(self.secret), self.suite), self.suite)


def _label(secret: bytes, label: str, context: bytes, size: int, suite: int) -> bytes:
    info = size.to_bytes(2, "big") + pack(b"tls13 " + label.encode(), 1) + pack(context, 1)
    return HKDFExpand(algorithm=_SUITES[suite][2], length=size, info=info).derive(secret)


class RawKeyClient:
    """One connection. Its attributes say what the server showed and what was agreed."""

    def __init__(
        self,
        *,
        types: Sequence[int] = (RAW, X509),
        suites: Sequence[int] = (0x1301,),
        groups: Sequence[int] = (X25519, SECP256R1, SECP384R1),
        shares: Sequence[int] = (X25519,),
        schemes: Sequence[int] = (0x0403, 0x0503, 0x0804, 0x0807),
        session: bytes = b"",
        name: str = "",
    ) -> None:
        self.types, self.suites, self.groups, self.schemes = types, suites, groups, schemes
        self.session, self.name = session, name
        self.random = bytes(range(32))
        self.complete = False
        self.raw = False
        """Whether a bare key was shown."""
        self.key = b""
        """The SubjectPublicKeyInfo shown, bare or in a certificate."""
        self.certificates: tuple[bytes, ...] = ()
        self.said = b""
        """What the server said inside TLS."""
        self.retried = False
        self.ended = False
        self.suite = 0
        self.secrets: dict[str, bytes] = {}
        self._unread = b""
        self._messages = b""
        self._transcript = b""
        self._shares = {group: self._private(group) for group in shares}
        self._in: _Keys | None = None
        self._out: _Keys | None = None

    def _private(self, group: int) -> x25519.X25519PrivateKey | ec.EllipticCurvePrivateKey:
        return x25519.X25519PrivateKey.generate() if group == X25519 else ec.generate_private_key(_CURVES[group])

    def _share(self, group: int) -> bytes:
        private = self._shares[group]
        if isinstance(private, x25519.X25519PrivateKey):
            return private.public_key().public_bytes_raw()
        return private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def hello(self) -> bytes:
        """The record with the ClientHello."""
        name = pack(b"\0" + pack(self.name.encode(), 2), 2)
        shares = b"".join(group.to_bytes(2, "big") + pack(self._share(group), 2) for group in self._shares)
        extensions = {
            **({0: name} if self.name else {}),
            10: pack(b"".join(each.to_bytes(2, "big") for each in self.groups), 2),
            13: pack(b"".join(each.to_bytes(2, "big") for each in self.schemes), 2),
            20: pack(bytes(self.types), 1),
            43: b"\x02\x03\x04",
            51: pack(shares, 2),
        }
        if not self.types:
            del extensions[20]
        tail = b"".join(kind.to_bytes(2, "big") + pack(value, 2) for kind, value in extensions.items())
        body = b"\x03\x03" + self.random + pack(self.session, 1)
        body += pack(b"".join(each.to_bytes(2, "big") for each in self.suites), 2) + b"\x01\0" + pack(tail, 2)
        message = b"\x01" + pack(body, 3)
        self._transcript += message
        return b"\x16\x03\x01" + pack(message, 2)

    def receive(self, data: bytes) -> bytes:
        """Octets came; what to answer. Raises ClientError, and cryptography's own errors for bad proofs."""
        self._unread += data
        answer = b""
        while len(self._unread) >= 5 and len(self._unread) >= (end := 5 + int.from_bytes(self._unread[3:5], "big")):
            record, self._unread = self._unread[:end], self._unread[end:]
            answer += self._record(record)
        return answer

    def _record(self, record: bytes) -> bytes:
        kind, data = record[0], record[5:]
        if kind == 20:
            return b""
        if self._in is not None:
            kind, data = self._in.open(record)
        if kind == 21:
            if data == b"\x01\0":
                self.ended = True
                return b""
            raise ClientError(f"alert {data[1]}")
        if kind == 23:
            self.said += data
            return b""
        self._messages += data
        answer = b""
        while len(self._messages) >= 4 and len(self._messages) >= (
            end := 4 + int.from_bytes(self._messages[1:4], "big")
        ):
            message, self._messages = self._messages[:end], self._messages[end:]
            answer += self._message(message)
        return answer

    def _digest(self) -> bytes:
        return hashlib.new(_SUITES[self.suite][2].name, self._transcript).digest()

    def _message(self, message: bytes) -> bytes:
        kind, body = message[0], message[4:]
        if kind == 2:
            return self._server_hello(message, body)
        if kind == 20:
            return self._finished(message, body)
        if kind == 8:
            self.raw = b"\0\x14\0\x01\x02" in body
        elif kind == 11:
            self._shown(body)
        elif kind == 15:
            self._verify(int.from_bytes(body[:2], "big"), body[4:])
        elif kind == 24:
            assert self._in is not None
            self._in = self._in.updated()
        elif kind != 4:
            raise ClientError(f"message {kind}")
        self._transcript += message
        return b""

    def _server_hello(self, message: bytes, body: bytes) -> bytes:
        at = 35 + body[34]
        self.suite = int.from_bytes(body[at : at + 2], "big")
        extensions, at = {}, at + 5
        while at < len(body):
            size = int.from_bytes(body[at + 2 : at + 4], "big")
            extensions[int.from_bytes(body[at : at + 2], "big")] = body[at + 4 : at + 4 + size]
            at += 4 + size
        assert extensions[43] == b"\x03\x04"
        assert body[34:][1 : 1 + body[34]] == self.session
        group = int.from_bytes(extensions[51][:2], "big")
        if body[2:34] == _RETRY:
            self.retried = True
            self._transcript = b"\xfe\0\0" + pack(self._digest(), 1) + message
            self._shares = {group: self._private(group)}
            return self.hello()
        self._transcript += message
        private, share = self._shares[group], extensions[51][4:]
        if isinstance(private, x25519.X25519PrivateKey):
            shared = private.exchange(x25519.X25519PublicKey.from_public_bytes(share))
        else:
            public = ec.EllipticCurvePublicKey.from_encoded_point(_CURVES[group], share)
            shared = private.exchange(ec.ECDH(), public)
        self._schedule(shared)
        return b""

    def _schedule(self, shared: bytes) -> None:
        name = _SUITES[self.suite][2].name
        size = _SUITES[self.suite][2].digest_size
        nothing = hashlib.new(name).digest()
        early = hmac.digest(bytes(size), bytes(size), name)
        handshake = hmac.digest(_label(early, "derived", nothing, size, self.suite), shared, name)
        self._master = hmac.digest(_label(handshake, "derived", nothing, size, self.suite), bytes(size), name)
        self._out, self._in = (self._traffic(handshake, who, "hs") for who in "cs")

    def _traffic(self, secret: bytes, who: str, kind: str) -> _Keys:
        size = _SUITES[self.suite][2].digest_size
        found = _label(secret, f"{who} {kind} traffic", self._digest(), size, self.suite)
        self.secrets[f"{who} {kind}"] = found
        return _Keys(found, self.suite)

    def _shown(self, body: bytes) -> None:
        entries, at = [], 4
        while at < len(body):
            size = int.from_bytes(body[at : at + 3], "big")
            entries.append(body[at + 3 : at + 3 + size])
            at += 3 + size
            at += 2 + int.from_bytes(body[at : at + 2], "big")
        if self.raw:
            (self.key,) = entries
        else:
            self.certificates = tuple(entries)
            public = x509.load_der_x509_certificate(entries[0]).public_key()
            self.key = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def _verify(self, scheme: int, signature: bytes) -> None:
        assert scheme in self.schemes
        content = b" " * 64 + b"TLS 1.3, server CertificateVerify\0" + self._digest()
        public = load_der_public_key(self.key)
        if isinstance(public, ec.EllipticCurvePublicKey):
            public.verify(signature, content, ec.ECDSA(_HASHES[scheme]))
        elif isinstance(public, rsa.RSAPublicKey):
            digest = _HASHES[scheme]
            public.verify(signature, content, padding.PSS(padding.MGF1(digest), digest.digest_size), digest)
        else:
            assert isinstance(public, ed25519.Ed25519PublicKey)
            public.verify(signature, content)

    def _proof(self, keys: _Keys) -> bytes:
        name, size = _SUITES[self.suite][2].name, len(keys.secret)
        return hmac.digest(_label(keys.secret, "finished", b"", size, self.suite), self._digest(), name)

    def _finished(self, message: bytes, body: bytes) -> bytes:
        assert self._in is not None
        assert self._out is not None
        if body != self._proof(self._in):
            raise ClientError("the server's Finished is wrong")
        self._transcript += message
        mine = self._out.seal(22, b"\x14" + pack(self._proof(self._out), 3))
        self._out, self._in = (self._traffic(self._master, who, "ap") for who in "cs")
        self.complete = True
        return (b"\x14\x03\x03\0\x01\x01" if self.session else b"") + mine

    def say(self, data: bytes, *, kind: int = 23) -> bytes:
        """The record that says this."""
        assert self._out is not None
        return self._out.seal(kind, data)

    def update(self, *, wish: bool) -> bytes:
        """A KeyUpdate, which may ask the server for one."""
        assert self._out is not None
        record = self._out.seal(22, b"\x18\0\0\x01" + bytes((wish,)))
        self._out = self._out.updated()
        return record
