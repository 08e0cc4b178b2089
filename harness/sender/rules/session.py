"""How an SMTP session goes: STARTTLS, its failures, and refusals (RFC 3207, RFC 5321, RFC 7672 section 2.2)."""

from __future__ import annotations

from OpenSSL import SSL

from harness.sender.policy import HostPlan, Level, Stage
from harness.sender.result import AttemptOutcome, Status


class SessionRules:
    """Decisions inside one session with one server."""

    def greets_with_helo(self) -> bool:
        """HELO after a refused EHLO (RFC 5321 section 3.2). It offers no STARTTLS (7672-2.2-1)."""
        return True

    def starts_tls(self, level: Level, *, offered: bool) -> bool:
        """STARTTLS is used whenever the server offers it (RFC 7435, RFC 7672 section 2.2; 3207-6-2, 7672-2.2-7)."""
        del level
        return offered

    def goes_on_without_offer(self, level: Level) -> bool:
        """No STARTTLS in the EHLO reply: cleartext only where no secure TLSA records exist.

        RFC 7672 sections 2.2 and 2.2.3 (7672-2.2-1, 7672-2.2-4, 7672-2.2-8, 7672-2.2.3-7).
        """
        return level is Level.MAY

    def goes_on_after_refusal(self, level: Level, *, code: int) -> bool:
        """STARTTLS refused, for now or for good: cleartext only where no secure TLSA records exist.

        RFC 3207 section 4, RFC 7672 section 2.2 (3207-4-4, 7672-2.2-3, 7672-2.2-6).
        """
        del code
        return level is Level.MAY

    def minimum_tls_version(self) -> int:
        """TLS 1.2 and whatever is newer (RFC 7671 section 3, RFC 8996; 7671-3-1, 7671-3-2)."""
        return SSL.TLS1_2_VERSION

    def cipher_list(self) -> bytes:
        """OpenSSL's ordinary suites, none anonymous or without encryption (7672-8.2-1, 7672-8.2-2).

        Security level 1 whatever the library's default: opportunistic TLS gains nothing from refusing
        an old key and talking in clear instead (RFC 7435 section 3).
        """
        return b"DEFAULT:@SECLEVEL=1"

    def commands_along_with_starttls(self) -> tuple[str, ...]:
        """STARTTLS is the last of what is sent at once, pipelining or not (RFC 3207 section 4; 3207-4-3)."""
        return ()

    def commands_before_handshake(self) -> tuple[str, ...]:
        """Nothing is sent between the 220 and the ClientHello (RFC 3207 section 4; 3207-4-1)."""
        return ()

    def discards_plaintext_before_tls(self) -> bool:
        """What arrived before the handshake is thrown away (RFC 3207 sections 4.2 and 6; 3207-4.2-1)."""
        return True

    def greets_again(self) -> bool:
        """EHLO is the first command inside TLS (RFC 3207 section 4.2; 3207-4.2-2)."""
        return True

    def capabilities_in_force(self, *, before: frozenset[str], after: frozenset[str]) -> frozenset[str]:
        """Only what the server offered inside TLS counts (RFC 3207 sections 4.2 and 6; 3207-4.2-1, 3207-6-3)."""
        del before
        return after

    def starts_tls_again(self, *, offered: bool) -> bool:
        """Never a second STARTTLS (RFC 3207 section 4.2; 3207-4.2-3)."""
        del offered
        return False

    def authentication_needed(self, level: Level) -> bool:
        """Whether an unauthenticated server is left before MAIL (RFC 7672 3.2; 7672-3.2-2, 3207-4.1-1)."""
        return level is Level.AUTHENTICATE

    def authenticates_before_mail(self) -> bool:
        """Right after the handshake, before anything of the mail is said (RFC 3207 section 4.1; 3207-4.1-1)."""
        return True

    def connection_key(self, plan: HostPlan, *, address: str) -> object | None:
        """By which a connection is found again for later mail; null: each message has a connection of its own.

        What a server proved, it proved for one destination (RFC 7672 sections 2.2 and 3.2; 7672-2.2-2, 7672-3.2-2).
        """
        del plan, address
        return None

    def tls_session_key(self, plan: HostPlan, *, address: str) -> object | None:
        """By which a TLS session is found again to be resumed; null: none is (RFC 6066 section 3; 6066-3-4)."""
        del plan, address
        return None

    def resumption_authenticates(self) -> bool:
        """The records of today decide, also where a session is resumed (RFC 7672 3.2, 9.1; 7672-3.2-2, 7672-9.1-2)."""
        return False

    def quits_politely(self, stage: Stage) -> bool:
        """A session that is given up ends with QUIT, inside TLS once that is up (RFC 3207 4.1; 3207-4.1-2)."""
        return stage not in (Stage.CONNECT, Stage.HANDSHAKE)

    def retries_in_clear(self, level: Level, *, stage: Stage, outcome: AttemptOutcome, encrypted: bool) -> bool:
        """After TLS failed or broke off, a cleartext retry only where no secure TLSA records exist.

        RFC 7672 section 2.2 (7672-2.2-9, 7672-2.2-16, 7672-2.2-6). Not after the whole message was
        sent, because it may have been accepted.
        """
        broke = outcome in (AttemptOutcome.TLS_FAILED, AttemptOutcome.LOST)
        return level is Level.MAY and encrypted and broke and stage is not Stage.BODY

    def refusal_is_final(self, stage: Stage, *, code: int) -> bool:
        """Only a permanent reply to MAIL, RCPT, DATA or the message returns the mail.

        RFC 5321 section 4.2.1 (5321-4.2.1-1). A 5yz greeting, or one to EHLO or STARTTLS, speaks about the server and
        not about the message (7672-2.2-3, 7672-2.1.2-6).
        """
        return 500 <= code <= 599 and stage in (Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.BODY)

    def refusal_ends_the_attempt(self, stage: Stage) -> bool:
        """A temporary refusal of a recipient or the message waits; an earlier one sends us to the next host.

        RFC 5321 section 4.2.1 (5321-4.5.4.1-1, 5321-5.1-8).
        """
        return stage in (Stage.RCPT, Stage.DATA, Stage.BODY)

    def status_after_final_refusal(self) -> Status:
        """A permanent refusal of the mail returns it (RFC 5321 section 4.2.1; 5321-4.2.1-1)."""
        return Status.BOUNCED

    def status_after_temporary_refusal(self) -> Status:
        """A temporary refusal of the mail delays it (RFC 5321 section 4.2.1; 5321-4.5.4.1-1)."""
        return Status.DEFERRED

    def exceeds_size_limit(self, size: int, *, capabilities: frozenset[str]) -> bool:
        """A message beyond the server's declared SIZE is not sent (RFC 1870 section 6.1)."""
        for each in capabilities:
            keyword, _, limit = each.partition(" ")
            if keyword == "SIZE" and limit.isdigit() and 0 < int(limit) < size:
                return True
        return False
