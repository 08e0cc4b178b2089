"""The events of a run: one frozen record for each kind. Times are seconds since the start of the run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field

from .words import Opinion, Status, Where

VERSION = 1
"""Version of the journal's format."""


@dataclass(frozen=True, kw_only=True)
class Event:
    """What all events have in common."""

    at: float
    """Seconds since the start of the run."""
    scenario: str = ""
    """Id of the scenario it belongs to; empty where none can be told."""
    target: str = ""
    """Name of the target; empty where none can be told."""


@dataclass(frozen=True, kw_only=True)
class RunStarted(Event):
    """A target is let loose. In a run of several targets there is one such event for each."""

    mode: str
    judged_as: str
    resolver: str
    lab: str
    """What kind of lab the target was in: `loopback`, `namespace` or `network`."""
    seed: str
    scenarios: tuple[str, ...]
    choices: Mapping[str, str] = field(default_factory=dict)
    """Positions that the target declares where the RFCs leave it a choice, by the choices' names."""
    departures: tuple[str, ...] = ()
    """Scenarios in which the resolver that serves the target is known to see something else than a correct one, each
    as its id, a space, and the reason."""
    resolves: bool = False
    """Whether the target is a resolver, and asked questions instead of being given messages."""
    along: tuple[str, ...] = ()
    """Those of the scenarios that nobody asked for; verdicts on the others rest on them."""
    shard: str = ""
    """Which part of what was asked for this run is, as `3/16`; empty: all of it."""
    worlds: Mapping[str, str] = field(default_factory=dict)
    """Fingerprint of each scenario's world (`harness.scenario.fingerprint`), by id: whether a file of today still says
    what was served then."""
    began: str = ""
    """When the run began, in ISO 8601."""
    version: int = VERSION
    kind: Literal["run-started"] = "run-started"


@dataclass(frozen=True, kw_only=True)
class RunEnded(Event):
    """The target has been through all its scenarios; without this event its part of the journal is incomplete."""

    kind: Literal["run-ended"] = "run-ended"


@dataclass(frozen=True, kw_only=True)
class Scene(Event):
    """What the world of a scenario looks like from now on; at its beginning, and after each change."""

    names: Mapping[str, str]
    """Placeholders that stand for names, without braces, and what they stand for, without the final dot: `mx1`,
    `mx1.target`, `domain`, `id`."""
    kind: Literal["scene"] = "scene"


@dataclass(frozen=True, kw_only=True)
class Sent(Event):
    """A message was handed to the target."""

    recipients: tuple[str, ...]
    step: int
    """Number of the send in the scenario's steps, from 1."""
    kind: Literal["sent"] = "sent"


@dataclass(frozen=True, kw_only=True)
class Reported(Event):
    """What the target itself says of one recipient: exit status, log line or queue entry."""

    recipient: str
    status: Status
    reason: str = ""
    kind: Literal["reported"] = "reported"


@dataclass(frozen=True, kw_only=True)
class Found(Event):
    """What a checker found out about one recipient domain."""

    recipient: str
    """An address in the domain."""
    finding: Opinion
    text: str = ""
    """The checker's own words; why it was not started, where it was not."""
    kind: Literal["found"] = "found"


@dataclass(frozen=True, kw_only=True)
class Resolved(Event):
    """A question that was put to the resolver under test: what it answered, and what a correct one answers."""

    name: str
    type: str
    step: int
    """Number of the send in the scenario's steps that the question belongs to, from 1."""
    rcode: str
    """RCODE of the answer; `none` where nothing was answered."""
    authentic_data: bool = False
    """AD in the answer."""
    answer: tuple[str, ...] = ()
    """The records of the type asked for in the answer, sorted: master-file form of their data."""
    standing: str
    """What the world makes of the answer: secure, insecure, bogus or failed."""
    right_rcode: str
    """RCODE of a correct answer; where it is bogus or cannot be had, of the answer that the zone really holds."""
    right_answer: tuple[str, ...] = ()
    """The records of that answer, in the form of `answer`."""
    permits: tuple[str, ...] = ()
    """Further permitted answers as `secure`, `insecure`, `servfail`, `inferred` or `denied`, each with the choice that
    leads to it: `insecure nsec3-iterations`."""
    why: str = ""
    """What makes it bogus or failed."""
    names: tuple[str, ...] = ()
    """The name asked for, and the names that its aliases lead to."""
    keeps: bool = False
    """Whether the resolver may still have answers from before the last change of the world."""
    kind: Literal["resolved"] = "resolved"


