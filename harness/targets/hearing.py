"""What a target says of the messages in its hands: lines of its log, turned into words about recipients."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Callable, Iterator

from harness.journal import Status

from .base import Mail, Word
from .definition_parts import Line, Observe
from .leftovers import Leftovers

_CRASH_PATIENCE = 20.0
"""How long after a crash messages may be undecided that it has nothing to do with, in seconds."""
_LAST_WORDS = 2.0
"""How long after a crash the only message that is left may still be decided, in seconds."""
_AGAIN = 0.25
"""Time between two looks at what a crash has left behind, in seconds."""


class Job:
    """A message in the target's hands."""

    def __init__(self, mail: Mail) -> None:
        self.mail = mail
        self.decided: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done when there is a word for every recipient, or when the message is lost."""
        self.lost = False
        """The target ended while it had this message and others: it can be given again."""
        self.token = ""
        """What the target calls it, once its log has told."""
        self._words: dict[str, Word] = {}

    def decide(self, recipient: str, status: Status, reason: str) -> None:
        """What is to become of one recipient; the first word counts."""
        self._words.setdefault(recipient, Word(recipient=recipient, status=status, reason=reason))
        if len(self._words) == len(set(self.mail.recipients)) and not self.decided.done():
            self.decided.set_result(None)

    def decide_all(self, status: Status, reason: str) -> None:
        """The same for every recipient that there is no word for yet."""
        for each in self.mail.recipients if not self.lost else ():
            self.decide(each, status, reason)

    def lose(self) -> None:
        """Nobody knows what has become of it."""
        self.lost = True
        if not self.decided.done():
            self.decided.set_result(None)

    def words(self) -> list[Word]:
        """A word for each recipient, once all are decided."""
        return [self._words[each] for each in self.mail.recipients]


class Hearing:
    """Knows which messages are in the target's hands, and reads its log for them."""

    def __init__(
        self,
        observe: Observe,
        *,
        crashed: Callable[[str, Mail], None],
        log: Callable[[str], None] | None = None,
        leftovers: Leftovers | None = None,
    ) -> None:
        """`log` gets every line, whether it tells a decision or not; `crashed` is told what broke and at what."""
        self._lines = [(re.compile(line.pattern), line) for line in observe.lines]
        self._naming = re.compile(observe.tokens) if observe.tokens else None
        self._trying = re.compile(observe.trying) if observe.trying else None
        self._crash = re.compile(observe.crash) if observe.crash else None
        self._crashed = crashed
        self._leftovers = leftovers
        self._tokens: dict[str, str] = {}
        self._tentative: dict[str, asyncio.TimerHandle] = {}
        self._log = log
        self._jobs: dict[str, tuple[Job, str]] = {}

    @contextlib.contextmanager
    def about(self, mail: Mail) -> Iterator[Job]:
        """While this message is in its hands."""
        job = Job(mail)
        mine = {each.lower(): (job, each) for each in mail.recipients}
        self._jobs |= mine
        try:
            yield job
        finally:
            for key, entry in mine.items():
                if self._jobs.get(key) == entry:
                    del self._jobs[key]

    def heard(self, line: str, job: Job | None = None) -> None:
        """A line of its log; `job` is the message it is about where that is known."""
        if self._log is not None:
            self._log(line)
        if self._crash is not None and (broken := self._crash.search(line)):
            self.broke((broken.groupdict().get("reason") or line).strip())
        if self._naming is not None and (naming := self._naming.search(line)):
            self._name(naming)
        if self._trying is not None and (trying := self._trying.search(line)):
            for recipient in self._meant(trying):
                self._unsettle(recipient)
        for pattern, meaning in self._lines:
            found = pattern.search(line)
            if found is not None:
                self._tell(found, meaning, line, job)
                return

    def _name(self, naming: re.Match[str]) -> None:
        groups = naming.groupdict()
        if recipient := (groups.get("recipient") or "").lower():
            self._tokens[naming["token"]] = recipient
        about = next((job for job, _ in self._jobs.values() if job.mail.id == groups.get("message")), None)
        if about is None and recipient in self._jobs:
            about, _ = self._jobs[recipient]
        if about is not None:
            about.token = naming["token"]

    def _tell(self, found: re.Match[str], meaning: Line, line: str, job: Job | None) -> None:
        reason = (found.groupdict().get("reason") or line).strip()
        for recipient in self._meant(found, job):
            self._decide(recipient, meaning, reason)

    def _meant(self, found: re.Match[str], job: Job | None = None) -> tuple[str, ...]:
        """The recipients, in small letters, that a line is about."""
        groups = found.groupdict()
        token = groups.get("token") or ""
        if recipient := groups.get("recipient") or self._tokens.get(token, ""):
            return (recipient.lower(),)
        if token:
            job = next((each for each, _ in self._jobs.values() if each.token == token), None)
        return tuple(each.lower() for each in job.mail.recipients) if job is not None else ()

    def _decide(self, recipient: str, meaning: Line, reason: str) -> None:
        about, name = self._jobs.get(recipient, (None, ""))
        if about is None:
            return
        self._unsettle(recipient)
        if meaning.settle:
            later = asyncio.get_running_loop().call_later
            self._tentative[recipient] = later(meaning.settle, about.decide, name, meaning.status, reason)
        else:
            about.decide(name, meaning.status, reason)

    def _unsettle(self, recipient: str) -> None:
        if timer := self._tentative.pop(recipient, None):
            timer.cancel()

    def broke(self, reason: str) -> None:
        """A part of the target has broken, at one of the messages in its hands that there is no word about."""
        jobs = {id(job): job for job, _ in self._jobs.values() if not job.decided.done()}
        self._watch(tuple(jobs.values()), reason, since=asyncio.get_running_loop().time())

    def _watch(
        self, suspects: tuple[Job, ...], reason: str, *, since: float, seen: frozenset[str] = frozenset()
    ) -> None:
        """It was one of these. Those that are decided after all it was not; the one that lies about untended it was."""
        loop = asyncio.get_running_loop()
        left = tuple(job for job in suspects if not job.decided.done())
        past = loop.time() - since
        dropped = frozenset(self._leftovers.among(job.token for job in left if job.token) if self._leftovers else ())
        # Seen twice: between two of the target's processes a message may be in nobody's hands for a moment.
        guilty = [job for job in left if job.token in dropped & seen][:1]
        if past > _CRASH_PATIENCE or (self._leftovers is None and len(left) == 1 and past > _LAST_WORDS):
            guilty = list(left)
        for job in guilty:
            job.decide_all(Status.CRASHED, reason)
            self._crashed(reason, job.mail)
        if left and not guilty:
            loop.call_later(_AGAIN, lambda: self._watch(left, reason, since=since, seen=dropped))

    def lose(self, reason: str, status: Status) -> tuple[Mail, ...]:
        """The target has lost all it had in its hands, these messages. If it was a single one, it died of that."""
        lost = list({id(job): job for job, _ in self._jobs.values() if not job.decided.done()}.values())
        if len(lost) == 1:
            lost[0].decide_all(status, reason)
        for job in lost:
            if not job.decided.done():
                job.lose()
        return tuple(job.mail for job in lost)
