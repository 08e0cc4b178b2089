"""Senders of batches: jobs in, words out, and what happens when the process does not keep up its part."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from harness.errors import HarnessError
from harness.journal import Status
from harness.scenario.models import Mode, Need
from harness.targets import BuiltinSender, Mail, Word, named

from .surroundings import Deaths, around, made, mail

CHILD = """\
import json, os, sys, threading
def say(**words): print(json.dumps(words), flush=True)
for line in sys.stdin:
    job = json.loads(line)
    for recipient in job["recipients"]:
        local = recipient.partition("@")[0]
        if local == "deadly": os._exit(3)
        elif local == "silent": pass
        elif local == "slow":
            open(sys.argv[-1], "a").write("in work ")
            threading.Timer(0.5, say, kwargs=dict(id=job["id"], recipient=recipient, status="deferred")).start()
        elif local == "noise": print("no JSON"); say(id=job["id"]); say(id="unknown", recipient="x", status="deferred")
        elif local == "puzzling": say(id=job["id"], recipient="", status="crashed", reason="what is this?")
        elif local == "long": print("x" * 2_000_000, flush=True)
        elif local == "last": say(id=job["id"], recipient=recipient, status="deferred"); os._exit(0)
        else: say(id=job["id"], recipient=recipient, status=local, reason=json.dumps([job, sys.argv[1:]]))
"""

WHO = ("slow", "deadly")


def send(
    *mails: Mail,
    limit: float = 30.0,
    died: Deaths | None = None,
    command: Sequence[str] = (sys.executable, "-c", CHILD),
) -> list[list[Word] | BaseException]:
    """What is said of the messages, which are in flight together."""

    async def run() -> list[list[Word] | BaseException]:
        kind = BuiltinSender.kind(command=command, arguments=("--mutation", "none"))
        async with made(kind, around(limit=limit, died=died)) as target:
            return await asyncio.gather(*map(target.send, mails), return_exceptions=True)

    return asyncio.run(run())


def statuses(said: list[list[Word] | BaseException]) -> list[list[Status]]:
    return [[word.status for word in words] for words in said if isinstance(words, list)]


def test_a_job_says_all_there_is_to_know_and_the_command_where_the_lab_is() -> None:
    (words,) = send(mail("deferred@a.example", relay="[relay.example]", modes={"a.example": Mode.UNAWARE}))
    assert isinstance(words, list)
    (word,) = words
    job, arguments = json.loads(word.reason)
    assert job == {
        "id": "one.1", "sender": "me@sender.example", "recipients": ["deferred@a.example"],
        "message": "Subject: hi\r\n\r\n.dot\r\n", "relay": "[relay.example]", "mode": "unaware",
    }  # fmt: skip
    assert arguments == [
        "--batch", "--resolver", "127.0.0.1:5353", "--port", "2525", "--mode", "mandatory", "--seed", "seed",
        "--mutation", "none",
    ]  # fmt: skip


def test_every_recipient_gets_its_own_word() -> None:
    said = send(mail("delivered@a.example", "bounced@a.example"), mail("deferred@b.example", ident="two.1"))
    assert statuses(said) == [[Status.DELIVERED, Status.BOUNCED], [Status.DEFERRED]]


def test_a_word_that_is_not_known_is_no_failure_of_ours() -> None:
    assert statuses(send(mail("perhaps@a.example"))) == [[Status.UNKNOWN]]


def test_noise_on_its_output_is_passed_over_and_silence_runs_out_of_time() -> None:
    said = send(mail("noise@a.example"), mail("silent@a.example", "deferred@a.example", ident="two.1"), limit=1.0)
    assert statuses(said) == [[Status.TIMED_OUT], [Status.DEFERRED, Status.TIMED_OUT]]


def test_a_line_beyond_all_measure_runs_out_of_time_and_nothing_breaks() -> None:
    assert statuses(send(mail("long@a.example"), limit=1.0)) == [[Status.TIMED_OUT]]


def test_a_job_that_is_not_understood_is_an_error_of_ours_in_that_scenario_only() -> None:
    first, second = send(mail("puzzling@a.example"), mail("deferred@a.example", ident="two.1"))
    assert isinstance(first, HarnessError)
    assert "what is this?" in str(first)
    assert statuses([second]) == [[Status.DEFERRED]]


def test_only_the_message_that_it_dies_of_counts_as_crashed() -> None:
    died = Deaths()
    mails = [mail(f"deferred@{number}.example", ident=f"{number}.1") for number in range(20)]
    mails.insert(10, mail("delivered@x.example", "deadly@x.example", ident="x.1"))
    said = statuses(send(*mails, died=died))
    assert said.pop(10) == [Status.DELIVERED, Status.CRASHED]
    assert said == [[Status.DEFERRED]] * 20
    assert died.told == [("", "ended with status 3")] * 2


def test_once_it_has_died_a_message_has_the_process_to_itself(tmp_path: Path) -> None:
    told = tmp_path / "told"
    told.touch()

    async def run() -> list[list[Word]]:
        kind = BuiltinSender.kind(command=(sys.executable, "-c", CHILD), arguments=(str(told),))
        async with made(kind, around()) as target:
            first = [asyncio.create_task(target.send(mail(f"{who}@a.example", ident=f"{who}.1"))) for who in WHO]
            while told.read_text() != "in work in work ":
                await asyncio.sleep(0.01)
            # The slow one is being tried again, alone; one that comes now must not take the process away from it.
            later = asyncio.create_task(target.send(mail("deadly@b.example", ident="later.1")))
            return await asyncio.gather(*first, later)

    words = [word.status for words in asyncio.run(run()) for word in words]
    assert words == [Status.DEFERRED, Status.CRASHED, Status.CRASHED]


def test_an_end_between_two_messages_is_told_and_the_next_message_finds_a_new_process() -> None:
    died = Deaths()

    async def run() -> list[Word]:
        kind = BuiltinSender.kind(command=(sys.executable, "-c", CHILD))
        async with made(kind, around(died=died)) as target:
            await target.send(mail("last@a.example"))
            while not died.told:
                await asyncio.sleep(0.01)
            return await target.send(mail("deferred@a.example", ident="two.1"))

    assert [word.status for word in asyncio.run(run())] == [Status.DEFERRED]
    assert died.told == [("", "ended with status 0")]


def test_a_sender_that_cannot_be_started_is_an_error_of_ours() -> None:
    with pytest.raises(HarnessError, match="cannot start the sender /no/such/sender: No such file"):
        send(mail(), command=("/no/such/sender",))


def test_the_built_in_sender_can_be_given_routes() -> None:
    assert Need.ROUTE in named("builtin").offers
    assert Need.ROUTE not in named("command:true {recipient}").offers


def test_another_package_called_harness_in_the_working_directory_is_not_taken_for_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "harness").mkdir()
    (tmp_path / "harness" / "__init__.py").write_text("raise SystemExit(9)", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    died = Deaths()

    async def run() -> list[Word]:
        async with made(named("builtin"), around(died=died)) as target:
            return await target.send(mail("user@one.example", relay="[127.0.0.1]:1"))

    assert [word.status for word in asyncio.run(run())] == [Status.DEFERRED]
    assert died.told == []
