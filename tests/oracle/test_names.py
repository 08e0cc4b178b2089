"""Sections 3.2.2 and 3.2.3: names."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.oracle.names import References, any_equal, bears_name
from harness.scenario.models import Choice

from .kit import LEAF

REFERENCES = References(base="mx1.rack.test.example", others=("test.example",), unexpanded="alias.test.example")


@pytest.mark.parametrize(
    ("presented", "fits"),
    [
        ("mx1.test.example", True),
        ("MX1.Test.Example", True),
        ("*.test.example", True),
        ("mx*.test.example", False),
        ("*1.test.example", False),
        ("mx1.*.example", False),
        ("*", False),
        ("*.example", False),
        ("*.mx1.test.example", False),
        ("mx1.test.example.", False),
        ("mx1.test.example\0.attacker.example", False),
        ("", False),
    ],
)
def test_a_name_matches_label_by_label(presented: str, *, fits: bool) -> None:
    assert any_equal((presented,), ("mx1.test.example",)) is fits


@pytest.mark.parametrize(
    ("names", "answers"),
    [
        (("test.example",), [(True, None)]),
        (("unrelated.example", "mx1.rack.test.example"), [(True, None)]),
        (("unrelated.example",), [(False, None)]),
        (("*.test.example",), [(False, None), (True, Choice.MULTI_LABEL_WILDCARD)]),
        (("alias.test.example",), [(False, None), (True, Choice.UNEXPANDED_MX_NAME)]),
        ((), [(False, None)]),
    ],
)
def test_one_name_among_the_references_suffices(
    names: tuple[str, ...], answers: list[tuple[bool, Choice | None]]
) -> None:
    assert list(bears_name(replace(LEAF, dns_names=names), REFERENCES)) == answers


def test_the_common_name_is_a_fallback_for_some_and_only_without_dns_names() -> None:
    named = replace(LEAF, dns_names=(), common_name="mx1.rack.test.example")
    assert list(bears_name(named, REFERENCES)) == [(True, Choice.CN_FALLBACK), (False, Choice.CN_FALLBACK)]
    assert list(bears_name(replace(named, dns_names=("unrelated.example",)), REFERENCES)) == [(False, None)]
