"""Runs that lie on disk, judged again: what is read, what is passed over, and what is said about it."""

from __future__ import annotations

import gzip
import lzma
from collections.abc import Sequence
from pathlib import Path

import pytest

from harness.cli import danelab as cli
from harness.cli import guarded
from harness.errors import ScenarioError, UsageError
from harness.journal import Event, RunStarted, decode, encode
from harness.report.json import render
from harness.run.again import Rejudged, judge_again
from harness.run.reading import events_of, journal_in, stored_report
from harness.scenario.fingerprint import fingerprint
from harness.scenario.models import Scenario
from harness.scenario.suite import Suite, load_suite
from harness.verdict import Grade, Verdict
from tests.report.runs import mixed
from tests.verdict.tape import GOOD, MISMATCH, Tape

from .record import journal


@pytest.fixture(scope="module")
def suite() -> Suite:
    return load_suite()


def again(events: Sequence[Event], suite: Suite) -> Rejudged:
    return judge_again(events, suite, requirements={})


def tape(*keys: str, **worlds: str) -> Tape:
    told = Tape(target="builtin")
    facts = {"mode": "opportunistic", "judged_as": "opportunistic", "resolver": "simulated", "lab": "loopback"}
    return told.add(
        RunStarted, **facts, seed="x", scenarios=keys, worlds={k.replace("_", "-"): v for k, v in worlds.items()}
    )


def danelab(*arguments: object) -> int:
    return guarded(lambda: cli.main(list(map(str, arguments)), standalone_mode=False))


@pytest.mark.parametrize("part", [0.15, 0.4, 0.7, 0.95])
def test_what_a_killed_run_had_not_decided_is_not_held_against_the_target(part: float, suite: Suite) -> None:
    """The recorded run of Postfix, in which only few fail; its journal is cut in the middle of a line."""
    told = lzma.decompress(journal("postfix").read_bytes())
    whole = again(events_of(journal("postfix")), suite).report
    failing = {each.scenario for each in whole.results if each.verdict is Verdict.FAIL}
    text = told[: int(len(told) * part)].decode("utf-8", "replace")
    run = again(list(decode(text.splitlines(keepends=True))), suite).report
    assert not run.run.complete
    assert {each.scenario for each in run.results if each.verdict is Verdict.FAIL} <= failing
    assert sum(each.verdict is Verdict.INCONCLUSIVE for each in run.results) > 0
    assert run.exit_code in (1, 4)


def test_what_was_given_away_before_the_end_stays_given_away(suite: Suite) -> None:
    run = again(tape("ee-311", "ee-mismatch").delivered("ee-311").delivered("ee-mismatch").events, suite).report
    assert [each.grade for each in run.results if each.scenario == "ee-mismatch"] == [Grade.SECURITY]


def test_scenarios_that_are_not_known_today_are_told_in_one_line(suite: Suite) -> None:
    told = again(tape("ee-311", "once-was").delivered("ee-311").delivered("once-was").end().events, suite)
    assert [each.scenario for each in told.report.results] == ["ee-311"]
    assert told.notes[0].startswith("Not judged, as they are not known today: once-was.")
    with pytest.raises(UsageError, match=r"none of the run's scenarios is known .*once-was.*--scenarios"):
        again(tape("once-was").end().events, suite)


def test_scenarios_whose_world_has_changed_are_told_and_others_are_judged(suite: Suite) -> None:
    now = fingerprint(suite["ee-311"].scenario)
    told = again(
        tape("ee-311", "ee-mismatch", ee_311=now, ee_mismatch="other")
        .delivered("ee-311")
        .deferred("ee-mismatch")
        .end()
        .events,
        suite,
    )
    assert [each.scenario for each in told.report.results] == ["ee-311"]
    assert told.notes == ("Not judged, as their worlds have changed since the run: ee-mismatch.",)


