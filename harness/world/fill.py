"""Placeholders, filled in: what `harness/scenario/placeholders.py` lists, as it stands in a world."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cryptography import x509

from harness.scenario.placeholders import PLACEHOLDER
from harness.scenario.source import KeyPath
from harness.scenario.tlsa import ISSUER, LEAF, ROOT

from . import tlsa
from .model import PrivateKey

if TYPE_CHECKING:
    from .build import World

_SELECTORS = {"cert": 0, "spki": 1}
_MATCHING_TYPES = {"der": 0, "sha256": 1, "sha512": 2}


def fill(world: World, text: str, *, dotted: bool, at: KeyPath) -> str:
    """The text with its placeholders replaced; with `dotted`, names end in the final dot. Raises ScenarioError."""

    def value(found: re.Match[str]) -> str:
        word = found[1]
        name = _name(world, word)
        if name is None:
            return _value(world, word, at)
        if dotted and text[found.end() :].startswith("."):
            raise world.error(
                f"{text!r}: {{{word}}} stands for a name with its final dot here, and another dot follows",
                at=at,
                remedy=f"write {{{word}}} without the dot behind it",
            )
        return name if dotted else name[:-1]

    return PLACEHOLDER.sub(value, text)


def _name(world: World, word: str) -> str | None:
    """The absolute name that the placeholder stands for; None where it stands for something else."""
    host, _, rest = word.partition(".")
    if word in world.zone_names:
        return world.zone_names[word]
    if host in world.hosts and rest in ("", "target"):
        return world.address_owner(host) if rest else world.host_name(host)
    return None


def _value(world: World, word: str, at: KeyPath) -> str:
    if word == "id":
        return world.scenario.id
    first, _, rest = word.partition(".")
    try:
        if first in world.hosts:
            if rest.startswith("tlsa "):
                data = world.tlsa_rdata(rest.removeprefix("tlsa "), host=first, at=at)
                return f"\\# {len(data)} {data.hex()}"
            if rest in ("ipv4", "ipv6"):
                return world.host_addresses(first, ipv6=rest == "ipv6")[0]
            whose, _, form = rest.partition(".")
            if whose in (ISSUER, ROOT):
                return _digest(world.subject(first, whose), form)
            return _digest(world.subject(first, LEAF), rest)
        name, _, form = rest.partition(".")
        if first == "cert":
            return _digest(world.office.named(name).certificate, form)
        if first == "key":
            return _digest(world.office.key(name), form)
    except IndexError:
        raise world.error(
            f"{{{word}}}: {first} has no such address", at=at, remedy=f"give it one: ipv4 or ipv6 of {first}"
        ) from None
    except (KeyError, ValueError) as error:
        raise world.error(f"{{{word}}} cannot be filled in: {error}", at=at) from None
    known = "}, {".join((*world.zone_names, *world.hosts))
    raise world.error(f"nothing is called {{{word}}}", at=at, remedy=f"zones and hosts are {{{known}}}")


def _digest(subject: x509.Certificate | PrivateKey, form: str) -> str:
    """`spki.sha256`, `cert.der` and the like, in hexadecimal. Raises ValueError for another form."""
    what, _, how = form.partition(".")
    if what not in _SELECTORS or how not in _MATCHING_TYPES:
        raise ValueError(f"{form!r} is no data of a certificate or key: write 'spki.sha256', 'cert.der' or the like")
    return tlsa.matched(tlsa.selected(subject, _SELECTORS[what]), _MATCHING_TYPES[how]).hex()
