"""The placeholders that texts in a scenario may hold, and what is wrong with those that mean nothing.

Names and numbers:

    {id}                                    the scenario's id
    {domain} {provider}                     name of a zone, by its key
    {mx1} {mx1.target}                      host name; the owner of its address records
    {mx1.ipv4} {mx1.ipv6}                   its first address
    {mx1.spki.sha256} {mx1.cert.der}        data of the certificate it shows: spki or cert; sha256, sha512 or der
    {mx1.issuer.spki.sha256}                that of its issuer, or with root of the topmost of its path
    {mx1.tlsa 3 1 1}                        TLSA RDATA in the words of `tlsa.py`
    {cert.root.spki.sha256}                 data of a certificate under [certs]
    {key.spare.spki.sha256}                 data of a key under [keys]
    {host}                                  in what a server says: the host name that it stands for
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from .mailhosts import SPOKEN
from .models import Scenario
from .names import Names
from .source import KeyPath, Problem
from .stages import CHANGEABLE
from .tlsa import ISSUER, ROOT, TlsaExpression
from .words import did_you_mean

PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
SPKI = tuple(f"spki.{form}" for form in ("sha256", "sha512", "der"))
CERT = tuple(f"cert.{form}" for form in ("sha256", "sha512", "der"))
ABOVE = tuple(f"{whose}.{form}" for whose in (ISSUER, ROOT) for form in (*SPKI, *CERT))
HOST = ("ipv4", "ipv6", "target", *SPKI, *CERT, *ABOVE)


def placeholder_problems(scenario: Scenario, names: Names) -> Iterator[Problem]:
    """What cannot be replaced, wherever it stands in the world's tables, the recipient or what the steps send."""
    tables = scenario.model_dump(mode="json", exclude_unset=True, include={*CHANGEABLE, "recipient"})
    tables["steps"] = [{"send": list(step.send)} for step in scenario.steps]
    for path, text in _texts(tables):
        for word in PLACEHOLDER.findall(text):
            wrong = _wrong(word, names, knows_host=any(part in SPOKEN for part in path[-2:]))
            if wrong:
                yield Problem(path, f"nothing is called {{{word}}}", wrong)
        if "{" in PLACEHOLDER.sub("", text):
            yield Problem(path, f"a brace is never closed in {text!r}", "write placeholders as in {mx1.ipv4}")


def _texts(value: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts(inner, (*path, key))
            if len(path) > 1 and "{" in key:
                yield (*path, key), key
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _texts(inner, (*path, index))
    elif isinstance(value, str) and "{" in value:
        yield path, value


def _wrong(word: str, names: Names, *, knows_host: bool) -> str:
    """The remedy for a placeholder that means nothing; empty when it means something."""
    first, dot, rest = word.partition(".")
    if first in ("cert", "key") and dot:
        name, _, attribute = rest.partition(".")
        named, attributes = (names.certs, (*SPKI, *CERT)) if first == "cert" else (names.keys, SPKI)
        if name not in named:
            return did_you_mean(name, named, otherwise=f"there are no [{first}s]")
        return "" if attribute in attributes else did_you_mean(attribute, attributes)
    if not dot and (word in names.zones or word == "id" or (knows_host and word == "host")):
        return ""
    if first not in names.hosts:
        if first in names.zones:
            return f"{{{first}}} is a zone and stands for its name alone"
        words = [*names.zones, *names.hosts, "id", *(("host",) if knows_host else ())]
        return did_you_mean(first, words)
    if rest.startswith("tlsa "):
        try:
            TlsaExpression.parse(rest.removeprefix("tlsa "))
        except ValueError as error:
            return str(error)
        return ""
    return "" if not dot or rest in HOST else did_you_mean(rest, [*HOST, "tlsa 3 1 1"])