def test_a_fingerprint_is_of_the_world_and_not_of_what_is_said_of_it() -> None:
    told = MISMATCH.model_dump(mode="json", exclude_defaults=True)

    def like(**values: object) -> Scenario:
        return Scenario.model_validate({**told, **values})

    same = fingerprint(MISMATCH)
    assert fingerprint(like(title="Another title", covers=("7672-2.2-2",), twin="other", importance="minor")) == same
    assert fingerprint(like(expect=GOOD.expect)) == same
    assert fingerprint(like(recipient="other@{domain}")) != same
    assert fingerprint(like(mx=[{"smtp": {"starttls": False}}])) != same
    assert fingerprint(like(mx=[{}])) == same
    assert fingerprint(like(steps=[{"send": ["domain"]}, {"wait": "1s"}])) != same


@pytest.mark.parametrize("name", ["journal.ndjson", "journal.ndjson.gz", "journal.ndjson.xz"])
def test_a_folder_with_a_journal_is_a_run_packed_or_not(name: str, tmp_path: Path) -> None:
    text = "".join(f"{encode(each)}\n" for each in tape("ee-311").delivered("ee-311").end().events).encode()
    packed = {".gz": gzip.compress(text), ".xz": lzma.compress(text)}
    (tmp_path / name).write_bytes(packed.get(Path(name).suffix, text))
    assert journal_in(tmp_path).name == name
    assert len(events_of(tmp_path)) == len(events_of(tmp_path / name)) == 7


def test_a_line_cut_within_a_letter_does_no_harm(tmp_path: Path) -> None:
    text = "".join(f"{encode(each)}\n" for each in tape("ee-311").deferred("ee-311", "Grüße").events).encode()
    (tmp_path / "journal.ndjson").write_bytes(text[: text.index("ü".encode()) + 1])
    assert len(events_of(tmp_path)) == 3


@pytest.mark.parametrize(
    ("name", "octets", "said"),
    [
        ("journal.ndjson", b"", "tells of no run-started"),
        ("journal.ndjson", b"hello\nworld\n", "line 1 is no event"),
        ("journal.ndjson", b'{"kind":"run-ended","at":1}\n', "tells of no run-started"),
        ("journal.ndjson.gz", b"hello", "is packed and broken"),
        ("journal.ndjson.xz", b"hello", "is packed and broken"),
        ("report.txt", b"", "holds no journal.ndjson; name a folder written by --out"),
    ],
)
def test_what_is_no_run_is_one_clear_error(name: str, octets: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(octets)
    with pytest.raises(ScenarioError) as caught:
        events_of(tmp_path)
    assert said in str(caught.value)


def test_a_packed_journal_that_was_cut_is_one_clear_error(tmp_path: Path) -> None:
    for file, packed in (("a.ndjson.xz", lzma.compress(b"x" * 9999)), ("a.ndjson.gz", gzip.compress(b"x" * 9999))):
        (tmp_path / file).write_bytes(packed[:-12])
        with pytest.raises(ScenarioError, match="is packed and broken"):
            events_of(tmp_path / file)


def test_reports_that_lie_in_a_folder_are_taken_and_wrong_ones_told(tmp_path: Path) -> None:
    assert stored_report(tmp_path) is None
    (tmp_path / "report.json").write_text(render(mixed()), encoding="utf-8")
    assert stored_report(tmp_path) == stored_report(tmp_path / "report.json") == mixed()
    (tmp_path / "report.json").write_text('{"version": 1}', encoding="utf-8")
    with pytest.raises(ScenarioError, match=r"report\.json: run: is no report of danelab: .*danelab judge RUN"):
        stored_report(tmp_path)


def test_the_commands_say_what_is_wrong_and_exit_with_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "report.json").write_text(render(mixed()), encoding="utf-8")
    for words, said in (
        (("judge", tmp_path / "no"), "there is no such run"),
        (("judge", tmp_path), "holds no journal.ndjson"),
        (("report", tmp_path, "--format", "markdwon"), "did you mean 'markdown'?"),
        (("report", tmp_path, "--report", "xml=x"), "there is no format 'xml'"),
        (("report", tmp_path, tmp_path), "2 runs: the format console tells of one; take --format html"),
        (("report", tmp_path, tmp_path, "-f", "html", "-r", "json=x"), "the format json tells of one"),
        (("judge", tmp_path, "--update-baseline"), "name one with --baseline FILE"),
        (("judge", tmp_path, "--reason", "so"), "--reason goes with --update-baseline"),
        (("diff", tmp_path, tmp_path / "no"), "there is no such run"),
        (("merge", tmp_path, "--out", tmp_path), "is one of the runs to be merged"),
    ):
        assert danelab(*words) == 2
        told = capsys.readouterr().err
        assert said in told
        assert told.count("\n") == 1


