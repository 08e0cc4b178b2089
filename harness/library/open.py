"""A lab as a test sees it: where it is, what is to be sent, what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self, TypeVar

from cryptography.hazmat.primitives.serialization import Encoding

from harness.errors import UsageError
from harness.journal import Event, Reported, Status
from harness.lab.lab import Lab
from harness.lab.recorder import Recorder
from harness.scenario.load import Entry
from harness.scenario.words import did_you_mean
from harness.verdict import Profile, Result, judge

from .raised import SENDER, Raised
from .script import Message, Script
from .shelf import rules
from .telling import Inconclusive, clear, conclude

__all__ = ["Events", "Message", "OpenLab"]

E = TypeVar("E", bound=Event)

SAID = (Status.DELIVERED, Status.DEFERRED, Status.BOUNCED, Status.UNSUPPORTED, Status.UNKNOWN)
"""What can be said for a sender of a message it was given."""


class Events(tuple[Event, ...]):
    """The journal: what happened in the lab, in order (`harness.journal`)."""

    __slots__ = ()

    def of(self, *kinds: type[E]) -> tuple[E, ...]:
        """The events of these kinds, as in `events.of(Accepted)`."""
        return tuple(event for event in self if isinstance(event, kinds))


@dataclass(frozen=True, kw_only=True)
class Cast:
    """What a lab is raised for."""

    entry: Entry
    along: tuple[Entry, ...]
    """Its twin, and what else its verdict rests on."""
    profile: Profile
    seed: str


class OpenLab:
    """A lab in a `with` block; what came of it can be asked inside and after.

    The verdict rests on the messages of this lab and on those of `others` in the same test. Whatever is wrong with a
    world is raised on entry, as ScenarioError.
    """

    def __init__(self, cast: Cast, *, recorder: Recorder, others: Sequence[OpenLab] = ()) -> None:
        """`recorder` is of this lab alone; several of one test begin at the same time."""
        self._cast = cast
        self._recorder = recorder
        self._others = others
        self._raised: Raised | None = None
        self._up = False
        self._scripts: dict[str, Script] = {}
        self._handing = False
        self._checked = False
        self._looked = ""

    @clear
    def __enter__(self) -> Self:
        if self._raised is not None:
            raise UsageError(f"the lab of {self.scenario} was up once: raise another for another with block")
        entries = (self._cast.entry, *self._cast.along)
        self._raised = Raised(entries, recorder=self._recorder, seed=self._cast.seed)
        self._up = True
        mode = self._cast.profile.mode
        self._scripts = {entry.id: Script(entry, self._raised, mode=mode) for entry in entries}
        # A test need not ask for the message in order to send one.
        self._scripts[self.scenario].next()
        return self

    @clear
    def __exit__(self, *_: object) -> None:
        assert self._raised is not None
        self._up = False
        self._raised.down()

    @property
    def scenario(self) -> str:
        """Id of the scenario."""
        return self._cast.entry.id

    @property
    def _lab(self) -> Lab:
        if self._raised is None:
            raise UsageError(f"the lab of {self.scenario} is not up: use it in a with block")
        return self._raised.lab

    @property
    def resolver(self) -> str:
        """Address and port of the lab's validating resolver, as `127.0.0.1:5353`; it sets AD for secure answers."""
        return self._lab.resolver_at

    @property
    def resolver_address(self) -> str:
        """The resolver's address alone."""
        return self._lab.resolver.address

    @property
    def resolver_port(self) -> int:
        """The resolver's port alone, the same for UDP and TCP."""
        return self._lab.resolver.port

    @property
    def smtp_port(self) -> int:
        """The port of every mail host, in place of 25; TLSA records stand at `_PORT._tcp.HOST` accordingly."""
        return self._lab.smtp_port

    @property
    def public_ca(self) -> str:
        """Certificate of the lab's publicly trusted CA, in PEM, as for `ssl.create_default_context(cadata=...)`."""
        return self._lab.internet.around.webpki.certificate.public_bytes(Encoding.PEM).decode()

    @property
    @clear
    def message(self) -> Message:
        """The scenario's message. Raises UsageError where it sends several."""
        script = self._script()
        if script.sends > 1:
            raise UsageError(f"{self.scenario} sends {script.sends} messages: send all of `lab.messages`, in order")
        return script.handed[0]

    @property
    def messages(self) -> Iterator[Message]:
        """Every message, to be sent one after the other: those of the twin first, then the scenario's own.

        They are handed out once. Between two messages of a scenario with steps the world changes, or time passes.
        """
        own = self._script()
        if self._handing:
            raise UsageError(f"the messages of {self.scenario} have been handed out: raise another lab to send again")
        self._handing = True
        return self._hand_out(own)

    def _hand_out(self, own: Script) -> Iterator[Message]:
        for entry in self._cast.along:
            script = self._scripts[entry.id]
            while (message := script.next()) is not None:
                yield message
        yield own.handed[0]
        while (message := own.next()) is not None:
            yield message

    def _script(self) -> Script:
        _ = self._lab
        return self._scripts[self.scenario]

    @clear
    def said(self, word: str, reason: str = "", *, message: Message | None = None) -> None:
        """Note what the sender itself says of a message: `delivered`, `deferred`, `bounced` or `unsupported`.

        What is seen on the wire counts more. `message`: by default the scenario's last one that was handed out.
        """
        if word not in SAID:
            raise UsageError(f"nobody can say {word!r} of a message; {did_you_mean(word, SAID)}")
        of = message or self._script().handed[-1]
        assert self._raised is not None
        for each in of.recipients:
            self._raised.record(Reported, scenario=of.scenario, recipient=each, status=Status(word), reason=reason)

    @property
    @clear
    def events(self) -> Events:
        """The journal of this lab so far."""
        self._settle()
        return Events(self._recorder.events)

    @clear
    def outcome(self) -> str:
        """What was seen, as a code word: AUTH, TLS, CLEAR, DEFER, BOUNCE, NEXT:AUTH, ...; `withheld` where no message
        arrived and nothing shows that it is kept.

        This judges nothing: that a message was withheld proves nothing without the twin (`check`).
        """
        found = self._judged()[self.scenario]
        self._looked = found.outcome
        return found.outcome

    @clear
    def verdict(self) -> Result:
        """What the judge makes of it, by the messages sent so far."""
        self._checked = True
        return self._judged()[self.scenario]

    @clear
    def check(self) -> Result:
        """The verdict, where it is `pass` or `allowed`.

        Raises AssertionError with the failure's story, and where nothing follows: a negative counts only when the
        twin's message was sent too and delivered. Raises SkipTest where the sender says `unsupported`, HarnessError
        where danelab itself failed.
        """
        self._checked = True
        found = self._judged()
        result = found.pop(self.scenario)
        return conclude(result, found.values(), hint=self._hint())

    def unproved(self) -> str:
        """Why a negative that this test looked at, and never had judged, proves nothing; empty where it does."""
        if self._checked or not self._looked:
            return ""
        try:
            conclude(self._judged()[self.scenario])
        except Inconclusive as reason:
            return f"{self._looked} of {self.scenario} was looked at, but {reason}; {self._hint()}".removesuffix("; ")
        except Exception:
            # A failure of the sender may be just what the test is about.
            return ""
        return ""

    def _hint(self) -> str:
        unsent = [entry.id for entry in self._cast.along if not self._scripts or not self._scripts[entry.id].handed]
        if not unsent:
            return ""
        return f"send all of `lab.messages`, those of {', '.join(unsent)} among them, or use danelab.judge(send=...)"

    def _settle(self) -> None:
        if self._up and self._raised is not None:
            self._raised.settle()

    def _sent(self) -> dict[str, Entry]:
        """The scenarios of which messages were handed out."""
        entries = {entry.id: entry for entry in (self._cast.entry, *self._cast.along)}
        return {key: entries[key] for key, script in self._scripts.items() if script.handed}

    def _judged(self) -> dict[str, Result]:
        _ = self._lab
        self._settle()
        entries, events = self._sent(), list(self._recorder.events)
        for other in self._others:
            if other is not self:
                more = {key: entry for key, entry in other._sent().items() if key not in entries}  # noqa: SLF001 (same class)
                entries |= more
                events += [event for event in other._recorder.events if event.scenario in more]  # noqa: SLF001 (same class)
        results = judge(
            [entry.scenario for entry in entries.values()],
            self._cast.profile,
            events,
            requirements=rules(),
            groups={key: entry.group for key, entry in entries.items()},
        )
        return {result.scenario: result for result in results if result.target == SENDER}
