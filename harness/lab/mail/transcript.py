"""What one connection adds to the journal: dialogue, handshake, what was accepted and what was merely shown."""

from __future__ import annotations

import re
from typing import Literal

from harness.journal import Accepted, Connected, Event, Handshake, HarnessFault, Left, Revealed, Spoke
from harness.lab.recorder import Recorder
from harness.scenario.mailhosts import Role
from harness.world.model import MailServer

TEXT_KEPT = 4096
"""Octets of a message that go into the journal."""
END_OF_DATA = b"."
_COMMAND_KEPT = 1024
_LINES_KEPT = 20
_PATH = re.compile(r"(?:FROM|TO)\s*:\s*(?:<([^>]*)>|(\S*))", re.IGNORECASE)
_BEFORE_MAIL = frozenset({"connect", "EHLO", "HELO", "STARTTLS", "handshake"})
_TRANSACTION_ENDS = frozenset({"RSET", "EHLO", "HELO", "QUIT"})


def path(argument: str) -> str:
    """The address in the argument of MAIL or RCPT (RFC 5321 section 4.1.2), without brackets and source route."""
    found = _PATH.match(argument)
    if found is None:
        return argument
    address = found.group(1) if found.group(1) is not None else found.group(2)
    return address.rpartition(":")[2] if address.startswith("@") else address


class Transcript:
    """The events of one connection. Commands and replies are told in the order in which they happen."""

    def __init__(
        self, recorder: Recorder, *, server: MailServer, session: str, address: str, client: str, target: str
    ) -> None:
        self._recorder = recorder
        self._server = server
        self._session = session
        self._target = target
        self._pending: str | None = None
        self._ahead = False
        self._after = "connect"
        self._gone = False
        self._clear_transaction()
        self.tls = False
        """Whether what is said now is said inside TLS."""
        self._record(Connected, address=address, client=client)

    def _record(self, kind: type[Event], **values: object) -> None:
        self._recorder.record(
            kind,
            scenario=self._server.scenario,
            target=self._target,
            session=self._session,
            server=self._server.key,
            **values,
        )

    def _clear_transaction(self) -> None:
        self._sender: str | None = None
        self._sender_tls = False
        self._recipients: list[tuple[str, bool, bool]] = []
        self._text = bytearray()
        self._size = 0

    def heard(self, line: bytes, *, ahead: bool = False) -> None:
        """A command line came; END_OF_DATA stands for the end of a message. `ahead`: more has come behind it."""
        if self._pending is not None:
            self.answered(b"")
        self._ahead = ahead
        line = line[:_COMMAND_KEPT].rstrip(b"\r\n")
        self._pending = line.decode("utf-8", "backslashreplace")

    def answered(self, reply: bytes) -> None:
        """A reply left, to the command heard last, or as the banner; empty: the command was given none."""
        command, self._pending = self._pending or "", None
        first = reply.partition(b"\n")[0].rstrip(b"\r").decode("utf-8", "backslashreplace")
        self._record(Spoke, command=command, reply=first, tls=self.tls, ahead=self._ahead)
        self._ahead = False
        if not command:
            return
        verb, _, argument = command.partition(" ")
        verb = verb.upper()[:16]
        self._after = "message" if verb == "." else verb
        good = first.startswith("2")
        if verb == "MAIL":
            self.abandoned()
            self._sender, self._sender_tls = path(argument), self.tls
        elif verb == "RCPT":
            self._recipients.append((path(argument), good, self.tls))
        elif verb == "." and good:
            self._accepted()
        elif verb == "." or verb in _TRANSACTION_ENDS:
            self.abandoned()

    def ignored(self, data: bytes) -> None:
        """Lines came that are given no reply."""
        for line in data.splitlines()[:_LINES_KEPT]:
            if line:
                self.heard(line)
                self.answered(b"")

    def text(self, data: bytes | bytearray) -> None:
        """A part of the message came, with the dots of RFC 5321 section 4.5.2 taken away."""
        self._size += len(data)
        if len(self._text) < TEXT_KEPT:
            self._text += data[: TEXT_KEPT - len(self._text)]

    @property
    def idle(self) -> bool:
        """Whether a session is kept open between two messages: not one that is on its way to its first."""
        return self._pending is None and self._sender is None and self._after not in _BEFORE_MAIL

    def _accepted(self) -> None:
        message: dict[str, object] = {
            "sender": self._sender or "",
            "recipients": tuple(address for address, taken, _ in self._recipients if taken),
            "size": self._size,
            "text": self._text.decode("utf-8", "replace"),
        }
        self._record(Accepted, role=self._server.role.value, tls=self.tls, **message)
        if self._server.proxy_to is not None:
            # The genuine server is content: what it gets comes over TLS, from somebody it need not know.
            self._recorder.record(
                Accepted,
                scenario=self._server.scenario,
                target=self._target,
                session=self._session,
                server=self._server.proxy_to,
                role=Role.GENUINE.value,
                tls=True,
                via=self._server.key,
                **message,
            )
        for address, taken, tls in self._recipients:
            if not taken:
                self._revealed("recipient", address, tls=tls)
        self._clear_transaction()

    def abandoned(self) -> None:
        """The transaction ended without the message being accepted: what was shown of it is told."""
        if self._sender is not None:
            self._revealed("sender", self._sender, tls=self._sender_tls)
        for address, _, tls in self._recipients:
            self._revealed("recipient", address, tls=tls)
        if self._text:
            self._revealed("text", self._text.decode("utf-8", "replace"), tls=self.tls)
        self._clear_transaction()

    def _revealed(self, what: Literal["sender", "recipient", "text"], value: str, *, tls: bool) -> None:
        self._record(Revealed, role=self._server.role.value, what=what, value=value, tls=tls)

    def handshake(
        self,
        *,
        completed: bool,
        sni: str = "",
        offered: tuple[str, ...] = (),
        version: str = "",
        cipher: str = "",
        certificate: str = "",
        error: str = "",
    ) -> None:
        """A handshake ended. An alert that comes after a completed one is told in a second event with `error`."""
        self._after = "handshake"
        self._record(
            Handshake,
            completed=completed,
            sni=sni,
            version=version,
            cipher=cipher,
            error=error,
            certificate=certificate,
            offered=offered,
        )

    def left(self, by: Literal["client", "server"]) -> None:
        """The connection ended; only the first call counts."""
        if self._gone:
            return
        self._gone = True
        if self._pending is not None:
            self.answered(b"")
        self.abandoned()
        self._record(Left, after=self._after, by=by)

    def fault(self, problem: str) -> None:
        """danelab itself failed in this connection."""
        self._recorder.record(
            HarnessFault,
            scenario=self._server.scenario,
            target=self._target,
            problem=f"mail server {self._server.key}, session {self._session}: {problem}",
        )
