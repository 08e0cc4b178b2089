"""SMTP as a client speaks it: replies, commands, and the switch to TLS (RFC 5321 section 4.2, RFC 3207)."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass

from OpenSSL import SSL

from harness.sender.channel import Channel
from harness.sender.errors import HostFailure
from harness.sender.policy import Stage
from harness.sender.result import AttemptOutcome
from harness.sender.tls import TlsClient, TlsError

_REPLY_LINE = re.compile(rb"([2-5][0-9][0-9])(?:([ -])(.*))?\r?\n", re.DOTALL)
_LONGEST_REPLY = 65536


@dataclass(frozen=True, kw_only=True)
class Reply:
    """One reply, its lines without code and separator."""

    code: int
    lines: tuple[str, ...]

    @property
    def positive(self) -> bool:
        """Whether the server consents (2yz), or asks for more (3yz)."""
        return self.code < 400

    def __str__(self) -> str:
        return f"{self.code} {' '.join(self.lines)}".strip()


def split_reply(buffer: bytearray) -> Reply | None:
    """Take one whole reply out of the buffer; null while it is incomplete. Raises `ValueError`."""
    at, lines, code = 0, list[str](), b""
    while True:
        end = buffer.find(b"\n", at) + 1
        if not end:
            if len(buffer) > _LONGEST_REPLY:
                raise ValueError("endless reply")
            return None
        line = _REPLY_LINE.fullmatch(buffer, at, end)
        if line is None or (code and line[1] != code):
            raise ValueError(f"not an SMTP reply: {bytes(buffer[at : min(end, at + 80)])!r}")
        code = line[1]
        lines.append((line[3] or b"").decode("ascii", "replace"))
        at = end
        if line[2] != b"-":
            del buffer[:at]
            return Reply(code=int(code), lines=tuple(lines))


def capabilities(ehlo: Reply) -> frozenset[str]:
    """The extensions in an EHLO reply, in upper case (RFC 5321 section 4.1.1.1)."""
    return frozenset(line.strip().upper() for line in ehlo.lines[1:])


def to_wire(message: bytes) -> bytes:
    """A message as DATA carries it: CRLF line ends, leading dots doubled, final dot (RFC 5321 section 4.5.2)."""
    lines = re.sub(rb"\r?\n|\r", b"\r\n", message)
    if lines and not lines.endswith(b"\r\n"):
        lines += b"\r\n"
    return re.sub(rb"^\.", b"..", lines, flags=re.MULTILINE) + b".\r\n"


class SmtpClient:
    """One SMTP connection. `timeout` is the time in seconds for each reply and for the TLS handshake."""

    def __init__(self, channel: Channel, *, timeout: float) -> None:
        self._channel = channel
        self._timeout = timeout
        self._buffer = bytearray()
        self.tls: TlsClient | None = None
        self.stage = Stage.GREETING

    async def reply(self, stage: Stage, *, timeout: float | None = None) -> Reply:
        """The next reply. Raises `HostFailure` when none comes or it is none."""
        self.stage = stage
        try:
            async with asyncio.timeout(timeout or self._timeout):
                while True:
                    reply = split_reply(self._buffer)
                    if reply is not None:
                        return reply
                    self._buffer += await self._plaintext()
        except TimeoutError as error:
            raise self._lost("no reply in time") from error
        except (ValueError, TlsError) as error:
            raise self._lost(str(error)) from error

    async def command(self, line: str, *, stage: Stage) -> Reply:
        """Send a command and await its reply. Raises `HostFailure`, and `ValueError` for a line break in it."""
        if "\r" in line or "\n" in line:
            raise ValueError(f"a line break in the command {line!r}")
        self.send(line.encode("utf-8") + b"\r\n", stage=stage)
        return await self.reply(stage)

    def send(self, data: bytes, *, stage: Stage) -> None:
        """Send octets, inside TLS once that is up. Raises `HostFailure`."""
        self.stage = stage
        if self.tls is None:
            self._channel.send(data)
            return
        try:
            self.tls.encrypt(data)
        except TlsError as error:
            raise self._lost(str(error)) from error
        self._channel.send(self.tls.outgoing())

    async def start_tls(
        self,
        context: SSL.Context,
        *,
        server_name: str | None,
        discard: bool,
        session: SSL.Session | None = None,
    ) -> None:
        """Shake hands. `discard` throws away plaintext that came before. Raises `HostFailure`."""
        self.stage = Stage.HANDSHAKE
        early = self._channel.take()
        if discard:
            self._buffer.clear()
        else:
            self._buffer += early
        tls = TlsClient(context, server_name=server_name, session=session)
        try:
            async with asyncio.timeout(self._timeout):
                while not tls.handshake():
                    self._channel.send(tls.outgoing())
                    data = await self._channel.receive()
                    if not data:
                        raise TlsError("the server closed the connection")
                    tls.receive(data)
        except TimeoutError as error:
            raise self._tls_failed("no answer in time") from error
        except TlsError as error:
            self._channel.send(tls.outgoing())
            raise self._tls_failed(str(error)) from error
        self._channel.send(tls.outgoing())
        self.tls = tls

    async def quit(self) -> None:
        """QUIT, and wait a moment for the server's leave; whatever comes of it is of no interest."""
        try:
            self.send(b"QUIT\r\n", stage=self.stage)
            await self.reply(self.stage, timeout=min(self._timeout, 1.0))
        except HostFailure:
            return

    def close(self) -> None:
        """Close TLS and the connection."""
        if self.tls is not None:
            self.tls.close()
            self._channel.send(self.tls.outgoing())
        self._channel.close()

    async def _plaintext(self) -> bytes:
        """More octets of the dialogue. Raises `TlsError` and `ValueError` at its end."""
        while True:
            if self.tls is not None:
                plaintext = self.tls.decrypt()
                if plaintext:
                    return plaintext
                if self.tls.closed_by_peer:
                    raise ValueError("the server closed the TLS connection")
            data = await self._channel.receive()
            if not data:
                raise ValueError("the server closed the connection")
            if self.tls is None:
                return data
            self.tls.receive(data)

    def _lost(self, reason: str) -> HostFailure:
        return HostFailure(f"{self.stage}: {reason}", stage=self.stage, outcome=AttemptOutcome.LOST)

    def _tls_failed(self, reason: str) -> HostFailure:
        return HostFailure(f"{self.stage}: {reason}", stage=self.stage, outcome=AttemptOutcome.TLS_FAILED)
