"""The story for a class follows the journal, whatever the sender does."""

from __future__ import annotations

import io
import os
import pty
import re
import select
import subprocess
import sys
import time

import pytest
from click.testing import CliRunner
from rich.console import Console

from harness import cli
from harness.demo.gains import Gain, Letter, gain
from harness.demo.narration import deed, lookup, short
from harness.demo.performance import Part, Performance, perform
from harness.demo.scenes import HEALTHY, SCENES, SUBJECT
from harness.demo.stage import Stage
from harness.errors import HarnessError
from harness.isolation.launch import possible
from harness.journal import (
    Accepted,
    Asked,
    Connected,
    Event,
    HarnessFault,
    Left,
    Reported,
    Revealed,
    Spoke,
    Status,
    Where,
)
from harness.scenario.suite import Suite, load_suite
from harness.targets import Network, named
from tests.run.danelab import environment
from tests.support.fixtures import available

STRIPPED = "starttls-stripped"


@pytest.fixture(scope="module")
def suite() -> Suite:
    return load_suite()


@pytest.fixture(scope="module")
def played(suite: Suite) -> Performance:
    return perform(suite, named("builtin"), network=Network.LOOPBACK, limit=60)


def told(played: Performance, *, width: int = 80, encoding: str = "utf-8") -> str:
    """The story as printed where there is no terminal."""
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    Stage(Console(file=file, width=width, highlight=False), wait=lambda: None).tell(played)
    file.seek(0)
    return file.read()


def tape(*events: Event) -> list[Event]:
    return list(events)


def accepted(**values: object) -> Accepted:
    given: dict[str, object] = {
        "at": 1, "scenario": STRIPPED, "session": "s", "server": "mx1", "role": "tampered", "sender": "a@example",
        "recipients": ("b@example",), "tls": False, "size": 9, "text": "Subject: hello\r\n\r\nfirst\r\nsecond\r\n",
    }  # fmt: skip
    return Accepted(**{**given, **values})  # type: ignore[arg-type]


@pytest.mark.loopback
def test_without_dane_the_attacker_reads_all_and_with_it_nothing(played: Performance) -> None:
    for scene in SCENES:
        without, within = played.without.gains[scene.scenario], played.within.gains[scene.scenario]
        assert [letter.subject for letter in without.letters] == [SUBJECT], scene
        assert within.nothing_read, scene
        assert within.status == Status.DEFERRED, scene
    assert played.without.delivers
    assert played.within.delivers


@pytest.mark.loopback
def test_each_trick_works_in_the_way_that_is_told(played: Performance) -> None:
    stripped, impostor, forged = (played.without.gains[scene.scenario].letters[0] for scene in SCENES)
    assert (stripped.tls, impostor.tls, forged.tls) == (False, True, True)
    stripped_, impostor_, forged_ = (played.within.gains[scene.scenario] for scene in SCENES)
    assert "STARTTLS" not in stripped_.commands
    assert impostor_.shaken
    assert not forged_.connections
    assert [each.rcode for each in forged_.lookups if each.type == "MX"] == ["SERVFAIL"]


@pytest.mark.loopback
def test_the_story_shows_the_letter_and_ends_with_a_conclusion(played: Performance) -> None:
    story = told(played)
    words = " ".join(story.split())
    assert words.count(SUBJECT) == 3
    assert words.count("What the attacker read") == 3
    assert words.count("What the attacker got") == 3
    assert "without DANE: the attacker read 3 of 3 messages. with DANE: the attacker read none of 3" in words
    assert "DNSSEC is what makes the attacker unable to change it" in words


@pytest.mark.loopback
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_it_fits_80_columns_without_colour_or_characters_that_the_terminal_lacks(
    played: Performance, encoding: str
) -> None:
    story = told(played, encoding=encoding)
    assert max(map(len, story.splitlines())) <= 80
    assert "\x1b" not in story
    assert "\\u" not in story


@pytest.mark.loopback
def test_a_sender_that_delivers_everything_is_told_so(played: Performance) -> None:
    open_handed = Performance(without=played.without, within=Part(name="other", gains=played.without.gains))
    words = " ".join(told(open_handed).split())
    assert "other: the attacker read 3 of 3 messages." in words
    assert "was fooled: DANE is not active in it, or wrong" in words
    assert "unable to change it" not in words
    assert "What the attacker got" not in words


def test_a_sender_that_delivers_nothing_proves_nothing(suite: Suite) -> None:
    dead = Part(name="dead", gains={each: gain(suite[each].scenario, []) for each in everything()})
    words = " ".join(told(Performance(without=dead, within=dead)).split())
    assert "dead: the message did NOT arrive" in words
    assert "But dead delivered nothing to the healthy domain either" in words
    assert "unable to change it" not in words


def everything() -> list[str]:
    return [HEALTHY, *(scene.scenario for scene in SCENES)]


def test_what_came_to_the_attackers_server_is_his_gain(suite: Suite) -> None:
    found = gain(suite[STRIPPED].scenario, tape(accepted()))
    assert found.letters == (
        Letter(sender="a@example", recipients=("b@example",), subject="hello", body=("first", "second"), tls=False),
    )
    assert short(found) == "reads it all"
    assert "in cleartext" in deed(found)
    assert not found.arrived


def test_what_came_to_the_genuine_server_is_not(suite: Suite) -> None:
    found = gain(suite["mx-forged"].scenario, tape(accepted(scenario="mx-forged", role="genuine", tls=True)))
    assert found.nothing_read
    assert found.arrived
    assert "genuine receiver" in deed(found)


