"""The command line of the built-in sender.

python -m harness.sender --resolver 127.0.0.1:5300 --port 2525 me@sender.example you@ee-311.example mail.eml
python -m harness.sender --resolver 127.0.0.1:5300 --port 2525 --mode mandatory --batch < jobs.ndjson
"""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
import sys
from collections.abc import Callable
from dataclasses import asdict
from enum import IntEnum
from pathlib import Path
from typing import NoReturn

from harness.sender.batch import run
from harness.sender.choices import Choices
from harness.sender.delivery import Job, Sender, Settings
from harness.sender.policy import Mode
from harness.sender.result import Result, Status
from harness.sender.rules import Rules


class Exit(IntEnum):
    """Exit codes of sysexits.h."""

    OK = 0
    """The message was delivered, or the batch is done."""
    USAGE = 64
    """The command line is wrong."""
    UNAVAILABLE = 69
    """The message bounced."""
    SOFTWARE = 70
    """The sender failed."""
    TEMPFAIL = 75
    """The message was deferred."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(Exit.USAGE, f"{self.prog}: {message}\n")


def main(arguments: list[str] | None = None, *, rules: Rules | None = None) -> int:
    """Run the command line; returns the exit code. `rules` replaces the rules of a correct sender."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.choices:
        print(json.dumps(asdict(Choices()) | {"positions": Choices().positions()}, indent=2))
        return Exit.OK
    if options.resolver is None:
        parser.error("--resolver ADDR:PORT is needed")
    if not options.batch and (options.sender is None or options.recipient is None):
        parser.error("SENDER and RECIPIENT are needed, or --batch")
    address, _, port = options.resolver.rpartition(":")
    if not address or not port.isdigit():
        parser.error("--resolver is ADDR:PORT")
    settings = Settings(
        resolver_address=address.strip("[]"),
        resolver_port=int(port),
        port=options.port,
        mode=Mode(options.mode),
        connect_timeout=options.connect_timeout,
        reply_timeout=options.reply_timeout,
        dns_timeout=options.dns_timeout,
        helo=options.helo or socket.gethostname(),
        ipv4_only=options.ipv4_only,
        seed=options.seed,
    )
    if options.batch:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(_batch(settings, rules=rules, concurrency=options.concurrency))
        return Exit.OK
    job = Job(
        sender=options.sender,
        recipients=(options.recipient,),
        message=_message(options),
        relay=options.relay,
        fallback_relay=options.fallback_relay,
    )
    result = asyncio.run(_single(settings, rules=rules, job=job))
    print(result.to_line())
    return {
        Status.DELIVERED: Exit.OK,
        Status.DEFERRED: Exit.TEMPFAIL,
        Status.BOUNCED: Exit.UNAVAILABLE,
        Status.CRASHED: Exit.SOFTWARE,
    }[result.status]


def _parser() -> _Parser:
    parser = _Parser(
        prog="python -m harness.sender",
        description="Send mail as RFC 7672 demands.",
        epilog=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--resolver", metavar="ADDR:PORT", help="the validating resolver, whose AD bit is trusted")
    parser.add_argument("--port", type=int, default=25, help="SMTP port of MX hosts, and of TLSA names")
    parser.add_argument("--mode", choices=[each.value for each in Mode], default=Mode.OPPORTUNISTIC.value)
    parser.add_argument("--connect-timeout", type=float, default=5.0, metavar="S", help="seconds")
    parser.add_argument("--reply-timeout", type=float, default=5.0, metavar="S", help="seconds, each reply")
    parser.add_argument("--dns-timeout", type=float, default=5.0, metavar="S", help="seconds, each question")
    parser.add_argument("--helo", metavar="NAME", help="name in EHLO")
    parser.add_argument("--ipv4-only", action="store_true", help="ask for no AAAA records")
    parser.add_argument("--seed", metavar="TEXT", help="take equally preferred hosts in an order that this decides")
    parser.add_argument("--relay", metavar="[HOST]:PORT", help="send there, whatever the recipient's domain")
    parser.add_argument("--fallback-relay", metavar="[HOST]:PORT", help="send there what would be deferred")
    parser.add_argument("--batch", action="store_true", help="NDJSON jobs on stdin, NDJSON results on stdout")
    parser.add_argument("--concurrency", type=int, default=64, metavar="N", help="jobs at a time in a batch")
    parser.add_argument("--choices", action="store_true", help="print what is done where RFCs leave a choice")
    parser.add_argument("sender", nargs="?")
    parser.add_argument("recipient", nargs="?")
    parser.add_argument("message", nargs="?", metavar="MESSAGE-FILE", help="- is stdin")
    return parser


def _message(options: argparse.Namespace) -> bytes:
    if options.message == "-":
        return sys.stdin.buffer.read()
    if options.message is not None:
        return Path(options.message).read_bytes()
    return f"From: <{options.sender}>\r\nTo: <{options.recipient}>\r\nSubject: test\r\n\r\ntest\r\n".encode()


async def _single(settings: Settings, *, rules: Rules | None, job: Job) -> Result:
    results: list[Result] = []
    sender = Sender(settings, rules=rules)
    try:
        await sender.send(job, report=results.append)
    finally:
        await sender.close()
    return results[0]


async def _batch(settings: Settings, *, rules: Rules | None, concurrency: int) -> None:
    def write(line: str) -> None:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

    sender = Sender(settings, rules=rules)
    try:
        await run(sender, lines=sys.stdin.buffer, write=write, concurrency=concurrency)
    finally:
        await sender.close()


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


if __name__ == "__main__":
    sys.exit(main())
