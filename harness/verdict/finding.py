"""What is held of one message for one recipient, taken by itself: before the twin has had its say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from harness.journal import Status
from harness.scenario.mailhosts import Role
from harness.scenario.models import Choice, Mode
from harness.scenario.outcomes import Code, Outcome, Permitted

from .conformance import covering, grade, leak, observed, revealing
from .evidence import shortened
from .fates import Contact, Fate
from .observation import Sending
from .profile import Profile
from .result import Grade, Leak, Verdict
from .wire import NOWHERE, Breach, breaches

NEVER_SENT = "not sent"
"""Stands for an outcome where no message was handed over."""

DONE = "delivered before"
"""Stands for an outcome where there was nothing left to be tried again."""

UNPROVED = "nothing shows that the server was authenticated"
"""Note on a delivery over TLS where AUTH was expected and is not believed."""

_SEVEREST_FIRST = (Grade.SECURITY, Grade.DELIVERY, Grade.WARNING, None)

_WITHOUT_CODE = {
    Status.DEFERRED: Code.DEFER,
    Status.BOUNCED: Code.BOUNCE,
    Status.CRASHED: "crashed",
    Status.TIMED_OUT: "timed out",
    Status.UNSUPPORTED: "unsupported",
    Status.DELIVERED: "lost",
    Status.UNKNOWN: "withheld",
}


@dataclass(frozen=True, kw_only=True)
class Finding:
    """The verdict on one fate. `withheld` marks one that conforms by not delivering: by itself it proves nothing."""

    verdict: Verdict
    outcome: str
    expected: Permitted
    reason: str
    grade: Grade | None = None
    choice: Choice | None = None
    said: str = ""
    """The target's own words, where they help."""
    leaks: tuple[Leak, ...] = ()
    notes: tuple[str, ...] = ()
    withheld: bool = False
    idle: bool = False
    """Whether it was withheld for the same reason as its twin, and tells nothing else."""
    breach: Breach | None = None
    """The rule of the wire for which it fails."""
    lines: tuple[int, ...] = ()
    """Lines of the journal that show breaches of such rules."""


def weigh(sending: Sending, fate: Fate, profile: Profile, *, authenticates: bool = True) -> Finding:
    """Judge one fate by its expectation.

    `authenticates` is False where the run has shown that the target delivers the same without a match: AUTH is then
    not believed, though a delivery over TLS still conforms where AUTH is all that is permitted.
    """
    expect = sending.send.expected(fate.zone)
    profile = profile.towards(sending.send.mode(fate.zone))
    permitted = profile.permitted(expect)
    if fate.before:
        notes = (f"the target {fate.status} at it",) if fate.status is Status.CRASHED else ()
        reason = "an earlier attempt had delivered the message, and there was nothing left to try"
        found = Finding(verdict=Verdict.PASS, outcome=DONE, expected=permitted, reason=reason, notes=notes)
    elif fate.taken:
        found = _delivered(fate, permitted, authenticates=authenticates)
    elif sending.handed is None:
        reason = "the message was never handed to the target"
        found = Finding(verdict=Verdict.INCONCLUSIVE, outcome=NEVER_SENT, expected=permitted, reason=reason)
    else:
        found = _withheld(sending, fate, permitted)
    shown = tuple(contact for contact in fate.shown if revealing(permitted, contact))
    if shown and found.grade is not Grade.SECURITY:
        leaks = tuple(map(leak, shown))
        reason = f"nothing was accepted, but the target showed {leaks[0]}"
        found = replace(found, verdict=Verdict.FAIL, grade=Grade.SECURITY, reason=reason, withheld=False)
    if found.grade is Grade.DELIVERY and expect.severity == "should":
        found = replace(found, grade=Grade.WARNING)
    dane = profile.judged_as is not Mode.UNAWARE
    broken = breaches(expect, sending, delivers=permitted.allows_delivery, dane=dane)
    found = _disciplined(found, broken, soft=expect.severity == "should")
    if found.verdict is Verdict.ALLOWED and expect.choice is Choice.EQUAL_PREFERENCE:
        # Here the sender has to draw lots (RFC 5321 section 5.1), so that no outcome is more usual than another.
        found = replace(found, verdict=Verdict.PASS)
    wanted = found.verdict is not Verdict.PASS and not fate.delivered
    return replace(
        found,
        choice=expect.choice,
        said=shortened(fate.said) if wanted else "",
        leaks=(*found.leaks, *map(leak, shown)),
        notes=(*fate.notes, *found.notes),
    )


def _disciplined(found: Finding, broken: Sequence[Breach], *, soft: bool) -> Finding:
    """The finding once the rules of the wire have been looked at. `soft`: a breach is a warning, whatever the rule."""
    if found.verdict is Verdict.UNSUPPORTED or not broken:
        return found
    notes = tuple(breach.problem for breach in broken if breach.grade is None)
    counting = [breach for breach in broken if breach.grade is not None]
    found = replace(
        found,
        notes=(*found.notes, *notes),
        lines=tuple(breach.line for breach in broken if breach.line != NOWHERE),
    )
    if not counting:
        return found
    worst = min(counting, key=lambda breach: _SEVEREST_FIRST.index(breach.grade))
    how_bad = Grade.WARNING if soft else worst.grade
    others = tuple(f"{breach.problem} ({breach.rule})" for breach in counting if breach is not worst)
    if found.grade is not None and _SEVEREST_FIRST.index(found.grade) <= _SEVEREST_FIRST.index(how_bad):
        return replace(found, notes=(*found.notes, f"{worst.problem} ({worst.rule})", *others))
    return replace(
        found,
        verdict=Verdict.FAIL,
        grade=how_bad,
        reason=f"{worst.problem} ({worst.rule}); apart from that, {found.reason}",
        notes=(*found.notes, *others),
        withheld=False,
        breach=worst,
    )


