"""The authoritative servers of the fake Internet: what the world answers, put on the wire, with its faults."""

from __future__ import annotations

from dataclasses import dataclass, replace

from harness.journal import Asked, HarnessFault, Strayed, Where
from harness.scenario.zones import What
from harness.world.answers import Rcode, Reply
from harness.world.internet import Internet
from harness.world.layout import ALIVE, DEAD, SERVER_KINDS
from harness.world.records import type_name
from harness.world.zones import Zone

from .dns_server import KEPT_AT_MOST, Transport
from .packets import (
    CLASSIC_LIMIT,
    UNFRAGMENTED,
    Query,
    Shape,
    complaint,
    garbage,
    read_query,
    truncated,
    write_reply,
)
from .recorder import Recorder

_RCODES = {
    What.SERVFAIL: Rcode.SERVFAIL,
    What.REFUSED: Rcode.REFUSED,
    What.NOTIMP: Rcode.NOTIMP,
    What.FORMERR: Rcode.FORMERR,
}


@dataclass(frozen=True)
class _Kept:
    """A packed answer, and what there is to say about it."""

    wire: bytes | None
    event: Asked | Strayed
    turns: bool


class Authority:
    """Answers for every zone of the lab, or, asked at a name server's own address, for that server's zones.

    A signature is made for the first question that needs it; the packed answer is kept.
    """

    def __init__(self, internet: Internet, recorder: Recorder | None, *, by_address: bool = False) -> None:
        """With `by_address`, each name server knows its own zones only, as on the real Internet."""
        self._internet = internet
        self._recorder = recorder
        self._by_address = by_address
        self._kept: dict[tuple[bytes, Transport, str], _Kept] = {}
        self._turn = 0

    def forget(self) -> None:
        """The world has changed: answer anew."""
        self._kept.clear()

    def respond(self, message: bytes, transport: Transport, client: str, asked: str) -> bytes | None:
        """The reply to a message; None where none is given."""
        key = (message[2:], transport, asked if self._by_address else "")
        kept = self._kept.get(key)
        if kept is None or kept.turns:
            query = read_query(message)
            if query is None:
                return complaint(message)
            kept = self._make(query, transport, asked)
            if len(self._kept) > KEPT_AT_MOST:
                self._kept.clear()
            self._kept[key] = kept
        if self._recorder is not None:
            self._recorder.again(kept.event, client=client)
        return message[:2] + kept.wire[2:] if kept.wire is not None else None

    def _make(self, query: Query, transport: Transport, asked: str) -> _Kept:
        try:
            if query.version:
                reply = Reply(rcode=Rcode.BADVERS)
            else:
                reply = self._internet.answer(query.name, query.type, served=lambda zone: self._serves(asked, zone))
        except Exception as error:
            # A world that cannot be made is our fault, and no client may wait for it.
            reply = Reply(rcode=Rcode.SERVFAIL)
            if self._recorder is not None:
                scenario = self._internet.scenario_of(query.name)
                problem = f"{type(error).__name__}: {error}"
                self._recorder.record(HarnessFault, scenario=scenario, problem=problem)
        wire = self._pack(query, reply, transport) if self._server_of(asked) != DEAD else None
        rcode = "none" if wire is None else Rcode(reply.rcode if query.version else wire[3] & 15).name
        scenario = self._internet.scenario_of(query.name)
        event: Asked | Strayed = Strayed(at=0, name=query.name, type=type_name(query.type))
        if scenario or (self._internet.is_inside(query.name) and rcode != Rcode.REFUSED.name):
            event = Asked(
                at=0,
                scenario=scenario,
                where=Where.AUTHORITY,
                name=query.name,
                type=type_name(query.type),
                transport=transport,
                rcode=rcode,
                dnssec_ok=query.dnssec_ok,
                checking_disabled=query.checking_disabled,
                faults=tuple(map(str, reply.faults)),
            )
        turns = reply.zone is not None and reply.zone.spec.rotate
        return _Kept(wire, event, turns)

    def _server_of(self, asked: str) -> str:
        """What kind of name server is at the address: `alive`, `dead` or `lame`."""
        plan = self._internet.around.plan
        world = plan.world_of(asked)
        if not self._by_address or world is None or asked == plan.root_server:
            return ALIVE
        return next((kind for place, kind in enumerate(SERVER_KINDS) if asked == plan.name_server(world, place)), DEAD)

    def _serves(self, asked: str, zone: Zone) -> bool:
        if not self._by_address:
            return ALIVE in zone.spec.name_servers
        plan = self._internet.around.plan
        if asked == plan.root_server or not zone.scenario:
            return asked == plan.root_server and not zone.scenario
        index = self._internet.world(zone.scenario).index
        return ALIVE in zone.spec.name_servers and asked == plan.name_server(index, SERVER_KINDS.index(ALIVE))

    def _pack(self, query: Query, reply: Reply, transport: Transport) -> bytes | None:
        manners = reply.manners
        shape = Shape(
            rcode=reply.rcode,
            authoritative=reply.authoritative and reply.zone is not None,
            authentic=What.SET_AD in manners,
            answer=reply.answer,
            authority=reply.authority,
            additional=reply.additional,
            mixed_case=What.MIXED_CASE in manners,
            turn=self._next_turn() if reply.zone is not None and reply.zone.spec.rotate else 0,
        )
        for what, rcode in _RCODES.items():
            if what in manners:
                return write_reply(query, Shape(rcode=rcode), limit=None)
        if What.DROP in manners:
            return None
        if What.GARBAGE in manners:
            return garbage(query)
        if What.NO_EDNS in manners:
            plain = replace(query, edns=False, dnssec_ok=False, limit=CLASSIC_LIMIT)
            return write_reply(plain, shape, limit=plain.limit if transport == "udp" else None)
        if transport == "udp" and What.DROP_LARGE_UDP in manners:
            whole = len(write_reply(query, shape, limit=None))
            if UNFRAGMENTED < whole <= query.advertised:
                return None
            return write_reply(query, shape, limit=min(query.advertised, UNFRAGMENTED))
        if transport == "udp" and manners & {What.TRUNCATE, What.TRUNCATE_NO_TCP}:
            return truncated(query, shape)
        if transport == "tcp" and What.TRUNCATE_NO_TCP in manners:
            return None
        return write_reply(query, shape, limit=query.limit if transport == "udp" else None)

    def _next_turn(self) -> int:
        self._turn += 1
        return self._turn
