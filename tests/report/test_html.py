"""The HTML report: what it says, that it fetches nothing, and that hostile text stays text."""

from __future__ import annotations

import base64
import hashlib
import re

import pytest

from harness.journal import Accepted, Event, Handshake, Spoke, Status
from harness.report.html import Recorded, side_by_side, text
from harness.report.html.timeline import MOST, timeline
from harness.verdict import Learned, Taken
from tests.verdict.tape import GOOD, Tape, scenario

from .pages import mixed_page, parsed, without_looks
from .runs import MIXED, conforming, excused, golden, hostile, mixed, report, unaware

HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(2)>'


def test_a_mixed_run_is_reported_to_the_letter() -> None:
    page = without_looks(mixed_page())
    assert page == golden("mixed.html", page)


def test_every_cell_of_the_matrix_opens_evidence_that_is_there() -> None:
    page = parsed(mixed_page())
    links = [attributes["href"] for tag, attributes in page.tags if tag == "a"]
    assert all(link[0] == "#" and link[1:] in page.ids for link in links)
    assert len(page.ids) == len(set(page.ids))
    cells = [link for link in links if link.endswith("/built-in-sender")]
    assert {link[1:].split("/")[0] for link in cells} == {each.id for each in MIXED}


def test_a_failure_is_told_in_four_lines_with_what_leaked_and_when() -> None:
    said = parsed(mixed_page()).said
    for words in (
        "World The scenario called stripped",
        "Rule RFC 7672 section 2.2, MUST",
        "Expected DEFER (accepted nowhere, kept for a later attempt)",
        "Leaked: the whole message to the attacker on the path to mx1, in cleartext",
        "mx1 (tampered) takes the message",
        "danelab failed: the resolver's socket was closed",
    ):
        assert words in said, words


def test_what_is_to_be_mended_is_told_by_rule_with_the_gravest_and_most_broken_first() -> None:
    page = text(unaware(9))
    said = parsed(page).said
    mend = said[said.index("What to mend") : said.index("Scenarios and targets")]
    assert "had DANE switched off, or switched on in vain: begin there" in mend
    assert re.findall(r"(\d+ scenarios?), mail leaked", mend) == ["11 scenarios"]
    assert "fail, security: RFC 7672 section 2.2, MUST" in mend
    assert "wrong-03 and 6 more" in mend
    assert "What to mend" not in parsed(text(conforming(3))).said


def test_failures_that_a_baseline_excuses_are_not_among_what_is_to_be_mended() -> None:
    said = parsed(text(excused())).said
    mend = said[said.index("What to mend") : said.index("Scenarios and targets")]
    assert "stripped" in mend
    assert "mismatch" not in mend


def test_nothing_is_fetched_and_only_our_own_style_and_script_are_let_in() -> None:
    page = parsed(mixed_page())
    policies = [each["content"] for tag, each in page.tags if each.get("http-equiv") == "Content-Security-Policy"]
    (policy,) = policies
    assert policy.startswith("default-src 'none'; ")
    for kind in ("style", "script"):
        (source,) = page.raw[kind]
        digest = base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
        assert re.findall(rf"{kind}-src ([^;]+);", policy) == [f"'sha256-{digest}'"]
    assert "unsafe" not in policy
    for tag, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on") or name in ("style", "srcset", "action")], tag
        assert attributes.get("src") is None, tag
        assert attributes.get("href", "#").startswith(("#", "data:image/svg+xml,")), tag
    assert not re.search(r"url\(|@import|https?:", "".join(page.raw["style"]))
    assert not re.search(r"https?:|fetch|XMLHttp|import\(|innerHTML|eval", "".join(page.raw["script"]))


