"""No resolver: the product is to resolve and validate by itself, and whoever asks the lab is turned away."""

from __future__ import annotations

from harness.lab.dns_server import Transport
from harness.lab.packets import Shape, complaint, read_query, write_reply
from harness.lab.recorder import Recorder
from harness.world.answers import Rcode
from harness.world.internet import Internet

from .noting import note


class RefusingResolver:
    """Answers REFUSED to everything, and takes down who asked: such a product does not do what was said of it."""

    def __init__(self, internet: Internet, recorder: Recorder | None) -> None:
        self._internet = internet
        self._recorder = recorder

    def respond(self, message: bytes, transport: Transport, client: str, _: str) -> bytes | None:
        """The refusal of a message; None for what is no query."""
        query = read_query(message)
        if query is None:
            return complaint(message)
        reply = write_reply(query, Shape(rcode=Rcode.REFUSED), limit=None)
        if self._recorder is not None:
            note(self._recorder, self._internet, query, reply, transport=transport, client=client)
        return reply
