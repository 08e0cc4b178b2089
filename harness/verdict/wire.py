"""What a client says on a connection, and when: rules held of its sessions, beside what becomes of the mail."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from harness.journal import Accepted, Connected, Handshake, Left, Spoke
from harness.scenario.models import Expect, WireRule

from .observation import Sending, WireEvent
from .result import Grade
from .sends import servers

NOWHERE = 0
"""Line of what no line of the journal shows."""

_NAMES = re.compile(r"\{([^{}]*)\}")
_PARAMETERS = {
    "SIZE": "SIZE",
    "BODY": "8BITMIME",
    "SMTPUTF8": "SMTPUTF8",
    "RET": "DSN",
    "ENVID": "DSN",
    "AUTH": "AUTH",
    "REQUIRETLS": "REQUIRETLS",
}
"""Parameters of MAIL and the keywords that stand for them in an EHLO reply."""


@dataclass(frozen=True, kw_only=True)
class Breach:
    """A rule that was not kept."""

    rule: str
    """How the scenario names the rule."""
    wanted: str
    """The rule in a few words."""
    problem: str
    """What was seen."""
    line: int
    """Line of the journal that shows it."""
    grade: Grade | None
    """How bad it is; None: tolerated, and told."""
    requirement: str = ""
    """Id of the requirement; empty: the scenario's first."""


@dataclass(frozen=True, kw_only=True)
class _Session:
    """One connection, as far as it has gone."""

    server: str
    events: tuple[tuple[int, WireEvent], ...]
    offered: tuple[str, ...]
    """First words of what the server offers inside TLS."""

    def spoken(self, *, tls: bool) -> Iterator[tuple[int, Spoke, str]]:
        """The commands said inside TLS, or outside, with their verbs."""
        for line, event in self.events:
            if isinstance(event, Spoke) and event.tls == tls and event.command:
                yield line, event, event.command.partition(" ")[0].upper()

    @property
    def secured(self) -> bool:
        return any(isinstance(event, Handshake) and event.completed for _, event in self.events)


_Found = Iterator[tuple[int, str]]


def _ehlo_first(session: _Session) -> _Found:
    for line, _, verb in session.spoken(tls=True):
        if verb not in ("EHLO", "QUIT"):
            yield line, f"{verb} was the first command inside TLS"
        return


def _no_starttls(session: _Session) -> _Found:
    for line, _, verb in session.spoken(tls=True):
        if verb == "STARTTLS":
            yield line, "STARTTLS was said inside TLS"


def _last_of_its_group(session: _Session) -> _Found:
    for line, event, verb in session.spoken(tls=False):
        if verb == "STARTTLS" and event.ahead:
            yield line, "more was sent along with STARTTLS"


def _nothing_in_clear(session: _Session) -> _Found:
    agreed = along = False
    for line, event, verb in session.spoken(tls=False):
        if agreed and not along:
            yield line, f"{verb} was said in cleartext after the 220 to STARTTLS"
        if verb == "STARTTLS":
            agreed, along = event.reply.startswith("220"), event.ahead


def _only_offered(session: _Session) -> _Found:
    """What was offered before TLS, or in reply to an EHLO that was never sent inside it, does not count."""
    offered: tuple[str, ...] = ()
    for line, event, verb in session.spoken(tls=True):
        if event.ahead and "PIPELINING" not in offered:
            yield line, f"more was sent behind {verb} before its reply, and PIPELINING was not offered inside TLS"
        if verb == "EHLO" and event.reply.startswith("250"):
            offered = session.offered
        elif verb == "MAIL":
            for word in event.command.rpartition(">")[2].upper().split():
                name, _, value = word.partition("=")
                keyword = "BINARYMIME" if word == "BODY=BINARYMIME" else _PARAMETERS.get(name, "")
                if keyword and keyword not in offered:
                    said = f"{name}={value}" if value else name
                    yield line, f"MAIL was said with {said}, and {keyword} was not offered inside TLS"
        elif verb == "BDAT" and "CHUNKING" not in offered:
            yield line, "BDAT was said, and CHUNKING was not offered inside TLS"


