"""Products that danelab does not run: one that takes mail by SMTP and relays it, and one that a person sends from.

What they decide is seen from outside: a server of the lab takes the message; a bounce comes to the sending domain
(RFC 3464); or nothing more happens about it, and it was kept for later.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

from harness.errors import UsageError
from harness.journal import Accepted, Asked, Connected, Event, Left, Spoke, Status
from harness.world.internet import SENDER

from .base import Kind, Mail, Network, Surroundings, Word
from .handover import Counter, Refused

_TICK = 0.05
_AT_ONCE = 50
"""How many messages a relay is given at a time."""
_FAILED = re.compile(
    r"^Final-Recipient:\s*rfc822\s*;\s*<?(?P<recipient>[^\s>]+)>?\s*$.*?^Action:\s*(?P<action>\w+)",
    re.IGNORECASE | re.MULTILINE | re.DOTALL,
)
_PLAIN_BOUNCE = re.compile(
    r"undeliver|returned mail|delivery (status notification|failure)|could not be delivered", re.I
)


@dataclass
class _Waiting:
    """A message whose fate is not known yet."""

    mail: Mail
    words: dict[str, Word] = field(default_factory=dict)
    since: float = 0.0
    """When anything last happened about it, on the event loop's clock."""
    seen: bool = False
    """Whether anything has."""
    sessions: set[str] = field(default_factory=set)
    """Connections about its scenario that are open."""

    def decide(self, recipient: str, status: Status, reason: str) -> None:
        self.words.setdefault(recipient, Word(recipient=recipient, status=status, reason=reason))

    @property
    def decided(self) -> bool:
        return len(self.words) == len(set(self.mail.recipients))


class Watch:
    """Watches the lab's events for what becomes of messages."""

    def __init__(self, around: Surroundings) -> None:
        self._waiting: dict[str, _Waiting] = {}
        self._quiet = around.quiet
        self._limit = around.limit
        around.listen(self._heard)

    async def outcome(self, mail: Mail) -> list[Word]:
        """What becomes of a message that was handed over; a word for each recipient."""
        clock = asyncio.get_running_loop().time
        began = clock()
        # Several may be under way for one scenario; the last one sent is what its events are about.
        waiting = self._waiting[mail.scenario] = _Waiting(mail, since=began)
        while not waiting.decided:
            await asyncio.sleep(_TICK)
            now = clock()
            if waiting.seen and not waiting.sessions and now - waiting.since > self._quiet:
                self._rest(
                    waiting, Status.DEFERRED, f"nothing more happened for {self._quiet:g} s: it keeps the message"
                )
            elif now - began > self._limit:
                what = "made up its mind" if waiting.seen else "done anything about it"
                self._rest(waiting, Status.TIMED_OUT, f"has not {what} within {self._limit:g} s")
        return [waiting.words[each] for each in mail.recipients]

    def _rest(self, waiting: _Waiting, status: Status, reason: str) -> None:
        for each in waiting.mail.recipients:
            waiting.decide(each, status, reason)

    def _heard(self, event: Event) -> None:
        if isinstance(event, Accepted) and event.scenario == SENDER:
            self._bounce(event)
        waiting = self._waiting.get(event.scenario)
        if waiting is None or not isinstance(event, Asked | Connected | Spoke | Accepted | Left):
            return
        waiting.seen = True
        waiting.since = asyncio.get_running_loop().time()
        match event:
            case Connected():
                waiting.sessions.add(event.session)
            case Left():
                waiting.sessions.discard(event.session)
            case Accepted() if not event.via:
                taken = {address.lower() for address in event.recipients}
                for each in waiting.mail.recipients:
                    if each.lower() in taken:
                        waiting.decide(each, Status.DELIVERED, f"{event.server} took it")

    def _bounce(self, event: Accepted) -> None:
        """A message to the sending domain: mostly a report on messages that could not be delivered."""
        reports = {found["recipient"].lower(): found["action"].lower() for found in _FAILED.finditer(event.text)}
        plain = not reports and _PLAIN_BOUNCE.search(event.text) is not None
        for waiting in self._waiting.values():
            for each in waiting.mail.recipients:
                action = reports.get(each.lower(), "failed" if plain and each in event.text else "")
                if action == "failed":
                    waiting.decide(each, Status.BOUNCED, "a bounce came back")
                elif action == "delayed":
                    waiting.decide(each, Status.DEFERRED, "a warning of delay came back")


class SubmissionTarget:
    """A relay that takes mail for anybody from the lab by SMTP."""

    keeps_answers = True
    repeats = True

    def __init__(self, name: str, around: Surroundings, *, host: str, port: int) -> None:
        self.name = name
        self._place = (host, port)
        self._counter = Counter(host, port)
        self._watch = Watch(around)
        self._free = asyncio.Semaphore(_AT_ONCE)
        self._limit = around.limit

    async def __aenter__(self) -> Self:
        host, port = self._place
        try:
            async with asyncio.timeout(self._limit):
                _, writer = await asyncio.open_connection(host, port)
        except OSError as error:  # a TimeoutError is one
            reason = error.strerror or "no answer"
            raise UsageError(f"{self.name}: nothing takes mail there ({reason}); check host, port and route") from None
        writer.close()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._counter.close()

    async def send(self, mail: Mail) -> list[Word]:
        async with self._free:
            waiting = asyncio.create_task(self._watch.outcome(mail))
            try:
                await asyncio.wait_for(self._counter.hand_over(mail), self._limit)
            except (Refused, OSError) as error:
                waiting.cancel()
                permanent = isinstance(error, Refused) and error.permanent
                status = Status.BOUNCED if permanent else Status.DEFERRED
                reason = f"it did not take the message: {str(error) or 'no answer'}"
                return [Word(recipient=each, status=status, reason=reason) for each in mail.recipients]
            return await waiting


class ManualTarget:
    """Somebody sends by hand, or by whatever means: danelab says what, and watches."""

    keeps_answers = True
    repeats = False

    def __init__(self, around: Surroundings) -> None:
        self.name = "manual"
        self._watch = Watch(around)
        self._tell = around.tell

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    async def send(self, mail: Mail) -> list[Word]:
        # The first message of each scenario stands in a list that is shown beforehand.
        if not mail.id.endswith(".1"):
            self._tell(f"send another message from {mail.sender} to {', '.join(mail.recipients)}")
        words = await self._watch.outcome(mail)
        for word in words:
            self._tell(f"{word.recipient}: {word.status} ({word.reason})")
        return words


def submission_kind(rest: str) -> Kind:
    """What `submission:HOST:PORT` means. Raises UsageError."""
    host, _, port = rest.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise UsageError(f"submission:{rest}: write submission:HOST:PORT, as submission:192.0.2.25:25")
    name = f"submission:{rest}"
    return _kind(name, lambda around: SubmissionTarget(name, around, host=host, port=int(port)), Network.OUTSIDE)


def manual_kind() -> Kind:
    """What `manual` means."""
    return _kind("manual", ManualTarget, Network.LOOPBACK, Network.OUTSIDE)


def _kind(name: str, make: Callable[[Surroundings], SubmissionTarget | ManualTarget], *networks: Network) -> Kind:
    return Kind(name=name, offers=frozenset(), make=make, has_cell=False, networks=frozenset(networks))


__all__ = ["ManualTarget", "SubmissionTarget", "Watch", "manual_kind", "submission_kind"]
