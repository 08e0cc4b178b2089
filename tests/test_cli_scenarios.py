"""The commands for authors: list, show, new, lint, schema; and how the command tells what went wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from harness import cli
from harness.errors import HarnessError, NothingConcluded
from harness.scenario.load import load_file
from harness.scenario.schema import schema_text
from harness.scenario.suite import own_scenarios, scenario_files
from tests.scenario.files import BAD_DIGEST, GOOD, with_lines, write

GOOD_OF_OURS = with_lines(GOOD, 'importance = "critical"')


@pytest.fixture(autouse=True)
def _collection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands run in an empty directory and take a small collection for danelab's own."""
    mine = tmp_path / "own"
    write(mine, group="base", good=GOOD_OF_OURS, bad=BAD_DIGEST)
    (mine / "requirements.toml").write_bytes((own_scenarios() / "requirements.toml").read_bytes())
    (mine / "schema.json").write_text("{}", encoding="utf-8")
    for module in ("suite", "lint", "scaffold"):
        monkeypatch.setattr(f"harness.scenario.{module}.own_scenarios", lambda: mine)
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli.danelab, list(arguments))


def complaint(*arguments: str, status: int = 2) -> str:
    """The one line on stderr of a command that must fail."""
    result = run(*arguments)
    assert result.exit_code == status, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("danelab: ")
    assert result.stderr.count("\n") == 1
    assert "Traceback" not in result.output
    return result.stderr.removeprefix("danelab: ").rstrip("\n")


def test_list_shows_one_line_a_scenario_and_counts_them() -> None:
    lines = run("list").stdout.splitlines()
    assert lines[0].split() == ["ID", "GROUP", "IMPORTANCE", "EXPECTED", "TITLE"]
    assert lines[1].split(maxsplit=4) == ["bad", "base", "critical", "DEFER", "A digest that does not match"]
    assert lines[-1].startswith("2 scenarios in 1 group;")


def test_list_says_what_takes_minutes_and_what_runs_it() -> None:
    slow = GOOD.replace("[expect]", '[[steps]]\nsend = ["domain"]\n\n[[steps]]\nwait = "5m"\n\n[expect]')
    write(Path("mine"), slow=with_lines(slow, 'needs = ["patience"]'))
    mine = ("--scenarios", "mine")
    line = next(line for line in run("list", *mine).stdout.splitlines() if line.startswith("slow"))
    assert line.endswith(" [5 minutes: needs patience (--patient)]")
    assert json.loads(run("list", "--json", "slow", *mine).stdout)[0]["waits"] == 300
    assert "Its steps wait 300 s altogether" in run("show", "slow", *mine).stdout


