"""`danelab run`: let a target loose in the lab and judge it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .choices import choose_network, choose_resolver, enter_lists, offers_of, prefix_of
from .common import PATTERNS_HELP, inside_option, patterns_argument, reenter, scenarios_option
from .finish import finish, report_options, wishes
from .meter import Meter
from .outputs import in_folder, make_folder, notes, where_captured

if TYPE_CHECKING:
    from harness.journal import Event

LABS = click.Choice(["auto", "loopback", "namespace"])
RESOLVERS = click.Choice(["auto", "simulated", "unbound", "bind", "knot", "powerdns", "target"])
SECONDS = click.FloatRange(min=0.1)
MODES = click.Choice(["opportunistic", "mandatory", "unaware"])

EPILOG = f"""\b
Targets:
  builtin                         the built-in DANE sender; builtin:mandatory, builtin:unaware
  postfix:dane                    a mail server that danelab configures and runs (danelab targets list)
  ./my-mta.toml                   one of your own (docs/targets.md)
  posttls-finger                  a checker, judged on what it finds
  resolver:unbound                a validating resolver by itself: bind, knot, powerdns, simulated
  resolver:127.0.0.1:5353         one of your own, with the lab's trust anchor (danelab serve
                                  writes it), that forwards to the lab's --resolver-port
  'command:CMD {{recipient}} ...'   any command, run once a message; {{sender}} and {{message}}
                                  (a file) are filled in too, and DANELAB_RESOLVER and
                                  DANELAB_SMTP_PORT in its environment say where the lab is

{PATTERNS_HELP}
\b
Examples:
  danelab run                                      all scenarios, the built-in sender
  danelab run --mode unaware                       what a sender without DANE gives away
  danelab run ee-mismatch -v                       one, with what else its verdict rests on
  danelab run -t postfix:dane -t exim:try -t opensmtpd
  danelab run -t 'command:./send.py {{recipient}} {{message}}' --out result
  danelab run --report junit=junit.xml --report markdown=summary.md --baseline known.toml
  danelab run ee-mismatch --capture --out result   packets and TLS keys, for Wireshark

\b
Exit status: 0 as expected, 1 not conforming, 2 usage or scenario error, 3 danelab failed,
4 nothing ran or nothing could be concluded.
"""


@click.command("run", short_help="Test a sender: raise the lab, send, judge.", epilog=EPILOG)
@patterns_argument
@scenarios_option
@click.option("-t", "--target", "targets", multiple=True, help="What is tested; several run at once. Default: builtin.")
@click.option("--lab", type=LABS, default="auto", show_default=True, help="Where: namespace has real ports.")
@click.option("--resolver", type=RESOLVERS, default="auto", show_default=True, help="Who resolves for the target.")
@click.option("-m", "--mode", type=MODES, default="opportunistic", show_default=True, help="Where a target has none.")
@click.option("--judge-as", type=MODES, default=None, help="What it is judged by. Default: the mode, or opportunistic.")
@click.option("--choice", "words", multiple=True, metavar="NAME=POSITION", help="What it declares; docs/choices.md.")
@report_options
@click.option("-o", "--out", type=click.Path(path_type=Path), help="Folder for journal.ndjson and report.json.")
@click.option("--capture", is_flag=True, help="Also keep packets and TLS keys in the folder, for Wireshark.")
@click.option("--seed", default="danelab", show_default=True, help="The same seed gives the same keys and names.")
@click.option("--limit", type=SECONDS, default=60.0, show_default=True, help="Seconds for a message.")
@click.option("--resolver-port", type=click.IntRange(0, 65535), default=0, help="Default: any free one.")
@click.option("--smtp-port", type=click.IntRange(0, 65535), default=0, help="Default: any free one.")
@click.option("--listen", metavar="ADDRESS", default="", help="Address of the lab for a target elsewhere.")
@click.option("--quiet-period", type=SECONDS, default=5.0, show_default=True, help="Silence that means 'kept'.")
@click.option("--shard", metavar="K/N", default="", help="Only the K-th of N parts; see: danelab merge.")
@click.option("--no-ipv6", is_flag=True, help="Leave scenarios with IPv6 hosts out.")
@click.option("--patient", is_flag=True, help="Also those that wait for minutes (danelab list says which).")
@click.option("-v", "--verbose", is_flag=True, help="A line for each scenario, with its evidence.")
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
@inside_option
def command(
    patterns: tuple[str, ...],
    own_paths: tuple[Path, ...],
    *,
    targets: tuple[str, ...],
    lab: str,
    resolver: str,
    mode: str,
    judge_as: str | None,
    words: tuple[str, ...],
    out: Path | None,
    capture: bool,
    seed: str,
    limit: float,
    resolver_port: int,
    smtp_port: int,
    listen: str,
    quiet_period: float,
    shard: str,
    no_ipv6: bool,
    patient: bool,
    verbose: bool,
    quiet: bool,
    inside: bool,
    **wanted: Any,
) -> int:
    """Let targets loose in the lab and judge what they do."""
    with Meter(visible=not quiet) as meter:
        from harness.lab.lab import Ports
        from harness.report.formats import Background
        from harness.run import Plan, Shard, run
        from harness.scenario.choices import CHOICES, declared, load_choices
        from harness.scenario.models import Mode, Need
        from harness.scenario.requirements import load_requirements
        from harness.scenario.suite import REQUIREMENTS, load_suite, own_scenarios
        from harness.targets import Network, named

        wished = wishes(**wanted)
        part = Shard.told(shard) if shard else None
        kinds = [named(word) for word in targets or ("builtin",)]
        network = choose_network(where_captured(lab, out, listens=listen) if capture else lab, kinds, listens=listen)
        who = choose_resolver(resolver, network, kinds)
        if out is not None:
            make_folder(out)
            wished = wished.also(in_folder(out))
        if network is Network.NAMESPACE and not inside:
            for kind in kinds:
                kind.fetch()
            prefix_of(who, fetch=True)
            return reenter()
        requirements = load_requirements(own_scenarios() / REQUIREMENTS)
        choices = load_choices(own_scenarios() / CHOICES)
        suite = load_suite(*own_paths, requirements=requirements.keys())
        contenders = enter_lists(
            kinds,
            suite,
            patterns,
            mode=Mode(mode),
            judge_as=Mode(judge_as) if judge_as else None,
            offers=offers_of(network, who, patient=patient) - ({Need.IPV6} if no_ipv6 else set()),
            declared=declared(words, choices),
            shard=part,
        )
        baseline = wished.baseline_for([each.name for each in contenders], suite.ids)
        events: list[Event] = []
        plan = Plan(
            contenders=contenders,
            network=network,
            resolver=who,
            resolver_prefix=prefix_of(who, fetch=not inside),
            listens=listen,
            quiet=quiet_period,
            tell=lambda line: click.echo(f"danelab: {line}", err=True),
            seed=seed,
            ports=Ports(resolver=resolver_port, smtp=smtp_port),
            limit=limit,
            journal=out / "journal.ndjson" if out else None,
            capture=out if capture else None,
            requirements=requirements,
            choices=choices,
            recorded=events.extend,
        )
        report = run(plan, progress=meter.advance)
    background = Background(events=events, scenarios=suite.scenarios, requirements=requirements)
    more = notes(plan, wished.outputs)
    return finish(report, wished, baseline=baseline, background=background, notes=more, verbose=verbose)