def _no_mail(session: _Session) -> _Found:
    if _delivered(session):
        return
    for line, _, verb in session.spoken(tls=True):
        if verb == "MAIL":
            yield line, "MAIL was said after the handshake, to a server that may not have the mail"


def _just_closed(session: _Session) -> _Found:
    """Where the client left after a handshake with neither QUIT nor an alert."""
    verbs = {verb for _, _, verb in session.spoken(tls=True)}
    alert = any(isinstance(event, Handshake) and event.error for _, event in session.events)
    if session.secured and not alert and not _delivered(session) and verbs.isdisjoint({"QUIT", "MAIL"}):
        for line, event in session.events:
            if isinstance(event, Left) and event.by == "client":
                yield line, "the client hung up without QUIT"


def _demand_dropped(session: _Session) -> _Found:
    if not _delivered(session):
        return
    for line, event, verb in session.spoken(tls=True):
        if verb == "MAIL" and "REQUIRETLS" not in event.command.rpartition(">")[2].upper().split():
            yield line, "MAIL was said without REQUIRETLS"


def _bare_key_asked_for(session: _Session) -> _Found:
    for line, event in session.events:
        if isinstance(event, Handshake) and "raw public key" in event.offered:
            yield line, "a raw public key was asked for"


def _delivered(session: _Session) -> bool:
    return any(isinstance(event, Accepted) for _, event in session.events)


@dataclass(frozen=True)
class _Check:
    """One thing that a rule says."""

    find: Callable[[_Session], _Found]
    wanted: str
    requirement: str
    grade: Grade | None


_CHECKS: Mapping[WireRule, tuple[_Check, ...]] = {
    WireRule.EHLO_FIRST_INSIDE_TLS: (_Check(_ehlo_first, "EHLO comes first inside TLS", "3207-4.2-2", Grade.WARNING),),
    WireRule.NO_STARTTLS_INSIDE_TLS: (_Check(_no_starttls, "no STARTTLS inside TLS", "3207-4.2-3", Grade.SECURITY),),
    WireRule.NOTHING_IN_CLEAR_AFTER_STARTTLS: (
        _Check(_last_of_its_group, "nothing is sent along with STARTTLS", "3207-4-3", Grade.SECURITY),
        _Check(_nothing_in_clear, "no cleartext after the 220 to STARTTLS", "3207-4-1", Grade.SECURITY),
    ),
    WireRule.QUIT_AFTER_REFUSAL: (
        _Check(_no_mail, "QUIT inside TLS, and no MAIL", "3207-4.1-2", Grade.WARNING),
        _Check(_just_closed, "QUIT inside TLS", "3207-4.1-2", None),
    ),
    WireRule.ONLY_OFFERED_INSIDE_TLS: (
        _Check(_only_offered, "only extensions that were offered inside TLS", "3207-4.2-1", Grade.SECURITY),
    ),
    WireRule.REQUIRETLS_PASSED_ON: (
        _Check(_demand_dropped, "REQUIRETLS is passed on with MAIL", "8689-4.2.1-3", Grade.SECURITY),
    ),
    WireRule.NO_RAW_PUBLIC_KEY: (
        _Check(_bare_key_asked_for, "no offer to take a raw public key", "7671-5.1-3", Grade.WARNING),
    ),
}
"""RFC 3207 keeps what is said before TLS, where anybody may speak, apart from what is said inside; so its MUSTs are
security."""


