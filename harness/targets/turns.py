"""When a message may be given to a target.

How many it has in its hands at a time: fewer after it has died, until it is known of which it dies. And how soon after
another to the same recipient.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection

from .base import Mail


class Turns:
    """Messages wait here until the target is up and has few enough in its hands.

    After it has died, those that it may have died of go first, in ever smaller groups, and nothing goes beside them.
    """

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._in_hand: set[str] = set()
        self._suspects: set[str] = set()
        self._lost: set[str] = set()
        """Suspects that have not been in its hands since it died."""
        self._group = at_once
        self._changed = asyncio.Condition()
        self.is_up = False

    @contextlib.asynccontextmanager
    async def turn(self, key: str) -> AsyncIterator[None]:
        """Wait for one; the message of this id is in the target's hands as long as this runs."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._may(key))
            self._in_hand.add(key)
            self._lost.discard(key)
        try:
            yield
        finally:
            async with self._changed:
                self._in_hand.discard(key)
                if key not in self._lost:
                    self._suspects.discard(key)
                self._changed.notify_all()

    def _may(self, key: str) -> bool:
        if not self.is_up or key in self._in_hand:
            return False
        if self._suspects:
            return key in self._suspects and len(self._in_hand) < self._group
        return len(self._in_hand) < self._at_once

    async def up(self) -> None:
        """The target takes messages."""
        async with self._changed:
            self.is_up = True
            self._changed.notify_all()

    def down(self, lost: Collection[str]) -> None:
        """The target has died with these messages in its hands; with none, where it is known what it died of."""
        self.is_up = False
        self._suspects |= set(lost)
        self._lost |= set(lost)
        self._group = max(1, min(len(lost) or len(self._suspects), self._at_once) // 4)


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
