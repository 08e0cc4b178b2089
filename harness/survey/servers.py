"""Mail servers as they show themselves on the wire."""

from __future__ import annotations

from collections.abc import Callable

from cryptography import x509

from harness.oracle.certificate import Certificate
from harness.oracle.facts import Inside, Offer, Server, Suites
from harness.oracle.reach import suites
from harness.scenario.mailhosts import After220, Smtp, Tcp, Tls
from harness.world.model import MailServer

_REPLIES = ("mail_reply", "rcpt_reply", "data_reply")


def nobody(*, ipv6: bool) -> Server:
    """An address at which nothing listens."""
    return Server(key="", ipv6=ipv6, tcp=Tcp.REFUSED)


def shown(
    server: MailServer, *, ipv6: bool, names: tuple[str, ...], facts: Callable[[x509.Certificate], Certificate]
) -> Server:
    """What a client sees of the server; `names` are the server names that may be sent."""
    smtp, tls = server.smtp, server.tls
    chains = {name: server.credentials(name or None).chain for name in ("", *names)}
    return Server(
        key=server.key,
        ipv6=ipv6,
        tcp=server.tcp,
        greets=smtp.banner.startswith("220"),
        resets=smtp.reset_after_ehlo,
        offer=_offer(smtp),
        grants=smtp.starttls_reply.startswith("220"),
        shakes_hands=smtp.after_220 in (After220.HANDSHAKE, After220.PLAINTEXT),
        injects=bool(smtp.inject),
        inside=_inside(smtp),
        offers_requiretls=smtp.ehlo_reply is None and "REQUIRETLS" in smtp.ehlo_tls,
        takes_mail=all((getattr(smtp, name) or "2").startswith("2") for name in _REPLIES),
        versions=frozenset(tls.versions),
        suites=_suites(tls),
        warns_of_name=tls.unrecognized_name_warning,
        chains={name: tuple(map(facts, chain)) for name, chain in chains.items()},
    )


def _offer(smtp: Smtp) -> Offer:
    if not smtp.starttls or smtp.starttls_after_cleartext:
        return Offer.NONE
    said = smtp.ehlo_reply is None and smtp.starttls_keyword == "STARTTLS"
    return Offer.STARTTLS if said else Offer.UNSAID


def _inside(smtp: Smtp) -> Inside:
    if smtp.after_220 is After220.PLAINTEXT:
        return Inside.IN_CLEAR
    return Inside.CUT_IN_DATA if smtp.cut_in_data else Inside.GOES_ON


def _suites(tls: Tls) -> Suites:
    """Cipher suites of TLS 1.3 are not chosen in a scenario: where that is spoken, the usual ones do."""
    return Suites.ANY if "1.3" in tls.versions else suites(tls.ciphers) or Suites.ANY
