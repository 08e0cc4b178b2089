"""`danelab demo`: the story of a man in the middle, for a class."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from harness.errors import UsageError

from .choices import choose_network
from .common import inside_option, reenter, terminal

if TYPE_CHECKING:
    from harness.targets import Kind

_WIDEST = 80
_PAUSE = 2.8
"""Seconds between two steps, of which there are eleven: the whole takes half a minute."""

EPILOG = """\b
Examples:
  danelab demo                          go on at each key press
  danelab demo --by-itself              half a minute, nothing to press
  danelab demo --target postfix:dane    a real mail server in place of the built-in sender
  danelab demo --target builtin:unaware what it looks like when there is no DANE after all
"""


@click.command("demo", short_help="Show a class what a man in the middle reads, and what not.", epilog=EPILOG)
@click.option("-t", "--target", default="builtin", show_default=True, help="The sender that is to do DANE.")
@click.option("--by-itself", "--auto", "by_itself", is_flag=True, help="Go on after a pause, without a key press.")
@click.option("--fast", is_flag=True, help="No pauses.")
@click.option("--limit", type=click.FloatRange(min=0.1), default=60.0, show_default=True, help="Seconds for a message.")
@inside_option
def command(*, target: str, by_itself: bool, fast: bool, limit: float, inside: bool) -> None:
    """Send the same message without DANE and with it, past the same attacker, and show what he got to read.

    Three tricks: STARTTLS cut out, a forged certificate, a forged MX answer. Both senders really send, in a lab on this
    machine, and what is told is what happened. Without a terminal, nothing is waited for.
    """
    from harness.demo.performance import perform
    from harness.demo.stage import Stage
    from harness.scenario.suite import load_suite
    from harness.targets import Network, named

    kind = named(target)
    _check(kind, target)
    network = choose_network("auto", [kind])
    if network is Network.NAMESPACE and not inside:
        kind.fetch()
        raise click.exceptions.Exit(reenter())
    if sys.stderr.isatty():
        click.echo(f"danelab: {kind.name} and a sender without DANE are sending ...", err=True)
    played = perform(load_suite(), kind, network=network, limit=limit)
    console = terminal()
    if console.width > _WIDEST:
        console.width = _WIDEST
    Stage(console, wait=_pace(by_itself=by_itself, fast=fast)).tell(played)


def _check(kind: Kind, word: str) -> None:
    from harness.targets import Network

    if kind.checks:
        raise UsageError(f"--target {word}: a checker sends no mail that could be read; take a sender")
    if Network.OUTSIDE in kind.networks:
        raise UsageError(f"--target {word}: is somewhere else; take one that danelab runs (danelab targets list)")


def _pace(*, by_itself: bool, fast: bool) -> Callable[[], None]:
    """What is done between two steps: on a terminal wait for a key, or a while."""
    if fast or not sys.stdout.isatty():
        return lambda: None
    if by_itself or not sys.stdin.isatty():
        return lambda: time.sleep(_PAUSE)
    return _key


def _key() -> None:
    click.echo(click.style("  any key goes on ", dim=True), nl=False)
    pressed = click.getchar()
    click.echo("\r" + " " * 20 + "\r", nl=False)
    if pressed in ("q", "Q"):
        raise click.exceptions.Exit(0)
