"""Runs put together: what comes of it is what a single run comes to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from harness.cli import danelab as cli
from harness.errors import UsageError
from harness.journal import Died, Event, RunEnded, RunStarted, decode, encode
from harness.report import RunReport
from harness.report.json import read
from harness.run.again import judge_again
from harness.run.merging import Part, merged
from harness.scenario.suite import Suite, load_suite
from harness.verdict import Verdict
from tests.verdict.tape import Tape

SOME = ("group:baseline", "group:downgrade", "group:agility", "ee-*")
"""Enough for every kind of dependence, and quick."""


@pytest.fixture(scope="module")
def suite() -> Suite:
    return load_suite()


def judged(events: Sequence[Event], suite: Suite, *, whole: bool = False) -> RunReport:
    return judge_again(events, suite, requirements={}, whole=whole).report


def part(name: str, tape: Tape, suite: Suite) -> Part:
    events = list(decode(encode(event) + "\n" for event in tape.events))
    return Part(name, events, judged(events, suite, whole=True))


def tape(target: str, *asked: str, along: Sequence[str] = (), shard: str = "", **values: str) -> Tape:
    facts = {"mode": "opportunistic", "judged_as": "opportunistic", "resolver": "simulated", "lab": "loopback"}
    keys = (*asked, *along)
    return Tape(target=target).add(
        RunStarted, **facts, seed="danelab", scenarios=keys, along=tuple(along), shard=shard, **values
    )


def danelab(*arguments: str) -> int:
    """What the command comes to, in this process."""
    return int(cli.main(list(arguments), standalone_mode=False) or 0)


@pytest.mark.loopback
def test_shards_put_together_are_the_whole_run_verdict_for_verdict(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In mode unaware, where verdicts rest on each other most: that one scenario was delivered disproves another."""
    whole = tmp_path / "whole"
    status = danelab("run", "-q", "--mode", "unaware", *SOME, "--out", str(whole))
    folders = [str(tmp_path / f"part{number}") for number in range(1, 5)]
    for number, folder in enumerate(folders, 1):
        danelab("run", "-q", "--mode", "unaware", *SOME, "--shard", f"{number}/4", "--out", folder)
    capsys.readouterr()
    assert danelab("merge", *folders, "--out", str(tmp_path / "merged")) == status == 1
    told = capsys.readouterr().out
    reports = (Path(folder) / "report.json" for folder in (str(whole), *folders))
    results = [read(file.read_text(encoding="utf-8")).results for file in reports]
    assert sum(map(len, results[1:])) == len(results[0]) > 80
    assert danelab("diff", str(whole), str(tmp_path / "merged")) == 0
    assert capsys.readouterr().out == f"0 verdicts differ, {len(results[0])} are the same.\n"
    assert danelab("judge", str(tmp_path / "merged")) == status
    assert capsys.readouterr().out.splitlines()[-2:] == told.splitlines()[-2:]


def test_targets_are_put_side_by_side(suite: Suite) -> None:
    one = tape("postfix:dane", "ee-311", "ee-mismatch").delivered("ee-311").deferred("ee-mismatch").end()
    other = tape("exim:try", "ee-311").delivered("ee-311").end()
    report = judged(merged([part("a", one, suite), part("b", other, suite)]), suite)
    assert [(each.target, each.scenario) for each in report.results] == [
        ("postfix:dane", "ee-311"),
        ("postfix:dane", "ee-mismatch"),
        ("exim:try", "ee-311"),
    ]
    assert report.run.complete


def test_a_part_that_is_missing_is_said_and_companions_are_not_counted(suite: Suite) -> None:
    one = tape("builtin", "ee-mismatch", along=("ee-311",), shard="1/2").delivered("ee-311").deferred("ee-mismatch")
    one.end()
    report = judged(merged([part("a", one, suite)]), suite)
    assert report.run.shard == "1/2"
    assert [each.scenario for each in report.results] == ["ee-mismatch"]
    other = tape("builtin", "ee-311", shard="2/2").delivered("ee-311").end()
    both = merged([part("a", one, suite), part("b", other, suite)])
    report = judged(both, suite)
    assert report.run.shard == ""
    assert {each.scenario: each.verdict for each in report.results} == {
        "ee-311": Verdict.PASS,
        "ee-mismatch": Verdict.PASS,
    }
    assert sum(getattr(event, "kind", "") == "sent" for event in both) == 2


def test_the_death_of_one_part_does_not_reach_into_another(suite: Suite) -> None:
    one = tape("builtin", "ee-311").sent("ee-311").asked("ee-311").end()
    other = tape("builtin", "ee-mismatch").sent("ee-mismatch").died(reason="signal 11").end()
    events = merged([part("a", one, suite), part("b", other, suite)])
    assert [event.scenario for event in events if isinstance(event, Died)] == ["ee-mismatch"]


def test_a_whole_with_a_part_that_was_broken_off_is_incomplete(suite: Suite) -> None:
    one = tape("builtin", "ee-311").delivered("ee-311").end()
    other = tape("builtin", "ee-mismatch").sent("ee-mismatch")
    events = merged([part("a", one, suite), part("b", other, suite)])
    assert not any(isinstance(event, RunEnded) for event in events)
    assert not judged(events, suite).run.complete


def test_the_same_run_twice_is_that_run(suite: Suite) -> None:
    one = tape("builtin", "ee-311").delivered("ee-311").end()
    events = merged([part("a", one, suite), part("b", one, suite)])
    assert len(judged(events, suite).results) == 1


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (
            lambda: tape("builtin", "ee-311").deferred("ee-311").end(),
            "a and b contradict each other: in ee-311, builtin came to TLS in the one and to DEFER in the other",
        ),
        (
            lambda: tape("builtin", "ee-mismatch", along=("ee-311",)).deferred("ee-311").deferred("ee-mismatch").end(),
            "a and b contradict each other: in ee-311",
        ),
        (
            lambda: tape("builtin", "ee-mismatch", began="x").deferred("ee-mismatch").end(),
            "",
        ),
    ],
)
def test_contradictions_are_one_clear_error(make: Callable[[], Tape], said: str, suite: Suite) -> None:
    one = tape("builtin", "ee-311").delivered("ee-311").end()
    parts = [part("a", one, suite), part("b", make(), suite)]
    if not said:
        merged(parts)
        return
    with pytest.raises(UsageError) as caught:
        merged(parts)
    assert said.replace("TLS", "AUTH") in str(caught.value) or said in str(caught.value)


def test_runs_that_were_made_otherwise_are_told(suite: Suite) -> None:
    one = tape("builtin", "ee-311").delivered("ee-311").end()
    other = tape("builtin", "ee-mismatch").deferred("ee-mismatch").end()
    start = other.events[0]
    assert isinstance(start, RunStarted)
    object.__setattr__(start, "resolver", "unbound")
    with pytest.raises(UsageError, match="b: builtin was run with resolver unbound, and in a with simulated"):
        merged([part("a", one, suite), part("b", other, suite)])
