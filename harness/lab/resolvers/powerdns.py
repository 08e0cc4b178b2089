"""PowerDNS Recursor as the lab's resolver."""

from __future__ import annotations

from .software import Recipe

_SETTINGS = """
local-address=0.0.0.0
local-port=53
allow-from=0.0.0.0/0
query-local-address=0.0.0.0
dont-query=
hint-file=/etc/danelab/root.hints
lua-config-file=/etc/danelab/recursor.lua
dnssec=validate
dnssec-log-bogus=yes
signature-inception-skew=0
extended-resolution-errors=yes
setuid=
setgid=
chroot=
daemon=no
write-pid=no
socket-dir=/run/pdns
disable-syslog=yes
log-common-errors=yes
loglevel=6
quiet=yes
statistics-interval=0
threads=1
max-mthreads=4096
security-poll-suffix=
serve-rfc1918=no
export-etc-hosts=no
any-to-tcp=no
tcp-fast-open=0
qname-minimization=yes
root-nx-trust=no
# Each question is to be asked: a fault goes with a question (not RFC 8198).
aggressive-nsec-cache-size=0
disable-packetcache=yes
packetcache-ttl=0
packetcache-servfail-ttl=0
minimum-ttl-override=0
max-cache-bogus-ttl=0
refresh-on-ttl-perc=0
server-down-max-fails=0
non-resolving-ns-max-fails=0
dont-throttle-netmasks=0.0.0.0/0
edns-outgoing-bufsize=1232
udp-truncation-threshold=1232
max-concurrent-requests-per-tcp-connection=1000
max-tcp-clients=1000
# Milliseconds: for one question to a server, and for a whole lookup.
network-timeout=1000
max-total-msec=6000
"""

_WIPE = ("rec_control", "--config-dir=/etc/powerdns", "--config-name=lab", "wipe-cache")

RECIPE = Recipe(
    packages=("pdns-recursor",),
    argv=("pdns_recursor", "--config-dir=/etc/powerdns", "--config-name=lab"),
    files={"/etc/powerdns/recursor-lab.conf": _SETTINGS},
    flush=((*_WIPE, "$"),),
    flush_below=((*_WIPE, "{name}$"),),
    folders=("/run/pdns",),
    departures={
        "nsec3-unknown-flags": "it heeds NSEC3 records with unknown flags (RFC 5155 8.2)",
        "nsec3-unknown-hash": "it takes an unknown NSEC3 hash algorithm for SHA-1 (RFC 5155 8.1)",
        "rdata-truncated": "it takes no message with a TLSA record of one octet; it may call that malformed",
    },
)
"""PowerDNS Recursor 4.8 to 5.1, which read this form of configuration."""
