"""Handing messages to a target by SMTP, on the event loop, several in one session."""

from __future__ import annotations

import asyncio
import re
from typing import Self

from .base import Mail

_LINE_LIMIT = 1 << 16
_MESSAGES = 8
"""How many messages a session takes: some servers only queue what comes after the tenth."""
_SESSIONS = 8
"""How many sessions there are at a time."""


class Refused(Exception):  # noqa: N818 (it is the target's word, not a fault)
    """The target does not take the message; `permanent` tells whether it says never."""

    def __init__(self, reply: str) -> None:
        self.permanent = reply.startswith("5")
        super().__init__(reply)


async def hand_over(mail: Mail, *, address: str, port: int) -> None:
    """Hand one message over in a session of its own. Raises Refused, and OSError."""
    session = await _Session.begin(address, port)
    try:
        await session.hand_over(mail)
    except BaseException:
        session.close()
        raise
    session.close(politely=True)


class _Session:
    """A connection to the target, after EHLO."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.taken = 0
        """How many messages the target has taken in it."""
        self.given = False
        """The text of a message has been written, and no reply to it has come: it may have it, or not."""

    @classmethod
    async def begin(cls, address: str, port: int) -> Self:
        """Connect and greet. Raises Refused, and OSError."""
        session = cls(*await asyncio.open_connection(address, port, limit=_LINE_LIMIT))
        try:
            await session._reply()
            await session._command("EHLO lab.invalid")
        except BaseException:
            session.close()
            raise
        return session

    async def hand_over(self, mail: Mail) -> None:
        """Returns when the target has taken the message for all recipients. Raises Refused, and OSError."""
        international = not (mail.sender + "".join(mail.recipients)).isascii()
        await self._command(f"MAIL FROM:<{mail.sender}>" + (" SMTPUTF8" if international else ""))
        for each in mail.recipients:
            await self._command(f"RCPT TO:<{each}>")
        await self._command("DATA")
        text = re.sub(r"(?m)^\.", "..", mail.text)
        self.given = True
        await self._command(text.removesuffix("\r\n") + "\r\n.")
        self.given = False
        self.taken += 1

    def close(self, *, politely: bool = False) -> None:
        """End the connection."""
        if politely:
            self._writer.write(b"QUIT\r\n")
        self._writer.close()

    async def _command(self, line: str) -> None:
        self._writer.write(line.encode() + b"\r\n")
        await self._reply()

    async def _reply(self) -> None:
        lines: list[str] = []
        while True:
            line = (await self._reader.readline()).decode("utf-8", "replace")
            if not line:
                raise ConnectionResetError("the target has closed the connection")
            lines.append(line.strip())
            if line[3:4] != "-":
                break
        if line[:1] not in "23":
            raise Refused(" ".join(lines))


class Counter:
    """Where messages are handed over: in a few sessions, each used again for the next message."""

    def __init__(self, address: str, port: int) -> None:
        self._address = address
        self._port = port
        self._free: list[_Session] = []
        self._places = asyncio.Semaphore(_SESSIONS)

    async def hand_over(self, mail: Mail) -> None:
        """Returns when the target has taken the message for all recipients. Raises Refused, and OSError."""
        async with self._places:
            while not await self._handed_over(mail):
                pass

    async def _handed_over(self, mail: Mail) -> bool:
        """False where a session that was used before has come to its end before it had the message."""
        session = self._free.pop() if self._free else await _Session.begin(self._address, self._port)
        try:
            await session.hand_over(mail)
        except BaseException as problem:
            session.close()
            if isinstance(problem, OSError | Refused) and session.taken and not session.given:
                return False
            raise
        if session.taken < _MESSAGES:
            self._free.append(session)
        else:
            session.close(politely=True)
        return True

    def close(self) -> None:
        """End all sessions; new ones are begun for what may still come."""
        for session in self._free:
            session.close()
        self._free.clear()
