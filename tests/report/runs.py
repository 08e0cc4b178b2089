"""Runs made by hand, and their reports."""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from rich.console import Console

from harness.journal import Event, Status
from harness.report import RunReport, build, show
from harness.report.baseline import Baseline, applied, read
from harness.report.model import Known, Standing
from harness.scenario.choices import Choices, PermittedChoice
from harness.scenario.models import Mode, Scenario
from harness.scenario.requirements import load_requirements
from harness.verdict import Evidence, Exposed, Leak, Profile, Story, judge
from tests.verdict.tape import GOOD, MISMATCH, PLAIN, SERVFAIL, STRIPPED, Tape, scenario

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "fixtures" / "reports"

DIGEST = scenario("digest", "AUTH / TLS", choice="sha-512", title="Only a SHA-512 digest is published")
DIGEST_WRONG = scenario("digest-wrong", "DEFER / TLS", choice="sha-512", twin="digest", title="A wrong SHA-512 digest")
ALIAS = scenario("alias", "AUTH", title="The MX host is an alias")
ALIAS_WRONG = scenario("alias-wrong", "DEFER", twin="alias", title="The alias's digest belongs to another key")
GROUPS = {
    "good": "baseline",
    "plain": "baseline",
    "digest": "baseline",
    "digest-wrong": "records",
    "mismatch": "records",
    "alias": "aliases",
    "alias-wrong": "aliases",
    "servfail": "lookups",
    "stripped": "downgrade",
}
MIXED = (GOOD, PLAIN, DIGEST, DIGEST_WRONG, MISMATCH, ALIAS, ALIAS_WRONG, SERVFAIL, STRIPPED)

CHOICES: Choices = {
    name: PermittedChoice.model_validate(table)
    for name, table in {
        "sha-512": {
            "about": "SHA-512 digests",
            "positions": {"supported": "they count", "unusable": "they do not"},
            "tells": [
                {"in": ["digest"], "is": {"AUTH": "supported", "TLS": "unusable"}},
                {"in": ["digest-wrong"], "is": {"DEFER": "supported", "TLS": "unusable"}},
            ],
        },
        "cn-fallback": {
            "about": "common names",
            "positions": {"used": "they count", "not-used": "they do not"},
            "tells": [{"in": ["cn-only"], "is": {"AUTH": "used", "DEFER": "not-used"}}],
        },
    }.items()
}


def report(tape: Tape, scenarios: Sequence[Scenario], *, mode: Mode = Mode.OPPORTUNISTIC) -> RunReport:
    """Judge a journal and build its report."""
    events: list[Event] = tape.events
    requirements = load_requirements(ROOT / "scenarios" / "requirements.toml")
    results = judge(scenarios, Profile.of(mode), events, requirements=requirements, groups=GROUPS, choices=CHOICES)
    sources = {each.id: f"scenarios/{GROUPS[each.id]}/{each.id}.toml" for each in MIXED}
    return build(events, results, choices=CHOICES, sources=sources)


def mixed_tape() -> Tape:
    """A run with every verdict but unsupported, and a target with a foul mouth."""
    tape = Tape(target="built-in sender").start(*MIXED)
    tape.delivered("good").delivered("plain", tls=False).delivered("digest").delivered("digest-wrong")
    tape.sent("mismatch").asked("mismatch").connected("mismatch").shook_hands("mismatch").accepted("mismatch")
    tape.reported("mismatch", Status.DEFERRED, "451 certificate verification failed")
    tape.sent("alias").asked("alias")
    tape.reported("alias", Status.CRASHED, "[bold]KeyError[/] \x1b[2J\u202ecname <script>alert(1)</script>")
    tape.deferred("alias-wrong", "host is an alias")
    tape.deferred("servfail").fault("servfail", problem="the resolver's socket was closed")
    tape.delivered("stripped", tls=False, role="tampered")
    return tape.end()


def mixed() -> RunReport:
    """The report of that run."""
    return report(mixed_tape(), MIXED)


def unaware(number: int = 20) -> RunReport:
    """A run of a sender without DANE through many scenarios of one rule."""
    more = [scenario(f"wrong-{index:02}", "DEFER", twin="good") for index in range(number)]
    scenarios = (GOOD, MISMATCH, *more, STRIPPED)
    tape = Tape(target="built-in sender").start(*scenarios, mode=Mode.UNAWARE).delivered("good")
    for each in (MISMATCH, *more):
        tape.delivered(each.id)
    tape.delivered("stripped", tls=False, role="tampered")
    return report(tape.end(), scenarios, mode=Mode.UNAWARE)


