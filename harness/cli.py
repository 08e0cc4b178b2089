"""The command `danelab`. Each subcommand is a module under `harness/commands`, imported when it is called."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

import click

from harness.errors import DanelabError, ExitCode

COMMANDS = (
    *("run", "demo", "serve", "judge", "report", "diff", "merge"),
    *("list", "show", "new", "lint", "schema", "coverage"),
    *("targets", "matrix", "fuzz", "mutants", "doctor"),
)
"""Names of modules under `harness/commands`, each with a click command called `command`; in the order of the help."""

INTERRUPTED = 130
BROKEN_PIPE = 141

EXAMPLES = """\b
  $ danelab list                         which scenarios there are
  $ danelab show ee-311                  what one of them is about
  $ danelab list covers:7672-2.2-1       which of them test a rule
  $ danelab new my-case --like ee-311    begin one of your own
  $ danelab lint scenarios/own           find the mistakes in it
  $ danelab demo                         what a man in the middle reads, and what not

Does your mail server enforce DANE for SMTP (RFC 7672)?"""


class _Group(click.Group):
    """Commands imported late, and errors told in one line with danelab's exit codes."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"harness.commands.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from harness.scenario.words import did_you_mean

            raise click.UsageError(f"there is no command {args[0]!r}; {did_you_mean(args[0], COMMANDS)}")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            # Here and not in main(): click would turn it into exit status 1, which has a meaning of its own.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise click.exceptions.Exit(BROKEN_PIPE) from None

    def main(self, *args: Any, standalone_mode: bool = True, **extra: Any) -> Any:
        """Run the command; what it returns is the exit status."""
        run: Callable[..., Any] = super().main
        if not standalone_mode:
            return run(*args, standalone_mode=False, **extra)
        sys.exit(guarded(lambda: run(*args, standalone_mode=False, **extra)))


def guarded(run: Callable[[], Any]) -> int:
    """The exit status of what is run; whatever goes wrong is told on stderr in one line."""
    try:
        status = run()
    except DanelabError as error:
        return _tell(str(error), int(error.exit_code))
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return int(ExitCode.USAGE)
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        hint = f"; see: {context.command_path} --help" if context else ""
        return _tell(error.format_message().rstrip(".") + hint, ExitCode.USAGE)
    except (click.Abort, KeyboardInterrupt):
        return _tell("interrupted", INTERRUPTED)
    except Exception as error:
        said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        return _tell(f"danelab itself failed ({said}); DANELAB_DEBUG=1 shows where", ExitCode.HARNESS)
    return int(status or 0)


def _tell(text: str, status: int) -> int:
    if os.environ.get("DANELAB_DEBUG") == "1":
        import traceback

        traceback.print_exc()
    click.echo("danelab: " + " ".join(text.split()), err=True)
    return int(status)


def _version(context: click.Context, _: click.Parameter, wanted: bool) -> None:  # noqa: FBT001
    if not wanted or context.resilient_parsing:
        return
    from importlib.metadata import PackageNotFoundError, version

    try:
        click.echo(f"danelab {version('danelab')}")
    except PackageNotFoundError:
        click.echo("danelab (not installed)")
    context.exit()


@click.group(cls=_Group, help=EXAMPLES, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version.")
def danelab() -> None:
    pass


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point of the command. Never returns."""
    danelab.main(args=list(arguments) if arguments is not None else None, prog_name="danelab")


if __name__ == "__main__":
    main()
