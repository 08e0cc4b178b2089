"""SMTP as a well-behaved server speaks it: aiosmtpd, on a connection and a TLS layer that are not its own."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Generator, Sequence
from types import MethodType, coroutine
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session, syntax

from harness.errors import HarnessError
from harness.world.model import MailServer

from .intake import MESSAGE_LIMIT
from .transcript import END_OF_DATA, Transcript, path
from .wire import Wire

LINE_LIMIT = 1 << 16
"""Octets of a line, of command or message, beyond which it is refused."""
STRANGE_LIMIT = 5
"""Unknown commands that a session outlives."""


class _Limits(dict[str, int]):
    """The same limit for every command."""

    def __missing__(self, command: str) -> int:
        return LINE_LIMIT


@coroutine
def _more() -> Generator[None, None, None]:
    """Wait until `received` has been called again."""
    yield


class _Reader:
    """What aiosmtpd reads from: command lines up to any LF, message lines up to CR LF. The transcript is told."""

    def __init__(self, transcript: Transcript) -> None:
        self._transcript = transcript
        self.unread = bytearray()

    async def readuntil(self, separator: bytes = b"\n") -> bytes:
        """A line with its end. Raises LimitOverrunError when it is too long, as asyncio's reader does."""
        while (end := self.unread.find(separator)) < 0:
            if len(self.unread) > LINE_LIMIT:
                raise asyncio.LimitOverrunError("line too long", len(self.unread) + 1 - len(separator))
            await _more()
        end += len(separator)
        line = bytes(self.unread[:end])
        del self.unread[:end]
        if separator == b"\n":
            self._transcript.heard(line, ahead=bool(self.unread))
        elif line == b".\r\n":
            self._transcript.heard(END_OF_DATA, ahead=bool(self.unread))
        else:
            self._transcript.text(line[1:] if line.startswith(b".") else line)
        return line

    async def read(self, size: int) -> bytes:
        """What has come of a line that is too long, at most `size` octets."""
        data = bytes(self.unread[:size])
        del self.unread[:size]
        return data


class _Handler:
    """aiosmtpd's hooks: every message is taken, none is passed on."""

    async def handle_DATA(self, server: Polite, session: Session, envelope: Envelope) -> str:  # noqa: ARG002, N802
        """The end of the message."""
        return "250 2.0.0 OK"


