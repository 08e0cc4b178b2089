"""What the journal is told of a question that the lab's resolver did not answer by itself."""

from __future__ import annotations

from dnslib.dns import RCODE

from harness.journal import Asked, Strayed, Where, is_overlong
from harness.lab.dns_server import Transport
from harness.lab.packets import Query, ttl_of
from harness.lab.recorder import Recorder
from harness.scenario.models import Need
from harness.survey import Question, right_ttl
from harness.world.answers import Rcode
from harness.world.internet import Internet
from harness.world.records import Type, type_name
from harness.world.resolution import Security, resolve

FLAGS = 3
"""The octet of a message that has AD, CD and the RCODE (RFC 4035 section 3.2)."""
AD, CD, RCODE_BITS = 0x20, 0x10, 0x0F


LATE = 4.0
"""Seconds after which some targets no longer wait for an answer."""


def note(
    recorder: Recorder,
    internet: Internet,
    query: Query,
    reply: bytes | None,
    *,
    transport: Transport,
    client: str,
    unreasonable: str = "",
    overlong: str = "",
) -> None:
    """Take down the question and the reply to it, None for silence; a name outside the lab has strayed."""
    if not internet.is_inside(query.name):
        recorder.record(Strayed, name=query.name, type=type_name(query.type), client=client)
        return
    recorder.record(
        Asked,
        scenario=internet.scenario_of(query.name),
        where=Where.RESOLVER,
        name=query.name,
        type=type_name(query.type),
        transport=transport,
        rcode="none" if reply is None else RCODE.get(reply[FLAGS] & RCODE_BITS),
        dnssec_ok=query.dnssec_ok,
        checking_disabled=query.checking_disabled,
        authentic_data=reply is not None and bool(reply[FLAGS] & AD),
        faults=tuple(str(fault.what) for fault in internet.faults_at(query.name, query.type)),
        unreasonable=unreasonable,
        overlong=overlong,
        client=client,
    )


def unreasonable(internet: Internet, query: Query, reply: bytes | None, *, seconds: float) -> str:
    """What a resolver did that it had no reason to, having been asked for `seconds`: it failed to answer, or in time.

    Whether an answer is right is another matter, and not looked into.
    """
    if not internet.scenario_of(query.name):
        return ""
    if reply is None or reply[FLAGS] & RCODE_BITS == Rcode.SERVFAIL:
        there = resolve(internet, query.name, query.type).security in (Security.SECURE, Security.INSECURE)
        return ("no answer" if reply is None else Rcode.SERVFAIL.name) if there else ""
    return f"an answer after {seconds:.1f} s" if seconds > LATE else ""


def overlong(internet: Internet, query: Query, reply: bytes | None, *, at: float) -> str:
    """What a resolver vouched for longer than it may, in a scenario that is about that; empty where it did not.

    Whoever keeps answers, as some senders do, keeps them for the TTL that it states. `at` is the moment, in seconds
    since the start of the run.
    """
    scenario = internet.scenario_of(query.name)
    if reply is None or not scenario or Need.CACHE not in internet.world(scenario).scenario.needs:
        return ""
    ttl = ttl_of(reply, query.type)
    if ttl is None or query.type not in set(map(int, Type)):
        return ""
    right = right_ttl(internet, Question(query.name, Type(query.type)), at=at)
    return f"a TTL of {ttl} s where {right:.0f} s are right" if is_overlong(ttl, right) else ""
