"""Definition files: ours load, wrong ones give one clear line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.errors import ScenarioError, UsageError
from harness.targets.definition import definitions, find, load
from harness.targets.scaffold import SCAFFOLD
from harness.targets.templates import fill

GOOD = r"""
title = "Mine"
default = "dane"
[modes.dane]
mode = "opportunistic"
[submit]
argv = ["/usr/sbin/mine", "{recipient}"]
[observe]
source = "syslog"
lines = [{ pattern = 'to=<(?P<recipient>[^>]+)> sent', status = "delivered" }]
"""


def _load(folder: Path, text: str) -> None:
    file = folder / "mine.toml"
    file.write_text(text, encoding="utf-8")
    load(file)


@pytest.mark.parametrize("name", sorted(definitions()))
def test_every_definition_of_ours_loads_and_is_called_like_its_file(name: str) -> None:
    definition = load(definitions()[name])
    assert definition.name == name
    assert definition.default in definition.modes


def test_the_scaffold_loads(tmp_path: Path) -> None:
    _load(tmp_path, SCAFFOLD.replace("NAME", "mine"))


def test_the_definitions_in_the_documentation_load(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "docs/targets.md").read_text(encoding="utf-8")
    examples = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    assert len(examples) == 2
    for example in examples:
        _load(tmp_path, example)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('title = "Mine"', "", "mine.toml: title: is missing; add title = ..."),
        ('title = "Mine"', 'titel = "Mine"', "titel: there is no key 'titel' here; did you mean 'title'?"),
        ('mode = "opp', 'mood = "opp', "modes.dane.mood: there is no key 'mood' here; did you mean 'mode'?"),
        ("opportunistic", "opportun", "'opportun' is no word for this; did you mean 'opportunistic'?"),
        ('default = "dane"', 'default = "dan"', "default: did you mean 'dane'?"),
        ("{recipient}", "{to}", "submit: submit.argv says nowhere {recipient}, whom the message is for"),
        (
            "/usr/sbin/mine",
            "{{ hots_name }}",
            "submit.argv: in mode dane there is no 'hots_name'; did you mean 'host_name'?",
        ),
        ("(?P<recipient>[^>]+)", "[^>]+", "has no group (?P<recipient>...) that says whom it is about"),
        ("(?P<recipient>[^>]+)", "(?P<recipient>[^>]+", "is no regular expression"),
        ('"syslog"', '"file"', "observe.file is needed with source 'file', and with no other"),
        ('status = "delivered"', 'status = "sent"', "'sent' is no word for this"),
        ('"syslog"', '"syslog"\ntokens = "(?P<token>x)"', "observe.tokens needs groups (?P<token>...) and"),
        ('"syslog"', '"syslog"\nspooled = "/spool/x"', "observe.spooled needs {token} in it, and observe.tokens"),
        ('title = "Mine"', "title = 1", "title: 1 stands where text in quotes is wanted; write text in quotes"),
        ('title = "Mine"', 'title = "Mine', "is no TOML"),
        ('title = "Mine"', 'like = "postfax"', "like: there is no 'postfax'; did you mean 'postfix'?"),
        ("[modes.dane]", '[files]\n"etc/x" = ""\n[modes.dane]', "'etc/x' is not absolute; begin it with /"),
        (
            'default = "dane"',
            'default = "dane"\nrootless = "never"',
            "rootless_reason is needed with rootless = 'never'",
        ),
    ],
)
def test_a_bad_definition_gives_one_line_with_file_key_and_remedy(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    assert old in GOOD
    with pytest.raises(ScenarioError) as caught:
        _load(tmp_path, GOOD.replace(old, new, 1))
    line = str(caught.value)
    assert said in line
    assert line.startswith(f"{tmp_path / 'mine.toml'}: ")
    assert "\n" not in line


def test_a_definition_that_is_like_another_takes_what_it_does_not_say(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('like = "postfix"\ntitle = "Mine"\n[files]\n"/etc/more" = "x"\n', encoding="utf-8")
    mine, base = load(file), load(definitions()["postfix"])
    assert (mine.name, mine.title) == ("mine", "Mine")
    assert mine.modes == base.modes
    assert set(mine.files) == {*base.files, "/etc/more"}


def test_a_target_is_found_by_name_and_by_file_with_its_mode(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(GOOD, encoding="utf-8")
    assert find("postfix:dane-only")[1] == "dane-only"
    assert find("exim")[1] == "try"
    assert (find("sendmail:dane")[0].name, find("sendmail")[0].name) == ("sendmail-dane", "sendmail")
    with pytest.raises(UsageError, match="sendmail has no mode 'dan'"):
        find("sendmail:dan")
    assert find(f"{tmp_path / 'mine.toml'}:dane")[0].name == "mine"
    with pytest.raises(UsageError, match="there is no target 'postfx'; did you mean 'postfix'"):
        find("postfx")
    with pytest.raises(UsageError, match="postfix has no mode 'dan'; did you mean 'dane'"):
        find("postfix:dan")


def test_templates_are_filled_in_and_unknown_names_are_told() -> None:
    assert fill("a {{ one }} {{two}} ${x} {{ }}", {"one": "1", "two": "2"}, where="here") == "a 1 2 ${x} {{ }}"
    with pytest.raises(UsageError, match=r"here: there is no '\{\{ on \}\}'; did you mean 'one'"):
        fill("{{ on }}", {"one": "1"}, where="here")


@pytest.mark.parametrize("where", ["choices", "modes.dane.choices"])
def test_declared_choices_are_those_that_there_are(tmp_path: Path, where: str) -> None:
    good = GOOD.replace("[submit]", f'[{where}]\nsha-512 = "supported"\n[submit]')
    _load(tmp_path, good)
    with pytest.raises(ScenarioError, match=f"{where}.sha-512: sha-512 has no position 'lacking'; known: supported"):
        _load(tmp_path, good.replace('"supported"', '"lacking"'))
    with pytest.raises(ScenarioError, match=r"there is no choice 'sha-51'; did you mean 'sha-512'\?"):
        _load(tmp_path, good.replace("sha-512", "sha-51"))