class Polite(SMTP):
    """One session. Made by `Manner`, which spares it aiosmtpd's own initialisation, half of all the work."""

    command_size_limit = LINE_LIMIT
    command_size_limits = _Limits()
    line_length_limit = LINE_LIMIT
    _wire: Wire
    _banner: str
    _keywords: str
    _keywords_tls: str
    _offers_tls: bool
    _lines: _Reader
    _replies: bytearray
    _serving: Coroutine[None, None, None]
    session: Session
    _tls_protocol: Any

    def begin(self) -> None:
        """Start to serve, up to the first read."""
        self.session = self._create_session()
        self.envelope = self._create_envelope()
        self.transport = self._wire  # type: ignore[assignment]
        self._reader = self._lines = _Reader(self._wire.transcript)  # type: ignore[assignment]
        self._replies = bytearray()
        self._serving = self._handle_client()
        self._step()

    def received(self, data: bytes) -> None:
        """Octets came: serve on, up to the next read."""
        self._lines.unread += data
        self._step()

    async def _handle_client(self) -> None:
        """aiosmtpd's own loop without its log, its timers and its counters, which cost more than SMTP itself."""
        await self.push(self._banner)
        strange = 0
        while self.transport is not None:
            try:
                line = await self._command_line()
                verb, _, argument = line.partition(b" ")
                method = self._smtp_methods.get(verb.decode("ascii", "replace").upper())
                if method is not None:
                    await method(argument.strip().decode("utf-8", "surrogateescape") or None)
                elif strange < STRANGE_LIMIT:
                    strange += 1
                    await self.push("500 5.5.1 command not recognized")
                else:
                    await self.push("502 5.5.1 too many unknown commands")
                    self._flush()
                    self._wire.close()
                    self.transport = None
            except asyncio.LimitOverrunError:
                await self.push("500 5.5.2 command line too long")
            except Exception as error:
                await self.handle_exception(error)

    async def _command_line(self) -> bytes:
        """The next line. Raises LimitOverrunError at the end of one that is too long."""
        overrun: asyncio.LimitOverrunError | None = None
        while True:
            try:
                line = await self._lines.readuntil()
            except asyncio.LimitOverrunError as error:
                await self._lines.read(error.consumed)
                overrun = error
            else:
                if overrun is not None:
                    raise overrun
                return line.rstrip(b"\r\n")

    def _step(self) -> None:
        """aiosmtpd's coroutine waits for input and for nothing else; so no task is needed, and no turn of the loop."""
        try:
            if self._serving.send(None) is not None:
                raise HarnessError("aiosmtpd waits for something that is no input")
        except StopIteration:
            pass
        self._flush()

    def _flush(self) -> None:
        if self._replies:
            self._wire.send(bytes(self._replies))
            self._replies.clear()

    def secured(self) -> None:
        """What was known of the client is forgotten already (RFC 3207 section 4.2)."""

    def ended(self) -> None:
        """The connection is gone."""
        self._serving.close()

    async def push(self, status: str | bytes) -> None:
        """Reply. What is replied to lines that came together leaves together."""
        reply = (status.encode("utf-8", "replace") if isinstance(status, str) else status) + b"\r\n"
        self._wire.transcript.answered(reply)
        self._replies += reply

    async def handle_exception(self, error: Exception) -> str:
        """A reply of 500 would look like the peer's refusal; the connection is dropped in its place."""
        self._wire.fault(error)
        self.transport = None
        return "421 4.3.0 not sent: the connection is gone"

    def _reset_timeout(self, duration: float | None = None) -> None:
        """The wire has limits of its own."""

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        address, bracket, rest = arg.partition(">")
        if not bracket or not address.startswith("<"):
            address, _, rest = arg.partition(" ")
            return (None, None) if not address or "<" in address else (address, rest)
        return path(f"TO:{address}>") or "<>", rest.strip()

    def _getparams(self, params: Sequence[str]) -> dict[str, str | bool]:
        """Only what aiosmtpd looks at; what else a client says is in the journal, and refused by nobody."""
        found: dict[str, str | bool] = {}
        for word in params:
            key, equals, value = word.partition("=")
            if key in ("BODY", "SIZE", "SMTPUTF8") and not (key == "BODY" and value == "BINARYMIME"):
                found[key] = value if equals else True
        return found

    @syntax("EHLO hostname")
    async def smtp_EHLO(self, hostname: str | None) -> None:  # noqa: N802
        """The keywords that the scenario lists, in one segment."""
        if not hostname:
            await self.push("501 Syntax: EHLO hostname")
            return
        self.envelope = self._create_envelope()
        self.session.extended_smtp = True
        self.session.host_name = hostname
        await self.push(self._keywords_tls if self._tls_protocol else self._keywords)

    @syntax("STARTTLS")
    async def smtp_STARTTLS(self, arg: str | None) -> None:  # noqa: N802
        """RFC 3207 section 4: from here on the wire awaits a ClientHello, and the session begins anew."""
        if arg:
            await self.push("501 Syntax: STARTTLS")
        elif self._tls_protocol or not self._offers_tls:
            await self.push("503 5.5.1 TLS is active" if self._tls_protocol else "502 5.5.1 not implemented")
        else:
            unread = bytes(self._lines.unread)
            self._lines.unread.clear()
            await self.push("220 ready")
            self._flush()
            self._tls_protocol = True
            self.session = self._create_session()
            self.envelope = self._create_envelope()
            self._wire.start_tls(unread=unread)

    @syntax("QUIT")
    async def smtp_QUIT(self, arg: str | None) -> None:  # noqa: N802
        """The client's leave."""
        if arg:
            await self.push("501 Syntax: QUIT")
            return
        await self.push("221 2.0.0 Bye")
        self._wire.transcript.left("client")
        self._wire.close(bytes(self._replies))
        self._replies.clear()
        self.transport = None


class Manner:
    """How one server speaks; sessions are copies of one that aiosmtpd has initialised."""

    def __init__(self, server: MailServer, *, loop: asyncio.AbstractEventLoop) -> None:
        # Unknown commands and lost connections are told in the journal, and not on standard error.
        logging.getLogger("mail.log").setLevel(logging.CRITICAL)
        smtp = server.smtp
        self._model = Polite(
            _Handler(),
            data_size_limit=MESSAGE_LIMIT,
            enable_SMTPUTF8=True,
            hostname=server.host,
            auth_exclude_mechanism=("LOGIN", "PLAIN"),
            loop=loop,
        )
        self._methods = {name: method.__func__ for name, method in self._model._smtp_methods.items()}  # noqa: SLF001
        self._keywords = _ehlo(server.host, (*smtp.ehlo, *(("STARTTLS",) if smtp.starttls else ())))
        self._keywords_tls = _ehlo(server.host, smtp.ehlo_tls)
        self._offers_tls = smtp.starttls
        self._banner = smtp.banner

    def session(self, wire: Wire) -> Polite:
        """A session on this connection."""
        session = object.__new__(Polite)
        session.__dict__.update(self._model.__dict__)
        session.__dict__.update(
            _wire=wire,
            _banner=self._banner,
            _keywords=self._keywords,
            _keywords_tls=self._keywords_tls,
            _offers_tls=self._offers_tls,
            _smtp_methods={name: MethodType(function, session) for name, function in self._methods.items()},
        )
        return session


def _ehlo(host: str, keywords: tuple[str, ...]) -> str:
    lines = (host, *keywords)
    return "\r\n".join(f"250{'-' if number < len(lines) else ' '}{line}" for number, line in enumerate(lines, 1))
