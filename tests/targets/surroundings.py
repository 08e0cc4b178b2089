"""What a target is told where there is no lab, and messages for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from harness.scenario.models import Mode
from harness.targets import Checks, Kind, Mail, Resolves, Surroundings, Target


@dataclass
class Deaths:
    """Takes down what a target says of its own end."""

    told: list[tuple[str, str]] = field(default_factory=list)

    def __call__(self, reason: str, mail: Mail | None) -> None:
        self.told.append((mail.id if mail else "", reason))


def around(*, limit: float = 30.0, died: Deaths | None = None, seed: str = "seed") -> Surroundings:
    return Surroundings(
        resolver="127.0.0.1:5353",
        smtp_port=2525,
        mode=Mode.MANDATORY,
        webpki="PEM\n",
        limit=limit,
        died=died or Deaths(),
        seed=seed,
        scratch=Path("/nonexistent"),
        host_name="mta.sender.example",
        sender_domain="sender.example",
        trust_anchor="",
        root_hints="",
    )


def made(kind: Kind, around: Surroundings) -> Target:
    """A target of this kind, which is no checker and no resolver."""
    target = kind.make(around)
    assert not isinstance(target, Checks | Resolves)
    return target


def mail(*recipients: str, ident: str = "one.1", **more: object) -> Mail:
    return Mail(
        id=ident,
        scenario=ident.partition(".")[0],
        sender="me@sender.example",
        recipients=recipients or ("user@one.example",),
        text="Subject: hi\r\n\r\n.dot\r\n",
        **more,  # type: ignore[arg-type]
    )
