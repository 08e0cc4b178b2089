"""`danelab targets`: the mail servers that danelab configures and runs by itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.errors import UsageError

from .common import hanging

if TYPE_CHECKING:
    from harness.targets.definition import Definition

EPILOG = """\b
Examples:
  danelab targets list                   what there is, and what is missing here
  danelab targets fetch postfix exim     download them; nothing is installed
  danelab targets check postfix:dane     start it, send two messages, show what it says
  danelab targets new my-mta             begin a definition of your own
  danelab targets check --log ./my-mta.toml mx-servfail null-mx
"""


@click.group("targets", short_help="Mail servers that danelab runs: list, fetch, check, new.", epilog=EPILOG)
def command() -> None:
    """Mail servers that danelab configures and runs by itself; docs/targets.md tells how to add one."""


@command.command("list", short_help="What there is, and what is missing here.")
def list_() -> None:
    """The targets, their modes, and what each still needs on this machine. The first mode is the default."""
    from harness.targets.checker_definition import known_checkers, load_checker
    from harness.targets.definition import definitions, load
    from harness.targets.provision import missing

    found = [load(file) for file in definitions().values()]
    width = max(len(each.name) for each in found)
    for each in found:
        lacking = missing(each)
        click.echo(hanging(f"{each.name:{width}}  {each.title}; {lacking or 'ready'}", indent=width + 2))
        for name, mode in sorted(each.modes.items(), key=lambda item: item[0] != each.default):
            what = f"{'':{width}}    :{name:12} {mode.mode:13} "
            click.echo(hanging(what + mode.title, indent=len(what)))
    click.echo("\nCheckers, judged on what they find:")
    checkers = [load_checker(file) for file in known_checkers().values()]
    width = max(len(each.name) for each in checkers)
    for checker in checkers:
        click.echo(hanging(f"{checker.name:{width}}  {checker.title}", indent=width + 2))
    _list_resolvers()


def _list_resolvers() -> None:
    from harness.lab.resolvers import ResolverSoftware
    from harness.targets import bundle
    from harness.targets.packages import prefix_path

    click.echo("\nValidating resolvers, judged on what they answer:")
    for each in ResolverSoftware:
        if each.is_real:
            state = "ready" if prefix_path(bundle(each)).is_dir() else "to be fetched"
            click.echo(f"resolver:{each:9}  {state}")
    click.echo("resolver:ADDRESS[:PORT]  one of your own")


@command.command("fetch", short_help="Download them; nothing is installed, no root is needed.")
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
def fetch(names: tuple[str, ...]) -> None:
    """Download packages with what they need, build what has to be built, keep it in the user's cache."""
    for name in names:
        if name.startswith("resolver:"):
            _fetch_resolver(name)
            continue
        definition, _ = _find(name)
        _fetch(definition)
        click.echo(f"{definition.name}: ready")


def _fetch_resolver(name: str) -> None:
    from harness.targets import named

    kind = named(name)
    kind.fetch()
    click.echo(f"{kind.name}: ready")


@command.command("check", short_help="Start one, send two messages, show what it says.")
@click.argument("name", metavar="NAME[:MODE]")
@click.argument("also", metavar="[SCENARIO]...", nargs=-1)
@click.option("--log", is_flag=True, help="Show everything that it logs.")
@click.option("--inside", is_flag=True, hidden=True)
def check(name: str, also: tuple[str, ...], *, log: bool, inside: bool) -> int:
    """Raise a tiny lab, start the target, let it send to ee-311 and to ee-mismatch.

    NAME may be a definition file of your own. With SCENARIO it sends there too (mx-servfail, null-mx), to see how
    it tells that it keeps a message, or gives it up. Exit status: 0 if it behaves as its mode says, else 1.
    """
    import sys

    from harness.isolation.launch import enter

    if inside:
        import asyncio

        from .targets_check import check_inside

        return asyncio.run(check_inside(name, also=also, log=log))
    definition, mode = _find(name)
    _fetch(definition)
    base, _, _ = name.partition(":")
    word = f"{Path(base).resolve() if base.endswith('.toml') else base}:{mode}"
    options = ("--inside", *(("--log",) if log else ()))
    return enter([sys.executable, "-P", "-m", "harness.cli", "targets", "check", *options, word, *also])


@command.command("new", short_help="Begin a definition of your own.")
@click.argument("name", metavar="NAME")
@click.option("--dir", "folder", type=click.Path(path_type=Path), default=Path(), help="Where. [default: here]")
def new(name: str, folder: Path) -> None:
    """Write NAME.toml, a definition that already loads. Nothing is ever overwritten."""
    from harness.targets.definition import definitions, load
    from harness.targets.scaffold import SCAFFOLD, valid

    if not valid(name):
        raise UsageError(f"{name!r} is no name for a target; use a-z, 0-9 and hyphens, and begin with a letter")
    if name in definitions():
        raise UsageError(f"danelab has a target {name!r} already; take another name")
    file = folder / f"{name}.toml"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as opened:
            opened.write(SCAFFOLD.replace("NAME", name))
    except FileExistsError:
        raise UsageError(f"{file} is there already; take another name, or remove it") from None
    except OSError as error:
        raise UsageError(f"cannot write {file}: {error.strerror}; name a place that can be written") from None
    load(file)
    click.echo(f"Wrote {file}. Now edit it, then: danelab targets check ./{file}")


def _find(name: str) -> tuple[Definition, str]:
    from harness.targets.definition import find

    return find(name)


def _fetch(definition: Definition) -> None:
    from harness.targets.packages import Unavailable
    from harness.targets.provision import fetch

    try:
        fetch(definition, told=lambda text: click.echo(f"{definition.name}: {text} ...", err=True))
    except Unavailable as problem:
        raise UsageError(f"{definition.name} cannot be had here: {problem.reason}; see: danelab doctor") from None
