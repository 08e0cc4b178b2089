"""Handing one message to a target by SMTP, on the event loop."""

from __future__ import annotations

import asyncio
import re

from .base import Mail

_LINE_LIMIT = 1 << 16


class Refused(Exception):  # noqa: N818 (it is the target's word, not a fault)
    """The target does not take the message; `permanent` tells whether it says never."""

    def __init__(self, reply: str) -> None:
        self.permanent = reply.startswith("5")
        super().__init__(reply)


async def hand_over(mail: Mail, *, address: str, port: int) -> None:
    """Returns when the target has taken the message for all recipients. Raises Refused, and OSError."""
    reader, writer = await asyncio.open_connection(address, port, limit=_LINE_LIMIT)
    try:
        await _reply(reader)
        await _command(reader, writer, "EHLO lab.invalid")
        international = not (mail.sender + "".join(mail.recipients)).isascii()
        await _command(reader, writer, f"MAIL FROM:<{mail.sender}>" + (" SMTPUTF8" if international else ""))
        for each in mail.recipients:
            await _command(reader, writer, f"RCPT TO:<{each}>")
        await _command(reader, writer, "DATA")
        text = re.sub(r"(?m)^\.", "..", mail.text)
        await _command(reader, writer, text.removesuffix("\r\n") + "\r\n.")
        writer.write(b"QUIT\r\n")
    finally:
        writer.close()


async def _command(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, line: str) -> None:
    writer.write(line.encode() + b"\r\n")
    await _reply(reader)


async def _reply(reader: asyncio.StreamReader) -> None:
    lines: list[str] = []
    while True:
        line = (await reader.readline()).decode("utf-8", "replace")
        if not line:
            raise ConnectionResetError("the target has closed the connection")
        lines.append(line.strip())
        if line[3:4] != "-":
            break
    if line[:1] not in "23":
        raise Refused(" ".join(lines))
