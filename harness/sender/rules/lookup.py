"""What a DNS reply is worth (RFC 7672 section 2.1)."""

from __future__ import annotations

from harness.sender.answer import Answer, Kind, Step
from harness.sender.dnswire import Rcode, RdType


class LookupRules:
    """Decisions about DNS questions and replies."""

    def sets_do(self) -> bool:
        """DNSSEC data are asked for, so that old resolvers report the status (7672-2.1.1-1, 7672-2.1.1-6)."""
        return True

    def sets_ad(self) -> bool:
        """The AD bit in a question asks for the status in the reply (RFC 6840 section 5.7; 6840-5.7-1)."""
        return True

    def sets_cd(self) -> bool:
        """Checking stays on: the resolver validates, and must withhold bogus data (4035-4.9.2-1)."""
        return False

    def lookup_failed(self, *, rcode: int) -> bool:
        """Every code but NOERROR and NXDOMAIN is a failed lookup (section 2.1.1; 7672-2.1.1-4, 7672-2.1.1-9)."""
        return rcode not in (Rcode.NOERROR, Rcode.NXDOMAIN)

    def failure_is_absence(self, answer: Answer, *, rdtype: RdType) -> bool:
        """A failed lookup never says that there is nothing, whatever was asked and however it failed.

        RFC 7672 sections 2.1.1 and 2.1.2 (7672-2.1.1-9, 7672-2.1.3-2).
        """
        del answer, rdtype
        return False

    def answer_in_force(self, answer: Answer, *, rdtype: RdType) -> Answer:
        """What was found just now counts, and nothing from an earlier lookup (6698-5-1, 7672-2.1.2-6)."""
        del rdtype
        return answer

    def answer_is_secure(self, *, authentic: bool) -> bool:
        """A reply is secure when the trusted resolver set AD (section 2.1.1; 7672-2.1.1-3, 7672-2.1.1-5)."""
        return authentic

    def chain_is_secure(self, before: bool, this: bool) -> bool:  # noqa: FBT001
        """One insecure link makes the whole chain insecure (section 2.1.3; 7672-2.1.3-3)."""
        return before and this

    def asks_again_at_target(self, step: Step) -> bool:
        """A CNAME without the target's data is followed by a question of its own (section 2.1.3; 7672-2.1.3-1)."""
        return len(step.names) > 1 and step.kind is Kind.NODATA

    def alias_limit(self) -> int:
        """How many names a CNAME chain may have before the lookup fails (section 2.1.3; 7672-2.1.3-1)."""
        return 16

    def repeats_truncated_reply_over_tcp(self) -> bool:
        """A truncated reply is asked for again over TCP (RFC 7766 section 5; 7766-5-1, 4035-4.1-1)."""
        return True

    def udp_sendings(self) -> int:
        """How often a question is sent over UDP within its timeout (RFC 1035 section 4.2.1)."""
        return 2
