"""What the ClientHello says, read from its octets (RFC 5246 section 7.4.1.2, RFC 8446 section 4.1.2)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

LONGEST = 1 << 17
"""Octets of a ClientHello beyond which no more are awaited."""

_VERSIONS = {0x0300: "SSLv3", 0x0301: "TLSv1", 0x0302: "TLSv1.1", 0x0303: "TLSv1.2", 0x0304: "TLSv1.3"}
_SERVER_NAME, _SESSION_TICKET, _PSK, _EARLY_DATA, _SUPPORTED_VERSIONS, _SERVER_CERTIFICATE_TYPE = 0, 35, 41, 42, 43, 20
_RAW_PUBLIC_KEY = 2
_SIGNALS = frozenset({0x00FF, 0x5600})
_NULL = frozenset({0x0001, 0x0002, 0x002C, 0x002D, 0x002E, 0x003B, 0xC001, 0xC006, 0xC00B, 0xC010, 0xC039})
_ANONYMOUS = frozenset(
    {0x0017, 0x0018, 0x0019, 0x001A, 0x001B, 0x0034, 0x003A, 0x0046, 0x006C, 0x006D, 0x0089, 0x009B}
    | {0x00A6, 0x00A7, 0x00BF, 0x00C5, 0xC015, 0xC016, 0xC017, 0xC018, 0xC019}
)


@dataclass(frozen=True, kw_only=True)
class Hello:
    """A ClientHello, or what came in the place of one."""

    sni: str = ""
    """Server name sent, as it came; empty for none."""
    version: int = 0
    """The version in the old place (RFC 5246 appendix E.1): the highest up to TLS 1.2, as a number."""
    offered: tuple[str, ...] = ()
    """What the journal keeps of it: `version TLSv1.3`, `suites certificate`, `session ticket`, ..."""
    raw_public_key: bool = False
    """Whether the client would take a bare key from the server (RFC 7250)."""
    problem: str = ""
    """Why it is no ClientHello; empty if it is one."""

    @property
    def modern(self) -> bool:
        """Whether the client speaks TLS 1.3."""
        return f"version {_VERSIONS[0x0304]}" in self.offered


def read(data: bytes | bytearray) -> Hello | None:
    """Read the first flight of a client; None while it is incomplete. Never raises: anything may be sent."""
    if data[0] & 0x80 and len(data) > 2 and data[2] == 1:
        return Hello(offered=("SSLv2-compatible hello",))
    if data[0] != 0x16:
        return Hello(problem="no TLS record")
    body = bytearray()
    start = 0
    while True:
        if len(data) < start + 5:
            return None
        if data[start] != 0x16:
            return Hello(problem="no ClientHello")
        end = start + 5 + int.from_bytes(data[start + 3 : start + 5], "big")
        body += data[start + 5 : end]
        if body and body[0] != 1:
            return Hello(problem="no ClientHello")
        if len(body) >= 4 and len(body) >= 4 + (length := int.from_bytes(body[1:4], "big")):
            break
        if len(data) < end:
            return None
        start = end
    try:
        return _hello(bytes(body[4 : 4 + length]))
    except (IndexError, ValueError):
        return Hello(problem="malformed ClientHello")


def _hello(body: bytes) -> Hello:
    number = int.from_bytes
    at = 35 + body[34]
    end = at + 2 + number(body[at : at + 2], "big")
    suites = _suites(body[at + 2 : end])
    at = end + 1 + body[end]
    version = number(body[:2], "big")
    versions = [version]
    sni, bare_key, marks = "", False, []
    at += 2
    while at + 4 <= len(body):
        kind, size = number(body[at : at + 2], "big"), number(body[at + 2 : at + 4], "big")
        value = body[at + 4 : at + 4 + size]
        at += 4 + size
        if kind == _SERVER_NAME:
            sni = _server_name(value)
        elif kind == _SUPPORTED_VERSIONS:
            versions = [number(value[i : i + 2], "big") for i in range(1, len(value), 2)]
        elif kind == _SESSION_TICKET and value:
            marks.append("session ticket")
        elif kind == _PSK:
            marks.append("pre-shared key")
        elif kind == _EARLY_DATA:
            marks.append("early data")
        elif kind == _SERVER_CERTIFICATE_TYPE and _RAW_PUBLIC_KEY in value[1:]:
            bare_key = True
            marks.append("raw public key")
    names = [f"version {_VERSIONS[each]}" for each in versions if each in _VERSIONS]
    return Hello(sni=sni, version=version, offered=(*names, *suites, *marks), raw_public_key=bare_key)


@lru_cache(maxsize=256)
def _suites(listed: bytes) -> tuple[str, ...]:
    """The kinds of cipher suites in a list; one client always sends the same."""
    kinds = {_kind(int.from_bytes(listed[i : i + 2], "big")) for i in range(0, len(listed), 2)}
    return tuple(f"suites {kind}" for kind in sorted(kinds - {""}))


def _kind(suite: int) -> str:
    if suite in _NULL:
        return "null"
    if suite in _ANONYMOUS:
        return "anonymous"
    if suite in _SIGNALS or suite & 0x0F0F == 0x0A0A:
        return ""
    return "certificate"


def _server_name(value: bytes) -> str:
    """The host names of the extension (RFC 6066 section 3), just as they came; one is usual, more are told."""
    names = []
    at = 2
    while at + 3 <= len(value):
        size = int.from_bytes(value[at + 1 : at + 3], "big")
        names.append(value[at + 3 : at + 3 + size].decode("ascii", "backslashreplace"))
        at += 3 + size
    return ", ".join(names)
