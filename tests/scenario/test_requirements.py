"""The catalogue of requirements: what is shipped, and what is said of a file that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import ExitCode, ScenarioError
from harness.scenario.requirements import Level, Requirement, Role, load_requirements

SHIPPED = Path(__file__).parents[2] / "scenarios" / "requirements.toml"
ENTRY = """\
[[requirement]]
id = "7672-2.2-1"
rfc = 7672
section = "2.2"
level = "MUST"
role = "sender"
summary = "Authenticate when a usable record exists."
"""


def load(path: Path, text: str) -> dict[str, Requirement]:
    file = path / "requirements.toml"
    file.write_text(text)
    return dict(load_requirements(file))


def test_the_shipped_catalogue_loads_whole() -> None:
    shipped = load_requirements(SHIPPED)
    assert len(shipped) == SHIPPED.read_text().count("[[requirement]]")
    assert {each.level for each in shipped.values()} == set(Level)
    assert {each.role for each in shipped.values()} == set(Role)
    for key, each in shipped.items():
        assert key == each.id
        assert key.startswith(f"{each.rfc}-{each.section}-")


def test_a_requirement_says_where_it_stands_and_how_strongly(tmp_path: Path) -> None:
    one = load(tmp_path, ENTRY)["7672-2.2-1"]
    assert str(one) == "RFC 7672 section 2.2, MUST: Authenticate when a usable record exists."
    appendix = load(tmp_path, ENTRY.replace('"2.2"', '"A.1.1"').replace("7672-2.2-1", "6698-A.1.1-1"))
    assert appendix["6698-A.1.1-1"].place == "RFC 7672 appendix A.1.1"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (ENTRY.replace("level", "levle"), r"requirements\.toml:5: .*levle.*did you mean 'level'"),
        (ENTRY.replace("rfc = 7672\n", ""), r"requirement\[0\]\.rfc: is missing \(of '7672-2\.2-1'\); add rfc = "),
        (ENTRY.replace('"MUST"', '"must"'), r"'must' is no word for this.*MUST, MUST NOT, .* or MAY"),
        (ENTRY.replace("7672-2.2-1", "first"), r"'first' is no id; write RFC-SECTION-NUMBER"),
        (ENTRY + ENTRY, r"requirement\[1\]\.id: '7672-2\.2-1' is given twice"),
        ("[[requirements]]\n", r"there is no key 'requirements' here; write \[\[requirement\]\]"),
        ("requirement = 1\n", r"lists no requirement"),
        ("requirement = [1]\n", r"requirement\[0\]"),
        (ENTRY[:-4], r"is not TOML"),
    ],
)
def test_a_wrong_file_is_told_by_file_key_and_remedy(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ScenarioError, match=says) as caught:
        load(tmp_path, text)
    assert caught.value.exit_code is ExitCode.USAGE
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"nowhere\.toml"):
        load_requirements(tmp_path / "nowhere.toml")
