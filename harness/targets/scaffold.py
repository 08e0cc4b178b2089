"""The definition that a new target begins with: complete, valid, and explained line by line."""

from __future__ import annotations

import re

_NAME = re.compile("[a-z][a-z0-9-]*")


def valid(name: str) -> bool:
    """Whether a target can be called this."""
    return _NAME.fullmatch(name) is not None


SCAFFOLD = r'''# NAME as a target; docs/targets.md explains every key. Try it: danelab targets check ./NAME.toml
title = "NAME"
default = "dane"
# Debian packages to unpack for it (nothing is installed). Leave it out for a program that is below /usr already.
# packages = ["NAME"]
# Users that it wants; each gets a group of its name.
# accounts = { NAME = 6001 }
# Shell commands before it starts, as root in its private root.
prepare = ["mkdir -p /var/spool/NAME /var/log"]
# What an ordinary user without subordinate ids needs: plain, fake-ids, nested, never (with rootless_reason).
rootless = "fake-ids"

# Ways of configuring it. `mode` is what it is meant to do then: opportunistic (DANE where there are records),
# mandatory (DANE or nothing), unaware (no DANE).
[modes.dane]
mode = "opportunistic"
title = "as it should be run"
variables = { dane = "yes" }

[modes.off]
mode = "unaware"
title = "without DANE"
variables = { dane = "no" }

# A program run once for each message, which it reads from standard input ...
[submit]
argv = ["/usr/sbin/sendmail", "-i", "-f", "{sender}", "{recipient}"]
at_once = 8
# ... or, for one that runs all the time, a port at which it takes mail by SMTP, and how it is started:
# [submit]
# port = 2525
# [service]
# argv = ["/usr/sbin/NAME", "--foreground"]
# ready_port = 2525

# Where it says what it has decided: syslog (/dev/log), file (with file = "/var/log/..."), or output of the program.
[observe]
source = "syslog"
limit = 60.0
lines = [
    { pattern = 'to=<(?P<recipient>[^>]+)>.* sent (?P<reason>.*)', status = "delivered" },
    { pattern = 'to=<(?P<recipient>[^>]+)>.* deferred (?P<reason>.*)', status = "deferred" },
    { pattern = 'to=<(?P<recipient>[^>]+)>.* bounced (?P<reason>.*)', status = "bounced" },
]

# Its configuration. {{ resolver }}, {{ host_name }}, {{ ipv4 }}, {{ ipv6 }}, {{ sender_domain }}, {{ ca_file }} and the
# mode's variables are filled in.
[files]
"/etc/NAME.conf" = """
hostname = {{ host_name }}
dane = {{ dane }}
"""
'''
