"""A small sender that does DANE with records `3 1 1` only: dnspython, smtplib, and forty lines.

docs/pytest.md tests it. It is as small as can be, not complete: one MX host, one address, and no other usages.
"""

import hashlib
import smtplib
import ssl

import dns.exception
import dns.flags
import dns.resolver
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


class NotSentError(Exception):
    """The message has to wait."""


def look_up(name, kind, *, resolver):
    """The records, and whether the resolver has found them, or their absence, to be secure."""
    address, _, port = resolver.rpartition(":")
    asking = dns.resolver.Resolver(configure=False)
    asking.nameservers, asking.port, asking.flags = [address], int(port), dns.flags.RD | dns.flags.AD
    try:
        response = asking.resolve(name, kind, raise_on_no_answer=False).response
    except dns.resolver.NXDOMAIN as error:
        response = error.response(error.qnames()[0])
    except dns.exception.DNSException as error:
        raise NotSentError(f"{kind} of {name}: {error}") from error
    records = [record for rrset in response.answer for record in rrset if record.rdtype.name == kind]
    return records, bool(response.flags & dns.flags.AD)


def send(message, *, resolver, port=25):
    """Deliver the message (`sender`, `recipient`, `octets`). Raises NotSentError, and OSError as smtplib does."""
    exchanges, _ = look_up(message.recipient.partition("@")[2], "MX", resolver=resolver)
    host = str(min(exchanges).exchange).rstrip(".")
    addresses, _ = look_up(host, "A", resolver=resolver)
    records, secure = look_up(f"_{port}._tcp.{host}", "TLSA", resolver=resolver)
    digests = {each.cert for each in records if secure and (each.usage, each.selector, each.mtype) == (3, 1, 1)}
    anybody = ssl.create_default_context()
    anybody.check_hostname, anybody.verify_mode = False, ssl.CERT_NONE
    with smtplib.SMTP(str(addresses[0]), port, timeout=10) as smtp:
        if digests or "starttls" in smtp.ehlo()[1].decode().lower():
            smtp._host = host  # noqa: SLF001 (what smtplib sends as SNI, where it was given an address)
            smtp.starttls(context=anybody)
            key = x509.load_der_x509_certificate(smtp.sock.getpeercert(binary_form=True)).public_key()
            digest = hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()
            if digests and digest not in digests:
                raise NotSentError(f"{host}: no TLSA record matches its key")
        smtp.sendmail(message.sender, [message.recipient], message.octets)
