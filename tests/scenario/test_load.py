"""One file: what is loaded, and one clear line for everything that can be wrong with its shape."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import ScenarioError
from harness.scenario.load import load_file, load_scenario, read_file
from harness.scenario.outcomes import Code

from .files import BAD_DIGEST, GOOD, with_lines, write


def load_text(folder: Path, text: str, *, name: str = "some") -> ScenarioError:
    """The error that a file with this text gives."""
    with pytest.raises(ScenarioError) as caught:
        load_file(write(folder, **{name: text}) / f"{name}.toml")
    return caught.value


def test_the_id_is_the_files_name(tmp_path: Path) -> None:
    scenario = load_scenario(write(tmp_path, bad=BAD_DIGEST) / "bad.toml")
    assert scenario.id == "bad"
    assert scenario.mx[0].tlsa == ("3 1 1 other-key",)
    assert scenario.expect.opportunistic.usual.code is Code.DEFER


@pytest.mark.parametrize(
    ("lines", "line", "key", "problem", "remedy"),
    [
        ("[[mx]]\nsmtp.starttls_replay = 'x'", 10, "mx[0].smtp.starttls_replay", "no key", "'starttls_reply'"),
        ("[[mx]]\nstarttls = false", 10, "mx[0].starttls", "no key", "smtp.starttls"),
        ("[[mx]]\n[[mx]]\n[mx.smtp]\nafter_220 = 'hangs'", 12, "mx[1].smtp.after_220", "'hangs'", "'hang'"),
        ("[[mx]]\npreference = '10'", 10, "mx[0].preference", "text where a whole number", "without quotes"),
        ("[[mx]]\npreference = 99999", 10, "mx[0].preference", "99999", "at most 65535"),
        ("[[mx]]\npublished = 'no'", 10, "mx[0].published", "true or false is wanted", "without quotes"),
        ("[mx]\nkey = 'a'", 9, "mx", "a table where a list", "[[mx]]"),
        ("[[mx]]\ntlsa = ['3 1 7']", 10, "mx[0].tlsa[0]", "no data is defined", ""),
        ("[[mx]]\ntlsa = '3 1 1'", 10, "mx[0].tlsa", "text where a list", "[square brackets]"),
        ("[[mx]]\ncert = { nams = [] }", 10, "mx[0].cert.nams", "no key", "'names'"),
        ("[[mx]]\ncert = 3", 10, "mx[0].cert", "text or a table", "name one"),
        ("[[mx]]\n[mx.cert_by_name.'a.b']\nisuer = 'x'", 11, "mx[0].cert_by_name.a.b.isuer", "no key", "'issuer'"),
        ("[zones.Bad]\nsigned = true", 9, "zones.Bad", "'Bad'", "a-z"),
        ("[zones.domain]\nttl = 1.5", 10, "zones.domain.ttl", "a number where a whole number", "fraction"),
        ("[zones.domain]\ndenial = 'nsec5'", 10, "zones.domain.denial", "'nsec5'", "'nsec'"),
        ("[resolver]\nsets_ad = 'allways'", 10, "resolver.sets_ad", "'allways'", "'always'"),
        ("[[faults]]\nat = 'TLSA'", 9, "faults[0].what", "is missing", "add what"),
        ("[[faults]]\nat = 'TLSA'\nwhat = 'forged'", 9, "faults[0]", "needs records", ""),
        ("[[steps]]\nwait = '5 s'", 10, "steps[0].wait", "'5 s'", ""),
        ("[keys.spare]\ntype = 'rsa'", 10, "keys.spare.type", "'rsa'", "'rsa-"),
        ("[message]\nheaders = 2020-01-01", 10, "message.headers", "a list is wanted", ""),
    ],
)  # fmt: skip
def test_a_mistake_names_file_line_key_and_remedy(
    tmp_path: Path, lines: str, line: int, key: str, problem: str, remedy: str
) -> None:
    head, expect = GOOD.split("[expect]")
    text = f"{head}# a comment\n\n\n\n{lines}\n\n[expect]{expect}"
    error = load_text(tmp_path, text)
    assert (error.file, error.key) == (f"{tmp_path}/g/some.toml:{line}", key)
    assert problem in error.problem
    assert remedy in error.remedy
    assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("old", "new", "key", "said"),
    [
        ('title = "A digest that matches"\n', "", "title", "is missing; add title"),
        ("A digest that matches", "Short", "title", "5 characters; at least 8"),
        ('["7672-2.2-1"]', "[]", "covers", "is empty; at least one"),
        ('"AUTH"\nmandatory', '"AUT"\nmandatory', "expect.opportunistic", "'AUT' is no outcome"),
        ('mandatory = "AUTH"', "mandatory = 3", "expect.mandatory", "a number where text is wanted"),
        ('unaware = "OPP"\n', "", "expect.unaware", "is missing"),
        ("title =", 'id = "other"\ntitle =', "id", "the id is the file's name and is not written in it; remove"),
    ],
)
def test_a_wrong_head_or_expectation_is_told_plainly(tmp_path: Path, old: str, new: str, key: str, said: str) -> None:
    assert old in GOOD
    error = load_text(tmp_path, GOOD.replace(old, new, 1))
    assert error.key == key
    assert said in str(error)


def test_a_truncated_file_is_told_with_the_line_where_it_ends(tmp_path: Path) -> None:
    error = load_text(tmp_path, GOOD[: GOOD.index("is well")])
    assert error.file.endswith("some.toml:3")
    assert "is not TOML" in error.problem
    assert "\n" not in str(error)


def test_a_syntax_error_is_told_with_its_line(tmp_path: Path) -> None:
    error = load_text(tmp_path, GOOD.replace("[expect]", "[expect"))
    assert error.file.endswith("some.toml:5")
    assert "is not TOML" in error.problem


def test_a_key_written_twice_is_told_with_its_line(tmp_path: Path) -> None:
    error = load_text(tmp_path, GOOD.replace("[expect]", 'title = "Another"\n[expect]'))
    assert error.file.endswith("some.toml:5")


def test_octets_that_are_not_utf8_are_told_with_their_line(tmp_path: Path) -> None:
    file = tmp_path / "latin.toml"
    file.write_bytes(GOOD.replace("All is well", "Alles grün").encode("latin-1"))
    with pytest.raises(ScenarioError, match=r"latin\.toml:3: is not UTF-8 here; save the file as UTF-8"):
        load_scenario(file)


@pytest.mark.parametrize("text", ["", " \n\n"])
def test_an_empty_file_says_how_to_begin(tmp_path: Path, text: str) -> None:
    assert "is empty; start from one made by: danelab new" in str(load_text(tmp_path, text))


def test_a_directory_and_a_missing_file_are_told_as_such(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="is a directory; name a"):
        load_scenario(tmp_path)
    with pytest.raises(ScenarioError, match="there is no such file; check"):
        load_scenario(tmp_path / "none.toml")


def test_bottomless_nesting_is_refused(tmp_path: Path) -> None:
    error = load_text(tmp_path, "a = " + "[" * 20000)
    assert "\n" not in str(error)


@pytest.mark.parametrize("name", ["Upper", "under_score", "-first", "a" * 41])
def test_a_file_name_that_is_no_dns_label_is_refused(tmp_path: Path, name: str) -> None:
    file = tmp_path / f"{name}.toml"
    file.write_text(GOOD, encoding="utf-8")
    with pytest.raises(ScenarioError, match=r"the file's name .* is no id; use a-z"):
        load_scenario(file)


def test_all_mistakes_of_a_file_are_found_in_the_order_of_its_lines(tmp_path: Path) -> None:
    text = with_lines(GOOD, "importence = 'minor'", "needs = ['ipv7']").replace('"OPP"', '"AUTH"')
    _, errors = read_file(write(tmp_path, some=text) / "some.toml")
    assert [error.key for error in errors] == ["importence", "needs[0]"]
    _, errors = read_file(
        write(tmp_path, some=text.replace("importence", "importance").replace("ipv7", "ipv6")) / "some.toml"
    )
    assert [error.key for error in errors] == ["expect.unaware"]


MATRIX = """
[[mx]]
tlsa = ["3 0 1"]
cert = { key = "p-256" }

