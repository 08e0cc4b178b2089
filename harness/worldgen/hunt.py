"""Random worlds, tried in one lab, and the smallest in which a target disagrees with the oracle."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random

from hypothesis import Phase, find, settings
from hypothesis.configuration import set_hypothesis_home_dir
from hypothesis.errors import HypothesisException, NoSuchExample
from hypothesis.strategies import SearchStrategy

from harness.oracle import UNDECLARED, Stance
from harness.run.plan import lacking
from harness.scenario.load import Entry
from harness.scenario.models import Need
from harness.verdict import Result, Verdict
from harness.verdict.result import Grade

from .bench import Try
from .entries import Label, Maker, UnusableError, twin_of, world_of
from .sequels import lone_sequels, stories
from .steps import with_steps
from .twists import Twist, drafted, joint, lone

_LONE = 800
"""How many worlds with a single departure are looked through for one that shows the same."""
_JOINT = 200
"""The same with two that belong together, of which there are fewer."""
BATCH = 100
"""Worlds tried at once."""

_LONGEST_TITLE = 110

_SEND = re.compile(r"send (\d+): ")
"""How the reason of a verdict begins, where there are several messages: with the one that decides."""

Kind = tuple[str, str]
"""How grave a finding is, and what the target did."""

_GRAVEST_FIRST = (Grade.SECURITY, Grade.DELIVERY, Grade.WARNING)

_Drawn = tuple[tuple[Twist, ...], Entry]

_EXPLAIN = (
    "A random world, made smaller as long as the target did what is not permitted there.\n"
    "What is expected is worked out by the oracle from RFC 7672 and RFC 8689."
)


@dataclass(frozen=True)
class Finding:
    """A world in which the target did what the oracle does not permit."""

    entry: Entry
    result: Result

    @property
    def kind(self) -> Kind:
        """Findings of one kind are taken for signs of one mistake, at whichever host mail is given away by it, and
        whatever was sent before and after."""
        outcomes = self.result.outcome.split(" then ")
        which = _SEND.match(self.result.reason)
        grade, outcome = str(self.result.grade), outcomes[int(which[1]) - 1 if which else 0].partition("@")[0]
        return grade, outcome.removeprefix("NEXT:") if grade == Grade.SECURITY else outcome


@dataclass
class Tally:
    """What a hunt came to."""

    worlds: int = 0
    """Worlds tried."""
    unusable: int = 0
    """Draws that made no world, none that the oracle speaks about, or none that can be tried with the target."""
    verdicts: Counter[Verdict] = field(default_factory=Counter)
    """Those of all worlds but the unsteady ones."""
    outcomes: Counter[str] = field(default_factory=Counter)
    """Usual outcomes that the oracle expected, in the mode that was tested."""
    found: list[Finding] = field(default_factory=list)
    """Every disagreement, as it was drawn."""
    unsteady: list[Result] = field(default_factory=list)
    """Worlds in which the target did wrong and, tried once more, did not."""
    other: list[Result] = field(default_factory=list)
    """Worlds in which nothing could be concluded, or danelab failed."""


class Hunt:
    """A hunt is determined by its seed: the same seed draws the same worlds in the same order."""

    def __init__(
        self,
        *,
        seed: int,
        count: int,
        attempt: Try,
        ipv6: bool = False,
        offers: frozenset[Need] = frozenset(Need),
        stance: Stance = UNDECLARED,
        batch: int = BATCH,
    ) -> None:
        """`attempt` tries worlds (`bench`), so many at once as `batch` says.

        `ipv6` lets hosts have IPv6 addresses. Worlds are left out that need more than `offers`; `stance` is what the
        target declares, and is held to.
        """
        requiretls = Need.REQUIRETLS in offers
        self._offers = offers
        self._seed = seed
        self._count = count
        self._attempt = attempt
        self._worlds = stories(ipv6=ipv6, requiretls=requiretls)
        self._lone = lone(ipv6=ipv6, requiretls=requiretls)
        self._joint = joint()
        self._lone_sequels = lone_sequels(ipv6=ipv6, requiretls=requiretls)
        self._batch = batch
        self._maker = Maker(stance=stance)
        self._numbers = iter(range(1, 1 << 30))
        self._known: dict[str, Finding | None] = {}
        self.tally = Tally()

    def run(self, progress: Callable[[int], None] = lambda _: None, *, until: Grade | None = None) -> Tally:
        """Try so many worlds, or fewer where `until` asks only for the first batch with a disagreement so grave.

        `progress` is told how many have been tried.
        """
        grave = () if until is None else _GRAVEST_FIRST[: _GRAVEST_FIRST.index(until) + 1]
        drawn: set[str] = set()
        waiting: list[_Drawn] = []

        def enough(twists: tuple[Twist, ...]) -> bool:
            key = digest(twists)
            if key not in drawn:
                drawn.add(key)
                entry = self._made(twists)
                if entry is None:
                    self.tally.unusable += 1
                else:
                    waiting.append((twists, entry))
            missing = self._count - self.tally.worlds
            if missing and len(waiting) >= min(self._batch, missing):
                self._try(waiting)
                waiting.clear()
                progress(self.tally.worlds)
            return self.tally.worlds >= self._count or any(found.result.grade in grave for found in self.tally.found)

        self._draw(enough, phases=(Phase.generate,))
        self._try(waiting)
        return self.tally

    def smallest(self, kind: Kind) -> Finding:
        """The simplest world that shows a finding of this kind, from the first that was drawn on."""
        best = next(finding for finding in self.tally.found if finding.kind == kind)

        def shows(twists: tuple[Twist, ...]) -> bool:
            nonlocal best
            found = self._seen(twists)
            if found is None or found.kind != kind:
                return False
            best = found
            return True

        # What one thing shows should not be told by two, and shrinking does not get from a pair to another single one.
        simple = ((self._lone, _LONE), (self._joint, _JOINT), (self._lone_sequels, _LONE))
        for worlds, most in (*simple, (self._worlds, None)):
            # A target that does not do the same twice leaves hypothesis at a loss, and the last good find stands.
            with contextlib.suppress(HypothesisException):
                twists = self._draw(shows, worlds=worlds, most=most, phases=(Phase.generate, Phase.shrink))
                if twists is not None:
                    return self._seen(twists) or best
        return best

    def _seen(self, twists: tuple[Twist, ...]) -> Finding | None:
        """What the target does in this world; tried now, where that has not been before."""
        key = digest(twists)
        if key not in self._known:
            entry = self._made(twists)
            if entry is None:
                self._known[key] = None
            else:
                (result,) = self._attempt([entry])
                self._known[key] = self._confirmed(twists, entry, result)
        return self._known[key]

    def _draw(
        self,
        wanted: Callable[[tuple[Twist, ...]], bool],
        *,
        phases: Sequence[Phase],
        worlds: SearchStrategy[tuple[Twist, ...]] | None = None,
        most: int | None = None,
    ) -> tuple[Twist, ...] | None:
        """Draw worlds, so many at most, until one is wanted, and shrink it where that is asked for; None: none was."""
        # Some draws come twice, and some make no world.
        asked = settings(max_examples=most or 2 * self._count + 100, phases=phases, database=None, deadline=None)
        with _elsewhere():
            try:
                return find(
                    self._worlds if worlds is None else worlds, wanted, settings=asked, random=Random(self._seed)
                )
            except NoSuchExample:
                return None

    def _made(self, twists: tuple[Twist, ...]) -> Entry | None:
        """The scenario of a world, under an id that no other has in this hunt; None where none can be made, or none
        that the target meets the needs of."""
        draft = drafted(twists)
        label = Label(id=f"fuzz-{next(self._numbers)}", title=_title(draft.words), explain=_EXPLAIN)
        try:
            entry = self._maker.make(with_steps(draft), label)
        except UnusableError:
            return None
        return None if lacking(entry.scenario, self._offers) else entry

    def _try(self, drawn: Sequence[_Drawn]) -> None:
        results = self._attempt([entry for _, entry in drawn])
        for (twists, entry), result in zip(drawn, results, strict=True):
            self.tally.worlds += 1
            self.tally.outcomes[result.expected.partition(" ")[0].partition("@")[0]] += 1
            finding = self._known[digest(twists)] = self._confirmed(twists, entry, result)
            if finding is not None:
                self.tally.found.append(finding)
            elif result.verdict is Verdict.FAIL:
                self.tally.unsteady.append(result)
                continue
            elif result.verdict not in (Verdict.PASS, Verdict.ALLOWED):
                self.tally.other.append(result)
            self.tally.verdicts[result.verdict] += 1

    def _confirmed(self, twists: tuple[Twist, ...], entry: Entry, result: Result) -> Finding | None:
        """What was found, if the same is found again: on a busy machine a question may run out of time."""
        if result.verdict is not Verdict.FAIL:
            return None
        again = self._made(twists)
        assert again is not None
        (second,) = self._attempt([again])
        found, repeated = Finding(entry, result), Finding(again, second)
        return repeated if second.verdict is Verdict.FAIL and repeated.kind == found.kind else None


@contextlib.contextmanager
def _elsewhere() -> Iterator[None]:
    """Hypothesis would leave a folder behind where danelab was started."""
    with tempfile.TemporaryDirectory(prefix="danelab-") as folder:
        set_hypothesis_home_dir(folder)
        try:
            yield
        finally:
            set_hypothesis_home_dir(None)


def kept(finding: Finding, stance: Stance = UNDECLARED) -> Entry:
    """The finding's scenario under a name made of its content, to be kept in a file that says what was declared."""
    tables = world_of(finding.entry.source.tables)
    name = hashlib.sha256(json.dumps(tables, sort_keys=True).encode()).hexdigest()[:8]
    needed = Maker(stance=stance).needed(tables)
    told = ", ".join(f"{point}={position}" for point, position in needed.positions.items())
    explain = _EXPLAIN + (f"\nIt is expected of a sender that declares {told}." if told else "")
    label = Label(id=f"fuzz-{name}", title=finding.entry.scenario.title, explain=explain, twin=twin_of(tables))
    return Maker(stance=stance).make(tables, label)


def kinds(findings: Iterable[Finding]) -> Iterator[Kind]:
    """The kinds of findings, gravest first, the most frequent of each grade first."""
    counted = Counter(finding.kind for finding in findings)
    yield from sorted(counted, key=lambda kind: (_GRAVEST_FIRST.index(Grade(kind[0])), -counted[kind]))


def digest(twists: tuple[Twist, ...]) -> str:
    """By which two draws are found to be of the same world."""
    return json.dumps([twist.words for twist in twists])


def _title(words: Sequence[str]) -> str:
    """As much of what was done as a title has room for."""
    title = "A random world"
    for place, word in enumerate(words or ["the healthy one"]):
        longer = f"{title}{', ' if place else ': '}{word}"
        if len(longer) > _LONGEST_TITLE:
            return f"{title}, and more"
        title = longer
    return title
