"""The names that a scenario gives to its parts, by which other parts refer to them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from .certificates import LEAF, SELF, WEBPKI, KeyType
from .mailhosts import Host, Server
from .models import Scenario
from .source import KeyPath, Problem
from .tlsa import OTHER_KEY, SUBJECTS

DOMAIN = "domain"
_PLACEHOLDER_WORDS = ("id", "host", "cert", "key")
_RESERVED = {
    "zones": _PLACEHOLDER_WORDS,
    "hosts": (*_PLACEHOLDER_WORDS, *SUBJECTS),
    "certs": (SELF, LEAF, WEBPKI, OTHER_KEY),
    "keys": (*SUBJECTS, *KeyType),
}
"""Words with a meaning of their own. `root` and `issuer` are left to certificates: they mean much the same there."""


@dataclass(frozen=True)
class Names:
    """What can be referred to, each list in the order of the file."""

    zones: tuple[str, ...]
    hosts: tuple[str, ...]
    """Keys of MX hosts, given or by position (mx1, mx2, ...), then those of other hosts (host1, host2, ...)."""
    servers: tuple[str, ...]
    certs: tuple[str, ...]
    keys: tuple[str, ...]

    @classmethod
    def of(cls, scenario: Scenario) -> Names:
        return cls(
            zones=tuple(dict.fromkeys((DOMAIN, *scenario.zones))),
            hosts=tuple(key for _, key, _ in keyed_hosts(scenario)),
            servers=tuple(scenario.servers),
            certs=tuple(scenario.certs),
            keys=tuple(scenario.keys),
        )


def keyed_hosts(scenario: Scenario) -> Iterator[tuple[KeyPath, str, Host]]:
    """Every named host with its path in the file and its key."""
    for index, mx in enumerate(scenario.mx):
        yield ("mx", index), mx.key or f"mx{index + 1}", mx
    for index, host in enumerate(scenario.hosts):
        yield ("hosts", index), host.key or f"host{index + 1}", host


def all_servers(scenario: Scenario) -> Iterator[tuple[KeyPath, Server]]:
    """Every server: those behind hosts, and those under [servers]."""
    for path, _, host in keyed_hosts(scenario):
        yield path, host
    for name, server in scenario.servers.items():
        yield ("servers", name), server


def name_problems(scenario: Scenario, names: Names) -> Iterator[Problem]:
    """One key for two things, and keys that already mean something else."""
    counts = Counter(names.hosts)
    for path, key, _ in keyed_hosts(scenario):
        at = (*path, "key")
        if counts[key] > 1:
            yield Problem(at, f"two hosts have the key {key!r}", "give one of them another key")
        if key in names.zones:
            yield Problem(at, f"{key!r} is also the key of a zone", "give the host another key")
        if key in names.servers:
            yield Problem(at, f"{key!r} is also the name of a server", "give the host another key")
        if key in _RESERVED["hosts"]:
            yield Problem(at, f"{key!r} has a meaning of its own", "give the host another key")
    for table, known in (("certs", names.certs), ("keys", names.keys), ("zones", names.zones)):
        for name in known:
            if name in _RESERVED[table] or (table == "certs" and (name in names.hosts or name in names.keys)):
                yield Problem((table, name), f"the name {name!r} already means something else", "give it another name")