[[matrix]]
suffix = "rsa"
title = "The same with an RSA key"
mx = [{ cert = { key = "rsa-2048" } }]

[[matrix]]
suffix = "mandatory"
[matrix.expect]
opportunistic = "AUTH / DEFER"
"""


def test_a_matrix_makes_one_scenario_of_each_variant(tmp_path: Path) -> None:
    rsa, mandatory = load_file(write(tmp_path, key=GOOD + MATRIX) / "key.toml")
    assert (rsa.id, rsa.title) == ("key-rsa", "The same with an RSA key")
    assert rsa.mx[0].tlsa == ("3 1 1",), "the list of MX hosts is replaced as a whole"
    assert (mandatory.id, mandatory.title) == ("key-mandatory", "A digest that matches")
    assert mandatory.mx[0].tlsa == ("3 0 1",)
    assert str(mandatory.expect.opportunistic) == "AUTH / DEFER"
    assert str(mandatory.expect.mandatory) == "AUTH", "tables are merged"


def test_a_variant_may_complete_what_the_file_lacks(tmp_path: Path) -> None:
    text = GOOD.replace('title = "A digest that matches"\n', "")
    file = write(tmp_path, key=text + '[[matrix]]\nsuffix = "a"\ntitle = "Only here"\n') / "key.toml"
    assert load_scenario(file).title == "Only here"


def test_several_scenarios_are_not_one(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="matrix: holds several scenarios; load it with load_file"):
        load_scenario(write(tmp_path, key=GOOD + MATRIX) / "key.toml")


@pytest.mark.parametrize(
    ("text", "key", "said"),
    [
        ("[matrix]\nsuffix = 'a'\n", "matrix", r"[[matrix]] with two brackets"),
        ("[[matrix]]\ntitle = 'No suffix at all'\n", "matrix[0].suffix", "is missing"),
        ("[[matrix]]\nsuffix = 'a'\n[[matrix]]\nsuffix = 'a'\n", "matrix[1].suffix", "also that of matrix[0]"),
        ("[[matrix]]\nsuffix = 'a'\nid = 'b'\n", "matrix[0].id", "remove this line"),
        ("[[matrix]]\nsuffix = 'a'\ntitel = 'Misspelt title'\n", "matrix[0].titel", "'title'"),
        ("[[matrix]]\nsuffix = 'a'\nmx = [{ tlsa = ['3 1'] }]\n", "matrix[0].mx[0].tlsa[0]", "no TLSA record"),
        ("[[matrix]]\nsuffix = 'a'\n[matrix.expect]\nunaware = 'X'\n", "matrix[0].expect.unaware", "no outcome"),
    ],
)
def test_a_mistake_in_a_variant_is_told_at_the_variant(tmp_path: Path, text: str, key: str, said: str) -> None:
    error = load_text(tmp_path, GOOD + text)
    assert error.key == key
    assert said in str(error)


def test_a_mistake_in_what_the_variants_share_is_told_once(tmp_path: Path) -> None:
    _, errors = read_file(write(tmp_path, key=GOOD.replace("unaware", "unawares") + MATRIX) / "key.toml")
    assert [error.key for error in errors] == ["expect.unawares"]


def test_a_misspelt_key_is_not_also_missing(tmp_path: Path) -> None:
    _, errors = read_file(write(tmp_path, some=GOOD.replace("title", "titel")) / "some.toml")
    assert [(error.key, error.remedy) for error in errors] == [("titel", "did you mean 'title'?")]
