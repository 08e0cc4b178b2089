"""Packet captures, read without danelab's own words for them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from struct import unpack_from


def blocks(file: Path) -> Iterator[tuple[int, bytes]]:
    """Type and body of each block of a pcapng file; both lengths have to say the same."""
    data = file.read_bytes()
    while data:
        kind, size = unpack_from("<II", data)
        assert size % 4 == 0
        assert unpack_from("<I", data, size - 4) == (size,)
        yield kind, data[8 : size - 4]
        data = data[size:]


def packets(file: Path) -> list[tuple[bytes, int, int]]:
    """Octets, interface and time in nanoseconds of each packet."""
    found = []
    for kind, body in blocks(file):
        if kind == 6:
            interface, high, low, captured, length = unpack_from("<IIIII", body)
            assert captured == length
            found.append((body[20 : 20 + captured], interface, high << 32 | low))
    return found


def keys(file: Path) -> bytes:
    """The TLS keys in it."""
    found = b""
    for kind, body in blocks(file):
        if kind == 10:
            secret, size = unpack_from("<II", body)
            assert secret == 0x544C534B
            found += body[8 : 8 + size]
    return found
