"""A client of SSL 3.0 and TLS 1.2 with RSA key exchange, written from RFC 6101 and RFC 5246 alone.

No eye from outside: it reaches every point of a handshake, for tests of what happens there. Outsiders are GnuTLS, and
tlslite-ng where it can be had; both are in test_outsiders.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.decrepit.ciphers.algorithms import ARC4, TripleDES
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, algorithms, modes

from .rawclient import ClientError, pack

SSL3, TLS12 = 0x0300, 0x0303
AES, DES3, RC4_SHA, RC4_MD5 = 0x002F, 0x000A, 0x0005, 0x0004
_KINDS = {AES: ("sha1", 16, 16), DES3: ("sha1", 24, 8), RC4_SHA: ("sha1", 16, 0), RC4_MD5: ("md5", 16, 0)}
_PAD = {"sha1": 40, "md5": 48}


def _hash(name: str, data: bytes) -> bytes:
    return hashlib.new(name, data).digest()


def _stretch(secret: bytes, label: bytes, seed: bytes, size: int, version: int) -> bytes:
    out = b""
    if version == SSL3:
        for letter in b"ABCDEFGH":
            salt = bytes([letter]) * (letter - 64)
            out += _hash("md5", secret + _hash("sha1", salt + secret + seed))
        return out[:size]
    step = label + seed
    while len(out) < size:
        step = hmac.digest(secret, step, "sha256")
        out += hmac.digest(secret, step + label + seed, "sha256")
    return out[:size]


@dataclass
class _Half:
    version: int
    suite: int
    mac_key: bytes
    key: bytes
    iv: bytes
    number: int = 0
    stream: CipherContext | None = None

    def mac(self, kind: int, data: bytes) -> bytes:
        name = _KINDS[self.suite][0]
        count, self.number = self.number.to_bytes(8, "big"), self.number + 1
        if self.version == SSL3:
            inner = _hash(name, self.mac_key + b"6" * _PAD[name] + count + bytes([kind]) + pack(data, 2))
            return _hash(name, self.mac_key + b"\\" * _PAD[name] + inner)
        return hmac.digest(self.mac_key, count + bytes([kind]) + b"\x03\x03" + pack(data, 2), name)

    def _cipher(self, iv: bytes) -> Cipher[modes.CBC | None]:
        kind = {AES: algorithms.AES, DES3: TripleDES}.get(self.suite, ARC4)
        return Cipher(kind(self.key), modes.CBC(iv) if _KINDS[self.suite][2] else None)

    def encrypt(self, kind: int, data: bytes) -> bytes:
        block = _KINDS[self.suite][2]
        content = data + self.mac(kind, data)
        if block:
            size = block - len(content) % block
            content += bytes([size - 1]) * size
        if block and self.version == TLS12:
            return b"v" * block + self._cipher(b"v" * block).encryptor().update(content)
        self.stream = self.stream or self._cipher(self.iv).encryptor()
        return self.stream.update(content)

    def decrypt(self, kind: int, body: bytes) -> bytes:
        block = _KINDS[self.suite][2]
        if block and self.version == TLS12:
            content = self._cipher(body[:block]).decryptor().update(body[block:])
        else:
            self.stream = self.stream or self._cipher(self.iv).decryptor()
            content = self.stream.update(body)
        if block:
            content = content[: -1 - content[-1]]
        size = hashlib.new(_KINDS[self.suite][0]).digest_size
        data = content[:-size]
        if self.mac(kind, data) != content[-size:]:
            raise ClientError("bad MAC from the server")
        return data


class OldClient:
    """One connection, without I/O: send `hello()`, then what `receive` returns, until `complete`."""

    def __init__(self, *, version: int = SSL3, suites: tuple[int, ...] = (AES,), safe: bool = False) -> None:
        self.version, self.suites, self.safe = version, suites, safe
        self.complete = self.ended = False
        self.random = bytes(range(32, 64))
        self.suite = 0
        self.chain: tuple[bytes, ...] = ()
        self.said = b""
        self.extensions = b""
        self.master = b""
        self._unread = self._messages = self._transcript = self._server_random = b""
        self._in: _Half | None = None
        self._out: _Half | None = None
        self._next: _Half | None = None
        self._mine: _Half | None = None

    def record(self, kind: int, data: bytes) -> bytes:
        """A record, protected once keys are there."""
        body = self._out.encrypt(kind, data) if self._out is not None else data
        return bytes([kind]) + self.version.to_bytes(2, "big") + pack(body, 2)

    def _handshake(self, kind: int, body: bytes) -> bytes:
        message = bytes([kind]) + pack(body, 3)
        self._transcript += message
        return self.record(22, message)

    def hello(self) -> bytes:
        """The record with the ClientHello."""
        suites = (*self.suites, *((0x00FF,) if self.safe else ()))
        body = self.version.to_bytes(2, "big") + self.random + b"\0"
        body += pack(b"".join(each.to_bytes(2, "big") for each in suites), 2) + b"\x01\0"
        return self._handshake(1, body)

    def receive(self, data: bytes) -> bytes:
        """Octets came; what to answer. Raises ClientError."""
        self._unread += data
        answer = b""
        while len(self._unread) >= 5 and len(self._unread) >= (end := 5 + int.from_bytes(self._unread[3:5], "big")):
            record, self._unread = self._unread[:end], self._unread[end:]
            answer += self._record(record[0], record[5:])
        return answer

    def _record(self, kind: int, data: bytes) -> bytes:
        if self._in is not None:
            data = self._in.decrypt(kind, data)
        if kind == 20:
            self._in = self._next
        elif kind == 21 and data != b"\x01\0":
            raise ClientError(f"alert {data[1]}")
        elif kind == 21:
            self.ended = True
        elif kind == 23:
            self.said += data
        else:
            self._messages += data
        answer = b""
        while len(self._messages) >= 4 and len(self._messages) >= (
            end := 4 + int.from_bytes(self._messages[1:4], "big")
        ):
            message, self._messages = self._messages[:end], self._messages[end:]
            answer += self._message(message[0], message[4:], message)
        return answer

    def _message(self, kind: int, body: bytes, whole: bytes) -> bytes:
        if kind == 20:
            if body != self._proof(b"SRVR", b"server finished"):
                raise ClientError("the server's Finished is wrong")
            self.complete = True
            return b""
        self._transcript += whole
        if kind == 2:
            assert body[:2] == self.version.to_bytes(2, "big")
            self._server_random = body[2:34]
            at = 35 + body[34]
            self.suite = int.from_bytes(body[at : at + 2], "big")
            self.extensions = body[at + 3 :]
        elif kind == 11:
            found, at = [], 3
            while at < len(body):
                size = int.from_bytes(body[at : at + 3], "big")
                found.append(body[at + 3 : at + 3 + size])
                at += 3 + size
            self.chain = tuple(found)
        elif kind == 14:
            return self._answer()
        return b""

    def _answer(self) -> bytes:
        public = x509.load_der_x509_certificate(self.chain[0]).public_key()
        assert isinstance(public, rsa.RSAPublicKey)
        premaster = self.version.to_bytes(2, "big") + bytes(46)
        encrypted = public.encrypt(premaster, padding.PKCS1v15())
        seed = self.random + self._server_random
        self.master = _stretch(premaster, b"master secret", seed, 48, self.version)
        self._make_keys()
        flight = self._handshake(16, encrypted if self.version == SSL3 else pack(encrypted, 2))
        flight += self.record(20, b"\x01")
        self._out = self._mine
        return flight + self._handshake(20, self._proof(b"CLNT", b"client finished"))

    def _make_keys(self) -> None:
        name, key, block = _KINDS[self.suite]
        mac, iv = hashlib.new(name).digest_size, block if self.version == SSL3 else 0
        seed = self._server_random + self.random
        octets = _stretch(self.master, b"key expansion", seed, 2 * (mac + key + iv), self.version)
        cuts = [octets[:mac], octets[mac : 2 * mac]]
        rest = octets[2 * mac :]
        keys, ivs = (rest[:key], rest[key : 2 * key]), (rest[2 * key : 2 * key + iv], rest[2 * key + iv :])
        self._mine, self._next = (_Half(self.version, self.suite, cuts[who], keys[who], ivs[who]) for who in (0, 1))

    def _proof(self, sender: bytes, label: bytes) -> bytes:
        if self.version == TLS12:
            return _stretch(self.master, label, _hash("sha256", self._transcript), 12, TLS12)
        out = b""
        for name in ("md5", "sha1"):
            inner = _hash(name, self._transcript + sender + self.master + b"6" * _PAD[name])
            out += _hash(name, self.master + b"\\" * _PAD[name] + inner)
        return out

    def say(self, data: bytes, *, kind: int = 23) -> bytes:
        """The record that says this."""
        return self.record(kind, data)
