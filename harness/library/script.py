"""What is done in a scenario, step by step, while a test sends its messages."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from harness.journal import Sent
from harness.run.letters import letter
from harness.run.recipients import address, steps_of
from harness.scenario.base import seconds
from harness.scenario.load import Entry
from harness.scenario.models import Mode, Scenario
from harness.scenario.stages import stages
from harness.world.build import World

from .raised import Raised


@dataclass(frozen=True, kw_only=True)
class Message:
    """One message for the sender under test."""

    scenario: str
    """Id of the scenario it belongs to: the one of the lab, or its twin."""
    number: int
    """From 1, where the scenario sends several."""
    sender: str
    """Envelope sender, an address that the lab hosts."""
    recipients: tuple[str, ...]
    text: str
    """The message with its header (RFC 5322), lines ended by CRLF."""
    mode: Mode
    """What the sender is meant to do about DANE for this destination."""
    relay: str | None = None
    """Next hop that the administrator has configured, `[host]` or `[host]:port`."""
    fallback_relay: str | None = None
    """Next hop for mail that could not be delivered otherwise."""
    audit_only: bool = False
    """DANE is to be evaluated and logged, and not to hold the mail back (RFC 7672 section 9.1)."""
    requiretls: bool = False
    """Submitted with REQUIRETLS (RFC 8689)."""

    @property
    def recipient(self) -> str:
        """The first recipient; most scenarios have no other."""
        return self.recipients[0]

    @property
    def octets(self) -> bytes:
        """The text in UTF-8."""
        return self.text.encode()


class Script:
    """The messages of one scenario; the world changes between them where the scenario says so."""

    def __init__(self, entry: Entry, raised: Raised, *, mode: Mode) -> None:
        self.id = entry.id
        self.sends = sum(step.times for step in steps_of(entry.scenario) if step.send or step.retry)
        """How many messages there are."""
        self.handed: list[Message] = []
        """Those that have been handed out."""
        self._entry = entry
        self._raised = raised
        self._mode = mode
        self._to_come = self._play()

    def next(self) -> Message | None:
        """The next message, noted in the journal as handed over; None: there is none."""
        return next(self._to_come, None)

    def _play(self) -> Iterator[Message]:
        scenario = self._entry.scenario
        changed = {stage.step: stage.scenario for stage in stages(scenario)}
        words: tuple[str, ...] = ()
        lab = self._raised.lab
        for index, step in enumerate(steps_of(scenario)):
            if step.change is not None:
                scenario = changed[index]
                self._raised.change(scenario)
            elif step.wait is not None:
                # The sender may keep DNS answers, as far as anybody knows.
                time.sleep(seconds(step.wait))
            else:
                words = words if step.retry else step.send
                world = lab.internet.world(scenario.id)
                recipients = tuple(address(world, word) for word in words)
                for _ in range(step.times):
                    yield self._handed(scenario, world, recipients)

    def _handed(self, scenario: Scenario, world: World, recipients: tuple[str, ...]) -> Message:
        """The next message, noted in the journal as handed over."""
        number = len(self.handed) + 1
        mail = letter(scenario, world, recipients=recipients, number=number, sender=self._raised.lab.sender)
        message = Message(
            scenario=scenario.id,
            number=number,
            sender=mail.sender,
            recipients=recipients,
            text=mail.text,
            mode=mail.modes.get(recipients[0].rpartition("@")[2], self._mode),
            relay=mail.relay,
            fallback_relay=mail.fallback_relay,
            audit_only=mail.audit_only,
            requiretls=mail.requiretls,
        )
        self._raised.record(Sent, scenario=scenario.id, recipients=recipients, step=number)
        self.handed.append(message)
        return message