def hostile_page() -> str:
    """A run in which everybody says what would be a script, if anyone were to believe it."""
    worlds = (
        GOOD,
        scenario(
            "mismatch", "DEFER", twin="good", title=f"A title {HOSTILE}", mx=[{"cert": {"names": [HOSTILE[:20]]}}]
        ),
        scenario("stripped", "DEFER", twin="good", reading=HOSTILE),
    )
    tape = Tape(target=f"sender{HOSTILE}").start(*worlds).delivered("good")
    tape.sent("mismatch").asked("mismatch").connected("mismatch", HOSTILE)
    tape.add(Spoke, scenario="mismatch", session="s", server="mx1", command=f"EHLO {HOSTILE}", reply=HOSTILE, tls=False)
    tape.add(
        Handshake,
        scenario="mismatch",
        session="s",
        server="mx1",
        completed=False,
        sni=HOSTILE,
        cipher=HOSTILE,
        error=HOSTILE,
    )
    tape.add(
        Accepted,
        scenario="mismatch",
        session="s",
        server="mx1",
        role=HOSTILE,
        sender="",
        recipients=("user@mismatch.example",),
        tls=True,
        size=1,
    )
    tape.reported("mismatch", Status.DELIVERED, f"\x1b[2J\u202e{HOSTILE}")
    tape.sent("stripped").reported("stripped", Status.CRASHED, HOSTILE).fault(problem=HOSTILE)
    return text(report(tape.end(), worlds), events=tape.events, scenarios=worlds)


def test_a_script_in_what_anybody_says_stays_text() -> None:
    page, tame = parsed(hostile_page()), parsed(mixed_page())
    assert [tag for tag, _ in page.tags].count("script") == 1
    assert {tag for tag, _ in page.tags} <= {tag for tag, _ in tame.tags} | {"desc"}
    assert page.said.count("<script>alert(1)</script>") > 8
    raw = hostile_page()
    assert raw.count("<script") == 1
    assert "\x1b" not in raw
    assert "\u202e" not in raw


def test_several_runs_stand_side_by_side() -> None:
    first, second = conforming(3), unaware(1)
    page = parsed(side_by_side(Recorded(report=first, label="before"), Recorded(report=second, label="after")))
    assert {"good/built-in-sender", "good/built-in-sender-2"} <= set(page.ids)
    assert "before" in page.said
    assert "after" in page.said


def test_a_report_without_journal_or_scenarios_still_has_the_evidence_of_the_results() -> None:
    page = parsed(text(unaware(2)))
    assert "accepted the message in cleartext" in page.said
    assert not [tag for tag, attributes in page.tags if tag == "svg" and attributes.get("class") == "w"]


def test_what_a_baseline_says_stands_in_headline_summary_matrix_and_evidence() -> None:
    page = text(excused())
    said = parsed(page).said
    for words in (
        "1 known",
        "1 passed, though the baseline says it fails: take the entry out: good",
        "1 the baseline's entry has expired and excuses nothing any more: stripped",
        "1 failed, as the baseline says: mismatch",
        "Baseline: failed, as the baseline says",
        "reported <upstream>",
    ):
        assert words in said, words
    marked = [cell for cell in page.split("<td")[1:] if "<em>known</em>" in cell]
    assert [re.findall(r'href="#([^"/]+)/', cell) for cell in marked] == [["mismatch"]]
    assert "known" not in parsed(text(mixed())).said


def test_what_a_baseline_gives_as_its_reason_stays_text() -> None:
    page = text(hostile())
    assert page.count("<script") == 1
    assert "<script>alert(1)</script>" in parsed(page).said


def test_a_part_of_a_run_is_told_for_what_it_is() -> None:
    whole = conforming(3)
    part = whole.model_copy(update={"run": whole.run.model_copy(update={"shard": "3/16"})})
    words = "3/16 of the scenarios; the others are elsewhere"
    assert words in parsed(text(part)).said
    assert words not in parsed(text(whole)).said


def test_a_word_that_was_not_kept_comes_first_among_the_choices() -> None:
    taken = (Taken(position="unusable", scenarios=("good",)),)
    profile = (
        Learned(choice="kept", taken=taken, declared="unusable"),
        Learned(choice="broken", taken=taken, declared="supported"),
    )
    whole = conforming(3)
    (target,) = whole.run.targets
    told = target.model_copy(update={"profile": profile, "not_seen": ("nowhere-to-be-seen",)})
    run = whole.run.model_copy(update={"targets": (told,)})
    said = parsed(text(whole.model_copy(update={"run": run}))).said
    assert "Choices it takes (2 seen, 1 not), 1 not as declared" in said
    assert said.index("unusable, declares supported") < said.rindex("as declared")
    assert "Not seen: nowhere-to-be-seen" in said


