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
print $control "cache.clear()\\n";
sysread $control, my $answer, 999;
exit($answer =~ /error/ ? 1 : 0);
"""

RECIPE = Recipe(
    packages=("knot-resolver",),
    argv=("kresd", "-n", "-c", "/etc/knot-resolver/lab.conf", "/run/kresd"),
    files={"/etc/knot-resolver/lab.conf": _SETTINGS},
    flush=(("perl", "-MIO::Socket::UNIX", "-e", _CLEAR),),
    folders=("/run/kresd",),
)
"""Knot Resolver 5. It cannot be told not to infer absence from what it keeps (RFC 8198).

Without its cache (`NO_CACHE`) it asks for every key on every question, which a lab in full work does not bear.
"""
