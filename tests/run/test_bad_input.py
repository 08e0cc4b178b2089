"""What cannot be run is told in one line that names file, key and remedy; nothing has been sent by then."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness import cli
from harness.lab.lab import Lab
from harness.run import plan
from harness.scenario.suite import own_scenarios
from tests.scenario.files import BAD_DIGEST, GOOD, write

pytestmark = pytest.mark.loopback


@pytest.fixture(autouse=True)
def _collection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command runs in an empty directory and takes a small collection for danelab's own."""
    mine = tmp_path / "own"
    write(mine, group="base", good=GOOD, bad=BAD_DIGEST)
    for name in ("requirements.toml", "choices.toml"):
        (mine / name).write_bytes((own_scenarios() / name).read_bytes())
    for module in ("suite", "lint"):
        monkeypatch.setattr(f"harness.scenario.{module}.own_scenarios", lambda: mine)
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)


def complaint(*arguments: str, status: int = 2) -> str:
    """The one line on stderr of a command that must fail before anything is reported."""
    result = CliRunner().invoke(cli.danelab, list(arguments))
    assert result.exit_code == status, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("danelab: ")
    assert result.stderr.count("\n") == 1
    assert "Traceback" not in result.output
    return result.stderr.removeprefix("danelab: ").rstrip("\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-t", "postfx"], "there is no target 'postfx'; did you mean 'postfix'?; `danelab targets list`"),
        (["-t", "command"], "there is no target 'command'; did you mean 'command:'?"),
        (["-t", "builtin:lax"], "builtin has no mode 'lax'; "),
        (["-t", "postfix:dnae"], "postfix has no mode 'dnae'; did you mean 'dane'?"),
        (["-t", "postfix", "--lab", "loopback"], "postfix:dane cannot be run with --lab loopback; take --lab names"),
        (["--resolver", "unbound"], "--resolver unbound needs port 53 of a network of its own; take --lab name"),
        (["-t", "command:"], "command: names no command; write command:'my-mta"),
        (["-t", "command:true {sender}"], "says nowhere {recipient}, whom it is to write to; write command:'my-mta"),
        (["-t", "command:true '{recipient}"], "no closing quotation; quote it as for a shell"),
        (["-t", "command:no-such-mta {recipient}"], "no-such-mta is no program that can be run; check its name"),
        (["-t", "command:./data {recipient}"], "./data is no program that can be run; make it so with chmod +x"),
        (["bda"], "bda: no scenario matches; did you mean 'bad'?"),
        (["bad", "!bad"], "nothing is left of bad !bad"),
        (["--report", "xml=report.xml"], "--report xml=report.xml: there is no format 'xml'; did you mean 'html'?"),
        (["--report", "json"], "--report json: names no file; write json=FILE"),
        (["--report", "json=no/such/report.json"], "there is no folder"),
        (["--report", "json=."], ". is a folder; name a file"),
        (["--out", "data"], "--out data: File exists; name a folder that can be written"),
        (["--mode", "lax"], "'lax' is not one of 'opportunistic', 'mandatory', 'unaware'; see: danelab run --help"),
        (["--limit", "0"], "see: danelab run --help"),
        (["-s", "nowhere"], "nowhere: there is no such file; check the spelling"),
    ],
)  # fmt: skip
def test_a_wrong_request_is_one_line_with_its_remedy(arguments: list[str], said: str) -> None:
    Path("data").write_text("just text", encoding="utf-8")
    assert said in complaint("run", "--quiet", *arguments)


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize("option", ["--resolver-port", "--smtp-port"])
def test_a_port_in_use_is_named(option: str, taken: int) -> None:
    line = complaint("run", option, str(taken))
    assert f"port {taken}" in line
    assert "choose another port" in line


