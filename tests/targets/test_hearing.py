"""What a log says, turned into words: names that the target gives messages, decisions that settle, parts that break."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from harness.journal import Status
from harness.targets import Mail, hearing
from harness.targets.definition import find
from harness.targets.definition_parts import Line, Observe, Source
from harness.targets.hearing import Hearing, Job
from harness.targets.leftovers import Leftovers
from tests.targets.surroundings import mail


@dataclass
class Fixture:
    """A hearing, and what it has said."""

    died: list[tuple[str, str]] = field(default_factory=list)
    lying: set[str] = field(default_factory=set)
    """Names of messages whose files lie about."""

    def hearing(self, *lines: Line, **more: str) -> Hearing:
        return Hearing(
            Observe.model_validate({"source": Source.SYSLOG, "lines": lines or (SENT,), **more}),
            crashed=lambda reason, mail: self.died.append((reason, mail.id)),
            leftovers=self._leftovers() if "spooled" in more else None,
        )

    def _leftovers(self) -> Leftovers:
        lying = self.lying

        class Lying(Leftovers):
            def among(self, tokens: Iterable[str]) -> set[str]:
                return set(tokens) & lying

        return Lying("", Path)


SENT = Line(pattern=r"to=<(?P<recipient>[^>]+)> sent(?P<reason>.*)", status=Status.DELIVERED)


def _run(body: Callable[[], Awaitable[None]]) -> None:
    async def main() -> None:
        async with asyncio.timeout(20):
            await body()

    asyncio.run(main())


def _letter(name: str) -> Mail:
    return mail(f"user@{name}.example", ident=f"{name}.1")


def _word(job: Job) -> tuple[Status, str]:
    (word,) = job.words()
    return word.status, word.reason


def test_the_first_word_about_a_recipient_counts_whatever_the_case_of_his_name() -> None:
    async def body() -> None:
        ears = Fixture().hearing()
        with ears.about(_letter("One")) as job:
            ears.heard("to=<USER@one.example> sent at once")
            ears.heard("to=<user@one.example> sent again")
            assert _word(job) == (Status.DELIVERED, "at once")

    _run(body)


def test_a_message_to_two_is_decided_when_there_is_a_word_about_both() -> None:
    async def body() -> None:
        ears = Fixture().hearing()
        with ears.about(mail("a@one.example", "b@one.example")) as job:
            ears.heard("to=<a@one.example> sent")
            assert not job.decided.done()
            ears.heard("to=<b@one.example> sent")
            assert job.decided.done()

    _run(body)


@pytest.mark.parametrize(
    ("tokens", "naming"),
    [
        (r"(?P<token>\w+): to=<(?P<recipient>[^>]+)>", "Q7: to=<user@one.example>"),
        (r"(?P<token>\w+): message-id=<(?P<message>[^@]+)@", "Q7: message-id=<one.1@sender.example>"),
    ],
)
def test_a_line_that_names_the_message_only_is_understood_once_the_name_was_told(tokens: str, naming: str) -> None:
    async def body() -> None:
        ears = Fixture().hearing(Line(pattern=r"(?P<token>\w+) gone", status=Status.DELIVERED), tokens=tokens)
        with ears.about(_letter("one")) as job:
            ears.heard("Q7 gone")
            assert not job.decided.done()
            ears.heard(naming)
            ears.heard("Q7 gone")
            assert _word(job)[0] is Status.DELIVERED

    _run(body)


def test_a_tentative_decision_counts_only_if_nothing_else_is_heard() -> None:
    async def body() -> None:
        later = Line(pattern=r"to=<(?P<recipient>[^>]+)> later", status=Status.DEFERRED, settle=0.05)
        ears = Fixture().hearing(SENT, later)
        with ears.about(_letter("one")) as one, ears.about(_letter("two")) as two:
            ears.heard("to=<user@one.example> later")
            ears.heard("to=<user@two.example> later")
            ears.heard("to=<user@two.example> sent")
            await one.decided
            assert _word(one)[0] is Status.DEFERRED
            assert _word(two)[0] is Status.DELIVERED

    _run(body)


def test_what_has_not_settled_counts_no_more_when_the_target_goes_on() -> None:
    async def body() -> None:
        later = Line(pattern=r"to=<(?P<recipient>[^>]+)> later", status=Status.DEFERRED, settle=0.05)
        ears = Fixture().hearing(SENT, later, trying=r"to=<(?P<recipient>[^>]+)> trying")
        with ears.about(_letter("one")) as job:
            ears.heard("to=<user@one.example> later")
            ears.heard("to=<user@one.example> trying the next host")
            await asyncio.sleep(0.1)
            assert not job.decided.done()
            ears.heard("to=<user@one.example> sent after all")
            assert _word(job)[0] is Status.DELIVERED

    _run(body)


def test_the_message_that_lies_about_after_a_crash_is_the_one_even_while_others_take_their_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hearing, "_AGAIN", 0.01)

    async def body() -> None:
        seen = Fixture()
        tokens = r"(?P<token>\w+): message-id=<(?P<message>[^@]+)@"
        ears = seen.hearing(tokens=tokens, crash="(?P<reason>panic: .*)", spooled="/spool/{token}")
        with ears.about(_letter("slow")) as slow, ears.about(_letter("bad")) as bad:
            ears.heard("QS: message-id=<slow.1@x>")
            ears.heard("QB: message-id=<bad.1@x>")
            ears.heard("part[7]: panic: nothing works")
            await asyncio.sleep(0.05)
            assert not bad.decided.done()
            seen.lying.add("QB")
            await bad.decided
            assert _word(bad) == (Status.CRASHED, "panic: nothing works")
            assert seen.died == [("panic: nothing works", "bad.1")]
            assert not slow.decided.done()
            ears.heard("to=<user@slow.example> sent")
            assert _word(slow)[0] is Status.DELIVERED

    _run(body)


def test_without_a_spool_to_look_into_the_last_message_undecided_after_a_crash_is_the_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hearing, "_AGAIN", 0.01)
    monkeypatch.setattr(hearing, "_LAST_WORDS", 0.1)

    async def body() -> None:
        seen = Fixture()
        ears = seen.hearing(crash="panic")
        with ears.about(_letter("slow")) as slow, ears.about(_letter("bad")) as bad:
            ears.heard("panic")
            await asyncio.sleep(0.15)
            assert not bad.decided.done()
            ears.heard("to=<user@slow.example> sent")
            await bad.decided
            assert seen.died == [("panic", "bad.1")]
            assert _word(slow)[0] is Status.DELIVERED

    _run(body)


@pytest.mark.parametrize(("names", "status"), [(["one"], Status.CRASHED), (["one", "two"], None)])
def test_a_target_that_dies_with_one_message_died_of_it_and_with_several_nobody_knows(
    names: list[str], status: Status | None
) -> None:
    async def body() -> None:
        ears = Fixture().hearing()
        waiting = [ears.about(_letter(name)) for name in names]
        jobs = [each.__enter__() for each in waiting]
        lost = ears.lose("it fell", Status.CRASHED)
        assert [each.id for each in lost] == [f"{name}.1" for name in names]
        for job in jobs:
            assert job.decided.done()
            assert job.lost is (status is None)
        if status is not None:
            assert _word(jobs[0]) == (status, "it fell")

    _run(body)


def test_a_file_that_nobody_has_open_lies_about_and_one_that_somebody_writes_does_not(tmp_path: Path) -> None:
    (tmp_path / "spool/a").mkdir(parents=True)
    (tmp_path / "spool/a/Q1").write_text("left")
    (tmp_path / "spool/a/Q3").write_text("not asked for")
    leftovers = Leftovers("/spool/*/{token}", lambda: tmp_path)
    with (tmp_path / "spool/a/Q2").open("w"):
        assert leftovers.among(["Q1", "Q2", "Q4"]) == {"Q1"}
    assert leftovers.among(["Q1", "Q2"]) == {"Q1", "Q2"}


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("=> user@www.one.example R=dnslookup T=remote_smtp H=mx.one.example [192.0.2.1] CV=dane", Status.DELIVERED),
        ("=> user@middle.one.example <user@www.one.example> R=dnslookup T=remote_smtp CV=no", Status.DELIVERED),
        ("-> user@middle.one.example <user@www.one.example> R=dnslookup T=remote_smtp", Status.DELIVERED),
        ("== user@www.one.example R=dnslookup T=remote_smtp defer (-37): TLS session: invalid", Status.DEFERRED),
        ("== user@middle.one.example <user@www.one.example> R=dnslookup defer (-1): lookup", Status.DEFERRED),
        ("** user@www.one.example: Unrouteable address", Status.BOUNCED),
        ("** user@middle.one.example <user@www.one.example> R=dnslookup T=remote_smtp: DANE error", Status.BOUNCED),
        ("** user@middle.one.example <user@www.one.example>: Unrouteable address", Status.BOUNCED),
    ],
)
def test_exim_is_understood_where_it_sends_to_the_target_of_an_alias(line: str, status: Status) -> None:
    async def body() -> None:
        ears = Hearing(find("exim")[0].observe, crashed=lambda *_: None)
        with ears.about(mail("user@www.one.example", ident="one.1")) as job:
            ears.heard(f"Nov 24 03:26:13 exim[13]: 2026-11-24 03:26:13 1xVhAb-00000B-0j {line}")
            assert job.decided.done()
            assert _word(job)[0] is status
            assert not _word(job)[1].startswith("<")

    _run(body)
