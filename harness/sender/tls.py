"""The TLS client, without I/O: octets from the wire in, octets for the wire out (OpenSSL over memory BIOs)."""

from __future__ import annotations

from OpenSSL import SSL, crypto

_CHUNK = 16384


class TlsError(Exception):
    """The handshake or the record layer failed, or the peer closed without saying so."""


def client_context(*, minimum_version: int, cipher_list: bytes) -> SSL.Context:
    """A context that verifies nothing by itself: DANE judges after the handshake (RFC 3207 section 4.1)."""
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_min_proto_version(minimum_version)
    context.set_cipher_list(cipher_list)
    context.set_verify(SSL.VERIFY_NONE)
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    return context


class TlsClient:
    """One TLS connection. Feed it with `receive`, and send what `outgoing` returns after every call."""

    def __init__(self, context: SSL.Context, *, server_name: str | None, session: SSL.Session | None = None) -> None:
        """`session` is one to be resumed, if the server consents."""
        self._connection = SSL.Connection(context)
        self._connection.set_connect_state()
        if session is not None:
            self._connection.set_session(session)
        if server_name is not None:
            self._connection.set_tlsext_host_name(server_name.encode("ascii"))
        self.closed_by_peer = False

    def receive(self, data: bytes) -> None:
        """Take octets from the wire."""
        while data:
            data = data[self._connection.bio_write(data) :]

    def handshake(self) -> bool:
        """Go on with the handshake; whether it is complete. Raises `TlsError`."""
        try:
            self._connection.do_handshake()
        except SSL.WantReadError:
            return False
        except SSL.Error as error:
            raise TlsError(explain(error)) from error
        return True

    def outgoing(self) -> bytes:
        """What has to go on the wire."""
        parts: list[bytes] = []
        try:
            while True:
                parts.append(self._connection.bio_read(_CHUNK))
        except SSL.WantReadError:
            return b"".join(parts)

    def decrypt(self) -> bytes:
        """The plaintext received so far; `closed_by_peer` is set at its proper end. Raises `TlsError`."""
        parts: list[bytes] = []
        try:
            while True:
                parts.append(self._connection.recv(_CHUNK))
        except SSL.WantReadError:
            pass
        except SSL.ZeroReturnError:
            self.closed_by_peer = True
        except SSL.Error as error:
            raise TlsError(explain(error)) from error
        return b"".join(parts)

    def encrypt(self, data: bytes) -> None:
        """Encrypt plaintext. Raises `TlsError`."""
        view = memoryview(data)
        try:
            while view:
                view = view[self._connection.send(view[:_CHUNK]) :]
        except SSL.Error as error:
            raise TlsError(explain(error)) from error

    def close(self) -> None:
        """Say goodbye with close_notify, if that is still possible."""
        try:
            self._connection.shutdown()
        except SSL.Error:
            return

    @property
    def session(self) -> SSL.Session | None:
        """What a later connection needs to resume this session; complete at its end only (RFC 8446 section 4.6.1)."""
        return self._connection.get_session()

    @property
    def version(self) -> str:
        """The protocol version, such as `TLSv1.3`."""
        return self._connection.get_protocol_version_name()

    def chain(self) -> tuple[bytes, ...]:
        """The certificates as the server sent them, in DER, its own first."""
        sent = self._connection.get_peer_cert_chain() or []
        return tuple(crypto.dump_certificate(crypto.FILETYPE_ASN1, each) for each in sent)


def explain(error: SSL.Error) -> str:
    """OpenSSL's last words on an error."""
    if isinstance(error, SSL.SysCallError):
        return "connection broken"
    try:
        return str(error.args[0][-1][2]) or "TLS failed"
    except (IndexError, TypeError):
        return str(error) or type(error).__name__
