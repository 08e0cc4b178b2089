"""The programs that tests and benchmarks need, out of Debian packages that are unpacked and not installed."""

from __future__ import annotations

from harness.targets.packages import Bundle as _Bundle
from harness.targets.packages import Program, Unavailable, cache_root, prefix, program


class Bundle:
    """What is fetched together."""

    VALIDATORS = _Bundle("validators", ("unbound", "bind9-dnsutils", "ldnsutils"))
    """The independent eyes: unbound, delv and dig, ldns-verify-zone."""

    ZONE_CHECKERS = _Bundle("zone-checkers", ("ldnsutils", "bind9-utils", "nsd"))
    """What reads master files: ldns-verify-zone, named-checkzone, nsd-checkzone."""

    TSHARK = _Bundle("tshark", ("tshark",))
    """What reads packet captures, as Wireshark does."""

    BROWSER = _Bundle("browser", ("libatomic1", "fonts-dejavu-core", "chromium-headless-shell"))
    """What looks at HTML: Chromium without windows, letters to write with, and a library that playwright needs."""

    SWAKS = _Bundle("swaks", ("libnet-ssleay-perl", "swaks"))
    """What sends a mail by hand, over TLS."""

    SERVERS = _Bundle("servers", ("nsd", "dnsperf", "postfix"))
    """What danelab's speed is compared with, and what loads it: nsd, dnsperf, smtp-sink and smtp-source."""

    GNUTLS = _Bundle("gnutls-bin", ("gnutls-bin",))
    """A client that takes raw public keys and speaks cipher suites that are out of date: gnutls-cli."""


__all__ = ["Bundle", "Program", "Unavailable", "cache_root", "prefix", "program"]
