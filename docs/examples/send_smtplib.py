#!/usr/bin/env python3
"""A sender without DANE: Python's smtplib, TLS where it is offered, cleartext where it is not.

    danelab run -t 'command:python3 docs/examples/send_smtplib.py {sender} {recipient} {message}'

danelab finds out that it gives the mail to whoever asks for it. Exit status: 0 delivered, 69 refused for good,
75 to be tried again later.
"""

import os
import smtplib
import ssl
import sys
from pathlib import Path

import dns.exception
import dns.resolver

DELIVERED, REFUSED, LATER = 0, 69, 75


def resolver() -> dns.resolver.Resolver:
    """The lab's resolver in place of that of the machine."""
    address, _, port = os.environ["DANELAB_RESOLVER"].rpartition(":")
    made = dns.resolver.Resolver(configure=False)
    made.nameservers = [address]
    made.port = int(port)
    return made


def deliver(address: str, sender: str, recipient: str, message: bytes, *, tls: bool) -> None:
    with smtplib.SMTP(address, int(os.environ["DANELAB_SMTP_PORT"]), timeout=10) as host:
        host.ehlo()
        if tls and host.has_extn("starttls"):
            context = ssl.create_default_context()
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            host.starttls(context=context)
        host.sendmail(sender, [recipient], message)


def addresses(domain: str) -> list[str]:
    """Of its MX hosts, the preferred first; a domain without MX is its own mail host (RFC 5321 section 5.1)."""
    try:
        hosts = [mx.exchange for mx in sorted(resolver().resolve(domain, "MX"), key=lambda mx: mx.preference)]
    except dns.resolver.NoAnswer:
        hosts = [domain]
    found: list[str] = []
    for host in hosts:
        try:
            found += [str(address) for address in resolver().resolve(host, "A")]
        except dns.exception.DNSException as error:
            print(f"{host}: {error}")
    return found


def main(sender: str, recipient: str, file: str) -> int:
    message = Path(file).read_bytes()
    try:
        reachable = addresses(recipient.partition("@")[2])
    except dns.resolver.NXDOMAIN:
        return REFUSED
    except dns.exception.DNSException as error:
        print(f"lookup failed: {error}")
        return LATER
    for address in reachable:
        for tls in (True, False):
            try:
                deliver(address, sender, recipient, message, tls=tls)
            except smtplib.SMTPRecipientsRefused as error:
                print(error)
                codes = [code for code, _ in error.recipients.values()]
                return REFUSED if min(codes) >= 500 else LATER
            except (smtplib.SMTPException, OSError) as error:
                print(f"{address}: {error}")
            else:
                return DELIVERED
    return LATER


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
