"""The words in which a scenario says what a TLSA record holds.

`3 1 1` alone is a record that matches: usage, selector, matching type, and data worked out from the host's own
certificate (usages 0 and 2: from the topmost certificate of its path). What follows the three numbers departs from it:

    3 1 1 other-key            the data of a key that is nobody's
    3 1 1 mx2                  ... of the certificate that mx2 shows
    2 0 1 intermediate         ... of the certificate [certs.intermediate], or the key [keys.intermediate]
    3 1 1 as 0 1               the data that selector 0, matching type 1 would have
    3 1 1 octets 31            cut, or filled up with zeros, to 31 octets
    3 1 1 last-bit-flipped     the right data but for its last bit
    3 0 0 garbage 64           64 octets that mean nothing
    3 1 1 hex 00ff             these octets
    raw 0301                   the whole RDATA, well-formed or not
"""

from __future__ import annotations

from dataclasses import dataclass

LEAF = "leaf"
ISSUER = "issuer"
ROOT = "root"
OTHER_KEY = "other-key"
SUBJECTS = (LEAF, ISSUER, ROOT, OTHER_KEY)


@dataclass(frozen=True)
class TlsaExpression:
    """One TLSA record in a scenario's words (RFC 6698 section 2.1)."""

    usage: int
    selector: int
    matching_type: int
    subject: str = ""
    """Whose certificate or key the data is made of; empty: leaf for usages 1 and 3, root for 0 and 2."""
    computed_as: tuple[int, int] | None = None
    """Selector and matching type the data is really made with, where they differ from the published ones."""
    octets: int | None = None
    last_bit_flipped: bool = False
    literal: bytes | None = None
    """Association data given outright."""
    garbage: int | None = None
    """Number of meaningless octets of association data."""
    raw: bytes | None = None
    """The whole RDATA given outright; the other fields then mean nothing."""

    @property
    def selector_and_type(self) -> tuple[int, int]:
        return self.computed_as or (self.selector, self.matching_type)

    @classmethod
    def parse(cls, text: str) -> TlsaExpression:
        """Read the words. Raises ValueError with the remedy when they make no record."""
        words = text.split()
        if words[:1] == ["raw"]:
            return cls(0, 0, 0, raw=_hex("".join(words[1:]), text))
        if len(words) < 3 or not all(word.isdigit() for word in words[:3]):
            raise ValueError(
                f"{text!r} is no TLSA record: write usage, selector and matching type, as in '3 1 1', "
                "then what differs from a matching one, as in '3 1 1 other-key'"
            )
        usage, selector, matching = (_octet(word, text) for word in words[:3])
        rest = iter(words[3:])
        subject, computed, octets, flipped, literal, garbage = "", None, None, False, None, None
        for word in rest:
            if word == "as":
                computed = (_known(next(rest, ""), (0, 1), text), _known(next(rest, ""), (0, 1, 2), text))
            elif word == "octets":
                octets = _number(next(rest, ""), text)
            elif word == "last-bit-flipped":
                flipped = True
            elif word == "garbage":
                garbage = _number(next(rest, ""), text)
            elif word == "hex":
                literal = _hex("".join(rest), text)
            elif subject:
                raise ValueError(f"{text!r}: {word!r} is one word too many: the data is already that of {subject!r}")
            else:
                subject = word
        made = cls(usage, selector, matching, subject, computed, octets, flipped, literal, garbage)
        if literal is None and garbage is None:
            if made.selector_and_type[0] not in (0, 1) or made.selector_and_type[1] not in (0, 1, 2):
                raise ValueError(
                    f"{text!r}: no data is defined for selector {selector} and matching type {matching}; "
                    "say which octets to publish: 'as 1 1', 'garbage 32' or 'hex ...'"
                )
        elif subject or computed or (literal is not None and garbage is not None):
            raise ValueError(
                f"{text!r} says two different things about its data: give one of a subject, 'garbage', 'hex'"
            )
        return made


def _octet(word: str, text: str) -> int:
    if int(word) > 255:
        raise ValueError(f"{text!r}: {word} does not fit in an octet: usage, selector and matching type are 0 to 255")
    return int(word)


def _known(word: str, values: tuple[int, ...], text: str) -> int:
    if not word.isdigit() or int(word) not in values:
        raise ValueError(f"{text!r}: 'as' takes a selector (0 or 1) and a matching type (0, 1 or 2), not {word!r}")
    return int(word)


def _number(word: str, text: str) -> int:
    if not word.isdigit() or int(word) > 60000:
        raise ValueError(f"{text!r}: a number of octets up to 60000 is wanted, not {word!r}")
    return int(word)


def _hex(word: str, text: str) -> bytes:
    try:
        return bytes.fromhex(word)
    except ValueError:
        raise ValueError(f"{text!r}: {word!r} is not hexadecimal: write pairs of 0-9 and a-f") from None