def conforming(number: int = 400) -> RunReport:
    """A run in which all is well."""
    scenarios = (GOOD, *(scenario(f"a-scenario-{index:03}", "DEFER", twin="good") for index in range(number - 1)))
    tape = Tape(target="built-in sender").start(*scenarios).delivered("good")
    for each in scenarios[1:]:
        tape.deferred(each.id)
    return report(tape.end(), scenarios)


def printed(run: RunReport, *, width: int = 80, verbose: bool = False, encoding: str = "utf-8") -> str:
    """What a terminal without colours and of this width shows."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding, write_through=True)
    show(run, Console(file=stream, width=width, no_color=True, force_terminal=False), verbose=verbose)
    stream.seek(0)
    return "".join(line.rstrip() + "\n" for line in stream.read().splitlines())


def golden(name: str, text: str) -> str:
    """What `text` has to be. With DANELAB_GOLDEN=write in the environment it is written down as right."""
    file = GOLDEN / name
    if os.environ.get("DANELAB_GOLDEN") == "write":
        file.write_text(text, encoding="utf-8")
    return file.read_text(encoding="utf-8")


def two() -> RunReport:
    """Two targets, one of which fails."""
    tape = Tape(target="postfix:dane").start(GOOD, MISMATCH, STRIPPED, targets=("postfix:dane", "exim:try"))
    tape.delivered("good").deferred("mismatch").deferred("stripped")
    other = Tape(target="exim:try")
    other.delivered("good").delivered("mismatch").deferred("stripped")
    tape.events.extend(other.events)
    return report(tape.end(), (GOOD, MISMATCH, STRIPPED))


def excused() -> RunReport:
    """The mixed run held against a baseline with an entry of every standing."""
    text = "\n".join(
        f'[[failure]]\ntarget = "built-in sender"\nscenario = "{key}"\nreason = "{reason}"\n{rest}'
        for key, reason, rest in (
            ("mismatch", "reported <upstream>", ""),
            ("good", "once it failed", ""),
            ("stripped", "for a while", "expires = 2024-05-01"),
            ("alias-wrong", "never understood", "expires = 2027-01-01"),
        )
    )
    entries = baseline_of(text)
    return applied(mixed(), entries, today=date(2026, 1, 1))


def baseline_of(text: str) -> Baseline:
    """The baseline that a file of this text would be."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "known.toml"
        file.write_text(text, encoding="utf-8")
        return read(file)


FOUL = "<script>alert(1)</script> & \"' ]]> `````x` | * _a_ [b](http://c.example) @you \x1b[2J\x00\u202e\n::error::x%0A"
"""What a target, a peer or a scenario may say to do harm."""


def hostile() -> RunReport:
    """A run in which everything that others may say says this."""
    run = mixed()
    evidence = (Evidence(line=1, text=FOUL),)
    leak = Leak(what=Exposed.MESSAGE, to_whom=FOUL, how=FOUL, line=1)
    said = {"target": FOUL, "title": FOUL, "reason": FOUL, "notes": (FOUL,), "evidence": evidence, "leaked": (leak,)}
    told = Story(world=FOUL, rule=FOUL, expected=FOUL, seen=FOUL, requirement="7672-2.2-1")
    results = tuple(
        each.model_copy(update={**said, "outcome": FOUL, "story": told if each.story else None}) for each in run.results
    )
    tested = run.run.targets[0].model_copy(update={"name": FOUL})
    facts = run.run.model_copy(update={"targets": (tested,), "seed": FOUL, "complete": False})
    known = Known(target=FOUL, scenario="mismatch", reason=FOUL, standing=Standing.EXPIRED)
    return run.model_copy(
        update={"run": facts, "results": results, "faults": (FOUL,), "known": (known,), "inactive": (FOUL,)}
    )


def overheard() -> RunReport:
    """Hostile text on its real way: a scenario's title, EHLO, SNI, a certificate's name, a bounce."""
    bad = "<script>alert(1)</script>"
    key = scenario("overheard", "AUTH", title=f"A title with {bad}", sni="{mx1}", wire=["only-offered-inside-tls"])
    tape = Tape(target="sender").start(key).scene("overheard", mx1="mx1.overheard.example").sent("overheard")
    tape.connected("overheard").said("overheard", f"EHLO {bad}", tls=False)
    tape.shook_hands("overheard", sni=bad, completed=False, error=f"certificate of CN={bad} refused")
    tape.reported("overheard", Status.BOUNCED, f"550 {bad}")
    return report(tape.end(), (key,))
