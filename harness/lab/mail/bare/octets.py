"""Fields and vectors of the TLS presentation language (RFC 8446 section 3)."""

from __future__ import annotations

from .alerts import DECODE_ERROR, ProtocolError


class Octets:
    """A cursor over octets of the client. All methods raise ProtocolError (decode_error) where too few are left."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, size: int) -> bytes:
        """So many octets."""
        found = self._data[self._at : self._at + size]
        if len(found) != size:
            raise ProtocolError(DECODE_ERROR, "length too short")
        self._at += size
        return found

    def number(self, size: int) -> int:
        """A number of so many octets."""
        return int.from_bytes(self.take(size), "big")

    def vector(self, size: int) -> bytes:
        """A vector whose length stands in `size` octets before it."""
        return self.take(self.number(size))

    @property
    def more(self) -> bool:
        """Whether anything is left."""
        return self._at < len(self._data)

    def end(self) -> None:
        """Nothing may be left."""
        if self.more:
            raise ProtocolError(DECODE_ERROR, "length mismatch")


def vector(data: bytes, *, size: int) -> bytes:
    """The data with its length in `size` octets before it."""
    return len(data).to_bytes(size, "big") + data


def message(kind: int, body: bytes) -> bytes:
    """A handshake message (RFC 8446 section 4)."""
    return bytes((kind,)) + vector(body, size=3)


def extension(kind: int, value: bytes) -> bytes:
    """An extension (RFC 8446 section 4.2)."""
    return kind.to_bytes(2, "big") + vector(value, size=2)


def numbers(data: bytes) -> tuple[int, ...]:
    """A list of numbers of two octets each. Raises ProtocolError (decode_error) where one is cut in two."""
    if len(data) % 2:
        raise ProtocolError(DECODE_ERROR, "bad length")
    return tuple(int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2))