@pytest.mark.parametrize("words", [["list"], ["show", "bad"], ["targets", "list"]])
def test_on_a_narrow_terminal_nothing_is_wider_than_it(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    whole = run(*words).stdout
    for module in ("common", "list"):
        monkeypatch.setattr(f"harness.commands.{module}.columns", lambda: 60)
    lines = run(*words).stdout.splitlines()
    assert max(map(len, whole.splitlines())) > 60
    assert max(map(len, lines)) <= 60
    letters = sorted("".join(whole.split())), sorted("".join("".join(lines).split()))
    assert letters[0] == letters[1] or words == ["list"]


def test_list_in_forms_for_programs() -> None:
    assert run("list", "--count").stdout == "2\n"
    assert run("list", "--ids", "!bad").stdout == "good\n"
    (bad,) = json.loads(run("list", "--json", "bad").stdout)
    assert (bad["id"], bad["twin"], bad["expect"]["unaware"]) == ("bad", "good", "OPP")


def test_list_takes_scenarios_from_elsewhere() -> None:
    write(Path("mine"), third=BAD_DIGEST)
    assert run("list", "--ids", "-s", "mine").stdout.split() == ["bad", "good", "third"]


def test_show_tells_the_story() -> None:
    story = run("show", "bad").stdout
    assert story.startswith("bad: A digest that does not match\n")
    for part in (
        "The digest is that of another key",
        'mx[0].tlsa = ["3 1 1 other-key"]',
        "7672-2.2-2  RFC 7672 section 2.2, MUST",
        "opportunistic  DEFER",
        "kept for a later attempt",
        "Its twin, which has to be delivered: good (A digest that matches)",
    ):
        assert part in story


def test_show_explains_each_word_that_departs_from_the_healthy_world() -> None:
    write(Path("mine"), third=BAD_DIGEST.replace("tlsa = ", "smtp.after_220 = 'garbage'\ntlsa = "))
    assert "Plain text in place of a ServerHello." in run("show", "third", "-s", "mine").stdout


def test_show_can_print_the_file() -> None:
    assert run("show", "bad", "--toml").stdout == BAD_DIGEST


@pytest.mark.parametrize("like", [[], ["--like", "bad"], ["--like", "good"]])
def test_a_new_scenario_lints_clean(like: list[str]) -> None:
    result = run("new", "fresh", *like)
    assert result.exit_code == 0, result.output
    file = Path("scenarios") / ("base" if like else "own") / "fresh.toml"
    assert str(file) in result.stdout
    assert load_file(file)[0].id == "fresh"
    checked = run("lint", "--strict", str(file))
    assert (checked.exit_code, checked.stdout) == (0, "")


def test_a_new_scenario_of_ours_points_editors_at_the_schema(tmp_path: Path) -> None:
    assert run("new", "fresh", "--group", "more", "--dir", str(tmp_path / "own")).exit_code == 0
    assert (tmp_path / "own" / "more" / "fresh.toml").read_text().startswith("#:schema ../schema.json\n")


def test_new_never_overwrites() -> None:
    file = Path("scenarios/own/fresh.toml")
    file.parent.mkdir(parents=True)
    file.write_text(with_lines(GOOD, "# precious"), encoding="utf-8")
    assert "the id 'fresh' is that of scenarios/own/fresh.toml" in complaint("new", "fresh")
    assert "# precious" in file.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["new", "Not_An.Id"], "'not-an-id' would do"),
        (["new", "bad"], "the id 'bad' is that of"),
        (["new", "fresh", "--like", "god"], "did you mean 'good'?"),
        (["new", "fresh", "--group", "../evil"], "a plain directory name"),
        (["list", "bda"], "bda: no scenario matches; did you mean 'bad'?"),
        (["list", "--jsn"], "see: danelab list --help"),
        (["show", "goood"], "there is no scenario 'goood'; did you mean 'good'?"),
        (["lint", "nowhere"], "nowhere"),
        (["lits"], "there is no command 'lits'; did you mean 'list'?"),
        (["show"], "ID"),
        (["schema", "--check"], "schema.json: is not current; run: danelab schema --write"),
    ],
)
def test_a_wrong_request_is_one_line_with_its_remedy(arguments: list[str], said: str) -> None:
    if arguments == ["lint", "nowhere"]:
        result = run(*arguments)
        assert (result.exit_code, result.stdout) == (2, "nowhere: there is no such file; check the spelling\n")
    else:
        assert said in complaint(*arguments)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (BAD_DIGEST.replace("importance", "importence"), ":4: importence: there is no key 'importence' here; did"),
        (BAD_DIGEST.replace("3 1 1 other-key", "3 1 9"), ":9: mx[0].tlsa[0]: '3 1 9': no data is defined for"),
        (BAD_DIGEST.replace('"good"', '"god"'), ":3: twin: there is no scenario 'god'; did you mean 'good'?"),
        (BAD_DIGEST.replace("7672-2.2-2", "7672-2.2-222"), ":2: covers[0]: there is no requirement '7672-2.2-222'"),
        (BAD_DIGEST.replace('"good"', '"third"'), ":3: twin: the twins form a circle: third -> third; a delivered"),
        (BAD_DIGEST[:60], ":2: is not TOML: "),
        ("", "third.toml: is empty; start from one made by: danelab new ID"),
    ],
    ids=["misspelt key", "impossible TLSA", "no such twin", "no such requirement", "circle", "truncated", "empty"],
)  # fmt: skip
def test_bad_input_is_one_line_with_file_key_and_remedy_in_every_command(text: str, said: str) -> None:
    file = write(Path("mine"), third=text) / "third.toml"
    for command in (["list", "-s", "mine"], ["show", "good", "-s", "mine"], ["new", "fresh", "-s", "mine"]):
        line = complaint(*command)
        assert line.startswith(str(file))
        assert said in line
    linted = run("lint", "mine")
    assert linted.exit_code == 2
    assert linted.stdout.count("\n") == 1
    assert said in linted.stdout


def test_two_scenarios_with_one_id_are_told_with_both_files(tmp_path: Path) -> None:
    write(Path("mine"), good=GOOD)
    line = complaint("list", "-s", "mine")
    assert "mine/g/good.toml" in line
    assert str(tmp_path / "own/base/good.toml") in line
    assert "the id 'good' is also that of" in line