def test_no_ipv6_names_file_key_and_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "has_ipv6", lambda: False)
    write(Path("mine"), six=GOOD + '\n[[mx]]\nipv6 = [""]\n')
    line = complaint("run", "-s", "mine")
    assert line.startswith("mine/g/six.toml:11: mx[0].ipv6: asks for IPv6, which this machine does not have; ")
    assert "--no-ipv6" in line


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (BAD_DIGEST.replace("importance", "importence"), ":4: importence: there is no key 'importence' here; did"),
        (BAD_DIGEST.replace("3 1 1 other-key", "3 1 9"), ":9: mx[0].tlsa[0]: '3 1 9': no data is defined for"),
        (BAD_DIGEST.replace('"good"', '"god"'), ":3: twin: there is no scenario 'god'; did you mean 'good'?"),
        (BAD_DIGEST.replace("7672-2.2-2", "7672-2.2-222"), ":2: covers[0]: there is no requirement '7672-2.2-222'"),
        (BAD_DIGEST.replace('"good"', '"third"'), ":3: twin: the twins form a circle: third -> third"),
        (BAD_DIGEST[:60], ":2: is not TOML: "),
    ],
    ids=["misspelt key", "impossible TLSA", "no such twin", "no such requirement", "circle", "truncated"],
)  # fmt: skip
def test_a_wrong_file_is_one_line_with_file_key_and_remedy(text: str, said: str) -> None:
    file = write(Path("mine"), third=text) / "third.toml"
    line = complaint("run", "-s", "mine")
    assert line.startswith(str(file))
    assert said in line


def test_two_scenarios_with_one_id_are_told_with_both_files(tmp_path: Path) -> None:
    write(Path("mine"), good=GOOD)
    line = complaint("run", "-s", "mine")
    assert "mine/g/good.toml" in line
    assert str(tmp_path / "own/base/good.toml") in line


WORLDS = {
    "bad record": ('\n[zones.domain]\nrecords = ["extra A 1.2.3"]\n', "1.2.3"),
    "unknown type": ('\n[zones.domain]\nrecords = ["extra BLA x"]\n', "BLA"),
    "record elsewhere": ('\n[zones.domain]\nrecords = ["www.elsewhere.test. A 192.0.2.1"]\n', "elsewhere.test"),
    "nothing to remove": ('\n[zones.domain]\nremove = ["www A"]\n', "'www A'"),
    "label too long": (f'\n[[mx]]\nhost = "{"a" * 64}.{{domain}}"\n', "a" * 64),
    "impossible date": ('\n[[mx]]\ncert.not_before = "-9000y"\n', "third.toml"),
}


@pytest.mark.parametrize("name", WORLDS)
def test_a_world_that_cannot_be_built_is_told_before_anything_is_sent(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    more, said = WORLDS[name]
    file = write(Path("mine"), third=GOOD + more) / "third.toml"
    sent: list[str] = []
    monkeypatch.setattr("harness.targets.BuiltinSender.send", lambda *_: sent.append("mail"))
    line = complaint("run", "-q", "-s", "mine")
    assert line.startswith(str(file))
    assert said in line
    assert sent == []


@pytest.mark.parametrize("name", WORLDS)
def test_lint_finds_a_world_that_cannot_be_built(name: str) -> None:
    more, said = WORLDS[name]
    file = write(Path("mine"), third=GOOD + more) / "third.toml"
    result = CliRunner().invoke(cli.danelab, ["lint", "mine"])
    assert result.exit_code == 2, result.output
    assert result.stdout.count("\n") == 1
    assert result.stdout.startswith(str(file))
    assert said in result.stdout


def test_lint_finds_what_is_wrong_with_the_world_after_a_change() -> None:
    steps = '\n[[steps]]\nsend = ["domain"]\n\n[[steps]]\nchange.zones.domain.records = ["x A nonsense"]\n'
    write(Path("mine"), third=GOOD + steps + '\n[[steps]]\nsend = ["domain"]\n')
    result = CliRunner().invoke(cli.danelab, ["lint", "mine"])
    assert (result.exit_code, result.stdout.count("\n")) == (2, 1)
    assert "nonsense" in result.stdout


def test_several_broken_worlds_are_counted() -> None:
    more, _ = WORLDS["bad record"]
    write(Path("mine"), one=GOOD + more, two=GOOD + more)
    assert complaint("run", "-s", "mine").endswith("(1 more: danelab lint lists them)")


def test_a_crash_of_ours_in_one_scenario_is_an_error_and_spoils_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    write(
        Path("mine"),
        third=GOOD,
        fourth=BAD_DIGEST + "\n[[steps]]\nchange.mx = [{}]\n" + '\n[[steps]]\nsend = ["domain"]\n',
    )
    monkeypatch.setattr(Lab, "change", lambda *_: 1 // 0)
    result = CliRunner().invoke(cli.danelab, ["run", "-q", "-v", "-s", "mine"])
    assert result.exit_code == 3, result.output
    words = " ".join(result.stdout.split())
    assert "error" in words
    assert "fourth: danelab failed: ZeroDivisionError: integer division or modulo by zero" in words
    assert "4 scenarios in" in words
    assert "3 pass, 1 error." in words
    assert "Traceback" not in result.output