def test_no_run_is_no_report() -> None:
    with pytest.raises(ValueError, match="at least one run"):
        side_by_side()


@pytest.mark.parametrize(
    ("page", "words"),
    [
        (lambda: text(conforming(4)), "Encrypted and verified (type 3)."),
        (lambda: text(unaware(4)), "Encrypted but unverified (type 2), and unencrypted (type 1) as soon as somebody"),
        (lambda: text(report(Tape().start(GOOD).delivered("good").end(), (GOOD,))), "Not determined."),
    ],
)
def test_the_summary_names_the_connection_type(page: object, words: str) -> None:
    assert callable(page)
    assert words in parsed(page()).said


def test_a_checker_and_a_resolver_are_said_to_send_no_mail() -> None:
    whole = conforming(2)
    for expected in ("TLSA AD", "fail"):
        results = tuple(each.model_copy(update={"expected": expected}) for each in whole.results)
        said = parsed(text(whole.model_copy(update={"results": results}))).said
        assert "It sends no mail, and makes no connection of any type." in said


def test_where_all_is_well_a_timeline_is_short_and_otherwise_complete() -> None:
    tape = Tape().sent("good").asked("good", rdtype="A").asked("good", rdtype="AAAA").connected("good")
    tape.said("good", "EHLO me", "STARTTLS", tls=False).left("good")
    events: list[tuple[int, Event]] = list(enumerate(tape.events, 1))
    short, full = timeline(events, full=False), timeline(events, full=True)
    assert [line.text for line in short] == [
        "message for user@good.example handed over",
        "A AAAA _25._tcp.mx1.good.example",
        "connects to mx1 at 192.0.2.1",
        "EHLO 250 · STARTTLS 220",
    ]
    assert len(full) == len(events)
    assert [line.number for line in full] == list(range(1, len(events) + 1))
    assert [line.at for line in full[:4]] == ["−10", "0", "10", "20"]


def test_an_endless_timeline_is_cut_in_its_middle_and_keeps_what_counts() -> None:
    tape = Tape().sent("good")
    for _ in range(MOST * 3):
        tape.asked("good")
    lines = timeline(list(enumerate(tape.events, 1)), full=True, decisive=[300], leaked=[301])
    assert len(lines) == MOST + 3
    assert {line.number: line.mark for line in lines if line.mark} == {300: "k", 301: "l"}
    assert any("more lines, which are in the journal" in line.text for line in lines)


def test_reports_are_the_same_each_time() -> None:
    assert mixed_page() == mixed_page()


def _luminance(colour: str) -> float:
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


_PAIRS = [
    *[(ink, paper) for ink in ("ink", "mut", "link") for paper in ("bg", "sf", "soft")],
    *[(kind, f"{kind}b") for kind in ("p", "a", "fd", "fw", "i", "u", "e")],
    *[(kind, "sf") for kind in ("p", "a", "fs", "fd", "fw", "i", "u", "e")],
    ("fsi", "fsb"),
    ("ink", "fdb"),
    ("fs", "fdb"),
    ("mut", "ub"),
]


@pytest.mark.parametrize("night", [False, True])
def test_text_stands_out_from_its_ground(night: bool) -> None:  # noqa: FBT001
    """WCAG 2.2 success criterion 1.4.3 (AA)."""
    style = "".join(parsed(mixed_page()).raw["style"])
    day, dark = re.findall(r":root\{(--bg:[^}]*--eb:[^;}]*)", style)
    colours = dict(re.findall(r"--([a-z]+):(#[0-9a-f]{3,6})", day))
    if night:
        colours |= dict(re.findall(r"--([a-z]+):(#[0-9a-f]{3,6})", dark))
    full = {
        key: "#" + "".join(2 * each for each in value[1:]) if len(value) == 4 else value
        for key, value in colours.items()
    }
    poor = {f"{ink} on {paper}": _contrast(full[ink], full[paper]) for ink, paper in _PAIRS}
    assert not {pair: round(value, 2) for pair, value in poor.items() if value < 4.5}
