"""Knot Resolver as the lab's resolver."""

from __future__ import annotations

from .software import Recipe

_SETTINGS = """
net.ipv6 = false
net.listen('0.0.0.0', 53, { kind = 'dns', freebind = true })
net.bufsize(1232, 1232)
cache.size = 20 * MB
cache.min_ttl(0)
cache.max_ttl(86400)
modules.load('hints > iterate')
hints.root_file('/etc/danelab/root.hints')
trust_anchors.add_file('/etc/danelab/root.ds', true)
for _, name in ipairs({
    'ta_signal_query', 'ta_sentinel', 'ta_update', 'priming', 'detect_time_skew', 'detect_time_jump', 'watchdog',
}) do
    pcall(modules.unload, name)
end
-- No names are treated specially.
pcall(modules.unload, 'policy')
modules.load('policy')
policy.special_names = {}
net.listen('/run/kresd/lab', nil, { kind = 'control' })
modules.load('bogus_log')
log_level('info')
"""

_CLEAR = """
my $control = IO::Socket::UNIX->new("/run/kresd/lab") or die "no control socket";
my $below = @ARGV ? "'$ARGV[0]', false, nil, 1000" : "";
print $control "cache.clear($below)\\n";
my $said = "";
until ($said =~ /\\n> \\z/) {
    sysread($control, $said, 999, length $said) or die "the control socket closed: $said";
}
$said =~ /'count'/ && $said !~ /chunk_limit/ or die "not cleared: $said";
"""

_KNOWN = "it need not ask: records of other answers prove the same without the defect (RFC 8198)"
_NO_CUT = "it infers from the signed denial of the DS that there is no zone below, and asks no more (RFC 8198)"
_DEEP_CUT = "it does not find an unsigned cut two labels below the zone (RFC 4035 5.2)"

_PERL = ("perl", "-MIO::Socket::UNIX", "-e", _CLEAR)

RECIPE = Recipe(
    packages=("knot-resolver",),
    argv=("kresd", "-n", "-c", "/etc/knot-resolver/lab.conf", "/run/kresd"),
    files={"/etc/knot-resolver/lab.conf": _SETTINGS},
    flush=(_PERL,),
    flush_below=((*_PERL, "{name}"),),
    keeps_upper_denials=True,
    folders=("/run/kresd",),
    gives_servers_up=True,
    departures={
        "insecure-proof-forged-address": _NO_CUT,
        "insecure-proof-forged-tlsa": _NO_CUT,
        "nsec-no-wildcard-proof": _KNOWN,
        "nsec3-iter-forged": _KNOWN,
        "nsec3-unknown-flags": "it heeds NSEC3 records with unknown flags (RFC 5155 8.2)",
        "nsec3-unknown-hash": _KNOWN,
        "tlsa-insecure-subzone-match": _DEEP_CUT,
        "tlsa-insecure-subzone-mismatch": _DEEP_CUT,
        "wild-mx-noproof": _KNOWN,
        "wild-tlsa-noproof-nsec": _KNOWN,
        "wild-tlsa-noproof-nsec3": _KNOWN,
    },
)
"""Knot Resolver 5. It cannot be told not to infer absence from what it keeps (RFC 8198).

Without its cache (`NO_CACHE`) it asks for every key on every question, which a lab in full work does not bear.
"""
