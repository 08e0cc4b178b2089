"""Domain names as danelab keeps them: lower case, absolute, with the final dot, as text; and their wire form."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

ROOT = "."


def absolute(name: str, *, origin: str = ROOT) -> str:
    """The name in full: relative names get the origin, `@` is the origin itself.

    Escapes are brought into the one form in which names are kept. Raises ValueError where they mean nothing.
    """
    name = name.lower()
    if name == "@" or not name:
        return origin
    if not _ends_in_dot(name):
        name += "." + ("" if origin == ROOT else origin)
    return from_labels(label.lower() for label in labels(name)) if "\\" in name else name


def from_labels(parts: Iterable[bytes]) -> str:
    """The name of these labels, leftmost first; what is not printable, and dots and backslashes, as `\\DDD`."""
    texts = ("".join(chr(o) if 0x21 <= o < 0x7F and o not in b".\\" else f"\\{o:03d}" for o in part) for part in parts)
    return "".join(f"{text}." for text in texts) or ROOT


def from_wire(wire: bytes) -> str:
    """The name in uncompressed wire form at the beginning of the octets."""
    found, place = [], 0
    while wire[place]:
        found.append(wire[place + 1 : place + 1 + wire[place]])
        place += 1 + wire[place]
    return from_labels(found)


def _ends_in_dot(name: str) -> bool:
    """Whether the last dot ends the name, and is no part of a label."""
    before = name[:-1]
    return name.endswith(".") and (len(before) - len(before.rstrip("\\"))) % 2 == 0


@lru_cache(maxsize=65536)
def labels(name: str) -> tuple[bytes, ...]:
    """The labels, leftmost first, without the root's; `\\DDD` and `\\X` escapes as in master files (RFC 1035 5.1).

    Raises ValueError for a name that cannot be written on the wire.
    """
    if name == ROOT:
        return ()
    found = _escaped_labels(name) if "\\" in name else name.encode("utf-8").split(b".")
    if found.pop() or not name:
        raise ValueError(f"{name!r} is no absolute domain name: the final dot is missing")
    if not all(found):
        raise ValueError(f"{name!r} is no domain name: there is nothing between two of its dots")
    longest, size = max(map(len, found)), sum(map(len, found)) + len(found) + 1
    if longest > 63:
        raise ValueError(f"{name!r} is no domain name: a label has {longest} octets, at most 63 fit (RFC 1035 2.3.4)")
    if size > 255:
        raise ValueError(f"{name!r} is no domain name: it has {size} octets, at most 255 fit (RFC 1035 2.3.4)")
    return tuple(found)


def _escaped_labels(name: str) -> list[bytes]:
    """The parts between dots that no backslash stands before."""
    found = [bytearray()]
    octets = iter(name.encode("utf-8"))
    for octet in octets:
        if octet == 0x5C:
            found[-1].append(_escaped(octets, name))
        elif octet == 0x2E:
            found.append(bytearray())
        else:
            found[-1].append(octet)
    return [bytes(label) for label in found]


def _escaped(octets: Iterator[int], name: str) -> int:
    """The octet that is meant by what follows a backslash."""
    first = next(octets, -1)
    if not 0x30 <= first <= 0x39:
        value = first
    else:
        digits = bytes((first, next(octets, 0), next(octets, 0)))
        value = int(digits) if digits.isdigit() else -1
    if not 0 <= value <= 255:
        raise ValueError(f"{name!r}: a backslash stands before one character, or before three digits up to 255")
    return value


@lru_cache(maxsize=65536)
def to_wire(name: str) -> bytes:
    """The uncompressed wire form (RFC 1035 section 3.1), in lower case."""
    return b"".join(bytes((len(label),)) + label.lower() for label in labels(name)) + b"\0"


@lru_cache(maxsize=65536)
def canonical(name: str) -> tuple[bytes, ...]:
    """A key that sorts names in the canonical order (RFC 4034 section 6.1)."""
    return tuple(label.lower() for label in reversed(labels(name)))


def parent(name: str) -> str:
    """The name without its leftmost label; the root's is the root."""
    count = 0
    while count < len(name):
        if name[count] == "\\":
            count += 4 if name[count + 1].isdigit() else 2
        elif name[count] == ".":
            break
        else:
            count += 1
    return name[count + 1 :] or ROOT


@lru_cache(maxsize=65536)
def ancestors(name: str) -> tuple[str, ...]:
    """The name itself, its parent and so on, down to the root."""
    found = [name]
    while name != ROOT:
        name = parent(name)
        found.append(name)
    return tuple(found)


def is_below(name: str, ancestor: str) -> bool:
    """Whether the name is the ancestor or lies under it."""
    if ancestor == ROOT or name == ancestor:
        return True
    return name.endswith("." + ancestor) and _ends_in_dot(name[: -len(ancestor)])


def label_count(name: str) -> int:
    """Labels as an RRSIG counts them: without the root and without a leading asterisk (RFC 4034 section 3.1.3)."""
    return len(labels(name)) - (1 if name.startswith("*.") else 0)
