"""Known failures: what they excuse, what they do not, and what is wrong with a file of them."""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path

import pytest

from harness.errors import ScenarioError
from harness.report import RunReport
from harness.report.baseline import applied, check, read
from harness.report.baseline_update import updated
from harness.report.model import Standing, fails, surprises
from harness.scenario.suite import load_suite
from harness.targets.checker_definition import known_checkers
from harness.targets.definition import definitions, load
from tests.run.danelab import ROOT

from .runs import baseline_of, conforming, excused, mixed, two

TODAY = date(2026, 1, 1)


def entry(scenario: str, *, target: str = "exim:try", reason: str = "known upstream", rest: str = "") -> str:
    return f'[[failure]]\ntarget = "{target}"\nscenario = "{scenario}"\nreason = "{reason}"\n{rest}'


def held(run: RunReport, *entries: str) -> RunReport:
    return applied(run, baseline_of("\n".join(entries)), today=TODAY)


def test_a_known_failure_is_as_expected_and_stays_a_failure_in_the_results() -> None:
    assert two().exit_code == 1
    run = held(two(), entry("mismatch"))
    assert run.exit_code == 0
    assert fails(run) == ()
    assert run.summary == two().summary
    assert [each.standing for each in run.known] == [Standing.KNOWN]


def test_a_known_failure_excuses_no_other_target_and_no_other_scenario() -> None:
    assert held(two(), entry("mismatch", target="postfix:dane")).exit_code == 1
    assert held(two(), entry("good")).exit_code == 1


def test_what_passes_unexpectedly_fails_the_run() -> None:
    run = held(two(), entry("mismatch"), entry("good"))
    assert run.exit_code == 1
    assert [each.scenario for each in surprises(run)] == ["good"]


@pytest.mark.parametrize(("day", "status"), [("2026-01-01", 1), ("2025-12-31", 1), ("2026-01-02", 0)])
def test_an_entry_excuses_until_its_day_has_come(day: str, status: int) -> None:
    run = held(two(), entry("mismatch", rest=f"expires = {day}"))
    assert run.exit_code == status
    assert run.known[0].standing is (Standing.EXPIRED if status else Standing.KNOWN)


def test_an_expired_entry_about_what_is_mended_is_passed_over() -> None:
    run = held(two(), entry("mismatch"), entry("good", rest="expires = 2020-01-01"))
    assert run.exit_code == 0
    assert len(run.known) == 1


def test_a_known_failure_does_not_excuse_that_nothing_was_concluded_or_that_danelab_failed() -> None:
    run = excused()
    standings = {each.scenario: each.standing for each in run.known}
    assert standings["alias-wrong"] is Standing.UNDECIDED
    everything = [entry(each.scenario, target=each.target) for each in fails(mixed())]
    assert held(mixed(), *everything).exit_code == 3


def test_entries_about_what_did_not_take_part_are_passed_over() -> None:
    assert held(conforming(3), entry("mismatch")).known == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[failure]]\ntarget = "a"\nscenario = "b"\n', "failure[0].reason: is missing; say why"),
        ('[[failure]]\ntarget = "a"\nscenario = "b"\nreason = " "\n', "says nothing"),
        ('[[failure]]\ntarget = "a"\nreason = "c"\n', 'scenario: is missing; add scenario = "..."'),
        (
            '[[failure]]\ntarget = "a"\nscenario = "b"\nreson = "c"\n',
            "there is no key 'reson' here; did you mean 'reason'?",
        ),
        ('[failure]\ntarget = "a"\n', "write [[failure]] with two brackets"),
        ('[[failures]]\ntarget = "a"\n', "there is no key 'failures' here; write [[failure]]"),
        ("[[failure]\n", "is not TOML"),
        (entry("b", rest='expires = "2027-01-01"'), "write expires = 2027-01-01, without quotes"),
        (entry("b") + entry("b"), "is listed twice; remove one of the two"),
    ],
)
def test_a_wrong_file_is_told_by_file_and_key(text: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "known.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        read(file)
    assert said in str(caught.value)
    assert "known.toml" in str(caught.value)


def test_words_that_name_nothing_are_told_with_line_and_nearest() -> None:
    baseline = baseline_of("# a comment\n" + entry("mismatch") + "\n" + entry("god"))
    words = {"targets": ("exim:try", "builtin"), "open_ended": ("command:",)}
    with pytest.raises(ScenarioError, match=r"known\.toml:9: failure\[1\]\.scenario: .*'god'; did you mean 'good'\?"):
        check(baseline, scenarios=("good", "mismatch"), **words)
    with pytest.raises(ScenarioError, match=r"failure\[0\]\.target: .*'exim:tri'; did you mean 'exim:try'\?"):
        check(baseline_of(entry("good", target="exim:tri")), scenarios=("good",), **words)
    check(baseline_of(entry("good", target="exim:try#2")), scenarios=("good",), **words)
    check(baseline_of(entry("good", target="command:send.py")), scenarios=("good",), **words)


def test_a_missing_file_is_an_error_unless_it_is_to_be_written(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="there is no such file; make one with --update-baseline"):
        read(tmp_path / "known.toml")
    assert read(tmp_path / "known.toml", may_be_new=True).entries == ()


def test_an_update_keeps_reasons_and_comments_adds_what_fails_and_takes_out_what_passes() -> None:
    text = (
        "# Ours.\n\n"
        "# see the tracker\n"
        + entry("mismatch", target="built-in sender", reason="mine, as it is")
        + "# until then\n\n"
        "# this one is mended\n" + entry("good", target="built-in sender") + "\n"
        "# another job's\n" + entry("good", target="postfix:dane")
    )
    baseline = baseline_of(text)
    run = applied(mixed(), baseline, today=TODAY)
    new = updated(baseline, run, reason="accepted today")
    assert new.startswith("# Ours.\n\n# see the tracker\n[[failure]]\n")
    assert 'reason = "mine, as it is"\n# until then\n' in new
    assert "mended" not in new
    assert "# another job's\n" in new
    told = {(each["target"], each["scenario"]): each["reason"] for each in tomllib.loads(new)["failure"]}
    assert told == {
        ("built-in sender", "mismatch"): "mine, as it is",
        ("postfix:dane", "good"): "known upstream",
        ("built-in sender", "alias"): "accepted today",
        ("built-in sender", "stripped"): "accepted today",
    }
    again = baseline_of(new)
    assert updated(again, applied(mixed(), again, today=TODAY)) == new


def test_without_a_reason_a_new_entry_says_what_was_seen_whatever_that_is() -> None:
    nothing = baseline_of("# none yet\n")
    new = updated(nothing, applied(mixed(), nothing, today=TODAY))
    reasons = {each["scenario"]: each["reason"] for each in tomllib.loads(new)["failure"]}
    assert reasons["mismatch"].startswith("as first seen (security): mx1 took the mail over TLS")
    assert "<script>" in reasons["alias"]
    assert applied(mixed(), baseline_of(new), today=TODAY).exit_code == 3


@pytest.mark.parametrize("file", sorted((ROOT / "docs/known").glob("*.toml")), ids=lambda file: file.stem)
def test_what_is_known_of_products_names_targets_and_scenarios_that_there_are(file: Path) -> None:
    found = read(file)
    assert len(found.entries) > 20
    targets = {f"{name}:{mode}" for name, path in definitions().items() for mode in load(path).modes}
    check(found, targets={*targets, *known_checkers()}, open_ended=(), scenarios=load_suite().ids)
