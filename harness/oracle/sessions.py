"""What comes of a session with one server, given what is demanded of it (RFC 7672 section 2.2, RFC 3207)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from harness.scenario.mailhosts import Tcp
from harness.scenario.models import Choice
from harness.scenario.outcomes import Code

from . import requiretls
from .certificate import Certificate
from .chains import NO, YES, Answers, Shown, all_of, satisfies
from .endings import Ending, Endings, distinct, down, held, since, taken
from .facts import Asked, Inside, Offer, Server, Suites
from .names import References
from .records import Reading
from .stance import UNDECLARED, Point, Stance

_LARGE = 16 * 1024
"""Octets of certificates beyond which a client may refuse the message."""


class Level(StrEnum):
    """What a host's TLSA records demand (RFC 7672 section 2.2)."""

    MAY = "may"
    """TLS where it works: there are no secure TLSA records."""
    ENCRYPT = "encrypt"
    """TLS without authentication: there are secure TLSA records, and none is usable."""
    AUTHENTICATE = "authenticate"
    """TLS and a match: there are usable ones."""


@dataclass(frozen=True, kw_only=True)
class Demand:
    """What is demanded of a session."""

    level: Level
    name: str
    """The server name that the client sends: the TLSA base domain (section 8.1)."""
    host: str = ""
    """The name by which the host was found: the one in the MX record, the relay's, the domain's own."""
    asked: Asked = Asked.NOTHING
    stance: Stance = UNDECLARED
    dane: bool = True
    """Whether the sender knows DANE at all."""
    reading: Reading | None = None
    references: References | None = None
    public: tuple[Certificate, ...] = ()


def session(server: Server, demand: Demand) -> Endings:
    """What may come of connecting to this server, the usual ending first."""
    demands_tls = demand.asked is Asked.TLS
    if server.tcp is not Tcp.OPEN or not server.greets:
        nobody = down("5321-5.1-8") if server.tcp is not Tcp.OPEN else held("5321-4.5.4.1-1")
        return tuple(requiretls.out_of_reach(nobody)) if demands_tls else (nobody,)
    match demand.level:
        case Level.MAY:
            endings = distinct(_opportunistic(server, demand))
        case Level.ENCRYPT:
            endings = distinct(_encrypted(server, demand))
        case Level.AUTHENTICATE:
            endings = distinct(_authenticated(server, demand))
    if demands_tls:
        chain = _chain(server, demand)
        kept = requiretls.demanded(endings, server, host=demand.host, chain=chain, public=demand.public)
        endings = distinct(kept)
    if server.takes_mail:
        return endings
    return distinct(held("5321-4.5.4.1-1", choice=Choice.NEXT_MX) if ending.taken else ending for ending in endings)


def _opportunistic(server: Server, demand: Demand) -> Iterator[Ending]:
    """As before DANE: TLS if it works, else cleartext, or waiting (7672-2.2-7, 7672-2.2-8, 7672-2.2-9, 3207-4-4)."""
    clear = taken(Code.CLEAR, "7672-2.2-8", at=server.key)
    again = clear.since("7672-2.2-9", choice=Choice.CLEARTEXT_FALLBACK)
    waits = held("7672-2.2-9", choice=Choice.CLEARTEXT_FALLBACK)
    if server.resets:
        yield from (waits, again)
    elif server.offer is not Offer.STARTTLS:
        works = server.offer is Offer.UNSAID and _handshakes(server, demand)[0][0]
        tried = taken(Code.TLS, "7672-2.2-7", at=server.key, choice=Choice.UNOFFERED_STARTTLS)
        ways = {"not-tried": clear, "tried": tried if works else clear}
        yield from demand.stance.left(Point.UNOFFERED_STARTTLS, ways)
    else:
        for works, choice in _handshakes(server, demand):
            if not works:
                point = Point.CLEARTEXT_FALLBACK if server.grants else Point.REFUSED_STARTTLS
                left = demand.stance.left(point, {"in-clear": again, "waits": waits})
                if server.injects and not server.grants:
                    # Replies to nothing follow the refusal, so each later one is taken for an answer to the command
                    # behind it (RFC 5321 section 2.1): who goes on in this session may get nowhere.
                    left = distinct((*left, waits))
                yield from since(left, choice=choice)
            elif server.inside is Inside.GOES_ON:
                yield taken(Code.OPP, "7672-2.2-7", at=server.key, choice=choice)
            else:
                yield from (again, waits) if server.inside is Inside.CUT_IN_DATA else (waits, again)


def _encrypted(server: Server, demand: Demand) -> Iterator[Ending]:
    """TLS or nothing (7672-2.2-4, 7672-2.2-5, 7672-2.2-6)."""
    yield from _behind_tls(
        server, demand, success=taken(Code.TLS, "7672-2.2-4", "7672-2.2-5", at=server.key), authenticated=YES
    )