def _delivered(fate: Fate, permitted: Permitted, *, authenticates: bool) -> Finding:
    bad: list[Contact] = []
    good: list[tuple[Contact, Outcome]] = []
    for contact in fate.taken:
        cover = covering(permitted, contact, authenticates=authenticates)
        if cover is None:
            bad.append(contact)
        else:
            good.append((contact, cover))
    if bad:
        worst = min(bad, key=lambda contact: grade(permitted, contact) is not Grade.SECURITY)
        how_bad = grade(permitted, worst)
        return Finding(
            verdict=Verdict.FAIL,
            grade=how_bad,
            outcome=str(observed(worst, None)),
            expected=permitted,
            reason=_misdelivery(worst, permitted, how_bad),
            leaks=tuple(leak(contact) for contact in bad if grade(permitted, contact) is Grade.SECURITY),
        )
    contact, cover = good[-1]
    usual = all(outcome == permitted.usual for _, outcome in good)
    unproved = cover.code is Code.AUTH and not authenticates
    return Finding(
        verdict=Verdict.PASS if usual else Verdict.ALLOWED,
        outcome=str(observed(contact, cover, authenticates=authenticates)),
        expected=permitted,
        reason=f"{contact.server} took the mail {_manner(contact)}",
        notes=(UNPROVED,) if unproved else (),
    )


def _withheld(sending: Sending, fate: Fate, permitted: Permitted) -> Finding:
    status = fate.status or Status.UNKNOWN
    codes = {outcome.code for outcome in permitted.outcomes}
    may_wait = not codes.isdisjoint({Code.DEFER, Code.BOUNCE})
    verdict, reason, notes, outcome = Verdict.FAIL, "", (), str(_WITHOUT_CODE[status])
    match status:
        case Status.UNSUPPORTED:
            verdict, reason = Verdict.UNSUPPORTED, "the target cannot do this"
        case Status.CRASHED | Status.TIMED_OUT:
            reason = "the target crashed" if status is Status.CRASHED else "the target did not make up its mind in time"
            verdict = Verdict.INCONCLUSIVE if may_wait else Verdict.FAIL
            reason += ", and nothing follows from that" if may_wait else ", and the mail that had to go did not"
        case Status.DELIVERED if not sending.connected:
            verdict, reason = Verdict.INCONCLUSIVE, "the target says delivered, and the lab saw no connection"
        case Status.DELIVERED:
            reason = "no server accepted the message, and the target believes that one did: the mail is lost"
        case Status.UNKNOWN if not sending.seen_working:
            verdict, reason = Verdict.INCONCLUSIVE, "the target asked nothing, connected nowhere and said nothing"
        case Status.UNKNOWN if codes == {Code.BOUNCE}:
            verdict, reason = Verdict.INCONCLUSIVE, "withheld; whether it was bounced, the target does not say"
        case Status.BOUNCED if Code.BOUNCE in codes:
            return _kept_back(permitted, Code.BOUNCE, "returned as undeliverable")
        case Status.BOUNCED:
            where = "kept for later" if Code.DEFER in codes else "delivered"
            reason = f"returned as undeliverable, though it had to be {where}"
        case Status.DEFERRED | Status.UNKNOWN if Code.DEFER in codes:
            found = _kept_back(permitted, Code.DEFER, "accepted nowhere and kept for later")
            told = ("the target did not say what will become of the message",) if status is Status.UNKNOWN else ()
            return replace(found, notes=told)
        case _:
            reason = "withheld, though it had to be " + ("returned" if codes == {Code.BOUNCE} else "delivered")
    bad = Grade.DELIVERY if verdict is Verdict.FAIL else None
    return Finding(verdict=verdict, grade=bad, outcome=outcome, expected=permitted, reason=reason, notes=notes)


def _kept_back(permitted: Permitted, code: Code, reason: str) -> Finding:
    verdict = Verdict.PASS if permitted.usual.code is code else Verdict.ALLOWED
    return Finding(verdict=verdict, outcome=code, expected=permitted, reason=reason, withheld=True)


def _misdelivery(contact: Contact, permitted: Permitted, how_bad: Grade) -> str:
    who = f"the attacker's server {contact.server}" if contact.role is Role.IMPOSTOR else contact.server
    took = f"{who} took the mail {_manner(contact)}"
    if how_bad is Grade.DELIVERY:
        return f"{took}, passing over a more preferred host"
    return f"{took}; {' or '.join(map(str, permitted.outcomes))} was expected"


def _manner(contact: Contact) -> str:
    return "over TLS" if contact.tls else "in cleartext"
