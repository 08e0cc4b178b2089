"""How an attempt may end, at one server, one host, or altogether; and what follows from several tried in turn."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from harness.scenario.models import Choice
from harness.scenario.outcomes import Code


class Kind(StrEnum):
    """What becomes of the message at a host."""

    TAKEN = "taken"
    """The server takes it."""
    HELD = "held"
    """The host may not have it now: the sender waits, or goes on to the next (RFC 7672 sections 2.1.2 and 2.2)."""
    DOWN = "down"
    """Nobody answers there, so the next is tried (RFC 5321 section 5.1)."""
    ABSENT = "absent"
    """The host provably has no address; the next is tried, and where there is none, the message may be returned."""
    UNFIT = "unfit"
    """The host is no place for a message that demands TLS; the next is tried, and where there is none, the message is
    returned (RFC 8689 section 4.2.1)."""


@dataclass(frozen=True, kw_only=True)
class Ending:
    """One ending that conforms."""

    kind: Kind
    code: Code = Code.DEFER
    """How it is taken; DEFER where it is not."""
    at: str = ""
    """Key of the server that takes it."""
    choice: Choice | None = None
    """The choice that leads here; None: no choice, or one without a name."""
    because: tuple[str, ...] = ()
    """Requirements that say so, by their ids (`7672-2.1.2-4`: RFC 7672 section 2.1.2)."""

    @property
    def taken(self) -> bool:
        return self.kind is Kind.TAKEN

    def since(self, *requirements: str, choice: Choice | None = None) -> Ending:
        """The same ending, with what led to it: requirements come before its own, a choice fills an empty place."""
        because = tuple(dict.fromkeys((*requirements, *self.because)))
        return replace(self, because=because, choice=self.choice or choice)


Endings = tuple[Ending, ...]
"""All endings that conform, the usual one first."""


def taken(code: Code, *requirements: str, at: str, choice: Choice | None = None) -> Ending:
    """The server takes the message."""
    return Ending(kind=Kind.TAKEN, code=code, at=at, choice=choice, because=requirements)


def held(*requirements: str, choice: Choice | None = None) -> Ending:
    """The host may not have it now."""
    return Ending(kind=Kind.HELD, choice=choice, because=requirements)


def down(*requirements: str) -> Ending:
    """Nobody answers."""
    return Ending(kind=Kind.DOWN, because=requirements)


def absent(*requirements: str, choice: Choice | None = None) -> Ending:
    """The host provably has no address."""
    return Ending(kind=Kind.ABSENT, choice=choice, because=requirements)


def unfit(*requirements: str, choice: Choice | None = None) -> Ending:
    """The host is no place for a message that demands TLS."""
    return Ending(kind=Kind.UNFIT, choice=choice, because=requirements)


def since(endings: Iterable[Ending], *requirements: str, choice: Choice | None = None) -> Endings:
    """The endings, each with what led to it."""
    return tuple(ending.since(*requirements, choice=choice) for ending in endings)


def distinct(endings: Iterable[Ending]) -> Endings:
    """Each ending once. What is TLS at a server is already OPP there, and so is CLEAR; DANE or not is told apart."""
    found: dict[tuple[Kind, Code, str], Ending] = {}
    for ending in endings:
        found.setdefault((ending.kind, ending.code, ending.at), ending)
    for kind, code, at in [key for key in found if key[1] in (Code.CLEAR, Code.TLS)]:
        general = (kind, Code.OPP, at)
        if general in found:
            found = {general if key == (kind, code, at) else key: ending for key, ending in found.items()}
            found[general] = replace(found[general], code=Code.OPP)
    return tuple(found.values())


def in_turn(
    groups: Sequence[Sequence[Endings]], *, alike: Choice, choice: Choice, stops: Collection[Kind] = (Kind.HELD,)
) -> Endings:
    """What may come of hosts, or of a host's addresses, tried one after another; those in one group in any order.

    Where one of them keeps the message back, or ends in another way that `stops` names, the sender leaves it at that,
    or goes on by `choice`, and by `alike` where several stand in one group. One that is down must not end the attempt,
    unless two have been tried (RFC 5321 section 5.1).
    """
    found: list[Ending] = []
    tried: list[Endings] = []
    for place, group in enumerate(groups):
        among_equals = alike if len(group) > 1 else None
        waiting = among_equals or (choice if len(groups) > 1 else None)
        for each in group:
            found += [ending.since(choice=among_equals) for ending in each if ending.taken]
        tried += [tuple(ending for ending in each if not ending.taken) for each in group]
        for each in tried[-len(group) :]:
            found += [ending.since(choice=waiting) for ending in each if ending.kind in stops]
        if not all(tried):
            break
        silent = sum(any(ending.kind is Kind.DOWN for ending in each) for each in tried)
        if silent > 1 and place + 1 < len(groups):
            found.append(held("5321-5.1-8", choice=choice))
    else:
        found += _in_vain(tried)
    return _usual_first(groups, distinct(found))


def _in_vain(tried: Sequence[Endings]) -> Iterator[Ending]:
    """How it ends where nobody took the message and nothing stopped the sender before."""
    missing = [[ending for ending in each if ending.kind is Kind.ABSENT] for each in tried]
    silent = [ending for each in tried for ending in each if ending.kind is Kind.DOWN]
    wanting = [ending for each in tried for ending in each if ending.kind is Kind.UNFIT]
    if wanting:
        # RFC 8689 section 4.2.1 returns the message once no host is left; RFC 7672 section 2.1.2 waits for those that
        # could not be asked, and both may be meant.
        yield wanting[0]
        if any(missing):
            yield held("7672-2.1.2-6", choice=Choice.REQUIRETLS)
    if all(missing):
        yield missing[0][0]
    if silent and all(any(ending.kind is not Kind.HELD for ending in each) for each in tried):
        yield silent[0]


def _usual_first(groups: Sequence[Sequence[Endings]], endings: Endings) -> Endings:
    """The ending first that comes about where each host and address fares as usual."""
    order = [each[0] for group in groups for each in group]
    firsts = [ending for ending in order if ending.taken]
    wanted = {(first.kind, first.at) for first in firsts[:1]}
    if not wanted:
        kinds = {ending.kind for ending in order}
        kind = next(kind for kind in (Kind.HELD, Kind.DOWN, Kind.UNFIT, Kind.ABSENT) if kind in kinds)
        wanted = {(kind, "")}
    return tuple(sorted(endings, key=lambda ending: (ending.kind, ending.at) not in wanted))
