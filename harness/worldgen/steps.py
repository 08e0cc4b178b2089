"""A draft's messages as steps of a scenario."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.scenario.merge import merge

from .draft import DOMAIN, Draft
from .entries import UnusableError

_TTL = 1
"""TTL of all that may change, in seconds."""
_WAIT = "6s"
"""Until nobody remembers what was before the change: records by their TTL, failures for some seconds (RFC 2308 section
7.1), connections that are kept open."""
_FREE = ("records", "ttl", "denial", "nsec3")
"""What may change of a zone right below `example.`, whose delegation is kept in caches for an hour."""


def with_steps(draft: Draft) -> dict[str, Any]:
    """The world in the words of a scenario, with steps where more than one message is sent.

    A world that changes has short TTLs, and the change is waited for: it is right for senders and resolvers, too, that
    keep answers. Raises UnusableError where a change would come to nothing, or is none that can be waited for.
    """
    if draft.before is not None:
        return _changing(draft.before.tables(), draft.tables())
    if draft.times == 1 and not draft.also:
        return draft.tables()
    world, recipient = _parted(draft.tables())
    times = {"times": draft.times} if draft.times > 1 else {}
    steps = [{"send": [recipient], **times}, *([{"send": [draft.also]}] if draft.also else [])]
    return {**world, "steps": steps}


def _parted(tables: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """A world, and the word for its recipient: steps say themselves whom they write to."""
    world = dict(tables)
    return world, world.pop("recipient", DOMAIN)


def _changing(first: Mapping[str, Any], then: Mapping[str, Any]) -> dict[str, Any]:
    (first, recipient), (then, another) = _parted(first), _parted(then)
    needs = list(dict.fromkeys((*first.pop("needs", ()), *then.pop("needs", ()))))
    first, then = _with_zones(first, of=then), _with_zones(then, of=first)
    change = _difference(first, then)
    if merge(first, change) != then:
        raise UnusableError("a key would have to be taken away")
    if not change and recipient == another:
        raise UnusableError("the world does not change")
    faults = [fault for fault in then.get("faults", []) if fault not in first.get("faults", [])]
    if "route" in change or any(map(_is_about_delegation, faults)) or _is_delegated_anew(first, then):
        raise UnusableError("the change is none that can be waited for")
    changing = [{"change": change}, {"wait": _WAIT}] if change else []
    steps = [{"send": [recipient]}, *changing, {"send": [another]}]
    return {**first, **({"needs": needs} if needs else {}), "steps": steps}


def _with_zones(tables: Mapping[str, Any], *, of: Mapping[str, Any]) -> dict[str, Any]:
    """With all zones that are there before or after the change, for none can be added; nothing in them stays long."""
    zones: dict[str, dict[str, Any]] = tables.get("zones", {})
    others: dict[str, dict[str, Any]] = of.get("zones", {})
    found: dict[str, dict[str, Any]] = {}
    for key in dict.fromkeys((DOMAIN, *zones, *others)):
        named = {word: value for word, value in others.get(key, {}).items() if word == "name"}
        found[key] = {**named, **zones.get(key, {}), "ttl": _TTL}
    return {**tables, "zones": found}


def _difference(base: Mapping[str, Any], then: Mapping[str, Any]) -> dict[str, Any]:
    """What `merge` has to lay over the one to come to the other."""
    found: dict[str, Any] = {}
    for key, value in then.items():
        old = base.get(key)
        if isinstance(old, Mapping) and isinstance(value, Mapping):
            inner = _difference(old, value)
            if inner:
                found[key] = inner
        elif key not in base or old != value:
            found[key] = value
    return found


def _is_about_delegation(fault: Mapping[str, Any]) -> bool:
    return str(fault["at"]).split()[-1] == "DS"


def _is_delegated_anew(first: Mapping[str, Any], then: Mapping[str, Any]) -> bool:
    """Whether a zone right below `example.`, as all are that have no name of their own, is signed or served in
    another way."""

    def delegations(tables: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        zones = {key: zone for key, zone in tables["zones"].items() if "name" not in zone}
        return {key: {word: said for word, said in zone.items() if word not in _FREE} for key, zone in zones.items()}

    return delegations(first) != delegations(then)
