"""Journals made by hand, and small scenarios to judge them by."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from harness.journal import (
    Accepted,
    Asked,
    Connected,
    Died,
    Event,
    Handshake,
    HarnessFault,
    Left,
    Reported,
    Revealed,
    RunEnded,
    RunStarted,
    Scene,
    Sent,
    Spoke,
    Status,
    Where,
)
from harness.scenario.models import Mode, Scenario
from harness.verdict import Profile, Result, judge


def scenario(key: str, opportunistic: str, **values: Any) -> Scenario:
    """A scenario with this expectation; what else goes into [expect] is named as there."""
    expect: dict[str, Any] = {
        "opportunistic": opportunistic,
        "mandatory": values.pop("mandatory", opportunistic),
        "unaware": values.pop("unaware", "OPP"),
        **{
            name: values.pop(name)
            for name in ("choice", "severity", "wire", "untouched", "unvisited", "sni", "checker")
            if name in values
        },
    }
    return Scenario.model_validate(
        {
            "id": key,
            "title": values.pop("title", f"The scenario called {key}"),
            "explain": "Made for a test, with nothing to explain.",
            "covers": ["7672-2.2-1"],
            "expect": expect,
            **values,
        }
    )


GOOD = scenario("good", "AUTH", importance="critical")
MISMATCH = scenario("mismatch", "DEFER", twin="good", importance="critical")
STRIPPED = scenario("stripped", "DEFER", twin="good", importance="critical", unaware="CLEAR")
SERVFAIL = scenario("servfail", "DEFER", twin="good")
PLAIN = scenario("plain", "OPP", mandatory="DEFER")


class Tape:
    """Events in the order in which they are told, a hundredth of a second apart."""

    def __init__(self, *, target: str = "sender") -> None:
        self.events: list[Event] = []
        self.target = target
        self._sends: dict[str, int] = {}

    def add(self, kind: Callable[..., Event], **values: Any) -> Tape:
        values.setdefault("target", self.target)
        self.events.append(kind(at=round(len(self.events) / 100, 2), **values))
        return self

    def start(self, *scenarios: Scenario, mode: Mode = Mode.OPPORTUNISTIC, targets: Sequence[str] = ()) -> Tape:
        """Several targets run through the same scenarios."""
        for each in targets or (self.target,):
            self.add(
                RunStarted,
                target=each,
                mode=mode,
                judged_as=Profile.of(mode).judged_as,
                resolver="simulated",
                lab="loopback",
                seed="42",
                scenarios=tuple(each.id for each in scenarios),
            )
        return self

    def end(self) -> Tape:
        return self.add(RunEnded, target="")

    def sent(self, key: str, *recipients: str) -> Tape:
        self._sends[key] = self._sends.get(key, 0) + 1
        return self.add(Sent, scenario=key, recipients=recipients or (address(key),), step=self._sends[key])

    def asked(self, key: str, *, rcode: str = "NOERROR", rdtype: str = "TLSA") -> Tape:
        name = f"_25._tcp.mx1.{key}.example"
        return self.add(Asked, scenario=key, where=Where.RESOLVER, name=name, type=rdtype, transport="udp", rcode=rcode)

    def connected(self, key: str, server: str = "mx1") -> Tape:
        return self.add(Connected, scenario=key, session=f"{key}-{server}", server=server, address="192.0.2.1")

    def shook_hands(self, key: str, server: str = "mx1", **values: Any) -> Tape:
        values = {"completed": True, "session": f"{key}-{server}"} | values
        return self.add(Handshake, scenario=key, server=server, **values)

    def said(self, key: str, *commands: str, tls: bool = True, server: str = "mx1", reply: str = "250 ok") -> Tape:
        """Commands and replies; one that ends in `+` has more behind it. STARTTLS is agreed to."""
        for command in commands:
            line = command.removesuffix("+")
            self.add(
                Spoke,
                scenario=key,
                session=f"{key}-{server}",
                server=server,
                command=line,
                reply="220 ready" if line == "STARTTLS" else reply,
                tls=tls,
                ahead=command.endswith("+"),
            )
        return self

    def left(self, key: str, *, by: str = "client") -> Tape:
        return self.add(Left, scenario=key, session=f"{key}-mx1", server="mx1", after="QUIT", by=by)

    def scene(self, key: str, **names: str) -> Tape:
        return self.add(Scene, target="", scenario=key, names=names)

    def accepted(
        self,
        key: str,
        server: str = "mx1",
        *,
        tls: bool = True,
        role: str = "genuine",
        recipient: str = "",
        via: str = "",
    ) -> Tape:
        session = f"{key}-{server}"
        if not any(isinstance(event, Connected) and event.session == session for event in self.events):
            self.connected(key, server)
        return self.add(
            Accepted,
            scenario=key,
            session=f"{key}-{server}",
            server=server,
            role=role,
            sender="from@sender.example",
            recipients=(recipient or address(key),),
            tls=tls,
            size=300,
            via=via,
        )

    def revealed(self, key: str, *, what: str = "sender", role: str = "genuine", tls: bool = False) -> Tape:
        return self.connected(key).add(
            Revealed, scenario=key, session=f"{key}-mx1", server="mx1", role=role, what=what, value="x@y", tls=tls
        )

    def reported(self, key: str, status: Status, reason: str = "", *, recipient: str = "") -> Tape:
        return self.add(Reported, scenario=key, recipient=recipient or address(key), status=status, reason=reason)

    def delivered(self, key: str, server: str = "mx1", *, tls: bool = True, role: str = "genuine") -> Tape:
        return (
            self.sent(key)
            .asked(key)
            .accepted(key, server, tls=tls, role=role)
            .reported(key, Status.DELIVERED, "250 ok")
        )

    def deferred(self, key: str, reason: str = "TLSA lookup failed") -> Tape:
        return self.sent(key).asked(key).reported(key, Status.DEFERRED, reason)

    def died(self, key: str = "", *, reason: str = "signal 11") -> Tape:
        return self.add(Died, scenario=key, reason=reason)

    def fault(self, key: str = "", *, problem: str = "certificate could not be made") -> Tape:
        return self.add(HarnessFault, scenario=key, problem=problem)

    def judge(self, *scenarios: Scenario, profile: Profile | None = None) -> dict[str, Result]:
        """The results by scenario."""
        results = judge(scenarios, profile or Profile.of(Mode.OPPORTUNISTIC), self.events)
        return {result.scenario: result for result in results}


def address(key: str) -> str:
    return f"user@{key}.example"
