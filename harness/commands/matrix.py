"""`danelab matrix`: the full cross of what lookups, certificates and STARTTLS come to, expectations by the oracle."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from .choices import choose_network, choose_resolver, enter_lists, offers_of
from .common import inside_option, reenter, terminal
from .meter import Meter
from .outputs import make_new_folder, notes, write_text

if TYPE_CHECKING:
    from harness.scenario.suite import Suite

MODES = click.Choice(["opportunistic", "mandatory", "unaware"])
LABS = click.Choice(["auto", "loopback", "namespace"])

EPILOG = """\b
The worlds are called matrix-MX-ADDRESS-TLSA-CERTIFICATE-STARTTLS:
  MX, ADDRESS, TLSA   sec  ins  bog  srv  abs      secure, insecure, bogus, SERVFAIL, absent
  CERTIFICATE         match  expired  other  ta  ta-name  ta-date  unusable
  STARTTLS            offered  stripped  refused  broken

\b
Examples:
  danelab matrix                                 all of it, the built-in sender
  danelab matrix 'matrix-ins-*' --mode mandatory
  danelab matrix -t postfix:dane
  danelab matrix --list                          what there is, with what is expected
  danelab matrix 'matrix-*-ta-*' --write own     as files that danelab run takes with -s own

\b
Exit status: as that of danelab run.
"""


@click.command("matrix", short_help="Cross lookups, certificates and STARTTLS, and test all of it.", epilog=EPILOG)
@click.argument("patterns", metavar="[PATTERN]...", nargs=-1)
@click.option("-t", "--target", "targets", multiple=True, help="What is tested; several run at once. Default: builtin.")
@click.option("--lab", type=LABS, default="auto", show_default=True, help="Where: namespace has real ports.")
@click.option("-m", "--mode", type=MODES, default="opportunistic", show_default=True, help="Where a target has none.")
@click.option("--judge-as", type=MODES, default=None, help="What it is judged by. Default: the mode, or opportunistic.")
@click.option("--seed", default="danelab", show_default=True, help="The same seed gives the same keys and names.")
@click.option("--limit", type=click.FloatRange(min=0.1), default=60.0, show_default=True, help="Seconds for a message.")
@click.option("--list", "listing", is_flag=True, help="Only say which worlds there are and what is expected.")
@click.option(
    "--write", "folder", type=click.Path(path_type=Path), help="Only write them as scenario files to a folder."
)
@click.option("-v", "--verbose", is_flag=True, help="A line for each world, with its evidence.")
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
@inside_option
def command(
    patterns: tuple[str, ...],
    *,
    targets: tuple[str, ...],
    lab: str,
    mode: str,
    judge_as: str | None,
    seed: str,
    limit: float,
    listing: bool,
    folder: Path | None,
    verbose: bool,
    quiet: bool,
    inside: bool,
) -> int:
    """Cross what the MX, address and TLSA lookups come to with certificates and STARTTLS, and test every world of it.

    Nobody wrote the expectations: the oracle works them out from RFC 7672.
    """
    if listing or folder is not None:
        return _show(patterns) if folder is None else _write(patterns, folder)

    from harness.report import show
    from harness.run import Plan, run
    from harness.scenario.models import Mode
    from harness.scenario.requirements import load_requirements
    from harness.scenario.suite import REQUIREMENTS, own_scenarios
    from harness.targets import Network, named

    kinds = [named(word) for word in targets or ("builtin",)]
    network = choose_network(lab, kinds)
    resolver = choose_resolver("auto", network, kinds)
    if network is Network.NAMESPACE and not inside:
        for kind in kinds:
            kind.fetch()
        return reenter()
    with Meter(visible=not quiet) as meter:
        contenders = enter_lists(
            kinds,
            _suite(),
            patterns,
            mode=Mode(mode),
            judge_as=Mode(judge_as) if judge_as else None,
            offers=offers_of(network, resolver),
        )
        plan = Plan(
            contenders=contenders,
            network=network,
            resolver=resolver,
            seed=seed,
            limit=limit,
            requirements=load_requirements(own_scenarios() / REQUIREMENTS),
        )
        report = run(plan, progress=meter.advance)
    show(report, terminal(), verbose=verbose, notes=notes(plan, ()))
    return report.exit_code


def _suite() -> Suite:
    from harness.scenario.suite import Suite
    from harness.worldgen.matrix import entries

    return Suite(entries())


def _show(patterns: tuple[str, ...]) -> int:
    from harness.scenario.selection import select

    for entry in select(_suite(), patterns).chosen:
        expect = entry.scenario.expect
        click.echo(f"{entry.id:40}  {expect.opportunistic!s:16}  {expect.mandatory!s:16}  {expect.unaware}")
    return 0


def _write(patterns: tuple[str, ...], folder: Path) -> int:
    from harness.scenario.selection import select

    chosen = select(_suite(), patterns).all
    make_new_folder(folder, "--write")
    for entry in chosen:
        write_text(entry.source.text, folder / entry.file.name)
    click.echo(f"{len(chosen)} scenarios written to {folder}")
    return 0
