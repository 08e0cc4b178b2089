"""`danelab fuzz`: random worlds, judged by the oracle; what a target does wrong there is made as small as it can be."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.errors import ExitCode, UsageError

from .meter import in_parts
from .outputs import make_new_folder, write_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.oracle import Stance
    from harness.scenario.load import Entry
    from harness.targets import Kind
    from harness.worldgen.hunt import Finding, Tally

MODES = click.Choice(["opportunistic", "mandatory", "unaware"])
_SHOWN = 3
"""How many worlds without a conclusion are named, of each sort."""

EPILOG = """\b
Examples:
  danelab fuzz                                     500 worlds, the built-in sender
  danelab fuzz --count 2000 --seed 7 --mode mandatory
  danelab fuzz -t 'command:./send.py {recipient} {message}' --count 200 --keep found
  danelab fuzz -t 'command:./send.py {recipient} {message}' --choice sha-512=supported
  danelab run -s found 'fuzz-*'                    what was found, once more

\b
Exit status: 0 no disagreement, 1 the target did what is not permitted, 2 usage error, 3 danelab failed,
4 nothing could be concluded.
"""


@click.command("fuzz", short_help="Try random worlds, and shrink what goes wrong.", epilog=EPILOG)
@click.option("--count", type=click.IntRange(1, 20000), default=500, show_default=True, help="How many worlds.")
@click.option(
    "--seed", type=click.IntRange(0), default=0, show_default=True, help="The same seed draws the same worlds."
)
@click.option("-t", "--target", default="builtin", show_default=True, help="What is tested: builtin or command:CMD.")
@click.option("-m", "--mode", type=MODES, default="opportunistic", show_default=True, help="What it does about DANE.")
@click.option("--judge-as", type=MODES, default=None, help="What it is judged by. Default: the mode.")
@click.option("--choice", "words", multiple=True, metavar="NAME=POSITION", help="What it declares; docs/choices.md.")
@click.option("--keep", "folder", type=click.Path(path_type=Path), help="Write what was found to this folder.")
@click.option(
    "--most", type=click.IntRange(1), default=3, show_default=True, help="How many kinds of findings to shrink."
)
@click.option("--first", is_flag=True, help="Stop as soon as something is found.")
@click.option("--limit", type=click.FloatRange(min=0.1), default=60.0, show_default=True, help="Seconds for a message.")
@click.option("--no-ipv6", is_flag=True, help="Give no host an IPv6 address.")
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
def command(
    *,
    count: int,
    seed: int,
    target: str,
    mode: str,
    judge_as: str | None,
    words: tuple[str, ...],
    folder: Path | None,
    most: int,
    first: bool,
    limit: float,
    no_ipv6: bool,
    quiet: bool,
) -> int:
    """Draw random worlds in the language of scenarios, and let a target loose in them.

    Most send one message. In some it is sent several times, or the world changes before the next, or mail goes to
    another domain of the same hosts. What needs more than the target can do is left out.

    Nobody wrote the expectations: the oracle works them out from RFC 7672 and RFC 8689. A world in which the target
    does what is not permitted is made smaller as long as it still does, and told as a scenario file. Messages that
    demand TLS are for targets that know REQUIRETLS. Where the RFCs leave a choice, the target is held to what it
    declares.
    """
    from harness.run.plan import LOOPBACK_OFFERS, has_ipv6
    from harness.scenario.models import Mode
    from harness.scenario.suite import load_suite
    from harness.verdict import Profile
    from harness.verdict.result import Grade
    from harness.worldgen.bench import bench
    from harness.worldgen.entries import CONTROL
    from harness.worldgen.hunt import Hunt, kept, kinds

    kind = _kind(target)
    stance = _stance(kind, words)
    if folder is not None:
        make_new_folder(folder, "--keep")
    judged = Mode(judge_as or mode)
    profile = Profile(Mode(mode), judged)
    with bench(load_suite()[CONTROL], kind, profile, seed=str(seed), limit=limit) as attempt:
        hunt = Hunt(
            seed=seed,
            count=count,
            attempt=attempt,
            ipv6=not no_ipv6 and has_ipv6(),
            offers=kind.met(LOOPBACK_OFFERS, profile.mode),
            stance=stance,
        )
        tally = hunt.run(in_parts(count, "worlds", parts=4, visible=not quiet), until=Grade.WARNING if first else None)
        found = list(kinds(tally.found))
        for each in found[:most]:
            smallest = hunt.smallest(each)
            _tell(smallest, kept(smallest, stance), folder, judged)
    if len(found) > most:
        more = len(found) - most
        click.echo(f"{more} more kind{'s' * (more > 1)} of findings: --most {len(found)} shrinks all\n")
    return _sum_up(tally, seed=seed)


def _kind(word: str) -> Kind:
    from harness.targets import BuiltinSender, Network, named

    if word == "builtin":
        # Many worlds at once keep the lab busy, and a question that runs out of time is no finding.
        return BuiltinSender.kind(arguments=("--dns-timeout", "30"))
    kind = named(word)
    if kind.checks or Network.LOOPBACK not in kind.networks:
        raise UsageError(f"--target {word}: fuzz needs a sender on the loopback interface; take builtin or command:CMD")
    return kind


def _stance(kind: Kind, words: Sequence[str]) -> Stance:
    """What the target declares by itself, and by `--choice`. Raises UsageError for what no world can hold it to."""
    from harness.oracle import Point, Stance
    from harness.scenario.choices import CHOICES, declared, load_choices
    from harness.scenario.suite import own_scenarios

    said = declared(words, load_choices(own_scenarios() / CHOICES))
    for name in said:
        if name not in set(Point):
            known = ", ".join(Point)
            raise UsageError(f"--choice {name}: in random worlds nobody can be held to that; to these: {known}")
    return Stance.of({**kind.choices, **said})


def _tell(finding: Finding, entry: Entry, folder: Path | None, mode: str) -> None:
    result = finding.result
    place = ""
    if folder is not None:
        file = folder / entry.file.name
        write_text(entry.source.text, file)
        place = f", written to {file}"
    click.echo(f"{entry.id} ({result.grade}){place}")
    click.echo(f"  {mode}: expected {result.expected}, seen {result.outcome}: {result.reason}\n")
    click.echo("".join(f"    {line}".rstrip() + "\n" for line in entry.source.text.splitlines()))


def _sum_up(tally: Tally, *, seed: int) -> int:
    """The last lines, and the exit status."""
    from harness.verdict import Verdict

    counted = [f"{number} {verdict}" for verdict, number in tally.verdicts.most_common()]
    counted += [f"{len(tally.unsteady)} unsteady"] if tally.unsteady else []
    for result in tally.unsteady[:_SHOWN]:
        click.echo(f"{result.title}: {result.reason}; but not when it was tried once more")
    for result in tally.other[:_SHOWN]:
        click.echo(f"{result.title}: {result.verdict}, {result.reason}")
    if tally.found:
        conclusion, status = "The target did what is not permitted.", ExitCode.NOT_CONFORMING
    elif tally.verdicts[Verdict.ERROR]:
        conclusion, status = "danelab failed in some.", ExitCode.HARNESS
    elif not tally.verdicts[Verdict.PASS] + tally.verdicts[Verdict.ALLOWED]:
        conclusion, status = "Nothing could be concluded.", ExitCode.NOTHING_CONCLUDED
    else:
        conclusion, status = "No disagreement.", ExitCode.AS_EXPECTED
    click.echo(f"{tally.worlds} worlds of seed {seed}: {', '.join(counted)}. {conclusion}")
    return status
