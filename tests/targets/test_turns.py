"""Turns: no more in hand than may be; after a death the suspects alone, in ever smaller groups."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

import pytest

from harness.targets import turns as module
from harness.targets.turns import Patience, Turns
from tests.targets.surroundings import mail


class Crowd:
    """Messages that stay in hand until they are told to leave."""

    def __init__(self, turns: Turns, keys: Iterable[str]) -> None:
        self.turns = turns
        self.in_hand: list[str] = []
        self._leave = {key: asyncio.Event() for key in keys}
        self._tasks = {key: asyncio.create_task(self._stay(key)) for key in self._leave}

    def come_ahead(self, key: str) -> None:
        self._leave[key] = asyncio.Event()
        self._tasks[key] = asyncio.create_task(self._stay(key, ahead=True))

    def come_alone(self, key: str) -> None:
        self._leave[key] = asyncio.Event()
        self._tasks[key] = asyncio.create_task(self._stay(key, alone=True))

    async def _stay(self, key: str, *, ahead: bool = False, alone: bool = False) -> None:
        async with self.turns.turn(key, ahead=ahead, alone=alone):
            self.in_hand.append(key)
            await self._leave[key].wait()
            self.in_hand.remove(key)

    async def come(self) -> list[str]:
        """Those in hand, once everybody who may has come."""
        for _ in range(100):
            await asyncio.sleep(0)
        return list(self.in_hand)

    async def leave(self, *keys: str) -> list[str]:
        for key in keys:
            self._leave[key].set()
        return await self.come()

    async def come_again(self, *keys: str) -> None:
        """They had been in its hands when it died, and are given to it again."""
        await self.leave(*keys)
        for key in keys:
            self._leave[key] = asyncio.Event()
            self._tasks[key] = asyncio.create_task(self._stay(key))
        await self.come()

    def drop(self, key: str) -> None:
        self._tasks[key].cancel()


def _run(at_once: int, body: Callable[[Turns], object]) -> None:
    async def main() -> None:
        await body(Turns(at_once))  # type: ignore[misc]

    asyncio.run(main())


def test_messages_wait_for_the_target_and_for_each_other_in_the_order_in_which_they_came() -> None:
    async def body(turns: Turns) -> None:
        crowd = Crowd(turns, "abcd")
        assert await crowd.come() == []
        turns.up()
        assert await crowd.come() == ["a", "b"]
        assert await crowd.leave("a") == ["b", "c"]

    _run(2, body)


def test_those_that_are_to_go_ahead_do() -> None:
    async def body(turns: Turns) -> None:
        crowd = Crowd(turns, "ab")
        await crowd.come()
        crowd.come_ahead("c")
        crowd.come_ahead("d")
        assert await crowd.come() == []
        turns.up()
        assert await crowd.come() == ["c", "d"]
        assert await crowd.leave("c") == ["d", "a"]

    _run(2, body)


def test_what_the_target_is_known_to_die_of_goes_first_and_alone_though_others_came_before() -> None:
    async def body(turns: Turns) -> None:
        turns.up()
        crowd = Crowd(turns, "abc")
        for key in "xy":
            crowd.come_alone(key)
        assert await crowd.come() == ["x"]
        turns.down([])
        await crowd.leave("x")
        turns.up()
        assert await crowd.come() == ["y"]
        assert await crowd.leave("y") == ["a", "b", "c"]

    _run(8, body)


def test_one_that_gives_up_makes_room_for_the_next() -> None:
    async def body(turns: Turns) -> None:
        turns.up()
        crowd = Crowd(turns, "abc")
        assert await crowd.come() == ["a"]
        crowd.drop("b")
        assert await crowd.leave("a") == ["c"]

    _run(1, body)


def test_after_a_death_suspects_come_in_groups_of_a_quarter_and_nobody_beside_them() -> None:
    async def body(turns: Turns) -> None:
        turns.up()
        crowd = Crowd(turns, "abcdefghXY")
        lost = await crowd.come()
        assert lost == [*"abcdefgh"]
        turns.down(lost)
        await crowd.come_again(*lost)
        turns.up()
        assert await crowd.come() == ["a", "b"]
        assert await crowd.leave("a") == ["b", "c"]
        turns.down(("b", "c"))
        await crowd.come_again("b", "c")
        turns.up()
        assert await crowd.come() == ["d"]
        assert await crowd.leave(*"defghb") == ["c"]
        assert sorted(await crowd.leave("c")) == ["X", "Y"]

    _run(8, body)


def test_a_suspect_that_gives_up_holds_nobody_up() -> None:
    async def body(turns: Turns) -> None:
        turns.up()
        crowd = Crowd(turns, "abX")
        turns.down(await crowd.come())
        await crowd.come_again("a", "b")
        turns.up()
        assert await crowd.come() == ["a"]
        crowd.drop("b")
        assert await crowd.leave("a") == ["X"]

    _run(2, body)


def test_when_it_is_known_what_it_died_of_the_other_suspects_are_still_kept_apart() -> None:
    async def body(turns: Turns) -> None:
        turns.up()
        crowd = Crowd(turns, "abcdX")
        turns.down(await crowd.come())
        await crowd.come_again(*"abcd")
        turns.up()
        assert await crowd.come() == ["a"]
        turns.down(())
        await crowd.leave("a")
        turns.up()
        assert await crowd.come() == ["b"]
        assert await crowd.leave(*"bcd") == ["X"]

    _run(4, body)


def test_a_suspect_that_does_no_harm_for_a_while_is_joined_by_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_HARMLESS", 0.02)

    async def body(turns: Turns) -> None:
        turns.up()
        crowd = Crowd(turns, "ab")
        turns.down(await crowd.come())
        await crowd.come_again("a", "b")
        turns.up()
        assert await crowd.come() == ["a"]
        while crowd.in_hand != ["a", "b"]:
            await asyncio.sleep(0.005)
        # It dies with both again: now the first has to show longer that it does no harm.
        turns.down(("a", "b"))
        await crowd.come_again("a", "b")
        turns.up()
        await asyncio.sleep(0.03)
        assert crowd.in_hand == ["a"]

    _run(2, body)


def test_a_recipient_is_left_alone_after_a_decision_and_others_are_not() -> None:
    async def main() -> None:
        clock = asyncio.get_running_loop().time
        patience, began = Patience(0.05), clock()
        patience.decided(mail("user@one.example"))
        await patience.wait(mail("user@other.example"))
        assert clock() - began < 0.05
        await patience.wait(mail("user@other.example", "user@one.example"))
        assert clock() - began >= 0.05

    asyncio.run(main())
