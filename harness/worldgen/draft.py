"""A world in the making: the healthy one, which twists depart from."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any

DOMAIN, PROVIDER = "domain", "provider"


@dataclass
class Draft:
    """Tables of a scenario that twists write into, one after another; where two say something different, the last does.

    Hosts are counted from 0; a twist that means one which is not there means the first.
    """

    hosts: list[dict[str, Any]] = field(default_factory=lambda: [{}])
    """MX hosts; in `shape` `implicit` and `relay` the first is the domain itself, or the relay."""
    shape: str = "mx"
    """`mx`, `implicit` (the domain is its own host), or `relay` (a configured next hop)."""
    zones: dict[str, dict[str, Any]] = field(default_factory=dict)
    certs: dict[str, dict[str, Any]] = field(default_factory=dict)
    faults: list[dict[str, Any]] = field(default_factory=list)
    top: dict[str, Any] = field(default_factory=dict)
    """Everything else: `recipient`, `resolver`, `route`, `message`, `needs`."""
    words: list[str] = field(default_factory=list)
    """What was done, for the title."""
    own_server: bool = False
    """Whether a server without TLSA records lives at the domain's own address, beside its MX hosts."""
    taken: set[str] = field(default_factory=set)
    """What may be said once only, and has been: a name can be an alias of one other."""

    times: int = 1
    """How many messages are sent, one after the other."""
    also: str = ""
    """Key of another recipient domain's zone, to which the last message goes; empty: there is none."""
    before: Draft | None = None
    """The world as it was for the first message; None: it does not change."""

    def changing(self) -> Draft:
        """This world once its first message has been sent."""
        return replace(deepcopy(self), before=self)

    def claim(self, what: str) -> bool:
        """Whether this may still be said."""
        free = what not in self.taken
        self.taken.add(what)
        return free

    def host(self, number: int) -> dict[str, Any]:
        """The table of a host."""
        return self.hosts[number if number < len(self.hosts) else 0]

    def name(self, number: int) -> str:
        """The placeholder of a host's name."""
        return "{" + self.key(number) + "}"

    def key(self, number: int) -> str:
        """The key of a host."""
        number = number if number < len(self.hosts) else 0
        if number == 0 and self.shape != "mx":
            return {"implicit": "apex", "relay": "relay"}[self.shape]
        return f"mx{number + 1}"

    def zone(self, key: str) -> dict[str, Any]:
        """The table of a zone."""
        return self.zones.setdefault(key, {})

    def record(self, zone: str, line: str) -> None:
        """A further record in a zone."""
        self.zone(zone).setdefault("records", []).append(line)

    def behind_insecure_mx(self) -> None:
        """Let MX records that are not signed name the first host, which is in a signed zone."""
        self.zone(DOMAIN)["signed"] = False
        if self.shape == "mx":
            self.zone(PROVIDER)
            self.hosts[0].setdefault("host", "mx1.{provider}")

    def authority(self, name: str, **values: Any) -> str:
        """A CA under [certs]."""
        self.certs.setdefault(name, {"ca": True}).update(values)
        return name

    def tables(self) -> dict[str, Any]:
        """The world in the words of a scenario, keys that say nothing left out."""
        made: dict[str, Any] = dict(self.top)
        if self.zones:
            made["zones"] = self.zones
        if self.shape == "implicit":
            made |= {"mx": [], "hosts": [{"key": "apex", "host": "{domain}", **self.hosts[0]}]}
        elif self.shape == "relay":
            made |= {"hosts": [{"key": "relay", **self.hosts[0]}]}
            made["route"] = {**made.get("route", {}), "relay": "[{relay}]"}
        elif any(self.hosts) or len(self.hosts) > 1:
            made["mx"] = self.hosts
        if self.own_server and self.shape == "mx":
            made["hosts"] = [*made.get("hosts", []), {"key": "apex", "host": "{domain}", "tlsa": []}]
        if "fallback_relay" in made.get("route", {}):
            made["hosts"] = [*made.get("hosts", []), {"key": "fallback"}]
        if self.certs:
            made["certs"] = self.certs
        if self.faults:
            made["faults"] = self.faults
        return made
