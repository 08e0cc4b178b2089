"""One answer of a resolver, held against what a correct one says (RFC 4035 sections 3.2 and 5). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from harness.journal import Resolved, is_overlong
from harness.scenario.models import Choice

from .result import Grade, Verdict


class Answer(StrEnum):
    """What an answer comes to for a sender that trusts its resolver."""

    AD = "AD"
    """Data, or a denial, that the resolver vouches for (RFC 4035 section 3.2.3)."""
    PLAIN = "plain"
    """Data, or a denial, that it does not vouch for."""
    ERROR = "SERVFAIL"
    """Nothing: any other RCODE comes to the same."""
    SILENCE = "silence"
    """No answer at all, which comes to the same."""


class Breach(StrEnum):
    """A rule that an answer breaks, by the requirement that states it."""

    BOGUS_PASSED_ON = "4035-5.5-1"
    DENIAL_MADE_UP = "4035-5.4-1"
    VOUCHED_FALSELY = "4035-3.2.3-1"
    NOT_VOUCHED = "4033-5-2"
    STANDING_MISTAKEN = "4035-4.3-1"
    FAILURE_HIDDEN = "7672-2.1.1-3"
    VOUCHED_TOO_LONG = "4035-5.3.3-1"


@dataclass(frozen=True, kw_only=True)
class Weighed:
    """What is held of one answer."""

    line: int
    event: Resolved
    verdict: Verdict
    reason: str
    grade: Grade | None = None
    breach: Breach | None = None
    choice: Choice | None = None
    before: tuple[str, ...] = ()
    """What was wrong with earlier answers to the same question, which was asked again."""

    @property
    def withheld(self) -> bool:
        """Whether an error was expected and came: that alone proves nothing."""
        return self.verdict is Verdict.PASS and self.event.standing in _BAD

    @property
    def good(self) -> bool:
        """Whether secure data, or a secure denial, came with AD."""
        return self.verdict is Verdict.PASS and self.event.standing == _SECURE


_SECURE, _INSECURE, _BAD = "secure", "insecure", ("bogus", "failed")
_RIGHT = {_SECURE: Answer.AD, _INSECURE: Answer.PLAIN}
_PERMITTED = {
    "secure": (Answer.AD,),
    "insecure": (Answer.PLAIN,),
    "servfail": (Answer.ERROR, Answer.SILENCE),
    "inferred": (Answer.AD,),
    "denied": (Answer.AD,),
}


def said(event: Resolved) -> Answer:
    """What the answer comes to."""
    if event.rcode not in ("NOERROR", "NXDOMAIN"):
        return Answer.SILENCE if event.rcode == "none" else Answer.ERROR
    return Answer.AD if event.authentic_data else Answer.PLAIN


def expected(event: Resolved) -> Answer:
    """What the right answer comes to."""
    return _RIGHT.get(event.standing, Answer.ERROR)


def weigh_answer(line: int, event: Resolved, *, met_the_fault: bool) -> Weighed:
    """One answer by itself. `met_the_fault`: the resolver had the faulty answer from the name servers."""
    seen, right = said(event), expected(event)
    same = seen in (Answer.ERROR, Answer.SILENCE) or (event.rcode, event.answer) == _rightly(event)
    if seen is right and same and is_overlong(event.ttl, event.right_ttl):
        late = f"its TTL is {event.ttl} s, and {max(event.right_ttl or 0, 0):.0f} s are right"
        return Weighed(
            line=line,
            event=event,
            verdict=Verdict.FAIL,
            reason=f"{question(event)} gave {shown(event)}: {late}, so that whoever keeps it keeps it too long",
            grade=Grade.SECURITY,
            breach=Breach.VOUCHED_TOO_LONG,
        )
    if (seen is right or (right is Answer.ERROR and seen is Answer.SILENCE)) and same:
        return Weighed(line=line, event=event, verdict=Verdict.PASS, reason=f"{question(event)} gave {shown(event)}")
    choice = _permitted(event, seen, same=same, met_the_fault=met_the_fault)
    if choice is not None:
        reason = f"{question(event)} gave {shown(event)}, which is permitted"
        return Weighed(line=line, event=event, verdict=Verdict.ALLOWED, reason=reason, choice=choice)
    grade, breach, what = _wrong(event, seen, right, same=same)
    reason = f"{question(event)} gave {shown(event)}: {what}"
    return Weighed(line=line, event=event, verdict=Verdict.FAIL, reason=reason, grade=grade, breach=breach)


def _rightly(event: Resolved) -> tuple[str, tuple[str, ...]]:
    return event.right_rcode, event.right_answer


def _permitted(event: Resolved, seen: Answer, *, same: bool, met_the_fault: bool) -> Choice | None:
    """The choice that leads to this answer; None where none does."""
    for permit in event.permits:
        what, _, choice = permit.partition(" ")
        if seen not in _PERMITTED[what]:
            continue
        if what == "inferred" and (met_the_fault or not (same or not event.answer)):
            continue
        if what == "denied" and (met_the_fault or event.answer):
            continue
        if what in ("secure", "insecure") and not same:
            continue
        return Choice(choice)
    return None


def _wrong(event: Resolved, seen: Answer, right: Answer, *, same: bool) -> tuple[Grade, Breach, str]:
    """What is wrong with an answer that no reading permits."""
    if right is Answer.ERROR:
        if event.standing == "failed":
            return Grade.SECURITY, Breach.FAILURE_HIDDEN, "no answer could be had, and one was given"
        how = "vouched for" if seen is Answer.AD else "passed on as insecure"
        what = "bogus data was" if event.answer else "a denial without valid proof was"
        return Grade.SECURITY, Breach.BOGUS_PASSED_ON, f"{what} {how}"
    if seen in (Answer.ERROR, Answer.SILENCE):
        how = "secure" if right is Answer.AD else "provably insecure"
        return Grade.DELIVERY, Breach.STANDING_MISTAKEN, f"there is a {how} answer, and mail waits for it in vain"
    if not same:
        return _other_data(event, seen, right)
    if right is Answer.PLAIN:
        return Grade.SECURITY, Breach.VOUCHED_FALSELY, "insecure data was vouched for"
    if event.type == "TLSA" and not event.right_answer:
        return Grade.WARNING, Breach.NOT_VOUCHED, "the secure denial lost its AD, which changes nothing for mail"
    return Grade.SECURITY, Breach.NOT_VOUCHED, "secure data lost its AD, so that a sender does without DANE"


def _other_data(event: Resolved, seen: Answer, right: Answer) -> tuple[Grade, Breach, str]:
    if event.right_answer and not event.answer:
        grade = Grade.SECURITY if right is Answer.AD or seen is Answer.AD else Grade.DELIVERY
        return grade, Breach.DENIAL_MADE_UP, "records that exist were denied"
    if event.answer != event.right_answer:
        grade = Grade.SECURITY if right is Answer.AD or seen is Answer.AD else Grade.DELIVERY
        return grade, Breach.VOUCHED_FALSELY, "the records are not those that are published"
    if seen is not right:
        grade = Grade.SECURITY
        breach = Breach.VOUCHED_FALSELY if seen is Answer.AD else Breach.NOT_VOUCHED
        return grade, breach, "neither the code nor the standing of the denial is right"
    return Grade.DELIVERY, Breach.DENIAL_MADE_UP, f"the denial should be {event.right_rcode}"


def question(event: Resolved) -> str:
    """`mx1.ee-311.example. A`."""
    return f"{event.name} {event.type}"


def shown(event: Resolved) -> str:
    """The answer in a few words."""
    seen = said(event)
    if seen is Answer.SILENCE:
        return "no answer"
    if seen is Answer.ERROR:
        return event.rcode
    data = "; ".join(event.answer[:2]) + ("; ..." if len(event.answer) > 2 else "")
    return f"{event.rcode} {'with' if seen is Answer.AD else 'without'} AD" + (f" ({data})" if data else ", no records")


def meant(event: Resolved) -> str:
    """The right answer in a few words."""
    match expected(event):
        case Answer.ERROR:
            return f"SERVFAIL ({'the answer is bogus' if event.standing == 'bogus' else 'no answer can be had'}" + (
                f": {event.why})" if event.why else ")"
            )
        case right:
            data = "; ".join(event.right_answer[:2]) + ("; ..." if len(event.right_answer) > 2 else "")
            ad = "with AD" if right is Answer.AD else "without AD"
            return f"{event.right_rcode} {ad}" + (f" ({data})" if data else ", no records")
