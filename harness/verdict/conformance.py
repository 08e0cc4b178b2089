"""Which contacts with a server the permitted outcomes cover, and what the others cost."""

from __future__ import annotations

from harness.scenario.mailhosts import Role
from harness.scenario.outcomes import Code, Outcome, Permitted

from .fates import Contact
from .result import Grade, Leak


def fits(outcome: Outcome, contact: Contact) -> bool:
    """Whether a delivery is this outcome.

    The place: the host that the outcome names; without a name one of the most preferred hosts (any of several with
    equal preference, RFC 5321 section 5.1), or with NEXT a less preferred one.
    The manner: AUTH and TLS inside TLS, OPP and CLEAR either way, since TLS does better than what CLEAR permits.
    An attacker's server is never authenticated; it may take mail only where nobody has to be.
    """
    if outcome.at is not None:
        in_place = contact.server == outcome.at
    elif outcome.next:
        in_place = contact.rank > contact.best
    else:
        in_place = contact.rank == contact.best
    match outcome.code:
        case Code.AUTH:
            return in_place and contact.tls and contact.role is not Role.IMPOSTOR
        case Code.TLS:
            return in_place and contact.tls
        case Code.OPP | Code.CLEAR:
            return in_place
        case Code.DEFER | Code.BOUNCE:
            return False


def covering(permitted: Permitted, contact: Contact, *, authenticates: bool = True) -> Outcome | None:
    """The first permitted outcome that covers a delivery. Without `authenticates`, AUTH only if nothing else does."""
    found = [outcome for outcome in permitted.outcomes if fits(outcome, contact)]
    if not authenticates:
        found.sort(key=lambda outcome: outcome.code is Code.AUTH)
    return found[0] if found else None


def observed(contact: Contact, covered_by: Outcome | None, *, authenticates: bool = True) -> Outcome:
    """The delivery in outcome codes. AUTH only where a permitted AUTH covers it and nothing disproves it."""
    proved = covered_by is not None and covered_by.code is Code.AUTH and authenticates
    code = Code.AUTH if proved else Code.TLS if contact.tls else Code.CLEAR
    return Outcome(code, next=contact.rank > contact.best, at=covered_by.at if covered_by else None)


def grade(permitted: Permitted, contact: Contact) -> Grade:
    """How bad a delivery is that nothing permitted covers.

    Only one kind does no harm to security: a genuine, less preferred host took the mail over TLS where a more preferred
    one could have had it.
    """
    orderly = Outcome(Code.TLS, next=True)
    preferred = any(outcome.is_delivery and not outcome.next and outcome.at is None for outcome in permitted.outcomes)
    harmless = preferred and fits(orderly, contact) and contact.role is Role.GENUINE
    return Grade.DELIVERY if harmless else Grade.SECURITY


def revealing(permitted: Permitted, contact: Contact) -> bool:
    """Whether something shown without being accepted was shown to an attacker who was not to see it.

    He sees what comes to his own server, and what goes in cleartext over the path he sits on.
    """
    exposed = contact.role is Role.IMPOSTOR or (contact.role is Role.TAMPERED and not contact.tls)
    return exposed and not any(
        outcome.code is not Code.AUTH and fits(outcome, contact) for outcome in permitted.outcomes
    )


def leak(contact: Contact) -> Leak:
    """The entry in the ledger: what was seen, by whom, and how."""
    if contact.role is Role.IMPOSTOR:
        whom = f"the attacker's server {contact.server}"
    elif contact.tls:
        whom = f"whoever answers as {contact.server}"
    elif contact.role is Role.TAMPERED:
        whom = f"the attacker on the path to {contact.server}"
    else:
        whom = "anyone on the path"
    how = "over TLS, unauthenticated" if contact.tls else "in cleartext"
    return Leak(what=contact.what, to_whom=whom, how=how, line=contact.line)