def breaches(expect: Expect, sending: Sending, *, delivers: bool, dane: bool) -> tuple[Breach, ...]:
    """The rules of the expectation that were not kept in the time of this send, at most once each in a session.

    `delivers`: whether any permitted outcome is a delivery; `dane`: whether the target is judged as one with DANE.
    """
    found = [*_untouched(expect.untouched, sending, rule="untouched")]
    if dane:
        found += _untouched(expect.unvisited, sending, rule="unvisited", requirement="7672-2.1.2-8")
    if expect.sni is not None and dane:
        found += _server_names(expect.sni, sending)
    idle = {WireRule.QUIT_AFTER_REFUSAL: delivers, WireRule.NO_RAW_PUBLIC_KEY: not dane}
    rules = [rule for rule in expect.wire if not idle.get(rule, False)]
    mine = set(sending.connected)
    for session in _sessions(sending):
        for rule in rules:
            for check in _CHECKS.get(rule, ()):
                seen = ((line, problem) for line, problem in check.find(session) if line in mine)
                found += [_breach(rule, check, session, at=line, problem=problem) for line, problem in islice(seen, 1)]
    if WireRule.SAME_NAME_ON_RESUMPTION in rules:
        found += _resumptions(sending)
    return tuple(breach for breach in found if breach.line in mine or breach.line == NOWHERE)


def _breach(rule: WireRule, check: _Check, session: _Session, *, at: int, problem: str) -> Breach:
    return Breach(
        rule=rule,
        wanted=check.wanted,
        problem=f"{problem}, at {session.server}",
        line=at,
        grade=check.grade,
        requirement=check.requirement,
    )


def _sessions(sending: Sending) -> list[_Session]:
    """The sessions, from their beginnings: a connection may have been kept open from an earlier send."""
    known = servers(sending.send.scenario)
    spoken: dict[tuple[str, str], list[tuple[int, WireEvent]]] = {}
    for line, event in sending.wire:
        if event.server in known:
            spoken.setdefault((event.session, event.server), []).append((line, event))
    return [
        _Session(
            server=server,
            events=tuple(events),
            offered=tuple(word.partition(" ")[0].upper() for word in known[server].smtp.ehlo_tls),
        )
        for (_, server), events in spoken.items()
    ]


def _untouched(servers: Sequence[str], sending: Sending, *, rule: str, requirement: str = "") -> Iterator[Breach]:
    for line, event in sending.wire:
        if isinstance(event, Connected) and event.server in servers:
            yield Breach(
                rule=rule,
                requirement=requirement,
                wanted=f"no connection to {event.server}",
                problem=f"{event.server} was connected to",
                line=line,
                grade=Grade.WARNING,
            )


def _server_names(wanted: str, sending: Sending) -> Iterator[Breach]:
    """RFC 7672 section 8.1: SNI holds the TLSA base domain. RFC 6066 section 3: in any case, without a final dot."""
    names = sending.names or {}
    unknown = [word for word in _NAMES.findall(wanted) if word not in names]
    if unknown:
        told = f"the server name was not checked, since the journal does not say what {{{unknown[0]}}} is called"
        yield Breach(rule="sni", wanted="", problem=told, line=NOWHERE, grade=None)
        return
    name = _NAMES.sub(lambda found: names[found[1]], wanted)
    seen: set[str] = set()
    for line, event in sending.wire:
        if not isinstance(event, Handshake) or not event.offered or event.session in seen:
            continue
        seen.add(event.session)
        if event.sni.lower() != name.lower():
            yield Breach(
                rule="sni",
                wanted=f"the server name {name} in the ClientHello",
                problem=f"the server name sent to {event.server} was {event.sni or 'missing'}, and not {name}",
                line=line,
                # A server that is not told which name is meant may show another certificate: mail is held back.
                grade=Grade.DELIVERY,
                requirement="7672-8.1-1",
            )


def _resumptions(sending: Sending) -> Iterator[Breach]:
    """A ticket offered under a name that no handshake before was completed with belongs to another name."""
    names: set[str] = set()
    for line, event in sending.wire:
        if not isinstance(event, Handshake):
            continue
        offers = not {"session ticket", "pre-shared key", "session resumed"}.isdisjoint(event.offered)
        if offers and names and event.sni.lower() not in names:
            yield Breach(
                rule=WireRule.SAME_NAME_ON_RESUMPTION,
                wanted="a session is resumed under its own server name",
                problem=f"a session begun with {' or '.join(sorted(names))} was offered to {event.sni or 'no name'}",
                line=line,
                grade=Grade.WARNING,
                requirement="6066-3-4",
            )
        if event.completed:
            names.add(event.sni.lower())