def test_addresses_that_were_shown_are_no_nothing(suite: Suite) -> None:
    common = {"at": 1, "scenario": STRIPPED, "session": "s", "server": "mx1"}
    shown = Revealed(**common, role="tampered", what="recipient", value="b@example", tls=False)  # type: ignore[arg-type]
    found = gain(suite[STRIPPED].scenario, tape(shown))
    assert found.pieces == ("b@example",)
    assert short(found) == "sees some"
    assert not found.nothing_read


def test_a_mere_connection_is_told_with_what_was_said(suite: Suite) -> None:
    here = {"scenario": STRIPPED, "session": "s", "server": "mx1"}
    found = gain(
        suite[STRIPPED].scenario,
        tape(
            Connected(at=1, **here, address="127.0.0.2"),  # type: ignore[arg-type]
            Spoke(at=2, **here, command="EHLO me", reply="250 hello", tls=False),  # type: ignore[arg-type]
            Left(at=3, **here, after="EHLO", by="client"),  # type: ignore[arg-type]
            Reported(at=4, scenario=STRIPPED, recipient="b@example", status=Status.DEFERRED, reason="no"),
        ),
    )
    assert deed(found) == "It connected and said EHLO, and left. Neither the message nor an address was shown."
    assert (found.status, found.said) == ("deferred", "no")


@pytest.mark.parametrize(
    ("rcode", "secure", "words"),
    [
        ("NOERROR", True, "its resolver checked the signatures on the answer, and they are good"),
        ("NOERROR", False, "without a check of signatures"),
        ("SERVFAIL", False, "found the answer wanting, and said SERVFAIL"),
    ],
)
def test_what_dns_said_is_told_from_the_answer(suite: Suite, rcode: str, *, secure: bool, words: str) -> None:
    asked = Asked(
        at=1, scenario=STRIPPED, where=Where.RESOLVER, name="_2525._tcp.mx1.example.", type="TLSA", transport="udp",
        rcode=rcode, authentic_data=secure,
    )  # fmt: skip
    said = lookup(gain(suite[STRIPPED].scenario, tape(asked)), "TLSA")
    assert words in said
    assert "of mx1.example" in said
    assert lookup(Gain(attacker=None), "TLSA") == "It never asked DNS for a TLSA record."


def test_what_danelab_fails_at_is_no_story(suite: Suite) -> None:
    with pytest.raises(HarnessError, match="out of order"):
        gain(suite[STRIPPED].scenario, tape(HarnessFault(at=1, scenario="", problem="out of order")))


def test_hostile_text_does_not_move_the_cursor(played: Performance) -> None:
    hostile = Letter(sender="a\x1b[2J", recipients=("b",), subject="\x1b[31m", body=("[bold]x[/bold]\x07",), tls=False)
    gains = dict(played.without.gains) | {STRIPPED: Gain(attacker=None, letters=(hostile,), said="\x1b[0m")}
    part = Part(name="x\x1b", gains=gains)
    story = told(Performance(without=part, within=part))
    assert "\x1b" not in story
    assert "[bold]x[/bold]" in story


@pytest.mark.parametrize(
    ("word", "remedy"),
    [
        ("postfx:dane", "there is no target"),
        ("posttls-finger", "take a sender"),
        ("manual", "take one that danelab runs"),
    ],
)
def test_a_target_that_cannot_play_is_one_clear_line(word: str, remedy: str) -> None:
    done = CliRunner().invoke(cli.danelab, ["demo", "--target", word], standalone_mode=True)
    assert done.exit_code == 2
    assert remedy in done.output
    assert len(done.output.splitlines()) == 1


@pytest.mark.loopback
def test_a_command_that_always_defers_is_not_praised() -> None:
    words = demo("--target", "command:sh -c 'exit 75' sh {recipient}")
    assert "delivered nothing to the healthy domain either" in words


@pytest.mark.loopback
def test_on_a_terminal_it_waits_for_a_key_at_each_step() -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "harness.cli", "demo"],
        stdin=theirs, stdout=theirs, stderr=theirs, env=environment(TERM="xterm-256color"), start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    shown = b""
    deadline = time.monotonic() + 60
    try:
        while time.monotonic() < deadline:
            if not select.select([ours], [], [], 0.1)[0]:
                # What is typed before the prompt listens is thrown away, as in every terminal program.
                os.write(ours, b" ")
            elif not (chunk := os.read(ours, 65536)):
                break
            else:
                shown += chunk
    except OSError:
        pass  # Linux says EIO when the last process has closed its side.
    process.kill()
    process.wait()
    os.close(ours)
    assert shown.count(b"any key goes on") == 10
    assert b"In the end" in shown
    assert re.search(rb"\x1b\[[0-9;]*3[12]", shown)


@pytest.mark.namespace
def test_a_real_mail_server_takes_the_part() -> None:
    def ready() -> None:
        from harness.targets.packages import Unavailable

        if reason := possible():
            raise Unavailable(reason)
        named("postfix:dane").fetch()

    available(ready)
    words = demo("--target", "postfix:dane")
    assert "postfix:dane: the attacker read none of 3 messages." in words
    assert "unable to change it" in words


def demo(*arguments: str) -> str:
    """What `danelab demo` prints where there is no terminal, however it is broken into lines."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "harness.cli", "demo", *arguments],
        capture_output=True, text=True, timeout=120, check=False, env=environment(),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return " ".join(done.stdout.split())
