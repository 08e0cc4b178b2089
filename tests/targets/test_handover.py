"""Handing messages over: several in a session, each once, and refusals told as the target said them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from harness.targets.handover import Counter, Refused
from tests.targets.surroundings import mail

pytestmark = pytest.mark.loopback


@dataclass
class Relay:
    """Takes mail, and misbehaves as told."""

    sessions: list[list[str]] = field(default_factory=list)
    """The recipients of the messages taken, by session."""
    texts: list[str] = field(default_factory=list)
    refuse: Callable[[str, int], str] = lambda _recipient, _taken: ""
    """The reply to RCPT, by recipient and number of messages taken before in the session; empty: 250."""
    leave_after: int = 100
    """Close the connection after so many messages."""
    swallow: bool = False
    """Close it in place of the reply to a message."""
    _serving: set[asyncio.Task[None]] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Called once for each connection."""
        task = asyncio.create_task(self._session(reader, writer))
        self._serving.add(task)
        await task

    async def end(self) -> None:
        """Wait for the end of all connections."""
        await asyncio.gather(*self._serving)

    async def _session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        taken: list[str] = []
        self.sessions.append(taken)
        to = ""
        writer.write(b"220 relay\r\n")
        while line := (await reader.readline()).decode().strip():
            reply = "250 ok"
            if line.startswith("RCPT"):
                to = line.partition("<")[2].rstrip(">")
                reply = self.refuse(to, len(taken)) or reply
            elif line == "DATA":
                writer.write(b"354 go on\r\n")
                self.texts.append((await reader.readuntil(b"\r\n.\r\n")).decode())
                if self.swallow:
                    break
                taken.append(to)
            writer.write(f"{reply}\r\n".encode())
            if len(taken) == self.leave_after:
                break
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


def _with(relay: Relay, body: Callable[[Counter], Awaitable[None]]) -> None:
    async def main() -> None:
        server = await asyncio.start_server(relay.serve, "127.0.0.1", 0)
        async with server:
            counter = Counter("127.0.0.1", server.sockets[0].getsockname()[1])
            await body(counter)
            counter.close()
            await relay.end()

    asyncio.run(main())


async def _hand_over(counter: Counter, *names: str) -> None:
    for name in names:
        await counter.hand_over(mail(f"{name}@one.example"))


def test_messages_share_sessions_of_limited_length() -> None:
    relay = Relay()
    _with(relay, lambda counter: _hand_over(counter, *map(str, range(20))))
    assert [len(taken) for taken in relay.sessions] == [8, 8, 4]
    assert [each for taken in relay.sessions for each in taken] == [f"{number}@one.example" for number in range(20)]


def test_a_line_that_begins_with_a_dot_arrives_with_its_dot() -> None:
    relay = Relay()
    _with(relay, lambda counter: _hand_over(counter, "a"))
    assert relay.texts == ["Subject: hi\r\n\r\n..dot\r\n.\r\n"]


def test_a_session_that_has_come_to_its_end_is_followed_by_another_and_nothing_is_given_twice() -> None:
    relay = Relay(leave_after=2)
    _with(relay, lambda counter: _hand_over(counter, *"abcde"))
    assert relay.sessions == [
        ["a@one.example", "b@one.example"],
        ["c@one.example", "d@one.example"],
        ["e@one.example"],
    ]


def test_what_is_refused_because_of_the_session_is_tried_in_a_new_one() -> None:
    relay = Relay(refuse=lambda _, taken: "452 too many messages in this session" if taken else "")
    _with(relay, lambda counter: _hand_over(counter, "a", "b"))
    assert [taken for taken in relay.sessions if taken] == [["a@one.example"], ["b@one.example"]]


@pytest.mark.parametrize(("reply", "permanent"), [("550 no", True), ("450 later", False)])
def test_a_refusal_is_told_with_the_reply_and_whether_it_is_for_good(reply: str, *, permanent: bool) -> None:
    async def body(counter: Counter) -> None:
        await _hand_over(counter, "a")
        with pytest.raises(Refused, match=reply) as caught:
            await _hand_over(counter, "bad")
        assert caught.value.permanent is permanent
        await _hand_over(counter, "b")

    relay = Relay(refuse=lambda to, _: reply if to.startswith("bad") else "")
    _with(relay, body)
    assert [each for taken in relay.sessions for each in taken] == ["a@one.example", "b@one.example"]


def test_a_message_whose_text_was_written_is_not_given_a_second_time() -> None:
    async def body(counter: Counter) -> None:
        await _hand_over(counter, "a")
        relay.swallow = True
        with pytest.raises(ConnectionError):
            await _hand_over(counter, "b")

    relay = Relay()
    _with(relay, body)
    assert len(relay.texts) == 2