def test_several_reports_are_written_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "report.json").write_text(render(mixed()), encoding="utf-8")
    files = {form: tmp_path / form for form in ("junit", "markdown", "sarif", "badge", "shields", "github", "json")}
    words = [word for form, file in files.items() for word in ("--report", f"{form}={file}")]
    assert danelab("report", tmp_path, *words) == 0
    assert capsys.readouterr().out == ""
    assert all(file.stat().st_size > 50 for file in files.values())
    assert files["json"].read_text(encoding="utf-8") == render(mixed())


@pytest.mark.parametrize("on_github", ["true", ""])
def test_annotations_are_printed_in_a_job_of_githubs_where_nothing_else_is_a_command(
    on_github: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", on_github)
    assert danelab("judge", journal("postfix")) == 1
    lines = capsys.readouterr().out.splitlines()
    commands = [line for line in lines if line.lstrip().startswith("::")]
    if not on_github:
        assert commands == []
        return
    token = lines[0].removeprefix("::stop-commands::")
    assert len(token) >= 32
    end = lines.index(f"::{token}::")
    assert commands == [lines[0], *lines[end:]]
    assert any(line.startswith("::error file=scenarios/") for line in lines[end:])


def test_a_baseline_makes_a_recorded_run_pass_and_is_written_on_demand(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "known.toml"
    first = danelab("judge", journal("exim"), "--baseline", file, "--update-baseline", "--reason", "for now")
    text = file.read_text(encoding="utf-8")
    assert first == 0
    assert text.count('reason = "for now"') == text.count("[[failure]]") > 3
    assert danelab("judge", journal("exim"), "--baseline", file) == 0
    assert "failed, as the baseline says (for now)" in capsys.readouterr().out
    file.write_text(
        text + '\n[[failure]]\ntarget = "exim:try"\nscenario = "ee-311"\nreason = "wrong"\n', encoding="utf-8"
    )
    assert danelab("judge", journal("exim"), "--baseline", file) == 1
    assert "Passed unexpectedly" in capsys.readouterr().out
    file.write_text(text.replace("exim:try", "exim:tri"), encoding="utf-8")
    assert danelab("judge", journal("exim"), "--baseline", file) == 2
    assert "did you mean 'exim:try'?" in capsys.readouterr().err


def test_a_page_made_of_a_run_on_disk_has_its_evidence(tmp_path: Path) -> None:
    page, poor = tmp_path / "a.html", tmp_path / "b.html"
    assert danelab("judge", journal("postfix"), "--report", f"html={page}") == 1
    assert page.read_text(encoding="utf-8").count("_25._tcp.") > 400
    (tmp_path / "report.json").write_text(render(mixed()), encoding="utf-8")
    assert danelab("report", tmp_path, "--format", "html", "--to", poor) == 0
    assert len(poor.read_text(encoding="utf-8")) < len(page.read_text(encoding="utf-8"))


def test_several_runs_are_put_side_by_side_in_one_page(tmp_path: Path) -> None:
    page = tmp_path / "both.html"
    assert danelab("report", journal("postfix"), journal("exim"), "--format", "html", "--to", page) == 0
    text = page.read_text(encoding="utf-8")
    for name in ("postfix", "exim"):
        assert str(journal(name)) in text
    assert text.count("_25._tcp.") > 800
