"""Whether what a target seems to authenticate is to be believed: what looks like DANE is none where mail that only DANE
would have withheld was delivered as well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.scenario.models import Mode
from harness.scenario.outcomes import Code

from .conformance import covering
from .fates import Fate
from .finding import Finding
from .observation import Observation, Sending
from .profile import Profile, permitted_in
from .support import chain

Judged = tuple[Sending, Fate, Finding]
"""What is made of one recipient of one send."""


def disproved(
    observations: Mapping[str, Observation], weighed: Mapping[str, Sequence[Judged]], profile: Profile
) -> dict[str, tuple[str, ...]]:
    """Scenarios whose AUTH is not to be believed, each with the scenarios that were delivered though they differ from
    it in what should have prevented it."""
    found: dict[str, tuple[str, ...]] = {}
    for key, rows in weighed.items():
        if any(_slipped(sending, fate, profile) for sending, fate, _ in rows):
            twins = list(chain(key, observations))
            # A twin that this mode withholds too stands aside for its own (Suite.twin).
            going = [twin for twin in twins if _goes(observations[twin], profile)]
            for twin in (going or twins)[:1]:
                found[twin] = (*found.get(twin, ()), key)
    return found


def inactive(weighed: Mapping[str, Sequence[Judged]], profile: Profile) -> bool:
    """Whether each of several messages that only a sender with DANE withholds was delivered."""
    told = [row for rows in weighed.values() for row in rows if tells(profile, row[0], row[1])]
    telling = [bool(found.leaks) for _, _, found in told]
    return len(telling) > 1 and all(telling)


def tells(profile: Profile, sending: Sending, fate: Fate) -> bool:
    """Whether the target may not deliver here, and a sender without DANE has to."""
    if fate.before:
        # The attempt that delivered it has told it.
        return False
    expect = sending.send.expected(fate.zone)
    plainly = all(outcome.is_delivery for outcome in permitted_in(Mode.UNAWARE, expect).outcomes)
    return plainly and not profile.towards(sending.send.mode(fate.zone)).permitted(expect).allows_delivery


def _goes(observation: Observation, profile: Profile) -> bool:
    """Whether the scenario's message is usually delivered in this mode."""
    send = observation.sendings[-1].send
    towards = (profile.towards(send.mode(zone)).permitted(send.expected(zone)) for zone in send.zones)
    return all(permitted.usual.is_delivery for permitted in towards)


def _slipped(sending: Sending, fate: Fate, profile: Profile) -> bool:
    """Whether a message that is usually withheld was delivered, at the very host that should not have had it."""
    permitted = profile.towards(sending.send.mode(fate.zone)).permitted(sending.send.expected(fate.zone))
    if permitted.usual.is_delivery:
        return False
    for contact in fate.taken:
        cover = covering(permitted, contact)
        if contact.rank == contact.best and (cover is None or cover.code is not Code.AUTH):
            return True
    return False
