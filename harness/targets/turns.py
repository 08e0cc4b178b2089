"""How many messages are in a target's hands at a time: fewer after it has died, until it is known of which."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator


class Turns:
    """Messages wait here until the target is up and has few enough in its hands."""

    def __init__(self, at_once: int) -> None:
        self._usual = self._at_once = at_once
        self._in_hand = 0
        self._changed = asyncio.Condition()
        self.is_up = False

    @contextlib.asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for one; the message is in the target's hands as long as this runs."""
        async with self._changed:
            await self._changed.wait_for(lambda: self.is_up and self._in_hand < self._at_once)
            self._in_hand += 1
        try:
            yield
        finally:
            async with self._changed:
                self._in_hand -= 1
                self._changed.notify_all()

    async def up(self) -> None:
        """The target takes messages."""
        async with self._changed:
            self.is_up = True
            self._changed.notify_all()

    def down(self, *, culprit_known: bool) -> None:
        """The target has died; it is given fewer until there is only one left that it can have died of."""
        self.is_up = False
        self._at_once = self._usual if culprit_known else max(1, self._at_once // 4)
