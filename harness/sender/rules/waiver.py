"""What message and administrator ask for beyond the mode: REQUIRETLS, TLS-Required: No, audit (RFC 8689, 7672 9.1)."""

from __future__ import annotations

import re

from harness.sender.policy import Level, Mode, Route
from harness.sender.result import AttemptOutcome


class WaiverRules:
    """Decisions about messages that ask for more than the destination does, or for less."""

    def waives_tls(self, message: bytes, *, requiretls: bool) -> bool:
        """The header field TLS-Required: No, unless the envelope says REQUIRETLS.

        RFC 8689 sections 3 and 4.1 (8689-3-1, 8689-4.1-1, 8689-4.2.2-1).
        """
        head = re.split(rb"\r?\n\r?\n", message, maxsplit=1)[0]
        return not requiretls and re.search(rb"(?im)^TLS-Required[ \t]*:[ \t]*No[ \t]*\r?$", head) is not None

    def goes_on_unprotected(self, mode: Mode, *, audit: bool, waived: bool) -> bool:
        """After DANE failed at a host, mail is sent there all the same, where the administrator only audits.

        So it is where the message waives TLS, unless the administrator has made DANE mandatory; in both cases DANE
        is tried first (RFC 7672 section 9.1, RFC 8689 section 4.2.2; 7672-9.1-1, 7671-10.3-4, 8689-3-1, 8689-3-2).
        """
        return audit or (waived and mode is not Mode.MANDATORY)

    def host_keeps_requiretls(self, level: Level, *, route: Route) -> bool:
        """REQUIRETLS needs a secure MX RRset and an authenticated server.

        DANE is the only way of authentication here, and MTA-STS, which would vouch for an insecure MX RRset, is
        unknown (RFC 8689 section 4.2.1; 8689-4.2.1-1, 8689-4.2.1-2).
        """
        return route.secure and level is Level.AUTHENTICATE

    def server_keeps_requiretls(self, *, encrypted: bool, offered: frozenset[str]) -> bool:
        """The server offers REQUIRETLS inside TLS (RFC 8689 sections 2 and 4.2.1; 8689-2-1, 8689-4.2.1-3)."""
        return encrypted and "REQUIRETLS" in offered

    def requiretls_is_passed_on(self) -> bool:
        """MAIL carries the demand to the next server (RFC 8689 section 4.2.1; 8689-4.2.1-3)."""
        return True

    def requiretls_failure_is_final(self, outcomes: tuple[AttemptOutcome, ...]) -> bool:
        """Where no host keeps REQUIRETLS, the message is returned (RFC 8689 section 4.2.1; 8689-4.2.1-5).

        A host that could not be asked may keep it another time (RFC 7672 section 2.1.2; 7672-2.1.2-6).
        """
        return all(
            each
            in (
                AttemptOutcome.NO_REQUIRETLS,
                AttemptOutcome.NO_TLS,
                AttemptOutcome.TLS_FAILED,
                AttemptOutcome.NOT_AUTHENTICATED,
            )
            for each in outcomes
        )
