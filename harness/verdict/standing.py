"""Where a target stands on the choices that the RFCs leave to it, read off one message, and whether that is what it
declares.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from harness.scenario.choices import Choices, Telling
from harness.scenario.models import Mode
from harness.scenario.outcomes import Code, Outcome, Permitted

from .conformance import fits, leak
from .facts import shows
from .fates import Contact, Fate
from .finding import DONE, Finding
from .observation import Observation, Sending
from .profile import Profile
from .result import Grade, Position, Verdict

_CONFORMING = (Verdict.PASS, Verdict.ALLOWED)


_STEADY = 0.9
"""How much of the mail that has to go a target delivers, at the least, if what it withholds is to mean anything."""


def is_steady(rows: Iterable[tuple[Sending, Fate, Finding]]) -> bool:
    """Whether nearly all messages were delivered that may not be withheld, of those handed over."""
    due = [
        fate
        for sending, fate, found in rows
        if sending.handed is not None and all(each.is_delivery for each in found.expected.outcomes)
    ]
    return not due or sum(fate.delivered for fate in due) >= _STEADY * len(due)


@dataclass(frozen=True)
class Reading:
    """What one message tells about one choice."""

    choice: str
    position: str
    telling: Telling
    outcomes: tuple[Outcome, ...]
    """The permitted outcomes that what was seen may have been."""

    @property
    def told(self) -> Position:
        """As it stands in a result."""
        return Position(choice=self.choice, position=self.position)


Tellings = Mapping[str, Sequence[tuple[str, Telling]]]
"""By the ids of scenarios, the choices that they tell something about."""


def tellings(scenarios: Iterable[str], choices: Choices) -> Tellings:
    """What each of these scenarios tells."""
    each = [(name, telling) for name, choice in choices.items() for telling in choice.tells]
    return {key: [(name, telling) for name, telling in each if telling.about(key)] for key in scenarios}


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Reads off messages where one target stands."""

    profile: Profile
    tellings: Tellings
    active: bool
    """Whether DANE is in use."""
    steady: bool = True
    """Whether mail goes where it has to. If not, what is withheld may be so for any reason, and tells nothing."""

    def settle(
        self, observation: Observation, sending: Sending, fate: Fate, found: Finding, *, believed: bool
    ) -> tuple[Finding, tuple[Position, ...]]:
        """The finding once the declared positions have been looked at, and the positions that were seen."""
        read = self.readings(observation, sending, fate, found, believed=believed)
        return held_to_its_word(found, fate, read, self.profile), tuple(each.told for each in read)

    def readings(
        self, observation: Observation, sending: Sending, fate: Fate, found: Finding, *, believed: bool
    ) -> tuple[Reading, ...]:
        """What the message tells; nothing unless it conforms, but for a warning, which a position may be the cause of.

        `believed`: whether deliveries over TLS count as authenticated where they may be. A target without DANE takes no
        position on it, so of one no more is read than what holds of all senders.
        """
        if found.verdict not in _CONFORMING and found.grade is not Grade.WARNING:
            return ()
        if found.idle or found.outcome == DONE or not (fate.taken or self.steady):
            return ()
        profile = self.profile.towards(sending.send.mode(fate.zone))
        permitted = profile.permitted(sending.send.expected(fate.zone))
        seen = _seen(permitted, fate, found, believed=believed)
        aware = self.active and Mode.UNAWARE not in (profile.mode, profile.judged_as)
        return tuple(_read(observation, sending, seen, permitted, tellings=self.tellings, aware=aware)) if seen else ()


def _read(
    observation: Observation,
    sending: Sending,
    seen: tuple[Outcome, ...],
    permitted: Permitted,
    *,
    tellings: Tellings,
    aware: bool,
) -> Iterator[Reading]:
    for name, telling in tellings.get(observation.scenario.id, ()):
        if not (aware or telling.any_sender):
            continue
        if telling.when is not None and not shows(telling.when, observation, sending):
            continue
        positions = {telling.position(outcome) for outcome in seen}
        position = positions.pop()
        if position is not None and not positions and telling.is_open(permitted):
            yield Reading(name, position, telling, seen)


def _seen(permitted: Permitted, fate: Fate, found: Finding, *, believed: bool) -> tuple[Outcome, ...]:
    """The permitted outcomes that look like what happened; none where nothing is known for sure."""
    if not fate.taken:
        return tuple(outcome for outcome in permitted.outcomes if outcome.code.value == found.outcome)
    like = tuple(outcome for outcome in permitted.outcomes if fits(outcome, fate.taken[-1]))
    return like if believed else tuple(outcome for outcome in like if outcome.code is not Code.AUTH)


def held_to_its_word(found: Finding, fate: Fate, read: tuple[Reading, ...], profile: Profile) -> Finding:
    """The finding once the target's declared positions have been looked at.

    One that is taken as declared makes a less usual outcome a usual one. One that is not is a failure: of delivery
    where mail is withheld that would have gone, of security where mail has gone unauthenticated that would have waited
    or been authenticated, and else a warning.
    """
    declared = {each.choice: each for each in read if each.choice in profile.choices}
    broken = [each for each in declared.values() if each.position != profile.choices[each.choice]]
    if not broken:
        if declared and found.verdict is Verdict.ALLOWED:
            return replace(found, verdict=Verdict.PASS)
        return found
    first = broken[0]
    word = profile.choices[first.choice]
    meant = tuple(each for each in found.expected.outcomes if first.telling.position(each) == word)
    how_bad = _grade(fate.taken[-1] if fate.taken else None, first.outcomes, meant)
    if found.grade is not None and how_bad is Grade.WARNING:
        how_bad = found.grade
    leaks = tuple(map(leak, fate.taken)) if how_bad is Grade.SECURITY else ()
    return replace(
        found,
        verdict=Verdict.FAIL,
        grade=how_bad,
        expected=Permitted(meant) if meant else found.expected,
        reason=f"declares {first.choice}={word}, did {first.position}: {found.reason}",
        notes=(*found.notes, *(_told(each, profile) for each in broken[1:])),
        leaks=(*found.leaks, *leaks),
        withheld=False,
    )


def _grade(taken: Contact | None, seen: tuple[Outcome, ...], meant: tuple[Outcome, ...]) -> Grade:
    if taken is None:
        return Grade.DELIVERY if any(outcome.is_delivery for outcome in meant) else Grade.WARNING
    safe = {Code.AUTH, Code.DEFER, Code.BOUNCE}
    promised = bool(meant) and all(outcome.code in safe for outcome in meant)
    kept = any(outcome.code is Code.AUTH for outcome in seen)
    return Grade.SECURITY if promised and not kept else Grade.WARNING


def _told(reading: Reading, profile: Profile) -> str:
    return f"declares {reading.choice}={profile.choices[reading.choice]}, did {reading.position}"
