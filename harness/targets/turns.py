"""When a message may be given to a target.

How many it has in its hands at a time: fewer after it has died, until it is known of which it dies. And how soon after
another to the same recipient.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass

from .base import Mail

_HARMLESS = 1.0
"""How long a message that a target may have died of is in its hands before the next one joins it, in seconds.

It is lengthened when the target then dies with several again, one at a time though they came.
"""


@dataclass(eq=False)
class _Place:
    """In the queue."""

    key: str
    granted: asyncio.Future[None]


class Turns:
    """Messages wait here until the target is up and has few enough in its hands.

    After it has died, those that it may have died of go first, in ever smaller groups, and nothing goes beside them.
    """

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._group = at_once
        self._harmless = _HARMLESS
        self._in_hand: set[str] = set()
        self._fresh: set[str] = set()
        """Those in hand that have been there for a moment only."""
        self._suspects: set[str] = set()
        self._lost: set[str] = set()
        """Suspects that have not been in its hands since it died."""
        self._ahead: list[_Place] = []
        self._waiting: list[_Place] = []
        self.is_up = False

    @contextlib.asynccontextmanager
    async def turn(self, key: str, *, ahead: bool = False, alone: bool = False) -> AsyncIterator[None]:
        """Wait for one; the message of this id is in the target's hands as long as this runs.

        `ahead` of all that are not: what others wait for should not be last. `alone`: the target is known to die of it,
        so that it goes like one that it may have died of.
        """
        loop = asyncio.get_running_loop()
        place = _Place(key, loop.create_future())
        queue = self._ahead if ahead else self._waiting
        queue.append(place)
        if alone:
            self._suspects.add(key)
            self._group = 1
        # Not at once: whoever comes at the same time gets a place first.
        loop.call_soon(self._wake)
        try:
            await place.granted
            yield
        finally:
            if place in queue:
                queue.remove(place)
                self._lost.discard(key)
            self._in_hand.discard(key)
            self._fresh.discard(key)
            if key not in self._lost:
                self._suspects.discard(key)
            self._wake()

    def _wake(self) -> None:
        """Give a turn to all that may have one, in the order in which they came."""
        for queue in (self._ahead, self._waiting):
            for place in tuple(queue):
                if not self._suspects and not self._room():
                    return
                if not place.granted.done() and self._may(place.key):
                    queue.remove(place)
                    self._grant(place)

    def _grant(self, place: _Place) -> None:
        place.granted.set_result(None)
        self._in_hand.add(place.key)
        self._lost.discard(place.key)
        if self._suspects:
            self._fresh.add(place.key)
            asyncio.get_running_loop().call_later(self._harmless, self._settle, place.key)

    def _settle(self, key: str) -> None:
        self._fresh.discard(key)
        self._wake()

    def _room(self) -> bool:
        return self.is_up and len(self._in_hand) < self._at_once

    def _may(self, key: str) -> bool:
        if self._suspects and not (key in self._suspects and len(self._fresh) < self._group):
            return False
        return self._room()

    def up(self) -> None:
        """The target takes messages."""
        self.is_up = True
        self._wake()

    def down(self, lost: Collection[str]) -> None:
        """The target has died with these messages in its hands; with none, where it is known what it died of."""
        self.is_up = False
        self._fresh.clear()
        one_by_one = bool(self._suspects) and self._group == 1
        self._harmless = self._harmless * 4 if lost and one_by_one else _HARMLESS
        self._suspects |= set(lost)
        self._lost |= set(lost)
        self._group = max(1, (len(lost) or len(self._suspects)) // 4)


class Patience:
    """Leaves a recipient alone for a while after a decision about him."""

    def __init__(self, pause: float) -> None:
        """`pause` in seconds."""
        self._pause = pause
        self._since: dict[str, float] = {}

    async def wait(self, mail: Mail) -> None:
        """Until all recipients of this message may be sent to again."""
        last = max((self._since[each] for each in mail.recipients if each in self._since), default=None)
        if last is not None:
            await asyncio.sleep(last + self._pause - asyncio.get_running_loop().time())

    def decided(self, mail: Mail) -> None:
        """There is a word about all its recipients."""
        if self._pause:
            self._since |= dict.fromkeys(mail.recipients, asyncio.get_running_loop().time())
