"""SMTP as a server speaks it that misbehaves, before or around TLS; also as a plain one, where a reply is laid down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from harness.scenario.base import seconds
from harness.scenario.mailhosts import After220, Smtp

from .intake import Chunk, Dotted
from .transcript import END_OF_DATA
from .wire import Wire

LINE_LIMIT = 1 << 16
"""Octets of a command line; a longer one ends the session."""
_ALERT = b"\x15\x03\x03\x00\x02\x02\x28"
_LINE_PAUSE = 0.002


@dataclass(frozen=True)
class Memory:
    """What a server remembers between sessions."""

    sessions: dict[tuple[str, str], int] = field(default_factory=dict)
    """Sessions so far, by scenario and server."""
    tried_in_clear: set[tuple[str, str, str]] = field(default_factory=set)
    """Scenario, server and client, where the client has sent MAIL in cleartext."""


def needed(smtp: Smtp) -> bool:
    """Whether these manners are beyond a well-behaved server, which differs in greeting and keywords only."""
    if not smtp.banner.startswith("220 ") or "\n" in smtp.banner:
        return True
    free = {"banner", "ehlo", "ehlo_tls", "starttls", "hang_limit"}
    return any(
        getattr(smtp, name) != info.default for name, info in Smtp.model_fields.items() if name not in free
    ) or any(keyword.startswith("CHUNKING") for keyword in smtp.ehlo + smtp.ehlo_tls)


class Rude:
    """One session."""

    def __init__(self, wire: Wire, *, memory: Memory, client: str) -> None:
        self._wire = wire
        self._smtp = wire.server.smtp
        self._log = wire.transcript
        self._memory = memory
        self._who = (wire.server.scenario, wire.server.key, client)
        self._input = bytearray()
        self._message: Dotted | Chunk | None = None
        self._busy = False
        self._greeted = False
        self._sender = False
        self._recipients = 0
        self._secure = False
        self._deaf = False
        self._replies: list[bytes] = []
        self._commands: dict[str, Callable[[str], None]] = {
            "EHLO": self._ehlo,
            "HELO": self._helo,
            "STARTTLS": self._starttls,
            "MAIL": self._mail,
            "RCPT": self._rcpt,
            "DATA": self._data,
            "BDAT": self._bdat,
            "RSET": self._rset,
            "NOOP": self._noop,
            "QUIT": self._quit,
        }

    def begin(self) -> None:
        """The banner (RFC 5321 section 3.1)."""
        count = self._memory.sessions.get(self._who[:2], 0)
        self._memory.sessions[self._who[:2]] = count + 1
        banner = self._smtp.banner
        if self._smtp.first_banner is not None and count < self._smtp.first_sessions:
            banner = self._smtp.first_banner
        self._reply(banner)
        self._flush()
        if not banner.startswith("220"):
            self._wire.close()

    def secured(self) -> None:
        """RFC 3207 section 4.2: all that was known of the client is forgotten."""
        self._secure = True
        self._forget()
        self._greeted = False
        self._input.clear()
        if self._smtp.after_220 is After220.PLAINTEXT:
            self._wire.downgraded = True

    def ended(self) -> None:
        """Nothing is left to be done."""

    def received(self, data: bytes) -> None:
        """Work through whole lines, then send the replies in one go."""
        if self._deaf:
            return
        self._input += data
        while self._input and not self._deaf and not self._busy:
            if self._message is not None:
                self._take_message(self._message)
                if self._message is not None:
                    break
            else:
                line, end, _ = self._input.partition(b"\n")
                if not end:
                    if len(self._input) > LINE_LIMIT:
                        self._wire.reset()
                    break
                del self._input[: len(line) + 1]
                self._command(bytes(line))
        self._flush()

    def _reply(self, text: str) -> None:
        reply = text.encode("utf-8", "replace") + b"\r\n"
        self._log.answered(reply)
        self._replies.append(reply)

    def _flush(self) -> None:
        if self._replies:
            data = b"".join(self._replies)
            self._replies.clear()
            self._wire.send(data)

    def _stop(self) -> None:
        """Send what is due and hear no more."""
        self._flush()
        self._deaf = True

    def _forget(self) -> None:
        self._sender = False
        self._recipients = 0

    def _command(self, line: bytes) -> None:
        verb, _, argument = line.decode("latin-1").strip().partition(" ")
        # A chunk belongs behind its command (RFC 3030 section 2).
        self._log.heard(line, ahead=bool(self._input) and verb.upper() != "BDAT")
        action = self._commands.get(verb.upper())
        if action is None:
            self._reply("500 5.5.1 command not recognized")
        else:
            action(argument)

    def _ehlo(self, _: str) -> None:
        smtp = self._smtp
        if smtp.ehlo_reply is not None:
            self._reply(smtp.ehlo_reply)
            return
        self._greeted = True
        self._forget()
        keywords = [*(smtp.ehlo_tls if self._secure else smtp.ehlo)]
        if smtp.starttls_again if self._secure else self._offers_starttls():
            keywords.append(smtp.starttls_keyword)
        lines = [self._wire.server.host, *keywords]
        marked = [f"250{'-' if number < len(lines) else ' '}{line}\r\n" for number, line in enumerate(lines, 1)]
        reply = "".join(marked)
        if smtp.ehlo_line_by_line and not smtp.reset_after_ehlo:
            self._log.answered(reply.encode())
            self._flush()
            self._line_by_line([line.encode() for line in marked])
            return
        self._reply(reply.removesuffix("\r\n"))
        if smtp.reset_after_ehlo:
            self._stop()
            self._wire.reset()

    def _line_by_line(self, lines: list[bytes]) -> None:
        """A packet each: they go out with a pause between them, so that none is joined to the one before."""
        self._busy = bool(lines)
        if not lines:
            self.received(b"")
            return
        self._wire.send(lines[0])
        self._wire.later(_LINE_PAUSE, lambda: self._line_by_line(lines[1:]))

    def _offers_starttls(self) -> bool:
        if not self._smtp.starttls:
            return False
        return not self._smtp.starttls_after_cleartext or self._who in self._memory.tried_in_clear

    def _helo(self, _: str) -> None:
        self._greeted = True
        self._forget()
        self._reply(f"250 {self._wire.server.host}")

    def _starttls(self, _: str) -> None:
        smtp = self._smtp
        if self._secure or not self._offers_starttls():
            self._reply("503 5.5.1 TLS is active" if self._secure else "502 5.5.1 not implemented")
            return
        reply = smtp.starttls_reply
        self._reply("\r\n".join((reply, *smtp.inject)))
        if not reply.startswith("220"):
            return
        unread = bytes(self._input)
        self._input.clear()
        self._flush()
        match smtp.after_220:
            case After220.HANDSHAKE | After220.PLAINTEXT:
                self._wire.start_tls(after=seconds(smtp.delay_handshake), unread=unread)
            case After220.CLOSE:
                self._wire.close()
            case After220.HANG:
                self._wire.start_tls(instead=lambda: None, why="the server said nothing more", unread=unread)
                self._hang()
            case After220.GARBAGE:
                self._wire.start_tls(instead=self._garbage, why="the server sent plain text", unread=unread)
            case After220.ALERT:
                self._wire.start_tls(instead=self._alert, why="the server sent an alert", unread=unread)
            case After220.RESET:
                self._wire.start_tls(instead=self._wire.reset, why="the server reset the connection", unread=unread)

    def _hang(self) -> None:
        self._stop()
        self._wire.later(seconds(self._smtp.hang_limit), self._wire.cut)

    def _garbage(self) -> None:
        self._wire.send(b"250 this is no ServerHello, and no TLS at all\r\n" * 4)
        self._hang()

    def _alert(self) -> None:
        self._wire.send(_ALERT)
        self._wire.cut()

    def _mail(self, _: str) -> None:
        if not self._secure:
            self._memory.tried_in_clear.add(self._who)
        if not self._greeted:
            self._reply("503 5.5.1 EHLO first")
        elif self._sender:
            self._reply("503 5.5.1 nested MAIL")
        else:
            reply = self._smtp.mail_reply or "250 2.1.0 OK"
            self._sender = reply.startswith("2")
            self._said(reply)

    def _rcpt(self, _: str) -> None:
        if not self._sender:
            self._reply("503 5.5.1 MAIL first")
            return
        reply = self._smtp.rcpt_reply or "250 2.1.5 OK"
        self._recipients += reply.startswith("2")
        self._said(reply)

    def _data(self, _: str) -> None:
        if not self._recipients:
            self._reply("503 5.5.1 RCPT first")
            return
        self._reply("354 end with a dot on a line of its own")
        self._message = Dotted()
        self._message.prepare(self._input)

    def _bdat(self, argument: str) -> None:
        size, _, last = argument.partition(" ")
        if not size.isdecimal():
            self._reply("501 5.5.4 BDAT needs a size")
            return
        if not self._recipients:
            reply: str | None = "503 5.5.1 RCPT first"
        else:
            reply = None if last.strip().upper() == "LAST" else "250 2.0.0 OK"
        self._take_message(Chunk(int(size), reply=reply))

    def _take_message(self, message: Dotted | Chunk) -> None:
        """Take what has come of the message. BDAT itself was not answered when its last chunk has come."""
        self._message = message
        if self._smtp.cut_in_data and self._secure and self._cut_now(message):
            return
        if not message.take(self._input, transcript=self._log):
            return
        self._message = None
        if isinstance(message, Chunk):
            if message.reply is not None:
                self._reply(message.reply)
                return
            self._log.answered(b"")
        self._log.heard(END_OF_DATA, ahead=bool(self._input))
        self._forget()
        if isinstance(message, Dotted) and message.too_big:
            self._reply("552 5.3.4 message too big")
        else:
            self._said(self._smtp.data_reply or "250 2.0.0 OK")

    def _cut_now(self, message: Dotted | Chunk) -> bool:
        if isinstance(message, Dotted):
            cut = message.rest(self._input, transcript=self._log)
        else:
            cut = bool(self._input)
            message.take(self._input, transcript=self._log)
        if cut:
            self._stop()
            self._wire.cut()
        return cut

    def _said(self, reply: str) -> None:
        self._reply(reply)
        if reply.startswith("421"):
            self._stop()
            self._wire.close()

    def _rset(self, _: str) -> None:
        self._forget()
        self._reply("250 2.0.0 OK")

    def _noop(self, _: str) -> None:
        self._reply("250 2.0.0 OK")

    def _quit(self, _: str) -> None:
        self._reply("221 2.0.0 Bye")
        self._log.left("client")
        self._deaf = True
        self._wire.close(b"".join(self._replies))
        self._replies.clear()
