"""unbound as the lab's resolver."""

from __future__ import annotations

from .software import Recipe

_SETTINGS = """
server:
    interface: 0.0.0.0
    access-control: 0.0.0.0/0 allow
    chroot: ""
    username: ""
    directory: "/run"
    pidfile: ""
    use-syslog: no
    logfile: ""
    verbosity: 1
    val-log-level: 2
    log-servfail: yes
    ede: yes
    num-threads: 1
    so-reuseport: no
    so-rcvbuf: 2m
    outgoing-range: 900
    num-queries-per-thread: 4096
    jostle-timeout: 2000
    do-ip6: no
    edns-buffer-size: 1232
    max-udp-size: 1232
    module-config: "validator iterator"
    trust-anchor-file: "/etc/danelab/root.key"
    root-hints: "/etc/danelab/root.hints"
    trust-anchor-signaling: no
    root-key-sentinel: no
    do-not-query-localhost: no
    local-zone: "example." transparent
    local-zone: "test." transparent
    local-zone: "127.in-addr.arpa." transparent
    local-zone: "18.198.in-addr.arpa." transparent
    unblock-lan-zones: yes
    insecure-lan-zones: no
    rrset-roundrobin: no
    minimal-responses: yes
    target-fetch-policy: "0 0 0 0 0"
    # Each question is to be asked: a fault goes with a question (not RFC 8198, not RFC 8020).
    aggressive-nsec: no
    harden-below-nxdomain: no
    cache-min-ttl: 0
    val-bogus-ttl: 0
    infra-host-ttl: 0
    infra-keep-probing: yes
    # Milliseconds. A world's servers answer within one, or never. With other limits a zone whose DS goes unanswered
    # makes unbound give up the server of `example.`, and so everything.
    unknown-server-time-limit: 100
    infra-cache-min-rtt: 50
    infra-cache-max-rtt: 200
    outbound-msg-retry: 2
    # Once more for a DS or DNSKEY that cannot be had; the default is five times, and 20 seconds.
    val-max-restart: 1
    tcp-auth-query-timeout: 1000
remote-control:
    control-enable: yes
    control-interface: "/run/unbound.control"
    control-use-cert: no
"""

_CONTROL = ("unbound-control", "-c", "/etc/unbound/unbound.conf")

RECIPE = Recipe(
    packages=("unbound",),
    argv=("unbound", "-d", "-c", "/etc/unbound/unbound.conf"),
    files={"/etc/unbound/unbound.conf": _SETTINGS},
    flush=((*_CONTROL, "flush_zone", "."), (*_CONTROL, "flush_infra", "all")),
    flush_below=((*_CONTROL, "flush_zone", "{name}"),),
    gives_servers_up=True,
)
"""unbound 1.17 and later."""
