"""The recorder: events in order, in memory, in the file, and to whoever listens."""

from __future__ import annotations

from pathlib import Path

from harness.journal import Died, Event, RunEnded, decode
from harness.lab.recorder import Recorder


def test_events_carry_the_time_since_the_beginning() -> None:
    times = iter([100.0, 100.5, 102.0000004])
    recorder = Recorder(clock=lambda: next(times))
    recorder.record(Died, reason="one")
    recorder.record(RunEnded)
    assert [event.at for event in recorder.events] == [0.5, 2.0]


def test_what_stands_in_the_file_is_what_happened_even_before_it_is_closed(tmp_path: Path) -> None:
    file = tmp_path / "journal"
    recorder = Recorder(file, clock=lambda: 0.0)
    recorder.record(Died, reason="ünexpected\nend")
    recorder.write()
    with file.open(encoding="utf-8") as lines:
        assert list(decode(lines)) == recorder.events
    recorder.record(RunEnded)
    recorder.close()
    recorder.close()
    with file.open(encoding="utf-8") as lines:
        assert list(decode(lines)) == recorder.events


def test_listeners_hear_of_an_event_once_it_is_taken_down() -> None:
    recorder = Recorder(clock=lambda: 0.0)
    heard: list[tuple[Event, bool]] = []
    recorder.listeners.append(lambda event: heard.append((event, event in recorder.events)))
    made = recorder.record(RunEnded)
    assert heard == [(made, True)]


def test_what_is_recorded_after_closing_stays_in_memory(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "journal", clock=lambda: 0.0)
    recorder.close()
    recorder.record(RunEnded)
    assert len(recorder.events) == 1
    assert (tmp_path / "journal").read_text(encoding="utf-8") == ""
