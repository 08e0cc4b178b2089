#!/usr/bin/env python3
"""A sender that insists on DANE, made of dnspython and `openssl s_client`, which does the TLS and the verifying.

    danelab run -m mandatory -t 'command:python3 docs/examples/send_openssl.py {sender} {recipient} {message}' \
        ee-311 ee-mismatch starttls-stripped

It is as small as can be, not complete: it follows no aliases and waits where a full sender would try the next address.
Exit status: 0 delivered, 69 refused for good, 75 to be tried again later.
"""

import contextlib
import os
import subprocess
import sys
from pathlib import Path
from typing import IO

import dns.exception
import dns.flags
import dns.resolver

DELIVERED, BOUNCED, LATER = 0, 69, 75
PORT = os.environ["DANELAB_SMTP_PORT"]


class DeferredError(Exception):
    """The mail has to wait."""


class BouncedError(Exception):
    """The mail is refused for good."""


def secure(name: str, kind: str) -> list:
    """Records that the resolver has found to be secure: it says so with the AD bit."""
    address, _, port = os.environ["DANELAB_RESOLVER"].rpartition(":")
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers = [address]
    resolver.port = int(port)
    resolver.flags = dns.flags.RD | dns.flags.AD
    try:
        answer = resolver.resolve(name, kind, raise_on_no_answer=False)
    except dns.resolver.NXDOMAIN as error:
        raise BouncedError(f"{kind} of {name}: {error}") from error
    except dns.exception.DNSException as error:
        raise DeferredError(f"{kind} of {name}: {error}") from error
    if not answer.response.flags & dns.flags.AD:
        raise DeferredError(f"{kind} of {name} is not secure")
    return list(answer.rrset or ())


def mail_hosts(domain: str) -> list[str]:
    """The preferred first; a domain without MX is its own mail host (RFC 5321 section 5.1)."""
    found = sorted(secure(domain, "MX"), key=lambda mx: mx.preference)
    return [str(mx.exchange).rstrip(".") for mx in found] or [domain]


def deliver(host: str, sender: str, recipient: str, message: bytes) -> None:
    """Through `openssl s_client`, which ends before anything is sent when no TLSA record matches."""
    try:
        addresses = secure(host, "A")
        # Usages 0 and 1 do not go with SMTP (RFC 7672 section 3.1.3).
        records = [record for record in secure(f"_{PORT}._tcp.{host}", "TLSA") if record.usage in (2, 3)]
    except BouncedError as reason:
        raise DeferredError(str(reason)) from reason
    if not addresses or not records:
        raise DeferredError(f"{host} has no address, or no usable TLSA record")
    command = ["openssl", "s_client", "-starttls", "smtp", "-connect", f"{addresses[0]}:{PORT}", "-quiet"]
    command += ["-verify_return_error", "-dane_ee_no_namechecks", "-dane_tlsa_domain", host]
    for record in records:
        command += ["-dane_tlsa_rrdata", f"{record.usage} {record.selector} {record.mtype} {record.cert.hex()}"]
    talk = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0)
    try:
        try:
            say(talk, b"EHLO sender.example")
        except BouncedError as reason:
            raise DeferredError(str(reason)) from reason
        for line in (f"MAIL FROM:<{sender}>", f"RCPT TO:<{recipient}>", "DATA"):
            say(talk, line.encode())
        say(talk, message.rstrip(b"\r\n").replace(b"\r\n.", b"\r\n..") + b"\r\n.")
    finally:
        talk.kill()
        talk.communicate()


def say(talk: subprocess.Popen, text: bytes) -> None:
    """Send a command, or the message, and be content with a reply that is no error."""
    with contextlib.suppress(BrokenPipeError):
        talk.stdin.write(text + b"\r\n")
    reply = last_line(talk.stdout)
    if not reply:
        why = [line for line in talk.stderr.read().decode(errors="replace").splitlines() if "error" in line.lower()]
        raise DeferredError(f"openssl gave up: {why[0] if why else 'no reason given'}")
    if reply.startswith(b"5"):
        raise BouncedError(reply.decode(errors="replace").strip())
    if not reply.startswith((b"2", b"3")):
        raise DeferredError(reply.decode(errors="replace").strip())


def last_line(replies: IO[bytes]) -> bytes:
    line = replies.readline()
    while line[3:4] == b"-":
        line = replies.readline()
    return line


def main(sender: str, recipient: str, file: str) -> int:
    message = Path(file).read_bytes()
    reasons = []
    try:
        for host in mail_hosts(recipient.partition("@")[2]):
            try:
                deliver(host, sender, recipient, message)
            except DeferredError as reason:
                reasons.append(str(reason))
            else:
                return DELIVERED
    except DeferredError as reason:
        reasons.append(str(reason))
    except BouncedError as reason:
        print(reason)
        return BOUNCED
    print("; ".join(reasons))
    return LATER


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
