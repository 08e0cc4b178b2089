"""Commands: their words, their surroundings, and what becomes of their exit status."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.journal import Status
from harness.targets import CommandTarget, Mail, Word, named

from .ended import await_end
from .surroundings import Deaths, around, made, mail


def send(line: str, *mails: Mail, limit: float = 30.0, died: Deaths | None = None) -> list[Word]:
    async def run() -> list[Word]:
        async with made(named(f"command:{line}"), around(limit=limit, died=died)) as target:
            return [word for words in await asyncio.gather(*map(target.send, mails or [mail()])) for word in words]

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        (0, Status.DELIVERED),
        (1, Status.DEFERRED),
        (75, Status.DEFERRED),
        *((number, Status.BOUNCED) for number in (64, 65, 66, 67, 68, 69, 76, 77)),
        (70, Status.DEFERRED),
        (127, Status.UNSUPPORTED),
    ],
)
def test_the_exit_status_says_what_became_of_the_message(status: int, meaning: Status) -> None:
    (word,) = send(f"sh -c 'exit {status}' {{recipient}}")
    assert (word.status, word.reason) == (meaning, f"exit status {status}")


def test_an_end_by_signal_is_a_crash_and_is_told_with_its_message() -> None:
    died = Deaths()
    (word,) = send("sh -c 'echo dying >&2; kill -ABRT $$' {recipient}", died=died)
    assert (word.status, word.reason) == (Status.CRASHED, "ended by SIGABRT: dying")
    assert died.told == [("one.1", word.reason)]


def test_the_last_line_of_the_output_is_the_reason_however_much_there_is() -> None:
    (word,) = send("sh -c 'yes | head -c 300000; echo; echo  451 later  >&2; echo; exit 75' {recipient}")
    assert word.reason == "exit status 75: 451 later"


def test_placeholders_and_environment_are_filled_in(tmp_path: Path) -> None:
    out = tmp_path / "out"
    script = (
        f'{{ echo "$@"; echo $DANELAB_RESOLVER $DANELAB_SMTP_PORT $DANELAB_MODE; cat "$3" $DANELAB_CAFILE; }} > {out}'
    )
    send(f"sh -c '{script}' sh from={{sender}} {{recipient}},{{recipient}} {{message}} {{other}} '{{}}'")
    first, second, *rest = out.read_bytes().decode().split("\n")
    words = first.split()
    assert words[:2] == ["from=me@sender.example", "user@one.example,user@one.example"]
    assert words[3:] == ["{other}", "{}"]
    assert second == "127.0.0.1:5353 2525 mandatory"
    assert rest == ["Subject: hi\r", "\r", ".dot\r", "PEM", ""]


def test_a_recipient_is_one_word_whatever_it_holds(tmp_path: Path) -> None:
    out = tmp_path / "out"
    recipient = '"a b; {sender} $(touch x)"@one.example'
    send(f"sh -c 'printf %s \"$1\" > {out}' sh {{recipient}}", mail(recipient))
    assert out.read_text() == recipient


def test_the_command_runs_once_for_each_recipient() -> None:
    words = send("sh -c 'case $1 in b@*) exit 69;; esac' sh {recipient}", mail("a@one.example", "b@one.example"))
    assert [(word.recipient, word.status) for word in words] == [
        ("a@one.example", Status.DELIVERED),
        ("b@one.example", Status.BOUNCED),
    ]


def test_beyond_the_limit_the_command_is_ended_with_what_it_has_started(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    (word,) = send(f"sh -c 'sleep 600 & echo $! $$ > {pids}; wait' {{recipient}}", limit=0.5)
    assert (word.status, word.reason) == (Status.TIMED_OUT, "no decision within 0.5 s")
    started = pids.read_text().split()
    assert len(started) == 2
    await_end(map(int, started))


def test_waiting_for_its_turn_is_not_held_against_a_message() -> None:
    mails = [mail(ident=f"one.{number}") for number in range(24)]
    # Three rounds of eight, each shorter than the limit, take longer than it together.
    words = send("sh -c 'sleep 0.4' {recipient}", *mails, limit=1.0)
    assert {word.status for word in words} == {Status.DELIVERED}


def test_what_it_leaves_running_does_not_keep_a_message_undecided() -> None:
    (word,) = send("sh -c 'sleep 5 & echo queued' {recipient}", limit=4)
    assert (word.status, word.reason) == (Status.DELIVERED, "exit status 0: queued")


def test_a_program_that_is_gone_when_it_is_needed_is_an_error_of_use() -> None:
    target = CommandTarget(("/no/such/program", "{recipient}"), around())

    async def run() -> None:
        async with target:
            await target.send(mail())

    with pytest.raises(UsageError, match="cannot run /no/such/program: No such file"):
        asyncio.run(run())


def test_a_command_is_named_after_its_program() -> None:
    assert named("command:/bin/sh {recipient}").make(around()).name == "command:sh"
