"""When a message may be given to a target.

How many it has in its hands at a time: fewer after it has died, until it is known of which it dies. And how soon after
another to the same recipient.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection

from .base import Mail

_HARMLESS = 1.0
"""How long a message that a target may have died of is in its hands before the next one joins it, in seconds.

It is lengthened when the target then dies with several again, one at a time though they came.
"""


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
        self._waiting: list[tuple[str, asyncio.Future[None]]] = []
        self.is_up = False

    @contextlib.asynccontextmanager
    async def turn(self, key: str) -> AsyncIterator[None]:
        """Wait for one; the message of this id is in the target's hands as long as this runs."""
        granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((key, granted))
        self._wake()
        try:
            await granted
            yield
        finally:
            self._waiting = [each for each in self._waiting if each[1] is not granted]
            self._in_hand.discard(key)
            self._fresh.discard(key)
            if key not in self._lost:
                self._suspects.discard(key)
            self._wake()

    def _wake(self) -> None:
        """Give a turn to all that may have one, in the order in which they came."""
        for key, granted in tuple(self._waiting):
            if not self._suspects and not self._room():
                return
            if granted.done() or not self._may(key):
                continue
            granted.set_result(None)
            self._waiting.remove((key, granted))
            self._in_hand.add(key)
            self._lost.discard(key)
            if self._suspects:
                self._fresh.add(key)
                asyncio.get_running_loop().call_later(self._harmless, self._settle, key)

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
