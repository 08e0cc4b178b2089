"""`danelab matrix` and `danelab fuzz`, as people meet them."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness import cli
from harness.oracle import Point
from harness.scenario.lint import lint
from harness.scenario.suite import load_suite
from harness.worldgen.entries import Label, Maker


def _danelab(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert isinstance(ended.value.code, int)
    return ended.value.code


@pytest.mark.loopback
def test_the_matrix_is_run_in_part(capsys: pytest.CaptureFixture[str]) -> None:
    assert _danelab("matrix", "matrix-sec-sec-sec-*", "--quiet") == 0
    assert "28 scenarios" in capsys.readouterr().out


@pytest.mark.loopback
def test_a_sender_without_dane_fails_the_matrix(capsys: pytest.CaptureFixture[str]) -> None:
    assert _danelab("matrix", "matrix-sec-sec-sec-other-*", "--mode", "unaware", "--quiet") == 1
    assert "matrix-sec-sec-sec-other-offered" in capsys.readouterr().out


def test_the_matrix_is_listed_with_what_is_expected(capsys: pytest.CaptureFixture[str]) -> None:
    assert _danelab("matrix", "matrix-sec-sec-srv-match-offered", "--list") == 0
    assert capsys.readouterr().out.split() == ["matrix-sec-sec-srv-match-offered", "DEFER", "DEFER", "OPP"]


def test_the_matrix_is_written_as_scenarios_without_a_fault(tmp_path: Path) -> None:
    folder = tmp_path / "own"
    assert _danelab("matrix", "matrix-sec-sec-srv-*", "--write", str(folder)) == 0
    found = lint(folder)
    assert (found.errors, found.warnings) == ((), ())
    assert found.scenarios == 9
    assert "matrix-sec-sec-sec-match-offered" in load_suite(folder).ids


@pytest.mark.loopback
def test_fuzz_says_that_there_is_no_disagreement(capsys: pytest.CaptureFixture[str]) -> None:
    assert _danelab("fuzz", "--count", "40", "--seed", "3", "--quiet") == 0
    said = capsys.readouterr().out
    assert said.startswith("40 worlds of seed 3: ")
    assert said.endswith("No disagreement.\n")


@pytest.mark.loopback
def test_fuzz_keeps_what_it_finds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "found"
    wrong = ("--mode", "unaware", "--judge-as", "mandatory", "--most", "1", "--keep", str(folder))
    assert _danelab("fuzz", "--count", "40", *wrong) == 1
    (file,) = folder.iterdir()
    assert lint(file).errors == ()
    said = capsys.readouterr().out
    assert f"written to {file}" in said
    assert "The target did what is not permitted." in said


@pytest.mark.loopback
def test_a_kept_world_that_changes_is_run_once_more(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change = {"change": {"mx": [{"tlsa": ["3 1 1 other-key"]}]}}
    world = {"zones": {"domain": {"ttl": 1}}, "steps": [{"send": ["domain"]}, change, {"send": ["domain"]}]}
    explain = "A world that nobody has written, whose record ceases to match."
    entry = Maker().make(world, Label(id="fuzz-changes", title="A made-up world", explain=explain))
    (tmp_path / entry.file.name).write_text(entry.source.text, encoding="utf-8")
    again = ("run", "--quiet", "--scenarios", str(tmp_path), "fuzz-*")
    assert _danelab(*again) == 0
    assert _danelab(*again, "--target", "mutant:host-trusted-ever-after") == 1
    assert "fuzz-changes (security)" in capsys.readouterr().out


@pytest.mark.loopback
def test_fuzz_holds_a_target_to_what_it_declares(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "found"
    wrong = ("--choice", "bounce-unreachable=deferred", "--first", "--most", "1", "--keep", str(folder))
    assert _danelab("fuzz", "--count", "400", *wrong, "--quiet") == 1
    (file,) = folder.iterdir()
    assert "bounce-unreachable=deferred" in file.read_text(encoding="utf-8")
    capsys.readouterr()


def test_fuzz_names_the_choices_that_it_can_hold_a_target_to(capsys: pytest.CaptureFixture[str]) -> None:
    assert _danelab("fuzz", "--choice", "next-mx=at-once") == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert all(point in said for point in Point)


@pytest.mark.loopback
def test_fuzz_concludes_nothing_from_a_target_that_does_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert _danelab("fuzz", "--count", "5", "--target", "command:false {recipient}", "--quiet") == 4
    assert "Nothing could be concluded." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "remedy"),
    [
        (("fuzz", "--target", "nobody"), "danelab targets list"),
        (("fuzz", "--target", "postfix:dane"), "take builtin"),
        (("fuzz", "--keep", "/dev/null/x"), "name a folder"),
        (("fuzz", "--count", "0"), "--help"),
        (("fuzz", "--choice", "sha-512"), "NAME=POSITION"),
        (("fuzz", "--choice", "sha-512=perhaps"), "supported"),
        (("matrix", "nothing-*"), "matrix"),
        (("matrix", "--list", "--write", "/dev/null/x"), "name a folder"),
    ],
)
def test_bad_input_gets_one_line_with_a_remedy(
    arguments: tuple[str, ...], remedy: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _danelab(*arguments) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert remedy in said