@dataclass(frozen=True, kw_only=True)
class Asked(Event):
    """A DNS question and what was answered."""

    where: Where
    name: str
    type: str
    transport: Literal["udp", "tcp"]
    rcode: str
    """RCODE of the answer; `none` where nothing was answered."""
    dnssec_ok: bool = False
    checking_disabled: bool = False
    authentic_data: bool = False
    """AD in the answer."""
    faults: tuple[str, ...] = ()
    """Faults that shaped the answer."""
    unreasonable: str = ""
    """What the lab's resolver did here though nothing in the world gives it reason to: `SERVFAIL`, `no answer`, or
    `an answer after 6.1 s`; empty where all is well."""
    client: str = ""
    kind: Literal["asked"] = "asked"


@dataclass(frozen=True, kw_only=True)
class Strayed(Event):
    """A question for a name outside the lab; the root proves that there is none (NXDOMAIN)."""

    name: str
    type: str
    client: str = ""
    kind: Literal["strayed"] = "strayed"


@dataclass(frozen=True, kw_only=True)
class Connected(Event):
    """A client connected to a mail server."""

    session: str
    """Names the connection in the events that follow."""
    server: str
    """Key of the server in the scenario: `mx1`."""
    address: str
    client: str = ""
    kind: Literal["connected"] = "connected"


@dataclass(frozen=True, kw_only=True)
class Spoke(Event):
    """One SMTP command and the reply to it."""

    session: str
    server: str
    command: str
    """The command line as it came, without message text; empty for the banner."""
    reply: str
    """First line of the reply; empty where none was given."""
    tls: bool
    ahead: bool = False
    """Whether more had come behind the command before it was answered."""
    kind: Literal["spoke"] = "spoke"


@dataclass(frozen=True, kw_only=True)
class Handshake(Event):
    """A TLS handshake, completed or not."""

    session: str
    server: str
    completed: bool
    sni: str = ""
    """Server name the client sent; empty for none."""
    version: str = ""
    cipher: str = ""
    error: str = ""
    """Alert or error that ended it."""
    certificate: str = ""
    """SHA-256 of the certificate shown, or of the bare key (RFC 7250), in hexadecimal."""
    offered: tuple[str, ...] = ()
    """What the ClientHello held that is worth knowing, as `version TLSv1.3`."""
    kind: Literal["handshake"] = "handshake"


@dataclass(frozen=True, kw_only=True)
class Accepted(Event):
    """A server took a message: the end of DATA was acknowledged."""

    session: str
    server: str
    role: str
    """Who runs the server: genuine, impostor, or tampered with on the path."""
    sender: str
    recipients: tuple[str, ...]
    tls: bool
    size: int
    """Octets of the message."""
    text: str = ""
    """The beginning of the message as it arrived."""
    via: str = ""
    """Key of the attacker's server that passed the message on, which the target has nothing to do with."""
    kind: Literal["accepted"] = "accepted"


@dataclass(frozen=True, kw_only=True)
class Revealed(Event):
    """Something of the message was shown without the message being accepted: envelope or text."""

    session: str
    server: str
    role: str
    what: Literal["sender", "recipient", "text"]
    value: str
    tls: bool
    kind: Literal["revealed"] = "revealed"


@dataclass(frozen=True, kw_only=True)
class Left(Event):
    """The connection ended."""

    session: str
    server: str
    after: str
    """The last thing the client did: `connect`, `EHLO`, `STARTTLS`, `handshake`, `MAIL`, ..."""
    by: Literal["client", "server"]
    kind: Literal["left"] = "left"


@dataclass(frozen=True, kw_only=True)
class Died(Event):
    """A target ended without being asked to."""

    reason: str
    kind: Literal["died"] = "died"


@dataclass(frozen=True, kw_only=True)
class HarnessFault(Event):
    """danelab itself failed; what it touched is never held against the target."""

    problem: str
    kind: Literal["harness-fault"] = "harness-fault"


AnyEvent = Annotated[
    RunStarted
    | RunEnded
    | Scene
    | Sent
    | Reported
    | Found
    | Resolved
    | Asked
    | Strayed
    | Connected
    | Spoke
    | Handshake
    | Accepted
    | Revealed
    | Left
    | Died
    | HarnessFault,
    Field(discriminator="kind"),
]
"""An event of any kind, told apart by `kind`."""
