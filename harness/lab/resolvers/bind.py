"""BIND 9 as the lab's resolver."""

from __future__ import annotations

from .software import Recipe

_SETTINGS = """
options {
    directory "/run/named";
    pid-file none;
    session-keyfile none;
    managed-keys-directory "/run/named";
    listen-on { any; };
    listen-on-v6 { none; };
    recursion yes;
    allow-query { any; };
    allow-query-cache { any; };
    allow-recursion { any; };
    notify no;
    empty-zones-enable no;
    dnssec-validation yes;
    trust-anchor-telemetry no;
    root-key-sentinel no;
    qname-minimization relaxed;
    // Each question is to be asked: a fault goes with a question (not RFC 8198).
    synth-from-dnssec no;
    min-cache-ttl 0;
    min-ncache-ttl 0;
    servfail-ttl 0;
    lame-ttl 0;
    prefetch 0;
    stale-cache-enable no;
    stale-answer-enable no;
    fetches-per-server 0;
    fetches-per-zone 0;
    recursive-clients 10000;
    clients-per-query 0;
    max-clients-per-query 0;
    // Milliseconds for a whole lookup.
    // A lookup without an answer takes 10 s: anything less counts as 10 s.
    resolver-query-timeout 10000;
    edns-udp-size 1232;
    max-udp-size 1232;
    minimal-responses yes;
    transfers-in 1;
};
zone "." { type hint; file "/etc/danelab/root.hints"; };
include "/etc/danelab/bind.keys";
key "lab" { algorithm hmac-sha256; secret "bGFi"; };
controls { inet 127.0.0.1 port 953 allow { 127.0.0.1; } keys { "lab"; }; };
"""

_CONTROL = """
key "lab" { algorithm hmac-sha256; secret "bGFi"; };
options { default-key "lab"; default-server 127.0.0.1; default-port 953; };
"""

_NO_DATA = "it takes no message with a TLSA record that lacks association data; it may call that malformed"

_RNDC = ("rndc", "-c", "/etc/bind/control.conf")

RECIPE = Recipe(
    packages=("bind9",),
    argv=("named", "-g", "-4", "-n", "1", "-c", "/etc/bind/lab.conf"),
    files={"/etc/bind/lab.conf": _SETTINGS, "/etc/bind/control.conf": _CONTROL},
    flush=((*_RNDC, "flush"),),
    flush_below=((*_RNDC, "flushtree", "{name}"),),
    folders=("/run/named",),
    departures={
        "data-empty": _NO_DATA,
        "nsec3-unknown-flags": "it heeds NSEC3 records with unknown flags (RFC 5155 8.2)",
        "rdata-truncated": _NO_DATA,
        "rrsig-labels-high": "it does not compare the labels field of a signature with the owner name (RFC 4035 5.3.1)",
    },
)
"""BIND 9.18 and later. Negative, bogus and failed answers are kept no longer than their TTL or not at all."""
