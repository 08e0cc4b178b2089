"""What the oracle does not speak about: documents beside RFC 7672, and what an earlier message leaves behind."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum

from harness.scenario.models import Need, Scenario
from harness.scenario.names import all_servers

from .facts import Suites


class Beyond(StrEnum):
    """Why the oracle says nothing about a message."""

    LOCAL_POLICY = "local-policy"
    """The administrator has switched DANE off, or only logs it."""
    EARLIER_SESSIONS = "earlier-sessions"
    """The server behaves in another way in its first sessions, and how many there were is the sender's affair."""
    CACHE = "cache"
    """The answer depends on what a resolver remembers of a world that has changed since."""
    REPLIES = "replies"
    """A permanent reply within the session (RFC 5321 section 4.2.1) decides, and not DANE."""
    SUITES = "suites"
    """The words for the cipher suites are none that the oracle knows."""
    NO_WORDS = "no-words"
    """The outcome depends on a server that is no host's own, and an `[expect]` can name hosts only."""


def beyond(scenario: Scenario) -> Beyond | None:
    """Why the oracle does not speak about the scenario's first message; None: it does."""
    return next(_reasons(scenario), None)


def _reasons(scenario: Scenario) -> Iterator[Beyond]:
    if scenario.route.audit_only or scenario.route.disabled:
        yield Beyond.LOCAL_POLICY
    if Need.CACHE in scenario.needs:
        yield Beyond.CACHE
    for _, server in all_servers(scenario):
        smtp = server.smtp
        if smtp.first_banner is not None:
            yield Beyond.EARLIER_SESSIONS
        if any(reply is not None and reply[:1] == "5" for reply in (smtp.mail_reply, smtp.rcpt_reply, smtp.data_reply)):
            yield Beyond.REPLIES
        if suites(server.tls.ciphers) is None:
            yield Beyond.SUITES


_SUITES = {
    "aNULL": Suites.ANONYMOUS,
    "eNULL": Suites.USELESS,
    "PSK": Suites.USELESS,
    "RC4": Suites.OLD,
    "3DES": Suites.OLD,
    "AES128-SHA": Suites.OLD,
}


def suites(ciphers: str | None) -> Suites | None:
    """What a scenario's cipher suites amount to; None for words that are not known here."""
    if ciphers is None:
        return Suites.ANY
    if re.fullmatch(r"ECDHE-(ECDSA|RSA)-AES(128|256)-GCM-SHA(256|384)", ciphers):
        return Suites.ONE
    return _SUITES.get(ciphers)
