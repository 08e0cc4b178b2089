"""Which hosts to contact for a domain, and what if that is unknown (RFC 5321 section 5.1, RFC 7672 2.2.1)."""

from __future__ import annotations

import ipaddress
import random
import re
from itertools import groupby

from harness.sender.answer import Answer, Kind
from harness.sender.dnswire import Record
from harness.sender.policy import Mode
from harness.sender.result import Status


class RouteRules:
    """Decisions about the next-hop domain and its MX records."""

    def literal_address(self, domain: str) -> str | None:
        """The address inside a domain such as `[192.0.2.1]` or `[IPv6:2001:db8::1]`; null for a name.

        DANE does not apply to an address literal (RFC 7672 section 2.2; 7672-2.2-13).
        """
        inner = re.fullmatch(r"\[(?:IPv6:)?(.+)\]", domain, re.IGNORECASE)
        if inner is None:
            return None
        try:
            return str(ipaddress.ip_address(inner[1]))
        except ValueError:
            return None

    def destination_unknown(self, mx: Answer) -> bool:
        """After a failed MX lookup nobody knows whom to contact (section 2.1.2; 7672-2.1.2-1, 5321-5.1-4)."""
        return mx.kind is Kind.FAILED

    def status_if_destination_unknown(self) -> Status:
        """Delivery is delayed, never refused (section 2.1.2; 7672-2.1.2-1, 7672-2.1.2-6)."""
        return Status.DEFERRED

    def domain_does_not_exist(self, mx: Answer) -> bool:
        """NXDOMAIN says that the domain does not exist (RFC 5321 section 5.1; 5321-5.1-3)."""
        return mx.kind is Kind.NXDOMAIN

    def status_if_domain_does_not_exist(self) -> Status:
        """A domain that does not exist is reported as an error (RFC 5321 section 5.1; 5321-5.1-3)."""
        return Status.BOUNCED

    def refuses_all_mail(self, mx: Answer) -> bool:
        """A null MX that stands alone (RFC 7505 section 3; 7505-3-2)."""
        return mx.kind is Kind.RECORDS and all(each.target == "." for each in mx.records)

    def status_if_all_mail_is_refused(self) -> Status:
        """The domain takes no mail, so the attempt fails at once (RFC 7505 section 3; 7505-3-2)."""
        return Status.BOUNCED

    def domain_is_its_own_host(self, mx: Answer) -> bool:
        """Without MX records the domain is its own server (RFC 5321 5.1, RFC 7672 2.2.2; 5321-5.1-5)."""
        return mx.kind is Kind.NODATA

    def route_is_secure(self, mx: Answer) -> bool:
        """The MX RRset and each CNAME before it are secure (RFC 7672 section 2.2.1; 7672-2.2.1-6)."""
        return mx.secure

    def insecure_route_may_be_used(self, mode: Mode) -> bool:
        """Only mandatory DANE needs a secure MX RRset (section 2.2.1; 7672-2.2.1-7, 7672-2.2.1-8)."""
        return mode is not Mode.MANDATORY

    def exchanges(self, mx: Answer) -> tuple[Record, ...]:
        """The MX records that name a host; a null MX beside them is left out (RFC 7505 section 3; 7505-3-1)."""
        return tuple(each for each in mx.records if each.target != ".")

    def host_order(self, exchanges: tuple[Record, ...], *, chance: random.Random) -> tuple[str, ...]:
        """Hosts by preference, lowest first, at random among equals, whatever their security.

        RFC 5321 section 5.1, RFC 7672 section 2.2.1 (5321-5.1-10, 5321-5.1-11, 7672-2.2.1-2,
        7672-2.2.1-3, 7672-2.2.1-4).
        """
        ordered: list[str] = []
        for _, equals in groupby(sorted(exchanges, key=_preference), key=_preference):
            group = [each.target for each in equals]
            chance.shuffle(group)
            ordered += group
        return tuple(dict.fromkeys(ordered))

    def host_is_an_address(self, host: str) -> bool:
        """An MX record that spells an address names no host, and is passed over (section 2.2; 7672-2.2-14)."""
        try:
            ipaddress.ip_address(host)
        except ValueError:
            return False
        return True

    def tries_next_host(self, *, delivered: bool) -> bool:
        """After a host failed, for whatever reason, the next one is tried.

        RFC 5321 section 5.1, RFC 7672 section 2.1.2 (5321-5.1-8, 7672-2.1.2-2, 7672-2.1.2-7, 7672-2.2-3).
        """
        return not delivered

    def tries_next_address(self, *, delivered: bool) -> bool:
        """After an address failed, the host's next address is tried (RFC 5321 section 5.1; 5321-5.1-8)."""
        return not delivered

    def status_if_no_host_exists(self) -> Status:
        """Every host provably lacks addresses: reported as an error (RFC 5321 section 5.1; 5321-5.1-7)."""
        return Status.BOUNCED

    def status_if_no_host_served(self) -> Status:
        """No host could be used: delivery is delayed (RFC 7672 sections 2.1.2, 2.2; 7672-2.1.2-6, 7672-2.2-3)."""
        return Status.DEFERRED

    def goes_to_fallback_relay(self, status: Status) -> bool:
        """Mail that would be delayed goes to the fallback relay (RFC 7672 section 1.1; 7672-1.1-2)."""
        return status is Status.DEFERRED


def _preference(record: Record) -> int:
    return record.preference
