"""The ClientHello (RFC 8446 section 4.1.2, RFC 5246 section 7.4.1.2, RFC 6101 section 5.6.1.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .alerts import ILLEGAL_PARAMETER, MISSING_EXTENSION, ProtocolError
from .octets import Octets, numbers

CLIENT_HELLO = 1

SUPPORTED_GROUPS, SIGNATURE_ALGORITHMS, SERVER_CERTIFICATE_TYPE = 10, 13, 20
SUPPORTED_VERSIONS, KEY_SHARE, RENEGOTIATION_INFO = 43, 51, 0xFF01
RAW_PUBLIC_KEY = 2
"""The certificate type of RFC 7250 section 3."""
_EMPTY_RENEGOTIATION_INFO = 0x00FF


@dataclass(frozen=True, kw_only=True)
class ClientHello:
    """What it says, field by field."""

    version: int
    """The version in the old place, which TLS 1.3 calls legacy_version."""
    random: bytes
    session: bytes
    suites: tuple[int, ...]
    compression: bytes
    extensions: Mapping[int, bytes]

    def required(self, kind: int) -> Octets:
        """An extension that must be there (RFC 8446 section 9.2). Raises ProtocolError (missing_extension)."""
        if kind not in self.extensions:
            raise ProtocolError(MISSING_EXTENSION, "missing extension")
        return Octets(self.extensions[kind])

    def listed(self, kind: int, *, size: int = 2) -> tuple[int, ...]:
        """An extension that is a list of numbers of two octets, with its length in `size`. Raises ProtocolError."""
        value = self.required(kind)
        found = numbers(value.vector(size))
        value.end()
        return found

    @property
    def certificate_types(self) -> bytes:
        """The types that the client takes from the server (RFC 7250 section 3); empty: it did not say."""
        value = self.extensions.get(SERVER_CERTIFICATE_TYPE)
        return b"" if value is None else Octets(value).vector(1)

    @property
    def renegotiates_safely(self) -> bool:
        """Whether an answer to renegotiation_info is expected (RFC 5746 section 3.6)."""
        return _EMPTY_RENEGOTIATION_INFO in self.suites or RENEGOTIATION_INFO in self.extensions


def read(whole: bytes) -> ClientHello:
    """Read the message, header included. Raises ProtocolError."""
    body = Octets(whole[4:])
    version, random = body.number(2), body.take(32)
    session, suites, compression = body.vector(1), numbers(body.vector(2)), body.vector(1)
    extensions: dict[int, bytes] = {}
    if body.more:
        listed = Octets(body.vector(2))
        while listed.more:
            kind, value = listed.number(2), listed.vector(2)
            if kind in extensions:
                raise ProtocolError(ILLEGAL_PARAMETER, "bad extension")
            extensions[kind] = value
        body.end()
    if 0 not in compression:
        raise ProtocolError(ILLEGAL_PARAMETER, "no compression specified")
    return ClientHello(
        version=version,
        random=random,
        session=session,
        suites=suites,
        compression=compression,
        extensions=extensions,
    )
