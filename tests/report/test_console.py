"""The report for people."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from harness.journal import Status
from harness.report.plain import plain
from harness.report.words import brief
from harness.verdict import Learned, Taken
from tests.verdict.tape import GOOD, MISMATCH, Tape

from .runs import conforming, golden, mixed, printed, report, unaware


def test_a_mixed_run_is_printed_to_the_letter() -> None:
    text = printed(mixed())
    assert text == golden("mixed.txt", text)


def test_a_verbose_run_is_printed_to_the_letter() -> None:
    text = printed(mixed(), verbose=True)
    assert text == golden("mixed-verbose.txt", text)


def test_a_run_without_dane_is_printed_to_the_letter() -> None:
    text = printed(unaware())
    assert text == golden("unaware.txt", text)


def test_the_last_line_sums_up_and_says_how_long_it_took() -> None:
    last = printed(conforming(3)).rstrip().splitlines()[-1]
    assert last == "3 scenarios in 0.1 s: 3 pass. As expected."


def test_four_hundred_passes_do_not_flood_and_each_is_named() -> None:
    text = printed(conforming(400))
    assert text.count("\n") < 160
    assert text.count("a-scenario-") == 399
    assert printed(conforming(400), verbose=True).count("\n") > 400


def test_every_failure_says_what_leaked_to_whom_and_only_a_few_of_one_rule_are_told_in_full() -> None:
    text = " ".join(printed(unaware(), width=200).split())
    assert text.count("leaked") >= 22
    assert text.count("world") == 3
    assert "The same rule (7672-2.2-1) was broken in 19 more" in text
    assert printed(unaware(5)).count("world") == 7


def test_dane_that_is_not_active_is_said_once() -> None:
    assert printed(unaware()).count("DANE is not active in this configuration (built-in sender)") == 1
    assert "DANE is not active" not in printed(mixed())


@pytest.mark.parametrize("width", [40, 80, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    for run in (mixed(), unaware()):
        assert max(map(len, printed(run, width=width).splitlines())) <= width


@pytest.mark.parametrize("verbose", [False, True])
def test_what_a_target_says_can_neither_steer_the_terminal_nor_pass_for_markup(verbose: bool) -> None:  # noqa: FBT001
    text = printed(mixed(), width=300, verbose=verbose)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "[bold]KeyError[/] \\x1b[2J\\u202ecname" in text


def test_a_terminal_that_knows_ascii_only_shows_escapes() -> None:
    tape = Tape().start(GOOD, MISMATCH).delivered("good").sent("mismatch")
    tape.connected("mismatch").reported("mismatch", Status.BOUNCED, "caf\u00e9 \u2014 \U0001f4e7")
    text = printed(report(tape.end(), (GOOD, MISMATCH)), width=200, encoding="ascii")
    assert "caf\\xe9 \\u2014 \\U0001f4e7" in text


def test_a_journal_cut_short_and_faults_without_a_scenario_are_said() -> None:
    tape = Tape().start(GOOD).delivered("good").fault(problem="disk full")
    text = printed(report(tape, (GOOD,)))
    assert "The journal ends before the run did" in text
    assert "danelab failed: disk full" in text
    assert "danelab itself failed; that is not the target's fault." in " ".join(text.split())


def test_nothing_at_all_is_no_success() -> None:
    text = printed(report(Tape().start().end(), ()))
    assert text.rstrip().endswith("0 scenarios in 0.0 s: nothing ran. That allows no conclusion.")


def test_several_targets_are_told_apart() -> None:
    tape = Tape(target="postfix").start(GOOD, MISMATCH, targets=("postfix", "exim"))
    tape.delivered("good").deferred("mismatch")
    other = Tape(target="exim")
    other.delivered("good").delivered("mismatch")
    tape.events.extend(other.events)
    run = report(tape.end(), (GOOD, MISMATCH))
    text = printed(run)
    rows = [line.split() for line in text.splitlines()]
    assert ["baseline", "1", "of", "1", "1", "of", "1"] in rows
    assert ["mismatch", "DEFER", "FAIL", "TLS"] in rows
    assert not any(row[:1] == ["good"] for row in rows)
    assert "mismatch / exim (security)" in text
    assert text.splitlines()[-3:-1] == ["postfix: 2 pass.", "exim: 1 pass, 1 fail (security)."]
    assert ["good", "AUTH", "TLS"] in [line.split() for line in printed(run, verbose=True).splitlines()]


def test_plain_text_escapes_what_cannot_be_seen() -> None:
    assert plain("a\tb\x07\x9b\u200b\ud800\u2028z") == "a\\x09b\\x07\\x9b\\u200b\\ud800\\u2028z"
    assert plain("Grüße, 世界") == "Grüße, 世界"


def stands(profile: Sequence[Learned], *, verbose: bool = False, width: int = 80) -> str:
    run = conforming(3)
    target = run.run.targets[0].model_copy(update={"profile": tuple(profile), "not_seen": ("audit", "colour")})
    told = run.model_copy(update={"run": run.run.model_copy(update={"targets": (target,)})})
    return printed(told, verbose=verbose, width=width).partition("Choices taken\n")[2].partition("\n\n")[0]


def learned(choice: str, *positions: str, declared: str = "") -> Learned:
    taken = tuple(Taken(position=each, scenarios=(f"one-{each}", f"two-{each}")) for each in positions)
    return Learned(choice=choice, taken=taken, declared=declared)


def test_choices_that_contradict_the_declaration_or_are_mixed_come_first() -> None:
    text = stands(
        [
            learned("plain", "red"),
            learned("kept", "red", declared="red"),
            learned("mixed", "red", "green"),
            learned("broken", "red", declared="green"),
            learned("silent", declared="red"),
        ],
        width=120,
    )
    rows = [" ".join(line.split()) for line in text.splitlines()]
    assert rows == [
        "broken red, declares green one-red and 1 more",
        "mixed mixed one-red and 1 more: red; one-green and 1 more: green",
        "plain red one-red and 1 more",
        "kept red, as declared one-red and 1 more",
        "not seen: 2",
    ]


def test_a_long_list_of_choices_is_cut_unless_all_is_wanted() -> None:
    many = [learned(f"choice-{index:02}", "red", declared="red") for index in range(40)]
    text = stands(many)
    assert len(text.splitlines()) == 13
    assert "28 more (28 as declared): -v; not seen: 2" in text
    text = stands(many, verbose=True)
    assert text.count("choice-") == 40
    assert "one-red, two-red" in text
    assert "not seen: audit, colour" in text


def test_an_outcome_that_comes_again_and_again_is_said_once() -> None:
    assert brief("CLEAR then CLEAR then CLEAR", sign="x") == "CLEAR x3"
    assert brief("DEFER then DEFER then AUTH") == "DEFER ×2 then AUTH"
    assert brief("TLS then delivered before then delivered before") == "TLS then delivered before ×2"
    assert brief("DEFER then NEXT:AUTH@mx2") == "DEFER then NEXT:AUTH@mx2"
