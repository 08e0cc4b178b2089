"""Which protocol versions of a mail server OpenSSL serves, and which this lab's own TLS does (`bare`)."""

from __future__ import annotations

from harness.scenario.mailhosts import Tls

from . import bare
from .bare.dialects import DIALECTS

_SERVED_BY_ALL = "AES128-SHA"


def old_suites(tls: Tls) -> tuple[bare.Suite, ...]:
    """The suites up to TLS 1.2 that no OpenSSL can be counted on to have; empty: it has what the server wants."""
    found = bare.named(tls.ciphers) if tls.ciphers is not None else ()
    return found if any(suite.name != _SERVED_BY_ALL for suite in found) else ()


def left_to_openssl(tls: Tls) -> tuple[str, ...]:
    """The versions that Python's ssl serves."""
    return tuple(word for word in tls.versions if word == "1.3" or (word != "ssl3" and not old_suites(tls)))


def dialect(tls: Tls, *, client: int) -> str | None:
    """The version up to TLS 1.2 that is spoken with a client of this version, or the lowest; None: OpenSSL decides.

    That is how a server decides which has never heard of TLS 1.3 (RFC 5246 appendix E.1).
    """
    versions = sorted((word for word in tls.versions if word in DIALECTS), key=lambda word: DIALECTS[word].number)
    spoken = [word for word in versions if DIALECTS[word].number <= client] or versions[:1]
    return spoken[-1] if spoken and spoken[-1] not in left_to_openssl(tls) else None
