"""A message on its way in, by DATA (RFC 5321 section 4.1.1.4) or BDAT (RFC 3030), taken out of what a client sends."""

from __future__ import annotations

from .transcript import Transcript

MESSAGE_LIMIT = 10 * 1024 * 1024
"""Octets of a message that are taken; a longer one is refused with 552."""
_END = b"\r\n.\r\n"


class Dotted:
    """The message after DATA, up to the line that holds a dot alone."""

    def __init__(self) -> None:
        self._searched = 0
        self.too_big = False

    def prepare(self, unread: bytearray) -> None:
        """Put a line end in front, so that the final dot is found in an empty message too."""
        unread[:0] = b"\r\n"

    def take(self, unread: bytearray, *, transcript: Transcript) -> bool:
        """Take what belongs to the message; True: it is complete."""
        end = unread.find(_END, self._searched)
        if end < 0:
            self._searched = max(0, len(unread) - len(_END))
            if len(unread) > MESSAGE_LIMIT:
                self.too_big = True
                self.rest(unread, transcript=transcript)
                del unread[2 : -len(_END)]
                self._searched = 0
            return False
        transcript.text(unread[: end + 2].replace(b"\r\n.", b"\r\n")[2:])
        del unread[: end + len(_END)]
        return True

    def rest(self, unread: bytearray, *, transcript: Transcript) -> bool:
        """Tell what has come of a message that will not be completed; True: something has."""
        text = unread.replace(b"\r\n.", b"\r\n")[2:]
        if text:
            transcript.text(text)
        return bool(text)


class Chunk:
    """One BDAT chunk; `reply` is what follows it, None after the last one."""

    def __init__(self, size: int, *, reply: str | None) -> None:
        self._missing = size
        self.reply = reply

    def take(self, unread: bytearray, *, transcript: Transcript) -> bool:
        """Take what belongs to the chunk; True: it is complete."""
        data = unread[: self._missing]
        del unread[: self._missing]
        self._missing -= len(data)
        if data:
            transcript.text(data)
        return not self._missing
