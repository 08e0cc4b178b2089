"""`danelab serve`: keep the lab open for a product on another machine, virtual or real, and judge what it does."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.errors import UsageError

from .choices import choose_network, choose_resolver, enter_lists, offers_of
from .common import PATTERNS_HELP, patterns_argument, scenarios_option
from .finish import Wishes, finish, report_options, wishes
from .meter import Meter
from .outputs import in_folder, make_folder, notes

if TYPE_CHECKING:
    from harness.journal import Event
    from harness.run import Plan
    from harness.world.internet import Internet

SECONDS = click.FloatRange(min=0.1)
MODES = click.Choice(["opportunistic", "mandatory", "unaware"])

EPILOG = f"""\b
The lab is at ADDRESS, an address of this machine on a network that the product shares with it:
its resolver at port 53, and behind it, in 198.18.0.0/15, name servers and mail hosts at port 25.
That block has to end at this machine, and the product needs a route to it:
  here, as root:           ip route add local 198.18.0.0/15 dev lo
  where the product is:    ip route add 198.18.0.0/15 via ADDRESS

What the product decides is seen from outside: a mail host of the lab takes a message; a bounce
comes to the sending domain; or nothing more happens for the quiet period, and it was kept.

{PATTERNS_HELP}
\b
Examples:
  danelab serve --listen 192.0.2.1                                  wait for what you send by hand
  danelab serve --listen 192.0.2.1 -t submission:192.0.2.25:25      send through the product
  danelab serve --only ee-mismatch                                  one, for dig, openssl and swaks
"""


@click.command("serve", short_help="Keep the lab open for a product elsewhere, and judge it.", epilog=EPILOG)
@patterns_argument
@scenarios_option
@click.option("--listen", metavar="ADDRESS", default="", help="Address of this machine that the product can reach.")
@click.option("-t", "--target", default="manual", show_default=True, help="manual, or submission:HOST:PORT.")
@click.option("--only", metavar="ID", default="", help="Keep this scenario up on loopback, to poke at; judge nothing.")
@click.option("--resolver", type=click.Choice(["simulated", "target"]), default="simulated", show_default=True,
              help="target: the product validates by itself.")  # fmt: skip
@click.option("-m", "--mode", type=MODES, default="opportunistic", show_default=True, help="What the product is to do.")
@click.option("--choice", "words", multiple=True, metavar="NAME=POSITION", help="What it declares; docs/choices.md.")
@report_options
@click.option("-o", "--out", type=click.Path(path_type=Path), default=Path("danelab-serve"), show_default=True,
              help="Folder for root hints, trust anchor, recipients, journal and report.")  # fmt: skip
@click.option("--seed", default="danelab", show_default=True, help="The same seed gives the same keys and names.")
@click.option("--quiet-period", type=SECONDS, default=10.0, show_default=True, help="Seconds of silence: 'kept'.")
@click.option("--limit", type=SECONDS, default=3600.0, show_default=True, help="Seconds for a message.")
@click.option("--no-ipv6", is_flag=True, help="Leave scenarios with IPv6 hosts out.")
@click.option("-v", "--verbose", is_flag=True, help="A line for each scenario, with its evidence.")
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
def command(
    patterns: tuple[str, ...],
    own_paths: tuple[Path, ...],
    *,
    listen: str,
    target: str,
    only: str,
    resolver: str,
    mode: str,
    words: tuple[str, ...],
    out: Path,
    seed: str,
    quiet_period: float,
    limit: float,
    no_ipv6: bool,
    verbose: bool,
    quiet: bool,
    **wanted: Any,
) -> int:
    """Open the lab, say where it is, wait for mail, judge. Ctrl-C ends the waiting; what came so far is judged."""
    from harness.report.formats import Background
    from harness.run import Plan, judged, run
    from harness.scenario.choices import CHOICES, declared, load_choices
    from harness.scenario.models import Mode, Need
    from harness.scenario.requirements import load_requirements
    from harness.scenario.suite import REQUIREMENTS, load_suite, own_scenarios
    from harness.targets import named

    wished = wishes(**wanted)
    if only:
        from .poking import keep_up

        if patterns or listen or target != "manual":
            raise UsageError("--only ID stands alone: no patterns, no --listen and no --target go with it")
        if wished != Wishes():
            raise UsageError("--only judges nothing, so there is nothing to report: no --report, no --baseline")
        entry = load_suite(*own_paths)[only]
        make_folder(out)
        return keep_up(entry, out=out, seed=seed)
    kind = named(target)
    network = choose_network("loopback", [kind], listens=listen)
    who = choose_resolver(resolver, network, [kind])
    requirements = load_requirements(own_scenarios() / REQUIREMENTS)
    choices = load_choices(own_scenarios() / CHOICES)
    suite = load_suite(*own_paths, requirements=requirements.keys())
    offers = offers_of(network, who) - ({Need.IPV6} if no_ipv6 else set())
    contenders = enter_lists(
        [kind],
        suite,
        patterns,
        mode=Mode(mode),
        judge_as=None,
        offers=offers,
        declared=declared(words, choices),
    )
    baseline = wished.baseline_for([each.name for each in contenders], suite.ids)
    make_folder(out)
    wished = wished.also(in_folder(out))
    events: list[Event] = []
    with Meter(visible=not quiet) as meter:
        plan = Plan(
            contenders=contenders,
            network=network,
            resolver=who,
            listens=listen,
            quiet=quiet_period,
            limit=limit,
            tell=lambda line: click.echo(f"danelab: {line}", err=True),
            raised=lambda internet, resolver_at: _introduce(internet, plan, at=resolver_at, out=out),
            seed=seed,
            journal=out / "journal.ndjson",
            requirements=requirements,
            choices=choices,
            recorded=events.extend,
        )
        try:
            report = run(plan, progress=meter.advance)
        except KeyboardInterrupt:
            click.echo("danelab: no more is waited for", err=True)
            report = judged(plan)
    background = Background(events=events, scenarios=suite.scenarios, requirements=requirements)
    more = notes(plan, wished.outputs)
    return finish(report, wished, baseline=baseline, background=background, notes=more, verbose=verbose)


def _introduce(internet: Internet, plan: Plan, *, at: str, out: Path) -> None:
    """Say where everything is, once the lab is open."""
    from harness.lab.resolvers.files import RootFile, write_root_files
    from harness.run.recipients import address, steps_of
    from harness.targets import Network

    files = write_root_files(internet, out)
    recipients = [
        address(internet.world(entry.id), word)
        for entry in plan.entries
        for step in steps_of(entry.scenario)[:1]
        for word in step.send
    ]
    (out / "recipients.txt").write_text("".join(f"{each}\n" for each in dict.fromkeys(recipients)), encoding="utf-8")
    where = f"{plan.listens}:53" if plan.network is Network.OUTSIDE else at
    lines = [
        "The lab is open.",
        f"  resolver       {where} (validates; or let the product validate by itself:)",
        f"  root hints     {files[RootFile.HINTS]}",
        f"  trust anchor   {files[RootFile.DS]} (DS), {files[RootFile.DNSKEY]} (DNSKEY), and more",
        f"  mail hosts     port {internet.around.port}",
        f"  sender         postmaster@{internet.sender_domain}, where bounces are read",
        f"  recipients     {out / 'recipients.txt'}: {len(recipients)}, one message to each",
    ]
    click.echo("\n".join(lines))
