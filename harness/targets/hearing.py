"""What a target says of the messages in its hands: lines of its log, turned into words about recipients."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Callable, Iterator

from harness.journal import Status

from .base import Mail, Word
from .definition import Line, Observe

_CRASH_PATIENCE = 20.0
"""How long after a crash messages may be undecided that it has nothing to do with, in seconds."""


class Job:
    """A message in the target's hands."""

    def __init__(self, mail: Mail) -> None:
        self.mail = mail
        self.decided: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done when there is a word for every recipient, or when the message is lost."""
        self.lost = False
        """The target ended while it had this message and others: it can be given again."""
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
    ) -> None:
        """`log` gets every line, whether it tells a decision or not; `crashed` is told what broke and at what."""
        self._lines = [(re.compile(line.pattern), line) for line in observe.lines]
        self._naming = re.compile(observe.tokens) if observe.tokens else None
        self._crash = re.compile(observe.crash) if observe.crash else None
        self._crashed = crashed
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
            self._suspect((broken.groupdict().get("reason") or line).strip())
        if self._naming is not None and (naming := self._naming.search(line)):
            self._tokens[naming["token"]] = naming["recipient"].lower()
        for pattern, meaning in self._lines:
            found = pattern.search(line)
            if found is not None:
                self._tell(found, meaning, line, job)
                return

    def _tell(self, found: re.Match[str], meaning: Line, line: str, job: Job | None) -> None:
        groups = found.groupdict()
        reason = (groups.get("reason") or line).strip()
        recipient = (groups.get("recipient") or self._tokens.get(groups.get("token") or "", "")).lower()
        if not recipient:
            if job is not None:
                job.decide_all(meaning.status, reason)
            return
        about, name = self._jobs.get(recipient, (None, ""))
        if about is None:
            return
        if timer := self._tentative.pop(recipient, None):
            timer.cancel()
        if meaning.settle:
            later = asyncio.get_running_loop().call_later
            self._tentative[recipient] = later(meaning.settle, about.decide, name, meaning.status, reason)
        else:
            about.decide(name, meaning.status, reason)

    def _suspect(self, reason: str) -> None:
        for about in {id(about): about for about, _ in self._jobs.values() if not about.decided.done()}.values():
            asyncio.get_running_loop().call_later(_CRASH_PATIENCE, self._convict, about, reason)

    def _convict(self, job: Job, reason: str) -> None:
        if not job.decided.done():
            job.decide_all(Status.CRASHED, reason)
            self._crashed(reason, job.mail)

    def lose(self, reason: str, status: Status) -> Mail | None:
        """The target has lost all it had in its hands. If that was one message, it died of it, and this is the one."""
        lost = list({id(job): job for job, _ in self._jobs.values() if not job.decided.done()}.values())
        if len(lost) == 1:
            lost[0].decide_all(status, reason)
            return lost[0].mail
        for job in lost:
            job.lose()
        return None
