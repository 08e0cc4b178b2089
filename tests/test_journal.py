"""The journal's format: what is written can be read again, and what was cut short does no harm."""

from __future__ import annotations

import json
from dataclasses import MISSING, Field, asdict, fields
from enum import Enum
from typing import Any, get_args, get_origin, get_type_hints

import pytest

from harness.errors import ScenarioError
from harness.journal import AnyEvent, Asked, Died, Event, RunEnded, Sent, Where, decode, decode_own, encode

KINDS: list[type[Event]] = sorted(get_args(get_args(AnyEvent)[0]), key=lambda kind: kind.__name__)
SAMPLES = {str: 'wörd "\\\n\u2028', float: 1.25, int: 3, bool: True}


def value(hint: Any) -> Any:
    """Something that is not the default of any field of this type."""
    if str(get_origin(hint)) == "typing.Literal":
        return get_args(hint)[-1]
    if get_origin(hint) is tuple:
        return (value(get_args(hint)[0]), "two")
    if isinstance(hint, type) and issubclass(hint, Enum):
        return list(hint)[-1]
    if type(None) in get_args(hint):
        return value(get_args(hint)[0])
    if hint in SAMPLES:
        return SAMPLES[hint]
    return {"mx1": value(get_args(hint)[1])}


def default(field: Field[Any]) -> Any:
    """What the field holds where nothing is said; MISSING where something has to be."""
    return field.default if field.default_factory is MISSING else field.default_factory()


def filled(kind: type[Event]) -> Event:
    hints = get_type_hints(kind)
    return kind(**{field.name: value(hints[field.name]) for field in fields(kind)})


def least(kind: type[Event]) -> Event:
    hints = get_type_hints(kind)
    return kind(**{field.name: value(hints[field.name]) for field in fields(kind) if default(field) is MISSING})


def test_every_kind_of_event_can_be_read_again() -> None:
    assert len(KINDS) > 12
    assert set(KINDS) == set(Event.__subclasses__())
    events = [make(kind) for kind in KINDS for make in (filled, least)]
    lines = [encode(event) + "\n" for event in events]
    assert list(decode(lines)) == events
    assert list(decode_own(lines)) == events


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("make", [filled, least])
def test_a_line_holds_the_kind_first_and_then_what_differs_from_the_defaults(kind: type[Event], make: Any) -> None:
    event = make(kind)
    values = asdict(event)
    expected = {"kind": values.pop("kind")}
    defaults = {field.name: default(field) for field in fields(event)}
    expected |= {key: value for key, value in values.items() if value != defaults[key]}
    assert encode(event) == json.dumps(expected, ensure_ascii=False, separators=(",", ":"))
    assert "\n" not in encode(event)


def test_values_at_their_defaults_are_left_out() -> None:
    assert encode(RunEnded(at=0.5)) == '{"kind":"run-ended","at":0.5}'
    assert encode(Died(at=1.0, reason="")) == '{"kind":"died","at":1.0,"reason":""}'


LINES = [encode(Sent(at=0.1, recipients=("a@b",), step=1)) + "\n", encode(RunEnded(at=0.2)) + "\n"]


def test_a_last_line_that_was_cut_short_is_passed_over_wherever_it_was_cut() -> None:
    for length in range(len(LINES[1])):
        assert len(list(decode([LINES[0], LINES[1][:length]]))) == 1
    assert len(list(decode(LINES))) == 2
    assert list(decode([])) == []


@pytest.mark.parametrize(
    "wrong",
    [
        '{"kind":"sent"}\n',
        '{"kind":"nothing","at":1}\n',
        "no json\n",
        '{"kind":"died","at":1,"reason":"x"}x\n',
    ],
)
def test_a_line_that_is_no_event_is_an_error_that_names_it(wrong: str) -> None:
    with pytest.raises(ScenarioError, match=r"^run\.ndjson: .*line 2 is no event"):
        list(decode([LINES[0], wrong, LINES[1]], file="run.ndjson"))


def test_empty_lines_are_passed_over() -> None:
    assert len(list(decode([LINES[0], "\n", LINES[1]]))) == 2


def test_an_asked_event_reads_back_with_its_words() -> None:
    event = Asked(at=0.0, where=Where.AUTHORITY, name="a.", type="A", transport="udp", rcode="NOERROR", faults=("x",))
    (found,) = decode([encode(event) + "\n"])
    assert found == event
    assert isinstance(found, Asked)
    assert found.where is Where.AUTHORITY