def _authenticated(server: Server, demand: Demand) -> Iterator[Ending]:
    """TLS, and one usable record that the server satisfies (7672-2.2-1, 7672-2.2-2, 7672-3.2-1, 7672-3.2-2)."""
    assert demand.reading is not None
    assert demand.references is not None
    chain = _chain(server, demand)
    public = {each.fingerprint: each for each in demand.public}
    shown = Shown(chain=chain, references=demand.references, public=public, stance=demand.stance)
    verdicts = [satisfies(record, treatment, shown) if chain else NO for record, treatment in demand.reading.records]
    yield from _behind_tls(
        server,
        demand,
        success=taken(Code.AUTH, "7672-2.2-1", "7672-2.2-2", "7672-3.2-1", at=server.key),
        authenticated=_one_of(verdicts),
    )


def _chain(server: Server, demand: Demand) -> tuple[Certificate, ...]:
    """What the server shows; nothing where only suites without a certificate are spoken."""
    return () if server.suites is Suites.ANONYMOUS else server.chain(demand.name)


def _behind_tls(server: Server, demand: Demand, *, success: Ending, authenticated: Answers) -> Iterator[Ending]:
    """Cleartext is out of the question once there are secure TLSA records (7672-2.2.3-7, 7672-2.2-3)."""
    refused = held("7672-2.2.3-7", "7672-2.2-3")
    tries: tuple[bool, ...] = (server.offer is Offer.STARTTLS and not server.resets,)
    if server.offer is Offer.UNSAID and not server.resets:
        tries = demand.stance.left(Point.UNOFFERED_STARTTLS, {"not-tried": False, "tried": True})
    if not all(tries):
        yield refused
    if not any(tries):
        return
    unoffered = Choice.UNOFFERED_STARTTLS if server.offer is Offer.UNSAID else None
    for works, by_stack in _handshakes(server, demand):
        if not works or server.inside is not Inside.GOES_ON:
            yield refused.since(choice=by_stack)
            continue
        for good, choice in authenticated:
            yield (success if good else held("7672-3.2-2")).since(choice=choice or by_stack or unoffered)


def _handshakes(server: Server, demand: Demand) -> Answers:
    """Whether a TLS handshake comes about, the usual answer first.

    Protocol versions, suites and kinds of keys are local policy, within limits: TLS 1.2 and ordinary suites with
    certificates (7671-3-1, 7671-3-2, 7672-8.2-1, 7672-8.2-2, 6698-8-2).
    """
    if not (server.grants and server.shakes_hands) or server.suites is Suites.USELESS or server.versions == {"ssl3"}:
        return NO
    if server.suites is Suites.ANONYMOUS:
        anonymous = {"offered": (True, Choice.CRYPTO_POLICY), "not-offered": (False, Choice.CRYPTO_POLICY)}
        return demand.stance.left(Point.ANONYMOUS_SUITES, anonymous)
    factors: list[Answers] = []
    old = {"refused": (False, Choice.CRYPTO_POLICY), "accepted": (True, Choice.CRYPTO_POLICY)}
    if server.suites is Suites.OLD:
        factors.append(tuple(old.values()))
    if server.versions <= {"ssl3", "1.0", "1.1"}:
        factors.append(demand.stance.left(Point.OLD_TLS, old))
    if server.injects:
        ways = {"discarded": (True, None), "aborted": (False, Choice.PLAINTEXT_AFTER_220)}
        factors.append(demand.stance.left(Point.PLAINTEXT_AFTER_220, ways))
    if server.warns_of_name:
        ways = {"ignored": (True, None), "aborted": (False, Choice.SNI_WARNING)}
        factors.append(demand.stance.left(Point.SNI_WARNING, ways))
    chain = server.chain(demand.name)
    doubtful = server.versions == {"1.3"} or chain[0].is_weak or chain[0].is_exotic
    doubtful |= sum(each.octets for each in chain) > _LARGE
    if doubtful or (server.suites is Suites.ONE and not demand.dane):
        factors.append(((True, None), (False, Choice.CRYPTO_POLICY)))
    return all_of(*factors)


def _one_of(verdicts: list[Answers]) -> Answers:
    """One record that is satisfied suffices (6698-4.1-9)."""
    may, usual = [], False
    for answers in verdicts:
        usual = usual or answers[0][0]
        may += [(good, choice) for good, choice in answers if good]
    sure = any(len(answers) == 1 and answers[0][0] for answers in verdicts)
    if sure:
        return YES
    if not may:
        return NO
    refusal = next((choice for answers in verdicts for good, choice in answers if not good and choice), None)
    good, bad = (True, None if usual else may[0][1]), (False, refusal)
    return (good, bad) if usual else (bad, good)
