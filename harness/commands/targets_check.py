"""The inner half of `danelab targets check`, inside the lab's namespaces: one target, two messages, what it says."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

import click

from harness.errors import ExitCode
from harness.journal import Accepted, Status
from harness.scenario.models import Mode
from harness.targets import Mail, Word

GOOD, BAD = "ee-311", "ee-mismatch"


@dataclass(frozen=True, kw_only=True)
class _Seen:
    """What became of one message."""

    word: Word
    took: Accepted | None

    def told(self) -> str:
        """In one line."""
        wire = "nobody took it"
        if self.took is not None:
            wire = f"{self.took.server} took it " + ("over TLS" if self.took.tls else "in cleartext")
        return f"{self.word.status:10} {wire:22} {' '.join(self.word.reason.split())[:160]}"


async def check_inside(name: str, *, also: Sequence[str], log: bool) -> int:
    """Raise the lab, start the target, send, tell; the exit status. `also` are further scenarios to send to."""
    from cryptography.hazmat.primitives.serialization import Encoding

    from harness.isolation import links
    from harness.lab.namespace import NamespaceLab
    from harness.lab.recorder import Recorder
    from harness.run.letters import letter
    from harness.scenario.suite import load_suite
    from harness.targets.definition import find
    from harness.targets.managed import Managed, Place
    from harness.targets.provision import trees

    links.loopback_up()
    links.make_local("198.18.0.0/15", "2001:db8::/32")
    definition, mode = find(name)
    meant = definition.modes[mode].mode
    suite = load_suite()
    entries = [suite[key] for key in dict.fromkeys((GOOD, BAD, *also))]
    recorder = Recorder()
    lines: list[str] = []
    deaths: list[str] = []
    given = [(entry.scenario, str(entry.file)) for entry in entries]
    async with NamespaceLab(given, recorder=recorder, seed="check", now=int(time.time())) as lab:
        found = trees(definition)
        place = Place(
            wire=links.Wire(number=0),
            prefix=found[0] if found else None,
            libraries=found[1:],
            webpki=lab.internet.around.webpki.certificate.public_bytes(Encoding.PEM).decode(),
            host_name=f"mta.{lab.internet.sender_domain}",
            sender_domain=lab.internet.sender_domain,
            died=lambda reason, _: deaths.append(reason),
            log=lines.append,
            refused=lab.refused,
        )
        click.echo(f"{definition.title}, mode {mode} ({meant}): {definition.modes[mode].title}")
        began = time.monotonic()
        async with Managed(definition, mode, place) as target:
            click.echo(f"  started in {time.monotonic() - began:.2f} s")
            words: dict[str, Word] = {}
            for entry in entries:
                world = lab.internet.world(entry.id)
                mail: Mail = letter(entry.scenario, world, recipients=(world.recipient,), number=1, sender=lab.sender)
                (words[entry.id],) = await target.send(mail)
            await asyncio.sleep(0.1)
    took = {event.scenario: event for event in recorder.events if isinstance(event, Accepted)}
    seen = {key: _Seen(word=words[key], took=took.get(key)) for key in words}
    for key, each in seen.items():
        click.echo(f"  {key:{max(map(len, seen))}} {each.told()}")
    for reason in deaths:
        click.echo(f"  it died: {reason}")
    problem = _problem(seen[GOOD], seen[BAD], meant)
    if log or problem:
        click.echo("Its log:" if lines else "It logged nothing.")
        for line in lines:
            click.echo(f"  {line}")
    click.echo(problem or f"It does what its mode says: {_promise(meant)}.")
    return int(ExitCode.NOT_CONFORMING if problem else ExitCode.AS_EXPECTED)


def _promise(meant: Mode) -> str:
    if meant is Mode.UNAWARE:
        return "it delivers to both, the impostor too, as any sender without DANE"
    return f"it delivers to {GOOD} and withholds from {BAD}, whose key is not the published one"


def _problem(good: _Seen, bad: _Seen, meant: Mode) -> str:
    if good.took is None:
        return f"It did not deliver to {GOOD}, where nothing is wrong: look at its configuration and its log."
    for key, each in ((GOOD, good), (BAD, bad)):
        if each.word.status is Status.TIMED_OUT:
            return f"No line of its log was understood for {key}: look at observe.lines in its definition."
    if meant is Mode.UNAWARE:
        return "" if bad.took is not None else f"It withheld {BAD}: it knows DANE, and its mode says that it does not."
    if bad.took is None:
        return ""
    return (
        f"It delivered to {BAD}: DANE is not active in this configuration. Is it switched on, is `trust-ad` in its "
        "resolv.conf, does it take AD from its resolver?"
    )
