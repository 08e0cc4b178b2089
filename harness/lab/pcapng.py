"""The pcapng file format, as far as a capture with TLS keys needs it (draft-ietf-opsawg-pcapng)."""

from __future__ import annotations

from struct import pack

ETHERNET = 1
"""LINKTYPE_ETHERNET."""

_SECTION, _INTERFACE, _PACKET, _SECRETS = 0x0A0D0D0A, 1, 6, 10
_BYTE_ORDER = 0x1A2B3C4D
_TLS_KEY_LOG = 0x544C534B
_IF_NAME, _IF_RESOLUTION = 2, 9
_NANOSECONDS = 9


def section() -> bytes:
    """The block that a file begins with."""
    return _block(_SECTION, pack("<IHHq", _BYTE_ORDER, 1, 0, -1))


def interface(name: str) -> bytes:
    """An Ethernet interface; in a file they are numbered in their order, from 0. Times are in nanoseconds."""
    options = _option(_IF_NAME, name.encode()) + _option(_IF_RESOLUTION, bytes((_NANOSECONDS,))) + _option(0, b"")
    return _block(_INTERFACE, pack("<HHI", ETHERNET, 0, 0) + options)


def packet(data: bytes, *, interface: int, at: int) -> bytes:
    """A packet seen at a time in nanoseconds since 1970."""
    head = pack("<IIIII", interface, at >> 32, at & 0xFFFFFFFF, len(data), len(data))
    return _block(_PACKET, head + _padded(data))


def secrets(key_log: bytes) -> bytes:
    """TLS keys, in the format of NSS key logs; they belong in front of the packets that they open."""
    return _block(_SECRETS, pack("<II", _TLS_KEY_LOG, len(key_log)) + _padded(key_log))


def _block(kind: int, body: bytes) -> bytes:
    size = pack("<I", len(body) + 12)
    return pack("<I", kind) + size + body + size


def _option(code: int, value: bytes) -> bytes:
    return pack("<HH", code, len(value)) + _padded(value)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