def test_lint_lists_everything_that_is_wrong() -> None:
    write(Path("mine"), one="title =", two=BAD_DIGEST.replace("good", "god").replace("7672-2.2-2", "x"), three=GOOD)
    result = run("lint", "mine")
    assert [line.split(": ")[0] for line in result.stdout.splitlines()] == [
        "mine/g/one.toml:1",
        "mine/g/two.toml:2",
        "mine/g/two.toml:3",
    ]
    assert result.stderr == "3 files, 2 scenarios, 3 errors, 0 warnings\n"


def test_lint_warns_of_style_and_fails_only_when_asked() -> None:
    text = BAD_DIGEST.replace("so that a sender with DANE has to keep the mail.", "") + "\n# more\n" * 25
    write(Path("mine"), short=text)
    result = run("lint", "mine")
    assert result.exit_code == 0
    assert [line.rpartition("(")[2] for line in result.stdout.splitlines()] == ["warning)", "warning)"]
    assert "explain: has" in result.stdout
    assert "short.toml: has 6" in result.stdout
    assert run("lint", "--strict", "mine").exit_code == 2


def test_lint_wants_the_catalogue_slug_of_our_own_scenarios_only() -> None:
    assert "good.toml: catalogue: is missing" in run("lint").stdout
    write(Path("mine"), third=GOOD)
    assert run("lint", "mine").stdout == ""


def test_schema_is_printed_written_and_checked(tmp_path: Path) -> None:
    assert run("schema").stdout == schema_text()
    assert run("schema", "--write").exit_code == 0
    assert (tmp_path / "own" / "schema.json").read_text(encoding="utf-8") == schema_text()
    assert run("schema", "--check").exit_code == 0


def test_help_begins_with_worked_examples() -> None:
    lines = run("--help").stdout.splitlines()
    assert lines[2].startswith("    $ danelab list")
    assert run().exit_code == 2
    assert "$ danelab list" in run().stderr


def test_every_command_has_help() -> None:
    for name in cli.COMMANDS:
        assert run(name, "--help").exit_code == 0


@pytest.mark.parametrize(
    ("failure", "status", "said"),
    [
        (HarnessError("the journal is full"), 3, "the journal is full"),
        (NothingConcluded("nothing ran"), 4, "nothing ran"),
        (ZeroDivisionError("by\nzero"), 3, "danelab itself failed (ZeroDivisionError: by zero); DANELAB_DEBUG=1"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (click.UsageError("no.\nTwo lines"), 2, "no. Two lines"),
    ],
)
def test_each_failure_is_one_line_and_its_own_exit_status(
    failure: BaseException, status: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise failure

    assert cli.guarded(fail) == status
    assert capsys.readouterr().err.startswith(f"danelab: {said}")


def test_the_traceback_is_shown_when_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DANELAB_DEBUG", "1")
    fail: Callable[[], int] = lambda: 1 // 0  # noqa: E731
    assert cli.guarded(fail) == 3
    assert "Traceback" in capsys.readouterr().err


def test_what_a_command_returns_is_the_exit_status() -> None:
    assert cli.guarded(lambda: 4) == 4
    assert cli.guarded(lambda: None) == 0


def shell(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The real command in a process of its own, with danelab's real scenarios."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "harness.cli", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(cli.__file__).parents[1]), **environment},
    )


def test_the_real_command_lists_what_there_is() -> None:
    files = scenario_files(Path(cli.__file__).parents[1] / "scenarios")
    done = shell("list", "--count")
    assert (done.returncode, done.stderr) == (0, "")
    assert int(done.stdout) >= len(files)


def test_the_real_command_tells_bad_input_in_one_line() -> None:
    write(Path("mine"), third="title = [")
    done = shell("list", "-s", "mine")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("danelab: mine/g/third.toml:1: is not TOML")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("words", [("list",), ("run", "--quiet", "ee-311")])
def test_a_reader_that_leaves_early_is_no_failure_of_ours(words: tuple[str, ...]) -> None:
    read, written = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "harness.cli", *words],
        stdout=written,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(cli.__file__).parents[1])},
    )
    os.close(written)
    assert (done.returncode, done.stderr) == (cli.BROKEN_PIPE, "")


def test_the_version_needs_none_of_the_heavy_modules() -> None:
    code = (
        "import sys\nfrom harness.cli import main\n"
        "try: main(['--version'])\n"
        "except SystemExit as end: assert not end.code\n"
        "heavy = {'pydantic', 'cryptography', 'dnslib', 'rich', 'aiosmtpd', 'asyncio'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(cli.__file__).parents[1])}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False, env=environment
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("danelab ")
